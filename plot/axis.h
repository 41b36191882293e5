/* axis.h - an axis with round numbers, horizontal or vertical, linear or logarithmic.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_PLOT_AXIS_H
#define CDR_PLOT_AXIS_H

#include "plot/ticks.h"
#include <cairo.h>
#include <stdbool.h>

struct cdr_axis {
    double low, high;   /* the values at its ends */
    double first, last; /* ticks have values between these */
    double from, to;    /* where its ends lie: left and right, or bottom and top */
    bool vertical;      /* set it before the axis is placed */
    bool log;
    struct cdr_ticks ticks;
};

/* For values from low to high, with some space beyond both; ticks have values from
 * least to most only. */
struct cdr_axis cdr_axis_make(double low, double high, double least, double most);

/* From exactly low to exactly high. */
struct cdr_axis cdr_axis_exact(double low, double high);

/* Logarithmic, from low to high; both positive. */
struct cdr_axis cdr_axis_make_log(double low, double high);

/* Where it lies, and with that its ticks: as many as leave each label its space. */
void cdr_axis_place(cairo_t *cr, struct cdr_axis *axis, double from, double to);

/* Where a value lies. NaN for what a logarithmic axis cannot show. */
double cdr_axis_at(const struct cdr_axis *axis, double value);

/* Guide lines at the ticks, across from a to b. */
void cdr_axis_draw_guides(cairo_t *cr, const struct cdr_axis *axis, double a, double b);

/* The line, the ticks and their labels: below y = across or left of x = across. */
void cdr_axis_draw(cairo_t *cr, const struct cdr_axis *axis, double across);

/* The space that these take there: height or width. */
double cdr_axis_depth(cairo_t *cr, const struct cdr_axis *axis);

#endif
