/* axis.h - a horizontal axis with round numbers.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_AXIS_H
#define CDR_CLI_AXIS_H

#include <cairo.h>

struct cdr_axis {
    double low, high;   /* values */
    double left, right; /* where they lie */
    double first, last; /* values that ticks may have */
    double step;        /* from tick to tick */
    int decimals;       /* of their numbers */
};

/* An axis for values from low to high, with a little room on both sides; as many ticks as
 * their numbers leave room for, at values from least to most only. */
struct cdr_axis cdr_axis_make(double low, double high, double least, double most);

/* Where it lies, and with that the ticks. */
void cdr_axis_place(struct cdr_axis *axis, double left, double right);

double cdr_axis_at(const struct cdr_axis *axis, double value);

/* Guide lines from top to bottom, at the ticks. */
void cdr_axis_draw_guides(cairo_t *cr, const struct cdr_axis *axis, double top,
                          double bottom);

/* The line, the ticks and their numbers, below y. */
void cdr_axis_draw(cairo_t *cr, const struct cdr_axis *axis, double y);

#endif
