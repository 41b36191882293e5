/* heat.h - a matrix as colours, and the bar that says which value a colour means.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_PLOT_HEAT_H
#define CDR_PLOT_HEAT_H

#include "plot/chart.h"

struct cdr_heat {
    const double *values;  /* rows x columns, row by row; NaN stays blank */
    size_t columns, rows;  /* the first row has the lowest y */
    double x0, x1, y0, y1; /* the matrix's edges, in values of the axes */
    struct cdr_axis
        scale; /* of the colours, linear or logarithmic; need not be placed */
};

/* 0xrrggbb for a share from 0 to 1: dark blue, green, yellow, ever lighter, so that it
 * also reads in grey and by those who confuse red and green. */
unsigned cdr_heat_colour(double share);

/* False: the picture is too large for cairo (32767 cells a side), or no memory. */
bool cdr_heat_draw(cairo_t *cr, const struct cdr_chart *chart,
                   const struct cdr_heat *heat);

/* The bar beside the chart, its left edge at x, with ticks and a title. */
void cdr_heat_bar(cairo_t *cr, const struct cdr_chart *chart,
                  const struct cdr_heat *heat, double x, const char *title);

#endif
