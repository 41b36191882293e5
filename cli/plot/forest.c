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
#include "cli/plot/axis.h"
#include "cli/output/layout.h"
#include "cli/plot/page.h"
#include "cli/plot/pen.h"

#include <math.h>
#include <stdlib.h>

#define ROW       25.0
#define ROW_TIGHT 20.0
#define MANY      20   /* rows in all from which on they are tight */
#define HEAD      34.0 /* of a panel, to its first row */
#define FOOT      44.0 /* the axis, and air to the next panel */
#define GAP       22.0 /* between the columns */
#define NAMES_MAX 230.0
#define STRIPES   8 /* rows of a panel from which on it is striped */

static const struct cdr_style head_style = { 11, CDR_QUIET, 0 };
static const struct cdr_style row_style = { 12.5, CDR_INK, 0 };

struct forest {
    const struct cdr_plot_row *rows;
    size_t n;
    double row; /* height */
    int decimals[CADRE_METRIC_COUNT];
    double names, points, intervals; /* widths */
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

static double height_of(const struct forest *f)
{
    double height = CDR_PAGE_TOP + CDR_PAGE_BOTTOM + (double)f->n * f->row;

    for (size_t i = 0; i < f->n; i++)
        if (begins_panel(f, i))
            height += HEAD + FOOT;
    return height;
}

static struct cdr_axis make_axis(const struct forest *f, int kind)
{
    double low = INFINITY, high = -INFINITY;
    bool share = kind != CADRE_MEAN && kind != CADRE_LOG_LOSS;

    for (size_t i = 0; i < f->n; i++) {
        const cadre_interval *x = &f->rows[i].interval;

        if (f->rows[i].kind != kind)
            continue;
        low = fmin(low, fmin(x->low, x->point));
        high = fmax(high, fmax(x->high, x->point));
    }
    return cdr_axis_make(low, high, share || kind == CADRE_LOG_LOSS ? 0 : -INFINITY,
                         share ? 1 : INFINITY);
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
        const cadre_interval *x = &f->rows[i].interval;
        int n = cdr_layout_decimals(x->standard_error, x->point);

        if (f->rows[i].kind != kind)
            continue;
        least = n < least ? n : least;
        most = n > most ? n : most;
    }
    return most < least + 2 ? most : least + 2;
}

static struct cdr_estimate estimate_of(const struct forest *f,
                                       const struct cdr_plot_row *row)
{
    const cadre_interval *x = &row->interval;
    int decimals = f->decimals[row->kind];
    struct cdr_estimate e;

    if (row->kind == CADRE_MEAN) /* of anything: each has its own */
        decimals = cdr_layout_decimals(x->standard_error, x->point);
    cdr_pen_estimate(&e, x->point, x->low, x->high, decimals);
    return e;
}

static void measure(struct forest *f, cairo_t *cr)
{
    f->names = 60;
    f->points = cdr_pen_width(cr, &head_style, "estimate");
    f->intervals = cdr_pen_width(cr, &head_style, "interval");
    for (int kind = 0; kind < CADRE_METRIC_COUNT; kind++)
        f->decimals[kind] = decimals_of(f, kind);
    for (size_t i = 0; i < f->n; i++) {
        struct cdr_estimate e = estimate_of(f, &f->rows[i]);
        char *name = cdr_pen_fit(cr, &row_style, f->rows[i].name, NAMES_MAX);

        f->names = name ? wider(f->names, cr, &row_style, name) : f->names;
        f->points = wider(f->points, cr, &row_style, e.point);
        f->intervals = wider(f->intervals, cr, &row_style, e.interval);
        free(name);
    }
}

/* ---- drawing ---- */

static void draw_row(const struct forest *f, cairo_t *cr, const struct cdr_axis *axis,
                     const struct cdr_plot_row *row, double y)
{
    struct cdr_estimate e = estimate_of(f, row);
    const cadre_interval *x = &row->interval;
    double right = CDR_PAGE_WIDTH - CDR_PAGE_MARGIN, text = y + 4.5;
    char *name = cdr_pen_fit(cr, &row_style, row->name, f->names);

    if (name)
        cdr_pen_text(cr, CDR_PAGE_MARGIN, text, CDR_LEFT, &row_style, name);
    free(name);
    cdr_pen_interval(cr, y, cdr_axis_at(axis, x->low), cdr_axis_at(axis, x->point),
                     cdr_axis_at(axis, x->high));
    cdr_pen_text(cr, right - f->intervals - GAP / 2, text, CDR_RIGHT, &row_style,
                 e.point);
    cdr_pen_text(cr, right, text, CDR_RIGHT, &row_style, e.interval);
}

static void draw_head(const struct forest *f, cairo_t *cr, int kind, double y)
{
    double right = CDR_PAGE_WIDTH - CDR_PAGE_MARGIN;

    cdr_page_panel_title(cr, y, kind);
    cdr_pen_text(cr, right - f->intervals - GAP / 2, y, CDR_RIGHT, &head_style,
                 "estimate");
    cdr_pen_text(cr, right, y, CDR_RIGHT, &head_style, "interval");
}

/* Every other row of many, to lead the eye from name to number. */
static void draw_stripes(const struct forest *f, cairo_t *cr, size_t rows, double top)
{
    for (size_t i = 1; i < rows && rows >= STRIPES; i += 2) {
        cdr_pen_colour(cr, CDR_STRIPE);
        cairo_rectangle(cr, CDR_PAGE_MARGIN - 8, top + (double)i * f->row,
                        CDR_PAGE_WIDTH - 2 * CDR_PAGE_MARGIN + 16, f->row);
        cairo_fill(cr);
    }
}

/* Returns where the next one begins. */
static double draw_panel(const struct forest *f, cairo_t *cr, int kind, double y)
{
    struct cdr_axis axis = make_axis(f, kind);
    double top = y + HEAD, bottom;
    size_t rows = 0;

    for (size_t i = 0; i < f->n; i++)
        rows += f->rows[i].kind == kind;
    bottom = top + (double)rows * f->row;
    cdr_axis_place(&axis, CDR_PAGE_MARGIN + f->names + GAP,
                   CDR_PAGE_WIDTH - CDR_PAGE_MARGIN - f->intervals - f->points -
                       1.5 * GAP);
    draw_head(f, cr, kind, y + 14);
    draw_stripes(f, cr, rows, top);
    cdr_axis_draw_guides(cr, &axis, top - 4, bottom + 4);
    cdr_axis_draw(cr, &axis, bottom + 4);
    for (size_t i = 0; i < f->n; i++)
        if (f->rows[i].kind == kind) {
            draw_row(f, cr, &axis, &f->rows[i], top + f->row / 2);
            top += f->row;
        }
    return bottom + FOOT;
}

static void draw(cairo_t *cr, void *arg)
{
    struct forest *f = arg;
    double y = CDR_PAGE_TOP;

    measure(f, cr);
    for (size_t i = 0; i < f->n; i++)
        if (begins_panel(f, i))
            y = draw_panel(f, cr, f->rows[i].kind, y);
}

int cdr_plot_forest(struct cdr_plot *plot, const struct cdr_plot_text *text,
                    const struct cdr_plot_row *rows, size_t n, struct cdr_failure *why)
{
    struct forest f = { .rows = rows, .n = n, .row = n >= MANY ? ROW_TIGHT : ROW };

    if (!plot->output.stream)
        return 0;
    return cdr_page_draw(plot, height_of(&f), text, NULL, draw, &f, why);
}
