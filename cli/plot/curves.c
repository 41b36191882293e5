/* curves.c - a picture of ROC and precision-recall curves.
 * SPDX-License-Identifier: MIT
 *
 *      title
 *      |    ____----       |-----_____
 *      |  _/               |          \_
 *      | /                 |            \
 *      +-----------        +-------------
 *      --- mean_radius      ROC AUC 0.938 [0.916, 0.957]   average precision ...
 *
 * Bands are areas of the curve's colour, thin enough to see others through.
 */
#include "cli/plot/curves.h"
#include "cli/plot/estimate.h"
#include "cli/plot/page.h"
#include "plot/chart.h"

#include <math.h>
#include <stdlib.h>

#define CHART     400.0 /* height, with labels and titles */
#define GAP       18.0  /* between the two */
#define HEAD      30.0  /* of the list below */
#define ROW       22.0
#define NAMES_MAX 250.0
#define SWATCH    26.0
#define OPACITY   0.16

static const struct cdr_style head_style = { 11, CDR_QUIET, false };
static const struct cdr_style row_style = { 12.5, CDR_INK, false };

/* As far from each other as eight colours can be, for those who confuse some, too (M. Okabe
 * and K. Ito, 2008, with the program's own blue first). */
static const unsigned colours[CDR_CURVES_MOST] = { CDR_MAIN, 0xd55e00, 0x009e73,
                                                   0xcc79a7, 0xe69f00, 0x56b4e9,
                                                   0x6b4c9a, 0x4d4d4d };

struct picture {
    const struct cdr_plot_text *text;
    const struct cdr_plot_curves *curves;
    size_t n;
    char **names;
};

/* ---- charts ---- */

static void draw_band(cairo_t *cr, const struct cdr_chart *chart,
                      const cadre_band *band, unsigned colour)
{
    if (band)
        cdr_chart_area(cr, chart, band->x, band->high, band->low, band->n, colour,
                       OPACITY);
}

static struct cdr_chart place(cairo_t *cr, double left, const char *x, const char *y)
{
    struct cdr_chart chart = {
        .x = cdr_axis_exact(0, 1), .y = cdr_axis_exact(0, 1), .x_title = x, .y_title = y
    };
    const double width = (CDR_PAGE_WIDTH - 2 * CDR_PAGE_MARGIN - GAP) / 2;

    cdr_chart_place(cr, &chart, left, CDR_PAGE_TOP, left + width, CDR_PAGE_TOP + CHART);
    cdr_chart_draw(cr, &chart);
    return chart;
}

static void draw_roc(const struct picture *p, cairo_t *cr)
{
    const struct cdr_chart chart =
        place(cr, CDR_PAGE_MARGIN, "false positive rate (1 \u2212 specificity)",
              "true positive rate (recall)");

    cdr_pen_dashed(cr, cdr_axis_at(&chart.x, 0), cdr_axis_at(&chart.y, 0),
                   cdr_axis_at(&chart.x, 1), cdr_axis_at(&chart.y, 1), 1.2, CDR_ALERT);
    for (size_t i = 0; i < p->n; i++)
        draw_band(cr, &chart, p->curves[i].roc_band, colours[i]);
    for (size_t i = 0; i < p->n; i++) {
        const struct cdr_plot_curves *const c = &p->curves[i];
        const struct cdr_line line = { .colour = colours[i], .thickness = 1.8 };
        cdr_chart_line(cr, &chart, c->roc->x, c->roc->y, c->roc->n, &line);
        for (size_t k = 0; k < c->n_chosen; k++)
            cdr_chart_points(cr, &chart, &c->chosen_fpr[k], &c->chosen[k].recall, 1,
                             colours[i], 4);
    }
}

static void draw_pr(const struct picture *p, cairo_t *cr)
{
    const struct cdr_chart chart =
        place(cr, (CDR_PAGE_WIDTH + GAP) / 2, "recall", "precision");

    cdr_chart_reference(cr, &chart, &chart.y, p->text->prevalence, CDR_ALERT);
    for (size_t i = 0; i < p->n; i++)
        draw_band(cr, &chart, p->curves[i].pr_band, colours[i]);
    for (size_t i = 0; i < p->n; i++) {
        const struct cdr_plot_curves *const c = &p->curves[i];
        const struct cdr_line line = { .colour = colours[i], .thickness = 1.8 };
        cdr_chart_line(cr, &chart, c->pr->x, c->pr->y, c->pr->n, &line);
        for (size_t k = 0; k < c->n_chosen; k++)
            cdr_chart_points(cr, &chart, &c->chosen[k].recall, &c->chosen[k].precision,
                             1, colours[i], 4);
    }
}

/* ---- what is what ---- */

static bool fit_names(struct picture *p, cairo_t *cr)
{
    char **printable = calloc(p->n, sizeof *printable);
    bool done = printable != NULL;

    for (size_t i = 0; i < p->n && done; i++) {
        printable[i] = cdr_page_name(p->curves[i].name, p->curves[i].group);
        done = printable[i] != NULL;
    }
    done = done && cdr_pen_fit_names(cr, &row_style, (const char *const *)printable,
                                     p->n, NAMES_MAX, p->names);
    for (size_t i = 0; i < p->n && printable; i++)
        free(printable[i]);
    free(printable);
    return done;
}

static void write_area(char *out, size_t size, const cadre_interval *x, int kind)
{
    struct cdr_estimate e;

    cdr_estimate_write(&e, x, cdr_digits_of(x, kind));
    snprintf(out, size, "%s  %s", e.point, e.interval);
}

static void draw_list(const struct picture *p, cairo_t *cr)
{
    const double right = CDR_PAGE_WIDTH - CDR_PAGE_MARGIN, middle = right - 190;
    double y = CDR_PAGE_TOP + CHART + HEAD;
    char area[260];

    cdr_pen_text(cr, middle, y - 6, CDR_RIGHT, &head_style, "ROC AUC");
    cdr_pen_text(cr, right, y - 6, CDR_RIGHT, &head_style, "average precision");
    for (size_t i = 0; i < p->n; i++, y += ROW) {
        const struct cdr_plot_curves *const c = &p->curves[i];
        const double line = y + ROW / 2, text = line + 4.5;
        cdr_pen_line(cr, CDR_PAGE_MARGIN, line, CDR_PAGE_MARGIN + SWATCH, line, 3,
                     colours[i]);
        cdr_pen_text(cr, CDR_PAGE_MARGIN + SWATCH + 9, text, CDR_LEFT, &row_style,
                     p->names[i]);
        write_area(area, sizeof area, &c->roc_area, CADRE_ROC_AUC);
        cdr_pen_text(cr, middle, text, CDR_RIGHT, &row_style, area);
        write_area(area, sizeof area, &c->pr_area, CADRE_PR_AUC);
        cdr_pen_text(cr, right, text, CDR_RIGHT, &row_style, area);
    }
}

static bool draw(cairo_t *cr, void *arg)
{
    struct picture *const p = arg;

    if (!fit_names(p, cr))
        return false;
    draw_roc(p, cr);
    draw_pr(p, cr);
    draw_list(p, cr);
    return true;
}

/* ---- all of it ---- */

int cdr_plot_curves_check(const struct cdr_plot *plot, size_t n,
                          struct cdr_failure *why)
{
    if (!plot->output.stream || n <= CDR_CURVES_MOST)
        return 0;
    return cdr_fails(
        why, CDR_EXIT_USAGE,
        "--plot: %zu curves cannot be told apart, at most %d; ask for fewer "
        "scores or groups",
        n, CDR_CURVES_MOST);
}

int cdr_plot_curves(struct cdr_plot *plot, const struct cdr_plot_text *text,
                    const struct cdr_plot_curves *curves, size_t n,
                    struct cdr_failure *why)
{
    const double height =
        CDR_PAGE_TOP + CHART + HEAD + (double)n * ROW + CDR_PAGE_BOTTOM + 16;
    struct picture p = { text, curves, n, NULL };
    int rc;

    if (!plot->output.stream)
        return 0;
    p.names = calloc(n, sizeof *p.names);
    if (!p.names)
        return cdr_fails_memory(why);
    rc = cdr_page_draw(plot, height, text, draw, &p, why);
    for (size_t i = 0; i < n; i++)
        free(p.names[i]);
    free(p.names);
    return rc;
}
