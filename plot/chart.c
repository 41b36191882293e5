/* chart.c - two axes, their titles, a legend.
 * SPDX-License-Identifier: MIT
 */
#include "plot/chart.h"

#include <math.h>

#define TITLE_SPACE 20 /* of an axis's title */
#define AIR         8  /* right of the x axis: half of a label */
#define NOTE_SPACE  24 /* above a y axis that has a note */
#define ROUNDS      2  /* the widths of labels decide on the ticks, and they on those */

#define KEY_ROW   17
#define KEY_WIDTH 22
#define KEY_GAP   7
#define KEY_PAD   8

static const struct cdr_style title_style = { 12, CDR_INK, false };
static const struct cdr_style key_style = { 11, CDR_INK, false };

void cdr_chart_place(cairo_t *cr, struct cdr_chart *chart, double left, double top,
                     double right, double bottom)
{
    chart->y.vertical = true;
    chart->left = left + (chart->y_title ? TITLE_SPACE : 0) + 40;
    chart->top = top + AIR;
    chart->right = right - AIR - 10;
    for (int round = 0; round < ROUNDS; round++) {
        cdr_axis_place(cr, &chart->x, chart->left, chart->right);
        chart->bottom =
            bottom - cdr_axis_depth(cr, &chart->x) - (chart->x_title ? TITLE_SPACE : 0);
        cdr_axis_place(cr, &chart->y, chart->bottom, chart->top);
        chart->left =
            left + (chart->y_title ? TITLE_SPACE : 0) + cdr_axis_depth(cr, &chart->y);
        if (chart->y.ticks.note[0])
            chart->top = top + NOTE_SPACE;
    }
    cdr_axis_place(cr, &chart->x, chart->left, chart->right);
}

void cdr_chart_draw(cairo_t *cr, const struct cdr_chart *chart)
{
    double x = (chart->left + chart->right) / 2, y = (chart->top + chart->bottom) / 2;

    cdr_axis_draw_guides(cr, &chart->x, chart->top, chart->bottom);
    cdr_axis_draw_guides(cr, &chart->y, chart->left, chart->right);
    cdr_axis_draw(cr, &chart->x, chart->bottom);
    cdr_axis_draw(cr, &chart->y, chart->left);
    if (chart->x_title)
        cdr_pen_text(cr, x, chart->bottom + cdr_axis_depth(cr, &chart->x) + 16,
                     CDR_MIDDLE, &title_style, chart->x_title);
    if (chart->y_title)
        cdr_pen_text_upwards(cr, chart->left - cdr_axis_depth(cr, &chart->y) - 10, y,
                             &title_style, chart->y_title);
}

/* ---- legend ---- */

static void draw_key(cairo_t *cr, const struct cdr_key *key, double x, double y)
{
    if (key->area) {
        cdr_pen_colour(cr, key->colour);
        cairo_rectangle(cr, x, y - 5, KEY_WIDTH, 10);
        cairo_fill(cr);
    } else if (key->dashed) {
        cdr_pen_dashed(cr, x, y, x + KEY_WIDTH, y, 1.6, key->colour);
    } else {
        cdr_pen_line(cr, x, y, x + KEY_WIDTH, y, 2, key->colour);
    }
    cdr_pen_text(cr, x + KEY_WIDTH + KEY_GAP, y + 4, CDR_LEFT, &key_style, key->text);
}

void cdr_chart_legend(cairo_t *cr, const struct cdr_chart *chart,
                      const struct cdr_key *keys, size_t n, enum cdr_side side,
                      bool at_bottom)
{
    double width = 0, height = (double)n * KEY_ROW + KEY_PAD, x, y;

    for (size_t i = 0; i < n; i++)
        width = fmax(width, cdr_pen_width(cr, &key_style, keys[i].text));
    width += KEY_WIDTH + KEY_GAP + 2 * KEY_PAD;
    x = side == CDR_LEFT    ? chart->left + KEY_PAD
        : side == CDR_RIGHT ? chart->right - KEY_PAD - width
                            : (chart->left + chart->right - width) / 2;
    y = at_bottom ? chart->bottom - KEY_PAD - height : chart->top + KEY_PAD;
    cairo_rectangle(cr, x, y, width, height);
    cairo_set_source_rgba(cr, 1, 1, 1, 0.85);
    cairo_fill_preserve(cr);
    cdr_pen_colour(cr, CDR_FAINT);
    cairo_set_line_width(cr, 1);
    cairo_stroke(cr);
    for (size_t i = 0; i < n; i++)
        draw_key(cr, &keys[i], x + KEY_PAD,
                 y + KEY_PAD / 2.0 + ((double)i + 0.5) * KEY_ROW);
}
