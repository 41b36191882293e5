/* axis.c - an axis with round numbers, horizontal or vertical, linear or logarithmic.
 * SPDX-License-Identifier: MIT
 */
#include "plot/axis.h"
#include "plot/pen.h"

#include <math.h>

#define MARGIN       0.05  /* of the values' range, on both sides */
#define FLAT         1e-12 /* a range so small, relative to the values, is none */
#define SPACING      60    /* from tick to tick, at least; vertical: */
#define SPACING_UP   34
#define TICKS_WANTED 8
#define TICK         4
#define MINOR_TICK   2.5
#define LABEL_SIZE   11
#define LABEL_DOWN   17 /* from the axis to the labels' baseline */
#define NOTE_DOWN    31 /* and to the note's */
#define LABEL_LEFT   7  /* from the axis to the labels' right end */
#define LABEL_GAP    8  /* between labels */

static const struct cdr_style label_style = { LABEL_SIZE, CDR_QUIET, false };

/* ---- making ---- */

/* What cannot be told apart gets a range of its own. */
static void widen(double *low, double *high)
{
    double size = fmax(fabs(*low), fabs(*high));

    if (*high - *low > FLAT * size)
        return;
    *low -= size > 0 ? 0.01 * size : 1;
    *high += size > 0 ? 0.01 * size : 1;
}

struct cdr_axis cdr_axis_make(double low, double high, double least, double most)
{
    struct cdr_axis axis = { 0 };

    widen(&low, &high);
    axis.low = low - MARGIN * (high - low);
    axis.high = high + MARGIN * (high - low);
    axis.first = fmax(axis.low, least);
    axis.last = fmin(axis.high, most);
    return axis;
}

struct cdr_axis cdr_axis_exact(double low, double high)
{
    widen(&low, &high);
    return (struct cdr_axis){ .low = low, .high = high, .first = low, .last = high };
}

struct cdr_axis cdr_axis_make_log(double low, double high)
{
    if (high / low < 1 + FLAT) {
        low /= 2;
        high *= 2;
    }
    return (struct cdr_axis){
        .low = low, .high = high, .first = low, .last = high, .log = true
    };
}

/* ---- placing ---- */

static double extent_of(cairo_t *cr, const struct cdr_axis *axis, size_t i)
{
    return axis->vertical ? LABEL_SIZE
                          : cdr_pen_width(cr, &label_style, axis->ticks.label[i]);
}

/* Hide labels that would touch the one before, if `hide`; true: there were such. */
static bool collide(cairo_t *cr, struct cdr_axis *axis, bool hide)
{
    double end = -INFINITY;
    bool found = false;

    for (size_t i = 0; i < axis->ticks.n; i++) {
        double at = cdr_axis_at(axis, axis->ticks.at[i]);
        double along = axis->vertical ? -at : at, half = extent_of(cr, axis, i) / 2;

        if (along - half < end + LABEL_GAP) {
            found = true;
            if (hide)
                axis->ticks.label[i][0] = '\0';
        } else {
            end = along + half;
        }
    }
    return found;
}

static void make_ticks(struct cdr_axis *axis, int wanted)
{
    if (axis->log)
        cdr_ticks_log(&axis->ticks, axis->low, axis->high, wanted);
    else
        cdr_ticks_linear(&axis->ticks, axis->low, axis->high, axis->first, axis->last,
                         wanted);
}

void cdr_axis_place(cairo_t *cr, struct cdr_axis *axis, double from, double to)
{
    double space = fabs(to - from) / (axis->vertical ? SPACING_UP : SPACING);
    int wanted = (int)fmin(fmax(floor(space), 2), TICKS_WANTED);

    axis->from = from;
    axis->to = to;
    make_ticks(axis, wanted);
    while (wanted > 2 && collide(cr, axis, false))
        make_ticks(axis, --wanted);
    collide(cr, axis, true);
}

double cdr_axis_at(const struct cdr_axis *axis, double value)
{
    double low = axis->low, high = axis->high;

    if (axis->log) {
        value = value > 0 ? log10(value) : NAN;
        low = log10(low);
        high = log10(high);
    }
    return axis->from + (value - low) / (high - low) * (axis->to - axis->from);
}

/* ---- drawing ---- */

/* A line across the axis at `at`, from a to b. */
static void line_across(cairo_t *cr, const struct cdr_axis *axis, double at, double a,
                        double b, unsigned colour)
{
    if (axis->vertical)
        cdr_pen_line(cr, a, at, b, at, 1, colour);
    else
        cdr_pen_line(cr, at, a, at, b, 1, colour);
}

void cdr_axis_draw_guides(cairo_t *cr, const struct cdr_axis *axis, double a, double b)
{
    for (size_t i = 0; i < axis->ticks.n; i++)
        line_across(cr, axis, cdr_axis_at(axis, axis->ticks.at[i]), a, b, CDR_FAINT);
}

static void draw_label(cairo_t *cr, const struct cdr_axis *axis, double across,
                       double at, const char *label)
{
    if (axis->vertical)
        cdr_pen_text(cr, across - LABEL_LEFT, at + 0.36 * LABEL_SIZE, CDR_RIGHT,
                     &label_style, label);
    else
        cdr_pen_text(cr, at, across + LABEL_DOWN, CDR_MIDDLE, &label_style, label);
}

void cdr_axis_draw(cairo_t *cr, const struct cdr_axis *axis, double across)
{
    const struct cdr_ticks *t = &axis->ticks;
    double out = axis->vertical ? -1 : 1;

    if (axis->vertical)
        cdr_pen_line(cr, across, axis->from, across, axis->to, 1, CDR_FRAME);
    else
        cdr_pen_line(cr, axis->from, across, axis->to, across, 1, CDR_FRAME);
    for (size_t i = 0; i < t->n_minor; i++)
        line_across(cr, axis, cdr_axis_at(axis, t->minor[i]), across,
                    across + out * MINOR_TICK, CDR_FRAME);
    for (size_t i = 0; i < t->n; i++) {
        double at = cdr_axis_at(axis, t->at[i]);

        line_across(cr, axis, at, across, across + out * TICK, CDR_FRAME);
        draw_label(cr, axis, across, at, t->label[i]);
    }
    if (axis->vertical)
        cdr_pen_text(cr, across, axis->to - LABEL_SIZE, CDR_LEFT, &label_style,
                     t->note);
    else
        cdr_pen_text(cr, axis->to, across + NOTE_DOWN, CDR_RIGHT, &label_style,
                     t->note);
}

double cdr_axis_depth(cairo_t *cr, const struct cdr_axis *axis)
{
    double widest = 0;

    if (!axis->vertical)
        return axis->ticks.note[0] ? NOTE_DOWN + 3 : LABEL_DOWN + 3;
    for (size_t i = 0; i < axis->ticks.n; i++)
        widest = fmax(widest, cdr_pen_width(cr, &label_style, axis->ticks.label[i]));
    return LABEL_LEFT + widest;
}
