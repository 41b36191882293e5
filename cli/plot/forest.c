/* forest.c - intervals below each other on one axis, a panel for each metric.
 * SPDX-License-Identifier: MIT
 *
 *      title
 *      Area under the ROC curve                          estimate  95 % interval
 *      mean_radius              |      |---o---|            0.938  [0.916, 0.957]
 *      mean_texture             |--o--|                     0.776  [0.734, 0.815]
 *                               +------+-------+
 *
 * Metrics have scales of their own, so each has its panel and axis. The columns of names
 * and numbers are as wide as what is in them, in all panels alike; the axis gets the rest.
 */
#include "cli/base/text.h"
#include "cli/plot/estimate.h"
#include "cli/plot/page.h"
#include "plot/axis.h"
#include "plot/pen.h"

#include <math.h>
#include <stdlib.h>

#define ROW       25.0
#define ROW_TIGHT 20.0
#define MANY      20   /* rows in all from which on they are tight */
#define HEAD      38.0 /* of a panel, to its first row */
#define FOOT      50.0 /* the axis, its note, and air to the next panel */
#define GAP       22.0 /* between the columns */
#define NAMES_MAX 230.0
#define STRIPES   8   /* rows of a panel from which on it is striped */
#define NEAR      1.6 /* how much wider the value of chance may make the axis */

static const struct cdr_style head_style = { 11, CDR_QUIET, false };
static const struct cdr_style row_style = { 12.5, CDR_INK, false };
static const struct cdr_style chance_style = { 10.5, CDR_ALERT, false };

struct forest {
    const struct cdr_plot_text *text;
    const struct cdr_plot_row *rows;
    size_t n;
    double row;   /* height */
    char **names; /* of the rows, as short as they must be */
    int decimals[CADRE_METRIC_COUNT];
    double name, point, interval; /* widths */
};

/* ---- panels ---- */

/* A panel's rows are all those of its metric; it begins where that first occurs. */
static bool begins_panel(const struct forest *f, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (f->rows[k].kind == f->rows[i].kind)
            return false;
    return true;
}

static double row_height(size_t rows)
{
    return rows >= MANY ? ROW_TIGHT : ROW;
}

static double page_height(size_t rows, size_t panels)
{
    return CDR_PAGE_TOP + CDR_PAGE_BOTTOM + (double)panels * (HEAD + FOOT) +
           (double)rows * row_height(rows);
}

/* What a score that says nothing would get; NaN: no such value is known. */
static double chance_of(const struct forest *f, int kind)
{
    return kind == CADRE_ROC_AUC  ? 0.5
           : kind == CADRE_PR_AUC ? f->text->prevalence
                                  : NAN;
}

/* *chance is shown if it does not squeeze the intervals; otherwise it becomes NaN. */
static struct cdr_axis make_axis(const struct forest *f, int kind, double *chance)
{
    double low = INFINITY, high = -INFINITY, wide;
    const struct cdr_range range = cdr_range_of(kind);

    for (size_t i = 0; i < f->n; i++) {
        const cadre_interval *x = &f->rows[i].interval;

        if (f->rows[i].kind != kind)
            continue;
        low = fmin(low, fmin(x->low, x->point));
        high = fmax(high, fmax(x->high, x->point));
    }
    wide = fmax(high, *chance) - fmin(low, *chance);
    if (wide <= NEAR * (high - low)) {
        low = fmin(low, *chance);
        high = fmax(high, *chance);
    } else {
        *chance = NAN;
    }
    return cdr_axis_make(low, high, range.least, range.most);
}

/* ---- columns ---- */

static double wider(double width, cairo_t *cr, const struct cdr_style *style,
                    const char *text)
{
    return fmax(width, cdr_pen_width(cr, style, text));
}

/* The rows of a panel have the same digits, as many as the least certain needs and two
 * more if others are better known. */
static int decimals_of(const struct forest *f, int kind)
{
    int least = 99, most = 0;

    for (size_t i = 0; i < f->n; i++) {
        struct cdr_digits d = cdr_digits_of(&f->rows[i].interval, kind);

        if (f->rows[i].kind != kind || d.exponent != 0)
            continue;
        least = d.decimals < least ? d.decimals : least;
        most = d.decimals > most ? d.decimals : most;
    }
    return most < least + 2 ? most : least + 2;
}

static struct cdr_estimate estimate_of(const struct forest *f,
                                       const struct cdr_plot_row *row)
{
    struct cdr_digits digits = cdr_digits_of(&row->interval, row->kind);
    struct cdr_estimate e;

    if (isfinite(cdr_range_of(row->kind).most) &&
        digits.exponent == 0) /* else its own */
        digits.decimals = f->decimals[row->kind];
    cdr_estimate_write(&e, &row->interval, digits);
    return e;
}

static bool fit_names(struct forest *f, cairo_t *cr)
{
    char **printable = calloc(f->n, sizeof *printable);
    bool done = printable != NULL;

    for (size_t i = 0; i < f->n && done; i++) {
        printable[i] = cdr_page_name(f->rows[i].name, f->rows[i].group);
        done = printable[i] != NULL;
    }
    done = done && cdr_pen_fit_names(cr, &row_style, (const char *const *)printable,
                                     f->n, NAMES_MAX, f->names);
    for (size_t i = 0; i < f->n && printable; i++)
        free(printable[i]);
    free(printable);
    return done;
}

static void measure(struct forest *f, cairo_t *cr)
{
    f->name = 60;
    f->point = cdr_pen_width(cr, &head_style, "estimate");
    f->interval = cdr_pen_width(cr, &head_style, "interval");
    for (int kind = 0; kind < CADRE_METRIC_COUNT; kind++)
        f->decimals[kind] = decimals_of(f, kind);
    for (size_t i = 0; i < f->n; i++) {
        struct cdr_estimate e = estimate_of(f, &f->rows[i]);

        f->name = wider(f->name, cr, &row_style, f->names[i]);
        f->point = wider(f->point, cr, &row_style, e.point);
        f->interval = wider(f->interval, cr, &row_style, e.interval);
    }
}

/* ---- drawing ---- */

static void draw_row(const struct forest *f, cairo_t *cr, const struct cdr_axis *axis,
                     size_t i, double y)
{
    const struct cdr_plot_row *row = &f->rows[i];
    struct cdr_estimate e = estimate_of(f, row);
    const cadre_interval *x = &row->interval;
    double right = CDR_PAGE_WIDTH - CDR_PAGE_MARGIN, text = y + 4.5;

    cdr_pen_text(cr, CDR_PAGE_MARGIN, text, CDR_LEFT, &row_style, f->names[i]);
    cdr_pen_interval(cr, y, cdr_axis_at(axis, x->low), cdr_axis_at(axis, x->point),
                     cdr_axis_at(axis, x->high));
    cdr_pen_text(cr, right - f->interval - GAP / 2, text, CDR_RIGHT, &row_style,
                 e.point);
    cdr_pen_text(cr, right, text, CDR_RIGHT, &row_style, e.interval);
}

static void draw_head(const struct forest *f, cairo_t *cr, int kind, double y)
{
    double right = CDR_PAGE_WIDTH - CDR_PAGE_MARGIN;

    cdr_page_panel_title(cr, y, kind, NULL, f->text);
    cdr_pen_text(cr, right - f->interval - GAP / 2, y, CDR_RIGHT, &head_style,
                 "estimate");
    cdr_pen_text(cr, right, y, CDR_RIGHT, &head_style, "interval");
}

/* Every other row of many, to lead the eye from name to number. */
static void draw_stripes(const struct forest *f, cairo_t *cr, size_t rows, double top)
{
    for (size_t i = 1; i < rows && rows >= STRIPES; i += 2)
        cairo_rectangle(cr, CDR_PAGE_MARGIN - 8, top + (double)i * f->row,
                        CDR_PAGE_WIDTH - 2 * CDR_PAGE_MARGIN + 16, f->row);
    cdr_pen_colour(cr, CDR_STRIPE);
    cairo_fill(cr);
}

static void draw_chance(cairo_t *cr, double x, double top, double bottom)
{
    cdr_pen_dashed(cr, x, top, x, bottom, 1.2, CDR_ALERT);
    cdr_pen_text(cr, x, top - 3, CDR_MIDDLE, &chance_style, "chance");
}

/* Returns where the next one begins. */
static double draw_panel(const struct forest *f, cairo_t *cr, int kind, double y)
{
    double chance = chance_of(f, kind);
    struct cdr_axis axis = make_axis(f, kind, &chance);
    double top = y + HEAD, bottom;
    size_t rows = 0;

    for (size_t i = 0; i < f->n; i++)
        rows += f->rows[i].kind == kind;
    bottom = top + (double)rows * f->row;
    cdr_axis_place(cr, &axis, CDR_PAGE_MARGIN + f->name + GAP,
                   CDR_PAGE_WIDTH - CDR_PAGE_MARGIN - f->interval - f->point -
                       1.5 * GAP);
    draw_head(f, cr, kind, y + 14);
    draw_stripes(f, cr, rows, top);
    cdr_axis_draw_guides(cr, &axis, top - 4, bottom + 4);
    if (!isnan(chance))
        draw_chance(cr, cdr_axis_at(&axis, chance), top - 4, bottom + 4);
    cdr_axis_draw(cr, &axis, bottom + 4);
    for (size_t i = 0; i < f->n; i++)
        if (f->rows[i].kind == kind) {
            draw_row(f, cr, &axis, i, top + f->row / 2);
            top += f->row;
        }
    return bottom + FOOT;
}

static bool draw(cairo_t *cr, void *arg)
{
    struct forest *f = arg;
    double y = CDR_PAGE_TOP;

    if (!fit_names(f, cr))
        return false;
    measure(f, cr);
    for (size_t i = 0; i < f->n; i++)
        if (begins_panel(f, i))
            y = draw_panel(f, cr, f->rows[i].kind, y);
    return true;
}

/* ---- all of it ---- */

int cdr_plot_check(const struct cdr_plot *plot, size_t scores, size_t metrics,
                   struct cdr_failure *why)
{
    return cdr_page_check(plot, page_height(scores * metrics, metrics),
                          scores * metrics, why);
}

int cdr_plot_forest(struct cdr_plot *plot, const struct cdr_plot_text *text,
                    const struct cdr_plot_row *rows, size_t n, struct cdr_failure *why)
{
    struct forest f = { .text = text, .rows = rows, .n = n, .row = row_height(n) };
    size_t panels = 0;
    int rc;

    if (!plot->output.stream)
        return 0;
    f.names = calloc(n, sizeof *f.names);
    if (!f.names)
        return cdr_fails_memory(why);
    for (size_t i = 0; i < n; i++)
        panels += begins_panel(&f, i);
    rc = cdr_page_draw(plot, page_height(n, panels), text, draw, &f, why);
    for (size_t i = 0; i < n; i++)
        free(f.names[i]);
    free(f.names);
    return rc;
}
