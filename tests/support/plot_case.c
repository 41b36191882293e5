/* plot_case.c - a sheet to draw on, and what is on it.
 * SPDX-License-Identifier: MIT
 */
#include "plot_case.h"
#include "plot/pen.h"

#include <stdint.h>
#include <string.h>

cairo_t *cdr_open_sheet(int width, int height)
{
    cairo_surface_t *surface =
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
    cairo_t *cr = cairo_create(surface);

    cairo_surface_destroy(surface);
    cdr_pen_colour(cr, CDR_PAPER);
    cairo_paint(cr);
    return cr;
}

unsigned cdr_pixel(cairo_t *cr, double x, double y)
{
    cairo_surface_t *surface = cairo_get_target(cr);
    const unsigned char *data;
    uint32_t value;

    cairo_surface_flush(surface);
    data = cairo_image_surface_get_data(surface);
    memcpy(&value,
           data + (size_t)y * (size_t)cairo_image_surface_get_stride(surface) +
               4 * (size_t)x,
           sizeof value);
    return value & 0xffffff;
}
