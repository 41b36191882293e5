/* sheet.c - a sheet to draw on, written as SVG or PNG.
 * SPDX-License-Identifier: MIT
 */
#include "plot/sheet.h"
#include "plot/pen.h"

#include <cairo-svg.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool ends_with(const char *path, const char *end)
{
    size_t n = strlen(path), m = strlen(end);

    return n > m && strcasecmp(path + n - m, end) == 0;
}

bool cdr_sheet_kind(const char *path, bool *svg)
{
    *svg = ends_with(path, ".svg");
    return *svg || ends_with(path, ".png");
}

bool cdr_sheet_fits(const struct cdr_sheet *sheet)
{
    return sheet->svg || (sheet->width * CDR_SHEET_SCALE <= CDR_SHEET_PIXELS &&
                          sheet->height * CDR_SHEET_SCALE <= CDR_SHEET_PIXELS);
}

static cairo_status_t write_bytes(void *to, const unsigned char *bytes, unsigned size)
{
    struct cdr_sheet *sheet = to;

    if (!sheet->failed)
        sheet->failed = sheet->write(sheet->to, bytes, size);
    return sheet->failed ? CAIRO_STATUS_WRITE_ERROR : CAIRO_STATUS_SUCCESS;
}

static cairo_surface_t *make_surface(struct cdr_sheet *sheet)
{
    cairo_surface_t *surface;

    if (sheet->svg) {
        surface = cairo_svg_surface_create_for_stream(write_bytes, sheet, sheet->width,
                                                      sheet->height);
        cairo_svg_surface_set_document_unit(surface, CAIRO_SVG_UNIT_PX);
        return surface;
    }
    surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24,
                                         (int)(sheet->width * CDR_SHEET_SCALE),
                                         (int)(sheet->height * CDR_SHEET_SCALE));
    cairo_surface_set_device_scale(surface, CDR_SHEET_SCALE, CDR_SHEET_SCALE);
    return surface;
}

static cairo_status_t finish(struct cdr_sheet *sheet, cairo_surface_t *surface,
                             cairo_t *cr)
{
    cairo_status_t status = cairo_status(cr);

    if (status == CAIRO_STATUS_SUCCESS && !sheet->svg)
        status = cairo_surface_write_to_png_stream(surface, write_bytes, sheet);
    cairo_surface_finish(surface); /* writes the SVG */
    return status ? status : cairo_surface_status(surface);
}

const char *cdr_sheet_make(struct cdr_sheet *sheet, cdr_sheet_draw *draw, void *arg)
{
    cairo_surface_t *surface;
    cairo_status_t status;
    cairo_t *cr;

    if (!cdr_sheet_fits(sheet))
        return "too many pixels for a PNG";
    surface = make_surface(sheet);
    cr = cairo_create(surface);
    cdr_pen_colour(cr, CDR_PAPER);
    cairo_paint(cr);
    status = draw(cr, arg) ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_NO_MEMORY;
    sheet->missing = cdr_pen_missing(cr);
    if (status == CAIRO_STATUS_SUCCESS)
        status = finish(sheet, surface, cr);
    cairo_destroy(cr);
    cairo_surface_destroy(surface);
    if (sheet->failed)
        return "the file cannot be written";
    return status ? cairo_status_to_string(status) : NULL;
}

/* ---- into a file ---- */

static int write_to_file(void *to, const void *bytes, size_t size)
{
    if (fwrite(bytes, 1, size, to) == size)
        return 0;
    return errno ? errno : EIO;
}

const char *cdr_sheet_make_file(const char *path, double width, double height,
                                cdr_sheet_draw *draw, void *arg)
{
    struct cdr_sheet sheet = { .width = width,
                               .height = height,
                               .write = write_to_file };
    const char *reason;
    FILE *file;

    if (!cdr_sheet_kind(path, &sheet.svg))
        return "its name does not end with .svg or .png";
    file = fopen(path, "wb");
    if (!file)
        return strerror(errno);
    sheet.to = file;
    reason = cdr_sheet_make(&sheet, draw, arg);
    if (reason && sheet.failed)
        reason = strerror(sheet.failed);
    if (fclose(file) && !reason)
        reason = strerror(errno);
    return reason;
}
