/* marks.c - lines, areas and points between a chart's axes.
 * SPDX-License-Identifier: MIT
 *
 * A spectrum has more values than the page has columns. Where many points share a
 * column, only the first, the lowest, the highest and the last are drawn: the stroke
 * covers the same paper, and the file stays small.
 */
#include "plot/chart.h"

#include <math.h>

#define COLUMN 0.25 /* points: half a pixel */
#define FAR    1e5  /* cairo's coordinates end at 8e6 */

static double held(double at)
{
    return fmin(fmax(at, -FAR), FAR); /* keeps no NaN: see is_gap */
}

static bool is_gap(double x, double y)
{
    return !isfinite(x) || isnan(y);
}

static void clip(cairo_t *cr, const struct cdr_chart *chart)
{
    cairo_save(cr);
    cairo_rectangle(cr, chart->left, chart->top - 1, chart->right - chart->left,
                    chart->bottom - chart->top + 2);
    cairo_clip(cr);
}

/* ---- lines ---- */

/* A path in the making, and what its current column has. */
struct path {
    cairo_t *cr;
    bool open, steps;
    double x, y; /* the last point */
    double column, low, high;
    size_t held_back; /* points of the column that are not drawn */
};

static void reach(struct path *p, double x, double y)
{
    if (!p->open)
        cairo_move_to(p->cr, x, y);
    else if (p->steps)
        cairo_line_to(p->cr, x, p->y);
    if (p->open)
        cairo_line_to(p->cr, x, y);
    p->open = true;
    p->x = x;
    p->y = y;
}

/* Draw what the column has besides its first point. */
static void end_column(struct path *p, double x, double y)
{
    if (p->held_back > 0) {
        cairo_line_to(p->cr, p->column, p->low);
        cairo_line_to(p->cr, p->column, p->high);
        cairo_line_to(p->cr, x, y);
        p->x = x;
        p->y = y;
    }
    p->held_back = 0;
}

static void add_point(struct path *p, double x, double y, double *last_x,
                      double *last_y)
{
    if (p->open && fabs(x - p->column) < COLUMN) {
        p->low = fmin(p->low, y);
        p->high = fmax(p->high, y);
        p->held_back++;
    } else {
        end_column(p, *last_x, *last_y);
        reach(p, x, y);
        p->column = x;
        p->low = p->high = y;
    }
    *last_x = x;
    *last_y = y;
}

void cdr_chart_line(cairo_t *cr, const struct cdr_chart *chart, const double *x,
                    const double *y, size_t n, const struct cdr_line *line)
{
    static const double dashes[] = { 5, 3.5 };
    struct path p = { .cr = cr, .steps = line->steps };
    double last_x = 0, last_y = 0;

    clip(cr, chart);
    for (size_t i = 0; i < n; i++) {
        double px = cdr_axis_at(&chart->x, x[i]), py = cdr_axis_at(&chart->y, y[i]);

        if (is_gap(px, py)) {
            end_column(&p, last_x, last_y);
            p.open = false;
        } else {
            add_point(&p, held(px), held(py), &last_x, &last_y);
        }
    }
    end_column(&p, last_x, last_y);
    cdr_pen_colour(cr, line->colour);
    cairo_set_line_width(cr, line->thickness > 0 ? line->thickness : 1.5);
    cairo_set_line_join(cr, CAIRO_LINE_JOIN_BEVEL);
    cairo_set_dash(cr, dashes, line->dashed ? 2 : 0, 0);
    cairo_stroke(cr);
    cairo_restore(cr);
}

/* ---- areas ---- */

/* Where the area's lower edge is. */
static double floor_at(const struct cdr_chart *chart, const double *low, size_t i)
{
    double at;

    if (low)
        at = cdr_axis_at(&chart->y, low[i]);
    else if (chart->y.log || chart->y.low > 0)
        at = chart->bottom;
    else
        at = cdr_axis_at(&chart->y, 0);
    return isnan(at) ? chart->bottom : at; /* below a logarithmic axis */
}

/* One piece without gaps: along the upper edge, back along the lower. Columns with many
 * points get their outermost. */
static void add_piece(cairo_t *cr, const struct cdr_chart *chart, const double *x,
                      const double *high, const double *low, size_t from, size_t to)
{
    cairo_new_sub_path(cr);
    for (int edge = 0; edge < 2; edge++)
        for (size_t k = from; k < to;) {
            size_t first = edge ? to - 1 - (k - from) : k;
            double column = cdr_axis_at(&chart->x, x[first]), outer = NAN, px = column;

            for (; k < to; k++) {
                size_t i = edge ? to - 1 - (k - from) : k;
                double at = cdr_axis_at(&chart->x, x[i]);
                double y =
                    edge ? floor_at(chart, low, i) : cdr_axis_at(&chart->y, high[i]);

                if (fabs(at - column) >= COLUMN)
                    break;
                outer = edge ? fmax(outer, y) : fmin(outer, y);
                px = at;
            }
            cairo_line_to(cr, held(column), held(outer));
            if (px != column)
                cairo_line_to(cr, held(px), held(outer));
        }
    cairo_close_path(cr);
}

void cdr_chart_area(cairo_t *cr, const struct cdr_chart *chart, const double *x,
                    const double *high, const double *low, size_t n, unsigned colour,
                    double opacity)
{
    clip(cr, chart);
    for (size_t i = 0, from = 0; i <= n; i++)
        if (i == n ||
            is_gap(cdr_axis_at(&chart->x, x[i]), cdr_axis_at(&chart->y, high[i]))) {
            if (i > from)
                add_piece(cr, chart, x, high, low, from, i);
            from = i + 1;
        }
    cairo_set_source_rgba(cr, ((colour >> 16) & 255) / 255.0,
                          ((colour >> 8) & 255) / 255.0, (colour & 255) / 255.0,
                          opacity);
    cairo_fill(cr);
    cairo_restore(cr);
}

/* ---- points and references ---- */

void cdr_chart_points(cairo_t *cr, const struct cdr_chart *chart, const double *x,
                      const double *y, size_t n, unsigned colour, double radius)
{
    clip(cr, chart);
    cdr_pen_colour(cr, colour);
    for (size_t i = 0; i < n; i++) {
        double px = cdr_axis_at(&chart->x, x[i]), py = cdr_axis_at(&chart->y, y[i]);

        if (is_gap(px, py) || fabs(px) > FAR || fabs(py) > FAR)
            continue;
        cairo_new_sub_path(cr);
        cairo_arc(cr, px, py, radius, 0, 2 * acos(-1.0));
    }
    cairo_fill(cr);
    cairo_restore(cr);
}

void cdr_chart_reference(cairo_t *cr, const struct cdr_chart *chart,
                         const struct cdr_axis *axis, double value, unsigned colour)
{
    double at = cdr_axis_at(axis, value);

    if (isnan(at))
        return;
    clip(cr, chart);
    if (axis->vertical)
        cdr_pen_dashed(cr, chart->left, held(at), chart->right, held(at), 1.2, colour);
    else
        cdr_pen_dashed(cr, held(at), chart->top, held(at), chart->bottom, 1.2, colour);
    cairo_restore(cr);
}
