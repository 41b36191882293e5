/* plot_case.h - a sheet to draw on, and what is on it.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_TESTS_PLOT_CASE_H
#define CDR_TESTS_PLOT_CASE_H

#include <cairo.h>

/* White, so many pixels of one point each; yours to destroy. */
cairo_t *cdr_open_sheet(int width, int height);

/* The colour at a point, 0xrrggbb. */
unsigned cdr_pixel(cairo_t *cr, double x, double y);

#endif
