/* heat.c - a matrix as colours, and the bar that says which value a colour means.
 * SPDX-License-Identifier: MIT
 *
 * The colours are a curve through anchors whose lightness grows evenly.
 */
#include "plot/heat.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#define BAR_WIDTH 14
#define BAR_STEPS 256
#define CELLS_MAX 32767 /* cairo's limit for the side of an image */

unsigned cdr_heat_colour(double share)
{
    static const unsigned char anchors[][3] = {
        { 68, 1, 84 },    { 72, 40, 120 },  { 62, 74, 137 },  { 49, 104, 142 },
        { 38, 130, 142 }, { 31, 158, 137 }, { 53, 183, 121 }, { 110, 206, 88 },
        { 181, 222, 43 }, { 253, 231, 37 },
    };
    enum { LAST = sizeof anchors / sizeof anchors[0] - 1 };
    double at = LAST * fmin(fmax(share, 0), 1), part;
    int k = (int)fmin(floor(at), LAST - 1);
    unsigned colour = 0;

    part = at - k;
    for (int i = 0; i < 3; i++)
        colour = colour << 8 | (unsigned)lround(anchors[k][i] * (1 - part) +
                                                anchors[k + 1][i] * part);
    return colour;
}

/* From 0 to 1 between the scale's ends. */
static double share_of(const struct cdr_heat *heat, double value)
{
    struct cdr_axis scale = heat->scale;

    scale.from = 0;
    scale.to = 1;
    return cdr_axis_at(&scale, value);
}

static cairo_surface_t *make_image(const struct cdr_heat *heat)
{
    cairo_surface_t *image = cairo_image_surface_create(
        CAIRO_FORMAT_ARGB32, (int)heat->columns, (int)heat->rows);
    unsigned char *pixels = cairo_image_surface_get_data(image);
    int stride = cairo_image_surface_get_stride(image);

    if (cairo_surface_status(image) != CAIRO_STATUS_SUCCESS)
        return image;
    for (size_t row = 0; row < heat->rows; row++)
        for (size_t k = 0; k < heat->columns; k++) {
            double share = share_of(heat, heat->values[row * heat->columns + k]);
            uint32_t pixel = isnan(share) ? 0 : 0xff000000u | cdr_heat_colour(share);

            /* Images have their first row at the top. */
            memcpy(pixels + (heat->rows - 1 - row) * (size_t)stride + 4 * k, &pixel,
                   sizeof pixel);
        }
    cairo_surface_mark_dirty(image);
    return image;
}

bool cdr_heat_draw(cairo_t *cr, const struct cdr_chart *chart,
                   const struct cdr_heat *heat)
{
    double left = cdr_axis_at(&chart->x, heat->x0), top;
    double right = cdr_axis_at(&chart->x, heat->x1), bottom;
    cairo_surface_t *image;
    bool done;

    if (heat->columns == 0 || heat->rows == 0 || heat->columns > CELLS_MAX ||
        heat->rows > CELLS_MAX)
        return false;
    top = cdr_axis_at(&chart->y, heat->y1);
    bottom = cdr_axis_at(&chart->y, heat->y0);
    image = make_image(heat);
    done = cairo_surface_status(image) == CAIRO_STATUS_SUCCESS;
    cairo_save(cr);
    cairo_rectangle(cr, chart->left, chart->top, chart->right - chart->left,
                    chart->bottom - chart->top);
    cairo_clip(cr);
    cairo_translate(cr, left, top);
    cairo_scale(cr, (right - left) / (double)heat->columns,
                (bottom - top) / (double)heat->rows);
    if (done) {
        cairo_set_source_surface(cr, image, 0, 0);
        cairo_pattern_set_filter(cairo_get_source(cr), CAIRO_FILTER_NEAREST);
        cairo_paint(cr);
    }
    cairo_restore(cr);
    cairo_surface_destroy(image);
    return done;
}

void cdr_heat_bar(cairo_t *cr, const struct cdr_chart *chart,
                  const struct cdr_heat *heat, double x, const char *title)
{
    static const struct cdr_style title_style = { 12, CDR_INK, false };
    static const struct cdr_style label_style = { 11, CDR_QUIET, false };
    double height = chart->bottom - chart->top, step = height / BAR_STEPS, widest = 0;
    struct cdr_axis scale = heat->scale;

    scale.vertical = true;
    cdr_axis_place(cr, &scale, chart->bottom, chart->top);
    for (int i = 0; i < BAR_STEPS; i++) {
        double y = chart->bottom - (i + 1) * step;

        cdr_pen_colour(cr, cdr_heat_colour((i + 0.5) / BAR_STEPS));
        cairo_rectangle(cr, x, y, BAR_WIDTH, i > 0 ? step + 0.5 : step);
        cairo_fill(cr);
    }
    for (size_t i = 0; i < scale.ticks.n; i++) {
        double y = cdr_axis_at(&scale, scale.ticks.at[i]);

        cdr_pen_line(cr, x + BAR_WIDTH, y, x + BAR_WIDTH + 4, y, 1, CDR_FRAME);
        widest = fmax(widest, cdr_pen_text(cr, x + BAR_WIDTH + 7, y + 4, CDR_LEFT,
                                           &label_style, scale.ticks.label[i]));
    }
    cdr_pen_text(cr, x, chart->top - 8, CDR_LEFT, &label_style, scale.ticks.note);
    if (title)
        cdr_pen_text_upwards(cr, x + BAR_WIDTH + widest + 22,
                             (chart->top + chart->bottom) / 2, &title_style, title);
}
