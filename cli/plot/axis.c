/* axis.c - a horizontal axis with round numbers.
 * SPDX-License-Identifier: MIT
 */
#include "cli/plot/axis.h"
#include "cli/plot/pen.h"

#include <math.h>
#include <stdbool.h>

#define ROOM         0.05 /* of the values' range, on both sides */
#define APART        60   /* from tick to tick, at least */
#define TICKS_WANTED 8
#define TICK         4
#define TEXT_DOWN    17 /* from the line to the numbers' */
#define FINER_MAX    6
#define TICKS_MAX    50 /* more would be a mistake */

static const struct cdr_style number_style = { 11, CDR_QUIET, 0 };

/* 1, 2 or 5 times a power of ten, no less than `least`. */
static double round_step(double least)
{
    double power = pow(10, floor(log10(least)));
    double digits = least / power - 1e-9; /* 2 may have come out a little more */

    return power * (digits <= 1 ? 1 : digits <= 2 ? 2 : digits <= 5 ? 5 : 10);
}

/* What cannot be told apart gets a range of its own. */
static void widen(double *low, double *high)
{
    double size = fmax(fabs(*low), fabs(*high));

    if (*high - *low > 1e-9 * size)
        return;
    *low -= size > 0 ? 0.01 * size : 1;
    *high += size > 0 ? 0.01 * size : 1;
}

struct cdr_axis cdr_axis_make(double low, double high, double least, double most)
{
    struct cdr_axis axis = { 0 };

    widen(&low, &high);
    axis.low = low - ROOM * (high - low);
    axis.high = high + ROOM * (high - low);
    axis.first = fmax(axis.low, least);
    axis.last = fmin(axis.high, most);
    return axis;
}

/* The k-th tick's value; false: there is none. */
static bool tick(const struct cdr_axis *axis, int k, double *value)
{
    *value = axis->step * (ceil(axis->first / axis->step - 1e-9) + k);
    return k < TICKS_MAX && *value <= axis->last + 1e-9 * axis->step;
}

static int count_ticks(const struct cdr_axis *axis)
{
    double value;
    int k = 0;

    while (tick(axis, k, &value))
        k++;
    return k;
}

void cdr_axis_place(struct cdr_axis *axis, double left, double right)
{
    double ticks = floor((right - left) / APART);

    axis->left = left;
    axis->right = right;
    axis->step =
        round_step((axis->high - axis->low) / fmin(fmax(ticks, 2), TICKS_WANTED));
    /* One tick shows no scale: 5 to 2, 2 to 1, 1 to 0.5. Some axes have no room for two. */
    for (int i = 0; i < FINER_MAX && count_ticks(axis) < 2; i++)
        axis->step = round_step(0.4 * axis->step);
    axis->decimals = axis->step < 1 ? (int)ceil(-log10(axis->step) - 1e-9) : 0;
}

double cdr_axis_at(const struct cdr_axis *axis, double value)
{
    return axis->left +
           (value - axis->low) / (axis->high - axis->low) * (axis->right - axis->left);
}

void cdr_axis_draw_guides(cairo_t *cr, const struct cdr_axis *axis, double top,
                          double bottom)
{
    double value;

    for (int k = 0; tick(axis, k, &value); k++) {
        double x = cdr_axis_at(axis, value);

        cdr_pen_line(cr, x, top, x, bottom, 1, CDR_FAINT);
    }
}

void cdr_axis_draw(cairo_t *cr, const struct cdr_axis *axis, double y)
{
    char text[64];
    double value;

    cdr_pen_line(cr, axis->left, y, axis->right, y, 1, CDR_FRAME);
    for (int k = 0; tick(axis, k, &value); k++) {
        double x = cdr_axis_at(axis, value);

        cdr_pen_line(cr, x, y, x, y + TICK, 1, CDR_FRAME);
        cdr_pen_number(text, sizeof text, value, axis->decimals);
        cdr_pen_text(cr, x, y + TEXT_DOWN, CDR_MIDDLE, &number_style, text);
    }
}
