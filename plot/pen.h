/* pen.h - text and lines in one style, for all plots.
 * SPDX-License-Identifier: MIT
 *
 * Everything here draws on a cairo context whose unit is the point. Text is laid out by
 * Pango: any script, in its own direction, with fonts found for it. Text that is not
 * UTF-8 is shown with replacement characters, so no caller can draw nonsense.
 */
#ifndef CDR_PLOT_PEN_H
#define CDR_PLOT_PEN_H

#include <cairo.h>
#include <stdbool.h>
#include <stddef.h>

/* 0xrrggbb */
enum cdr_colour {
    CDR_INK = 0x1f2328,   /* what is to be read */
    CDR_QUIET = 0x59636e, /* what is to be found */
    CDR_FAINT = 0xe4e7eb, /* what only guides the eye */
    CDR_STRIPE = 0xf6f8fa,
    CDR_FRAME = 0x9aa4ae, /* axes */
    CDR_MAIN = 0x2b5f8a,  /* the results */
    CDR_SOFT = 0x8fb3d1,  /* the same as areas */
    CDR_PALE = 0xd5e2ed,
    CDR_ALERT = 0xb23a2e, /* reference values: zero, chance */
    CDR_PAPER = 0xffffff
};

struct cdr_style {
    double size;
    unsigned colour;
    bool bold;
};

enum cdr_side { CDR_LEFT = 0, CDR_MIDDLE, CDR_RIGHT };

void cdr_pen_colour(cairo_t *cr, unsigned colour);

/* ---- text ---- */

/* x is the text's left end, its middle or its right end; y is its baseline. Returns the
 * text's width. */
double cdr_pen_text(cairo_t *cr, double x, double y, enum cdr_side side,
                    const struct cdr_style *style, const char *text);
double cdr_pen_width(cairo_t *cr, const struct cdr_style *style, const char *text);

/* The same turned to read upwards, its middle at (x, y): the title of a vertical axis. */
void cdr_pen_text_upwards(cairo_t *cr, double x, double y,
                          const struct cdr_style *style, const char *text);

/* How many characters drawn on cr so far are in none of this machine's fonts. */
size_t cdr_pen_missing(cairo_t *cr);

/* ---- text that may be too long ---- */

/* The text, with an ellipsis for its middle if it is wider than `width`. Yours to free;
 * NULL without memory. */
char *cdr_pen_fit(cairo_t *cr, const struct cdr_style *style, const char *text,
                  double width);

/* The same for n names that are seen together. Different names stay different: what
 * they have in common gives way first, and where that is not enough they are numbered
 * by their place in the list. out[i] is yours to free. False without memory; then out
 * is all NULL. */
bool cdr_pen_fit_names(cairo_t *cr, const struct cdr_style *style,
                       const char *const *names, size_t n, double width, char **out);

/* ---- lines ---- */

void cdr_pen_line(cairo_t *cr, double x0, double y0, double x1, double y1,
                  double thickness, unsigned colour);
void cdr_pen_dashed(cairo_t *cr, double x0, double y0, double x1, double y1,
                    double thickness, unsigned colour);

/* An interval with its ends marked, and the point on it. */
void cdr_pen_interval(cairo_t *cr, double y, double low, double point, double high);

#endif
