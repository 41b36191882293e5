/* pen.c - text and lines in one style, for all plots.
 * SPDX-License-Identifier: MIT
 *
 * Each context has one Pango layout, made at its first text and kept as the context's
 * user data. Outlines are neither hinted nor moved to whole pixels: widths are then the
 * same in every format and at every size.
 */
#include "plot/pen.h"

#include <math.h>
#include <pango/pangocairo.h>
#include <stdlib.h>
#include <string.h>

#define CAP 3.5 /* half the height of an interval's ends */
#define DOT 3.8 /* a point's radius */

void cdr_pen_colour(cairo_t *cr, unsigned colour)
{
    cairo_set_source_rgb(cr, ((colour >> 16) & 255) / 255.0,
                         ((colour >> 8) & 255) / 255.0, (colour & 255) / 255.0);
}

/* ---- text ---- */

struct writer {
    PangoLayout *layout;
    size_t missing; /* glyphs that no font has */
};

static const cairo_user_data_key_t writer_key;

static void free_writer(void *data)
{
    struct writer *w = data;

    g_object_unref(w->layout);
    free(w);
}

static PangoLayout *make_layout(cairo_t *cr)
{
    PangoContext *context = pango_cairo_create_context(cr);
    cairo_font_options_t *options = cairo_font_options_create();
    PangoLayout *layout;

    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
    pango_cairo_context_set_font_options(context, options);
    pango_context_set_round_glyph_positions(context, FALSE);
    pango_context_set_base_dir(context, PANGO_DIRECTION_LTR);
    pango_context_set_language(context, pango_language_from_string("en"));
    layout = pango_layout_new(context);
    pango_layout_set_single_paragraph_mode(layout, TRUE);
    pango_layout_set_auto_dir(layout, FALSE);
    cairo_font_options_destroy(options);
    g_object_unref(context);
    return layout;
}

/* NULL without memory: cr then says so itself. */
static struct writer *writer_of(cairo_t *cr)
{
    struct writer *w = cairo_get_user_data(cr, &writer_key);

    if (w)
        return w;
    w = calloc(1, sizeof *w);
    if (!w)
        return NULL;
    w->layout = make_layout(cr);
    if (cairo_set_user_data(cr, &writer_key, w, free_writer) == CAIRO_STATUS_SUCCESS)
        return w;
    free_writer(w);
    return NULL;
}

/* The sizes are points of the page, whatever the screen's resolution. */
static void use_style(PangoLayout *layout, const struct cdr_style *style)
{
    PangoFontDescription *font = pango_font_description_new();

    pango_font_description_set_family_static(font, "sans-serif");
    pango_font_description_set_absolute_size(font, style->size * PANGO_SCALE);
    pango_font_description_set_weight(font, style->bold ? PANGO_WEIGHT_BOLD
                                                        : PANGO_WEIGHT_NORMAL);
    pango_layout_set_font_description(layout, font);
    pango_font_description_free(font);
}

/* Lay the text out on one line. Returns its width. */
static double lay_out(struct writer *w, const struct cdr_style *style, const char *text)
{
    PangoRectangle logical;

    use_style(w->layout, style);
    if (g_utf8_validate(text, -1, NULL)) {
        pango_layout_set_text(w->layout, text, -1);
    } else {
        char *valid = g_utf8_make_valid(text, -1);

        pango_layout_set_text(w->layout, valid, -1);
        g_free(valid);
    }
    pango_layout_line_get_extents(pango_layout_get_line_readonly(w->layout, 0), NULL,
                                  &logical);
    return (double)logical.width / PANGO_SCALE;
}

double cdr_pen_width(cairo_t *cr, const struct cdr_style *style, const char *text)
{
    struct writer *w = writer_of(cr);

    return w ? lay_out(w, style, text) : 0;
}

double cdr_pen_text(cairo_t *cr, double x, double y, enum cdr_side side,
                    const struct cdr_style *style, const char *text)
{
    struct writer *w = writer_of(cr);
    double width;

    if (!w)
        return 0;
    width = lay_out(w, style, text);
    cdr_pen_colour(cr, style->colour);
    cairo_move_to(cr, x - width * side / 2, y);
    pango_cairo_show_layout_line(cr, pango_layout_get_line_readonly(w->layout, 0));
    w->missing += (size_t)pango_layout_get_unknown_glyphs_count(w->layout);
    return width;
}

void cdr_pen_text_upwards(cairo_t *cr, double x, double y,
                          const struct cdr_style *style, const char *text)
{
    cairo_save(cr);
    cairo_translate(cr, x, y);
    cairo_rotate(cr, -acos(-1.0) / 2);
    cdr_pen_text(cr, 0, 0, CDR_MIDDLE, style, text);
    cairo_restore(cr);
}

size_t cdr_pen_missing(cairo_t *cr)
{
    const struct writer *w = cairo_get_user_data(cr, &writer_key);

    return w ? w->missing : 0;
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

void cdr_pen_dashed(cairo_t *cr, double x0, double y0, double x1, double y1,
                    double thickness, unsigned colour)
{
    static const double dashes[] = { 4, 3 };

    cairo_set_dash(cr, dashes, 2, 0);
    cdr_pen_line(cr, x0, y0, x1, y1, thickness, colour);
    cairo_set_dash(cr, NULL, 0, 0);
}

void cdr_pen_interval(cairo_t *cr, double y, double low, double point, double high)
{
    /* One path: plots of thousands of rows are files of some size. */
    cairo_move_to(cr, low, y - CAP);
    cairo_line_to(cr, low, y + CAP);
    cairo_move_to(cr, high, y - CAP);
    cairo_line_to(cr, high, y + CAP);
    cairo_move_to(cr, low, y);
    cairo_line_to(cr, high, y);
    cdr_pen_colour(cr, CDR_MAIN);
    cairo_set_line_width(cr, 2);
    cairo_stroke(cr);
    cairo_arc(cr, point, y, DOT, 0, 2 * acos(-1.0));
    cdr_pen_colour(cr, CDR_MAIN);
    cairo_fill_preserve(cr);
    cairo_set_line_width(cr, 1.2);
    cdr_pen_colour(cr, CDR_PAPER);
    cairo_stroke(cr);
}
