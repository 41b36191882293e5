/* pen.h - text and lines in one manner, for all pictures.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_PEN_H
#define CDR_CLI_PEN_H

#include <cairo.h>
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
    CDR_ALERT = 0xb23a2e, /* zero */
    CDR_PAPER = 0xffffff
};

struct cdr_style {
    double size;
    unsigned colour;
    int bold;
};

enum cdr_side { CDR_LEFT = 0, CDR_MIDDLE, CDR_RIGHT };

void cdr_pen_colour(cairo_t *cr, unsigned colour);

/* x is the text's left end, its middle or its right end; y the line it stands on. The
 * text is UTF-8. Returns the text's width. */
double cdr_pen_text(cairo_t *cr, double x, double y, enum cdr_side side,
                    const struct cdr_style *style, const char *text);
double cdr_pen_width(cairo_t *cr, const struct cdr_style *style, const char *text);

/* The text made printable, with dots for its middle if it is wider than `width`. Yours
 * to free; NULL without memory. */
char *cdr_pen_fit(cairo_t *cr, const struct cdr_style *style, const char *text,
                  double width);

void cdr_pen_line(cairo_t *cr, double x0, double y0, double x1, double y1,
                  double thickness, unsigned colour);

/* An interval with its ends marked, and the point on it. */
void cdr_pen_interval(cairo_t *cr, double y, double low, double point, double high);

/* A number with a minus sign as printers have it. */
void cdr_pen_number(char *out, size_t size, double value, int decimals);

/* "0.938" and "[0.916, 0.957]" */
struct cdr_estimate {
    char point[32];
    char interval[80];
};
void cdr_pen_estimate(struct cdr_estimate *out, double point, double low, double high,
                      int decimals);

#endif
