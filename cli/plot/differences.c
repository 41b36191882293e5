/* differences.c - the distribution of a difference, its interval, and zero.
 * SPDX-License-Identifier: MIT
 *
 *      mean_radius - mean_texture
 *      Area under the ROC curve                  0.162  [0.121, 0.205]
 *                                                0 lies outside
 *       |              .:|:.
 *       |            .::::::::.         bars: resamples; those in the interval darker
 *       |        ....::::::::::....
 *      zero          |----o----|
 *      -+-----------------+-----------------+-
 *
 * A panel for each metric. Zero is on the axis unless that would squeeze the distribution
 * into a corner; then an arrow at the edge says where it is.
 */
#include "cli/plot/estimate.h"
#include "cli/plot/histogram.h"
#include "cli/plot/page.h"
#include "plot/axis.h"
#include "plot/pen.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define HEAD     56.0
#define BARS     170.0 /* height of the highest */
#define BARS_LOW 110.0 /* with many panels */
#define STRIP    24.0  /* for the interval, below the bars */
#define FOOT     50.0  /* axis, its note, air */
#define SQUEEZE  2.5   /* how much wider zero may make the axis */

static const struct cdr_style estimate_style = { 13, CDR_INK, true };
static const struct cdr_style small_style = { 11, CDR_QUIET, false };
static const struct cdr_style zero_style = { 11, CDR_ALERT, false };

struct panel {
    const struct cdr_plot_row *row;
    struct cdr_histogram histogram;
    struct cdr_axis axis;
    bool has_zero; /* on the axis */
};

struct differences {
    const struct cdr_plot_text *text;
    struct panel *panels;
    size_t n;
    double bars;
};

static void make_panel(struct panel *p)
{
    const struct cdr_histogram *h = &p->histogram;
    const cadre_interval *x = &p->row->interval;
    double low = fmin(x->low, x->point), high = fmax(x->high, x->point), wide;

    if (h->bins > 0) {
        low = fmin(low, h->low);
        high = fmax(high, h->low + (double)h->bins * h->width);
    }
    if (h->bins == 1) { /* a lone bar gets air */
        low -= 5 * h->width;
        high += 5 * h->width;
    }
    wide = fmax(high, 0) - fmin(low, 0);
    p->has_zero = wide <= SQUEEZE * (high - low);
    if (p->has_zero) {
        low = fmin(low, 0);
        high = fmax(high, 0);
    }
    p->axis = cdr_axis_make(low, high, -INFINITY, INFINITY);
}

/* ---- drawing ---- */

static void draw_bar(cairo_t *cr, double left, double right, double base, double height,
                     unsigned colour)
{
    if (right <= left)
        return;
    cdr_pen_colour(cr, colour);
    cairo_rectangle(cr, left, base - height, right - left, height);
    cairo_fill(cr);
}

/* A bar that an end of the interval cuts has both colours. */
static void draw_bars(cairo_t *cr, const struct panel *p, double base, double highest)
{
    const struct cdr_histogram *h = &p->histogram;
    double low = cdr_axis_at(&p->axis, p->row->interval.low);
    double high = cdr_axis_at(&p->axis, p->row->interval.high);

    for (size_t k = 0; k < h->bins; k++) {
        double from = h->low + (double)k * h->width;
        double left = cdr_axis_at(&p->axis, from) + 0.5;
        double right = cdr_axis_at(&p->axis, from + h->width) - 0.5;
        double height = highest * (double)h->counts[k] / (double)h->most;

        if (h->bins == 1) {
            low = left;
            high = right;
        }
        draw_bar(cr, left, fmin(right, low), base, height, CDR_PALE);
        draw_bar(cr, fmax(left, low), fmin(right, high), base, height, CDR_SOFT);
        draw_bar(cr, fmax(left, high), right, base, height, CDR_PALE);
    }
}

static void draw_zero_line(cairo_t *cr, const struct panel *p, double top,
                           double bottom)
{
    double x = cdr_axis_at(&p->axis, 0);
    double width = cdr_pen_width(cr, &zero_style, "no difference");
    /* On the side where there is more air. */
    bool left = p->row->interval.point > 0 ? x - width - 6 > CDR_PAGE_MARGIN
                                           : x + width + 6 > p->axis.to;

    cdr_pen_dashed(cr, x, top, x, bottom, 1.3, CDR_ALERT);
    cdr_pen_text(cr, left ? x - 6 : x + 6, top + 8, left ? CDR_RIGHT : CDR_LEFT,
                 &zero_style, "no difference");
}

/* Zero is beyond the axis: an arrow that way. */
static void draw_zero_arrow(cairo_t *cr, const struct panel *p, double y)
{
    bool left = p->axis.low > 0;
    double tip = left ? p->axis.from : p->axis.to, back = left ? 1 : -1;

    cdr_pen_line(cr, tip, y, tip + 22 * back, y, 1.3, CDR_ALERT);
    cdr_pen_line(cr, tip, y, tip + 6 * back, y - 4, 1.3, CDR_ALERT);
    cdr_pen_line(cr, tip, y, tip + 6 * back, y + 4, 1.3, CDR_ALERT);
    cdr_pen_text(cr, tip + 28 * back, y + 4, left ? CDR_LEFT : CDR_RIGHT, &zero_style,
                 "0, no difference");
}

static void draw_head(const struct differences *d, cairo_t *cr, const struct panel *p,
                      double y)
{
    const cadre_interval *x = &p->row->interval;
    double right = CDR_PAGE_WIDTH - CDR_PAGE_MARGIN;
    struct cdr_estimate e;
    char estimate[260];

    cdr_estimate_write(&e, x, cdr_digits_of(x, p->row->kind));
    snprintf(estimate, sizeof estimate, "%s  %s", e.point, e.interval);
    cdr_page_panel_title(cr, y, p->row->kind, p->row->group, d->text);
    cdr_pen_text(cr, right, y, CDR_RIGHT, &estimate_style, estimate);
    cdr_pen_text(cr, right, y + 16, CDR_RIGHT, &small_style,
                 x->low <= 0 && x->high >= 0 ? "0 is inside the interval"
                                             : "0 is outside the interval");
}

/* Returns where the next one begins. */
static double draw_panel(const struct differences *d, cairo_t *cr, struct panel *p,
                         double y)
{
    const cadre_interval *x = &p->row->interval;
    double top = y + HEAD, base = top + d->bars, axis = base + STRIP;

    cdr_axis_place(cr, &p->axis, CDR_PAGE_MARGIN, CDR_PAGE_WIDTH - CDR_PAGE_MARGIN);
    draw_head(d, cr, p, y + 14);
    cdr_axis_draw_guides(cr, &p->axis, top - 4, axis);
    draw_bars(cr, p, base, d->bars);
    if (p->has_zero)
        draw_zero_line(cr, p, top - 10, axis);
    else
        draw_zero_arrow(cr, p, top);
    cdr_pen_interval(cr, base + STRIP / 2, cdr_axis_at(&p->axis, x->low),
                     cdr_axis_at(&p->axis, x->point), cdr_axis_at(&p->axis, x->high));
    cdr_axis_draw(cr, &p->axis, axis);
    return axis + FOOT;
}

static bool draw(cairo_t *cr, void *arg)
{
    const struct differences *d = arg;
    double y = CDR_PAGE_TOP + CDR_PAGE_MORE;

    for (size_t i = 0; i < d->n; i++)
        y = draw_panel(d, cr, &d->panels[i], y);
    return true;
}

/* ---- all of it ---- */

int cdr_plot_differences(struct cdr_plot *plot, const struct cdr_plot_text *text,
                         const struct cdr_plot_row *rows, size_t n,
                         struct cdr_failure *why)
{
    struct differences d = { .text = text, .n = n, .bars = n > 3 ? BARS_LOW : BARS };
    double height;
    int rc = 0;

    if (!plot->output.stream)
        return 0;
    d.panels = calloc(n, sizeof *d.panels);
    if (!d.panels)
        return cdr_fails_memory(why);
    for (size_t i = 0; i < n && rc == 0; i++) {
        d.panels[i].row = &rows[i];
        if (cdr_histogram_make(&d.panels[i].histogram, rows[i].replicates, rows[i].n))
            rc = cdr_fails_memory(why);
        else
            make_panel(&d.panels[i]);
    }
    height = CDR_PAGE_TOP + CDR_PAGE_MORE + CDR_PAGE_BOTTOM +
             (double)n * (HEAD + d.bars + STRIP + FOOT);
    if (!rc)
        rc = cdr_page_draw(plot, height, text, draw, &d, why);
    free(d.panels);
    return rc;
}
