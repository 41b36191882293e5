/* sheet.h - a sheet to draw on, written as SVG or PNG.
 * SPDX-License-Identifier: MIT
 *
 * Same drawing, same bytes: cairo's SVG holds no date and names things in the order in
 * which they were made. Text becomes outlines, so it looks the same where the fonts are
 * missing.
 */
#ifndef CDR_PLOT_SHEET_H
#define CDR_PLOT_SHEET_H

#include <cairo.h>
#include <stdbool.h>
#include <stddef.h>

#define CDR_SHEET_SCALE  2     /* pixels of a PNG in a point */
#define CDR_SHEET_PIXELS 16384 /* of a PNG's side at most: what viewers can show */

/* Takes bytes of the file; 0, or an error number, which the sheet does not interpret. */
typedef int cdr_sheet_write(void *to, const void *bytes, size_t size);

/* Draws; the sheet is white, its unit is the point, y grows downwards. False: no memory. */
typedef bool cdr_sheet_draw(cairo_t *cr, void *arg);

struct cdr_sheet {
    double width, height; /* points */
    bool svg;             /* otherwise PNG */
    cdr_sheet_write *write;
    void *to;
    size_t missing; /* set by cdr_sheet_make: characters that no font has */
    int failed;     /* and what `write` returned, if that was not 0 */
};

/* A PNG has a sane number of pixels; an SVG always has. */
bool cdr_sheet_fits(const struct cdr_sheet *sheet);

/* Draw and write it all. NULL, or the reason why it could not be done. */
const char *cdr_sheet_make(struct cdr_sheet *sheet, cdr_sheet_draw *draw, void *arg);

/* The same into a file whose name ends with .svg or .png: for examples. */
const char *cdr_sheet_make_file(const char *path, double width, double height,
                                cdr_sheet_draw *draw, void *arg);

/* The name ends with .svg (*svg is true) or .png, in any case of letters. */
bool cdr_sheet_kind(const char *path, bool *svg);

#endif
