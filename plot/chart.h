/* chart.h - two axes and what is drawn between them.
 * SPDX-License-Identifier: MIT
 *
 *      struct cdr_chart chart = { .x = cdr_axis_make(0, 100, 0, INFINITY),
 *                                 .y = cdr_axis_make_log(1, 1e6),
 *                                 .x_title = "mass-to-charge ratio (Da)",
 *                                 .y_title = "counts" };
 *      cdr_chart_place(cr, &chart, 20, 20, 620, 420);
 *      cdr_chart_draw(cr, &chart);
 *      cdr_chart_area(cr, &chart, x, counts, NULL, n, CDR_SOFT, 1);
 *      cdr_chart_line(cr, &chart, x, counts, n, &(struct cdr_line){ CDR_MAIN, 1.2 });
 *
 * Marks stay within the axes. Where a value is not finite, or not positive on a
 * logarithmic axis, a line has a gap. Series of any length are drawn in as many strokes
 * as the eye could tell apart.
 */
#ifndef CDR_PLOT_CHART_H
#define CDR_PLOT_CHART_H

#include "plot/axis.h"
#include "plot/pen.h"
#include <stddef.h>

struct cdr_chart {
    struct cdr_axis x, y;
    const char *x_title, *y_title;   /* may be NULL */
    double left, top, right, bottom; /* between the axes; set by cdr_chart_place */
};

/* Put the chart with its labels and titles into a rectangle of the sheet. */
void cdr_chart_place(cairo_t *cr, struct cdr_chart *chart, double left, double top,
                     double right, double bottom);

/* Guides, axes, titles: before the marks. */
void cdr_chart_draw(cairo_t *cr, const struct cdr_chart *chart);

/* ---- marks ---- */

struct cdr_line {
    unsigned colour;
    double thickness;
    bool dashed;
    bool steps; /* y[i] holds from x[i] to x[i + 1]: ROC curves, spectra of bins */
};

void cdr_chart_line(cairo_t *cr, const struct cdr_chart *chart, const double *x,
                    const double *y, size_t n, const struct cdr_line *line);

/* Between high and low; low may be NULL and is then 0, or the lower end of the axis. A
 * band of confidence, or the area under a spectrum. */
void cdr_chart_area(cairo_t *cr, const struct cdr_chart *chart, const double *x,
                    const double *high, const double *low, size_t n, unsigned colour,
                    double opacity);

void cdr_chart_points(cairo_t *cr, const struct cdr_chart *chart, const double *x,
                      const double *y, size_t n, unsigned colour, double radius);

/* A straight line through the whole chart at a value of one axis: a reference. */
void cdr_chart_reference(cairo_t *cr, const struct cdr_chart *chart,
                         const struct cdr_axis *axis, double value, unsigned colour);

/* ---- legend ---- */

struct cdr_key {
    const char *text;
    unsigned colour;
    bool area; /* a patch instead of a line */
    bool dashed;
};

/* A box with the keys in the chart's corner, inside the axes. */
void cdr_chart_legend(cairo_t *cr, const struct cdr_chart *chart,
                      const struct cdr_key *keys, size_t n, enum cdr_side side,
                      bool at_bottom);

#endif
