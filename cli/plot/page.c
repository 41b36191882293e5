/* page.c - the sheet that a picture is drawn on, and its file.
 * SPDX-License-Identifier: MIT
 *
 * Same results, same bytes: cairo's SVG holds no date and names things in the order in
 * which they were made; text becomes outlines of the font that "sans-serif" stands for on
 * this machine, so that the picture looks the same everywhere else.
 */
#include "cli/plot/page.h"
#include "cli/plot/pen.h"
#include "cli/base/text.h"

#include <cairo-svg.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PNG_SCALE   2.0
#define PNG_HIGHEST 32767.0 /* pixels; cairo's limit */

static const struct cdr_style title_style = { 17, CDR_INK, 1 };
static const struct cdr_style subtitle_style = { 12.5, CDR_QUIET, 0 };
static const struct cdr_style foot_style = { 10.5, CDR_QUIET, 0 };
static const struct cdr_style panel_style = { 13, CDR_INK, 1 };
static const struct cdr_style metric_style = { 11, CDR_QUIET, 0 };

/* ---- the file ---- */

static bool ends_with(const char *path, const char *end)
{
    size_t n = strlen(path), m = strlen(end);

    return n > m && strcasecmp(path + n - m, end) == 0;
}

int cdr_plot_open(struct cdr_plot *plot, const char *path, struct cdr_failure *why)
{
    char shown[CDR_SHOWN];

    if (!path)
        return 0;
    plot->svg = ends_with(path, ".svg");
    if (!plot->svg && !ends_with(path, ".png"))
        return cdr_fails(why, CDR_EXIT_USAGE,
                         "--plot is %s: expected a name that ends with .svg or .png",
                         cdr_quote(shown, path));
    return cdr_output_open(&plot->output, path, why);
}

void cdr_plot_close(struct cdr_plot *plot)
{
    cdr_output_drop(&plot->output);
}

static cairo_status_t write_bytes(void *to, const unsigned char *bytes, unsigned size)
{
    struct cdr_output *out = to;

    if (fwrite(bytes, 1, size, out->stream) == size)
        return CAIRO_STATUS_SUCCESS;
    if (!out->failed)
        out->failed = errno;
    return CAIRO_STATUS_WRITE_ERROR;
}

/* ---- the sheet ---- */

static cairo_surface_t *make_surface(struct cdr_plot *plot, double height)
{
    double scale = PNG_SCALE;
    cairo_surface_t *surface;

    if (plot->svg) {
        surface = cairo_svg_surface_create_for_stream(write_bytes, &plot->output,
                                                      CDR_PAGE_WIDTH, height);
        cairo_svg_surface_set_document_unit(surface, CAIRO_SVG_UNIT_PX);
        return surface;
    }
    if (height * scale > PNG_HIGHEST)
        scale = PNG_HIGHEST / height;
    surface = cairo_image_surface_create(
        CAIRO_FORMAT_RGB24, (int)(CDR_PAGE_WIDTH * scale), (int)(height * scale));
    cairo_surface_set_device_scale(surface, scale, scale);
    return surface;
}

static void put_line(cairo_t *cr, double y, const struct cdr_style *style,
                     const char *text)
{
    char *fitted =
        text ? cdr_pen_fit(cr, style, text, CDR_PAGE_WIDTH - 2 * CDR_PAGE_MARGIN)
             : NULL;

    if (fitted)
        cdr_pen_text(cr, CDR_PAGE_MARGIN, y, CDR_LEFT, style, fitted);
    free(fitted);
}

static void put_words(cairo_t *cr, double height, const struct cdr_plot_text *text,
                      const char *subtitle)
{
    const char *slash = strrchr(text->file, '/');
    char foot[700];

    snprintf(foot, sizeof foot, "%.200s: %s", slash ? slash + 1 : text->file,
             text->footnote);
    put_line(cr, 40, &title_style, text->title);
    put_line(cr, 60, &subtitle_style, subtitle);
    put_line(cr, height - 20, &foot_style, foot);
}

void cdr_page_panel_title(cairo_t *cr, double y, int kind)
{
    char title[120];
    double width;

    snprintf(title, sizeof title, "%s", cadre_metric_text(kind));
    if (title[0] >= 'a' && title[0] <= 'z')
        title[0] = (char)(title[0] - 'a' + 'A');
    width = cdr_pen_text(cr, CDR_PAGE_MARGIN, y, CDR_LEFT, &panel_style, title);
    cdr_pen_text(cr, CDR_PAGE_MARGIN + width + 8, y, CDR_LEFT, &metric_style,
                 cadre_metric_name(kind));
}

static cairo_status_t finish(struct cdr_plot *plot, cairo_surface_t *surface,
                             cairo_t *cr)
{
    cairo_status_t status = cairo_status(cr);

    if (status == CAIRO_STATUS_SUCCESS && !plot->svg)
        status = cairo_surface_write_to_png_stream(surface, write_bytes, &plot->output);
    cairo_surface_finish(surface); /* writes the SVG */
    return status ? status : cairo_surface_status(surface);
}

int cdr_page_draw(struct cdr_plot *plot, double height,
                  const struct cdr_plot_text *text, const char *subtitle,
                  cdr_draw *draw, void *arg, struct cdr_failure *why)
{
    cairo_surface_t *surface = make_surface(plot, height);
    cairo_t *cr = cairo_create(surface);
    cairo_status_t status;

    cdr_pen_colour(cr, CDR_PAPER);
    cairo_paint(cr);
    put_words(cr, height, text, subtitle);
    draw(cr, arg);
    status = finish(plot, surface, cr);
    cairo_destroy(cr);
    cairo_surface_destroy(surface);
    if (status != CAIRO_STATUS_SUCCESS && status != CAIRO_STATUS_WRITE_ERROR)
        return cdr_fails(why, CDR_EXIT_FAILED, "the plot cannot be drawn: %s",
                         cairo_status_to_string(status));
    return cdr_output_commit(&plot->output, why); /* names a write error itself */
}
