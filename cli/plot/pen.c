/* pen.c - text and lines in one manner, for all pictures.
 * SPDX-License-Identifier: MIT
 */
#include "cli/plot/pen.h"
#include "cli/output/layout.h"
#include "cli/base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MINUS "\u2212"
#define CAP   3.5 /* half the height of an interval's ends */
#define DOT   3.8 /* a point's radius */

void cdr_pen_colour(cairo_t *cr, unsigned colour)
{
    cairo_set_source_rgb(cr, ((colour >> 16) & 255) / 255.0,
                         ((colour >> 8) & 255) / 255.0, (colour & 255) / 255.0);
}

/* ---- text ---- */

/* Widths are those of the outlines, so that every size and format agrees. */
static void use(cairo_t *cr, const struct cdr_style *style)
{
    cairo_font_options_t *options = cairo_font_options_create();

    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
    cairo_set_font_options(cr, options);
    cairo_font_options_destroy(options);
    cairo_select_font_face(cr, "sans-serif", CAIRO_FONT_SLANT_NORMAL,
                           style->bold ? CAIRO_FONT_WEIGHT_BOLD
                                       : CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(cr, style->size);
}

static double advance(cairo_t *cr, const char *text)
{
    cairo_text_extents_t extents;

    cairo_text_extents(cr, text, &extents);
    return extents.x_advance;
}

double cdr_pen_width(cairo_t *cr, const struct cdr_style *style, const char *text)
{
    use(cr, style);
    return advance(cr, text);
}

double cdr_pen_text(cairo_t *cr, double x, double y, enum cdr_side side,
                    const struct cdr_style *style, const char *text)
{
    double width;

    use(cr, style);
    width = advance(cr, text);
    cdr_pen_colour(cr, style->colour);
    cairo_move_to(cr, x - width * side / 2, y);
    cairo_show_text(cr, text);
    return width;
}

/* ---- text that is too long ---- */

char *cdr_pen_fit(cairo_t *cr, const struct cdr_style *style, const char *text,
                  double width)
{
    size_t low = 1, high = cdr_characters(text) * 4; /* as all escapes */
    char *out = cdr_abridge(text, high);

    if (!out || cdr_pen_width(cr, style, out) <= width)
        return out;
    /* The most characters that fit. */
    while (out && high - low > 1) {
        size_t middle = low + (high - low) / 2;

        free(out);
        out = cdr_abridge(text, middle);
        if (out && cdr_pen_width(cr, style, out) <= width)
            low = middle;
        else
            high = middle;
    }
    free(out);
    return cdr_abridge(text, low);
}

/* ---- lines ---- */

void cdr_pen_line(cairo_t *cr, double x0, double y0, double x1, double y1,
                  double thickness, unsigned colour)
{
    cdr_pen_colour(cr, colour);
    cairo_set_line_width(cr, thickness);
    cairo_move_to(cr, x0, y0);
    cairo_line_to(cr, x1, y1);
    cairo_stroke(cr);
}

void cdr_pen_interval(cairo_t *cr, double y, double low, double point, double high)
{
    cdr_pen_line(cr, low, y, high, y, 2, CDR_MAIN);
    cdr_pen_line(cr, low, y - CAP, low, y + CAP, 2, CDR_MAIN);
    cdr_pen_line(cr, high, y - CAP, high, y + CAP, 2, CDR_MAIN);
    cairo_arc(cr, point, y, DOT, 0, 2 * acos(-1.0));
    cdr_pen_colour(cr, CDR_MAIN);
    cairo_fill_preserve(cr);
    cairo_set_line_width(cr, 1.2);
    cdr_pen_colour(cr, CDR_PAPER);
    cairo_stroke(cr);
}

/* ---- numbers ---- */

void cdr_pen_number(char *out, size_t size, double value, int decimals)
{
    char plain[64];
    const char *digits = plain;

    cdr_layout_number(plain, sizeof plain, value, decimals);
    digits += plain[0] == '-';
    /* No sign for what has been rounded to zero. */
    snprintf(out, size, "%s%s",
             plain[0] == '-' && strpbrk(digits, "123456789") ? MINUS : "", digits);
}

void cdr_pen_estimate(struct cdr_estimate *out, double point, double low, double high,
                      int decimals)
{
    char from[32], to[32];

    cdr_pen_number(out->point, sizeof out->point, point, decimals);
    cdr_pen_number(from, sizeof from, low, decimals);
    cdr_pen_number(to, sizeof to, high, decimals);
    snprintf(out->interval, sizeof out->interval, "[%s, %s]", from, to);
}
