/* plots.c - what a person in the field wants to see of a calibration.
 * SPDX-License-Identifier: MIT
 */
#include "failure.h"
#include "fit.h"
#include "output.h"
#include "program.h"

#include "plot/chart.h"
#include "plot/heat.h"
#include "plot/sheet.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define WIDTH  980
#define HEIGHT 460
#define TOP    70  /* of the charts, below the title */
#define PIXELS 280 /* of the bowl's side */

static const struct cdr_style title_style = { 17, CDR_INK, true };
static const struct cdr_style text_style = { 12, CDR_QUIET, false };

struct picture {
    const struct ap_calibrated *c;
    const struct ap_calibrate *what;
};

static void title(cairo_t *cr, const char *text, const char *below)
{
    cdr_pen_text(cr, 24, 34, CDR_LEFT, &title_style, text);
    cdr_pen_text(cr, 24, 55, CDR_LEFT, &text_style, below);
}

static const char *unit(const struct picture *p)
{
    return p->what->mc ? "Da" : "ns";
}

/* ---- spectra ---- */

/* Neighbouring bins together; so many are left, each with its left edge and its ions in
 * each unit of x. */
struct series {
    double x[AP_BINS + 1], y[AP_BINS + 1];
    size_t n;
    double most;
};

static void make_series(struct series *s, const struct ap_spectrum *from,
                        unsigned merge)
{
    double width = (from->high - from->low) / AP_BINS * merge;

    s->n = AP_BINS / merge;
    s->most = 0;
    for (size_t k = 0; k < s->n; k++) {
        uint64_t sum = 0;

        for (unsigned i = 0; i < merge; i++)
            sum += from->counts[k * merge + i];
        s->x[k] = from->low + (double)k * width;
        s->y[k] = (double)sum / width;
        s->most = fmax(s->most, s->y[k]);
    }
    s->x[s->n] = from->high;
    s->y[s->n] = s->y[s->n - 1];
    s->n++;
}

static void in_percent(struct series *s, double of)
{
    for (size_t k = 0; k < s->n; k++)
        s->x[k] = 100 * (s->x[k] / of - 1);
}

static const struct cdr_line after_line = { .colour = CDR_MAIN,
                                            .thickness = 1.3,
                                            .steps = true };

static bool draw_peak(cairo_t *cr, void *arg)
{
    const struct picture *p = arg;
    const struct cdr_key keys[] = {
        { .text = "as recorded", .colour = CDR_SOFT, .area = true },
        { .text = "calibrated", .colour = CDR_MAIN }
    };
    struct series *s = calloc(3, sizeof *s);
    char below[160], x_title[32];
    struct cdr_chart wide, close;

    if (!s)
        return false;
    make_series(&s[0], &p->c->peak[0], 8);
    make_series(&s[1], &p->c->peak[1], 4);
    make_series(&s[2], &p->c->all[1], 1);
    snprintf(x_title, sizeof x_title, "deviation from the peak (%%)");
    wide = (struct cdr_chart){
        .x = cdr_axis_exact(-24, 24),
        .y = cdr_axis_make_log(fmax(s[0].most / 1000, 1), s[1].most),
        .x_title = x_title,
        .y_title = p->what->mc ? "ions for each Da" : "ions for each ns"
    };
    close = wide;
    close.x = cdr_axis_exact(-1, 1);
    close.y = cdr_axis_make(0, s[1].most, 0, INFINITY);
    in_percent(&s[0], p->c->at[1]);
    in_percent(&s[1], p->c->at[1]);
    in_percent(&s[2], p->c->at[1]);
    snprintf(below, sizeof below,
             "at %.4g %s; at half its height %.3g %s wide before, %.3g %s after",
             p->c->at[1], unit(p), p->c->width[0], unit(p), p->c->width[1], unit(p));
    title(cr, "The peak that was calibrated with", below);
    cdr_chart_place(cr, &wide, 20, TOP, WIDTH / 2.0 - 8, HEIGHT - 16);
    cdr_chart_draw(cr, &wide);
    cdr_chart_area(cr, &wide, s[0].x, s[0].y, NULL, s[0].n, CDR_SOFT, 1);
    cdr_chart_line(cr, &wide, s[2].x, s[2].y, s[2].n, &after_line);
    cdr_chart_legend(cr, &wide, keys, 2, CDR_LEFT, false);
    cdr_chart_place(cr, &close, WIDTH / 2.0 + 8, TOP, WIDTH - 20, HEIGHT - 16);
    cdr_chart_draw(cr, &close);
    cdr_chart_area(cr, &close, s[0].x, s[0].y, NULL, s[0].n, CDR_SOFT, 1);
    cdr_chart_line(cr, &close, s[1].x, s[1].y, s[1].n, &after_line);
    free(s);
    return true;
}

/* And with the bins' widths their heights. */
static void to_mass(struct series *s, const struct picture *p)
{
    s->most = 0;
    for (size_t k = 0; k < s->n; k++) {
        double t = s->x[k], next = k + 1 < s->n ? s->x[k + 1] : t;
        double scale = p->what->mass / (p->c->at[1] * p->c->at[1]);

        s->x[k] = scale * t * t;
        if (next > t)
            s->y[k] *= (next - t) / (scale * (next * next - t * t));
        if (k > 0) /* the first bins are narrow, and have next to nothing */
            s->most = fmax(s->most, s->y[k]);
    }
}

static bool draw_spectrum(cairo_t *cr, void *arg)
{
    const struct picture *p = arg;
    const struct cdr_key keys[] = {
        { .text = "as recorded", .colour = CDR_PALE, .area = true },
        { .text = "calibrated", .colour = CDR_MAIN }
    };
    bool mass = p->what->mass > 0;
    struct series *s = calloc(2, sizeof *s);
    struct cdr_chart chart;
    double end;

    if (!s)
        return false;
    make_series(&s[0], &p->c->all[0], 2);
    make_series(&s[1], &p->c->all[1], 1);
    if (mass) {
        to_mass(&s[0], p);
        to_mass(&s[1], p);
    }
    end = mass ? 2 * p->what->mass : 2 * p->c->at[1];
    chart =
        (struct cdr_chart){ .x = cdr_axis_exact(0, end),
                            .y = cdr_axis_make_log(fmax(s[1].most / 1e5, 1), s[1].most),
                            .x_title = mass || p->what->mc ? "mass-to-charge ratio (Da)"
                                                           : "time of flight (ns)",
                            .y_title = mass || p->what->mc ? "ions for each Da"
                                                           : "ions for each ns" };
    title(cr, mass || p->what->mc ? "Mass spectrum" : "Spectrum of times of flight",
          mass ? "masses from times of flight, by the peak that was calibrated with"
               : "");
    cdr_chart_place(cr, &chart, 20, TOP, WIDTH - 20, HEIGHT - 16);
    cdr_chart_draw(cr, &chart);
    cdr_chart_area(cr, &chart, s[0].x, s[0].y, NULL, s[0].n, CDR_PALE, 1);
    cdr_chart_line(cr, &chart, s[1].x, s[1].y, s[1].n, &after_line);
    cdr_chart_legend(cr, &chart, keys, 2, CDR_RIGHT, false);
    free(s);
    return true;
}

/* ---- the bowl ---- */

static const struct ap_step *first_step(const struct ap_calibrated *c, int kind)
{
    for (unsigned k = 0; k < c->chain.n; k++)
        if (c->chain.step[k].kind == kind)
            return &c->chain.step[k];
    return NULL;
}

/* The cells as they are, or the surface through them. */
static void fill_bowl(double *values, const struct ap_calibrated *c,
                      const struct ap_step *surface)
{
    double radius = c->grid.edge[c->grid.rings];

    for (unsigned row = 0; row < PIXELS; row++)
        for (unsigned column = 0; column < PIXELS; column++) {
            double x = radius * ((2 * column + 1.0) / PIXELS - 1);
            double y = radius * ((2 * row + 1.0) / PIXELS - 1);
            uint32_t cell = ap_grid_cell(&c->grid, x, y);
            bool known = cell != AP_NO_CELL && c->cells[cell].found;

            *values++ = !known    ? NAN
                        : surface ? ap_bowl_factor(surface->c, x, y)
                                  : c->cells[cell].z;
        }
}

static struct cdr_axis scale_of(const double *values)
{
    double low = INFINITY, high = -INFINITY;

    for (size_t i = 0; i < 2 * PIXELS * PIXELS; i++) {
        low = fmin(low, values[i]); /* not if it is NaN */
        high = fmax(high, values[i]);
    }
    return cdr_axis_exact(low, high);
}

/* As high as it is wide, so that the detector is round. */
static void place_square(cairo_t *cr, struct cdr_chart *chart, double left, double top,
                         double right)
{
    double bottom = top + right - left;

    cdr_chart_place(cr, chart, left, top, right, bottom);
    bottom += (chart->right - chart->left) - (chart->bottom - chart->top);
    cdr_chart_place(cr, chart, left, top, right, bottom);
}

static bool draw_bowl(cairo_t *cr, void *arg)
{
    const struct picture *p = arg;
    const struct ap_calibrated *c = p->c;
    double radius = c->grid.edge[c->grid.rings];
    double *values = calloc(2 * PIXELS * PIXELS, sizeof *values);
    static const char *const names[] = { "each cell's peak",
                                         "the surface through them" };
    struct cdr_heat heat = { .columns = PIXELS,
                             .rows = PIXELS,
                             .x0 = -radius,
                             .x1 = radius,
                             .y0 = -radius,
                             .y1 = radius };
    bool ok = values != NULL;

    if (!ok)
        return false;
    fill_bowl(values, c, NULL);
    fill_bowl(values + PIXELS * PIXELS, c, first_step(c, AP_BOWL));
    heat.scale = scale_of(values);
    title(cr, "The bowl",
          "where the peak lies at each place of the detector, as a multiple "
          "of its mean");
    for (int k = 0; ok && k < 2; k++) {
        struct cdr_chart chart = { .x = cdr_axis_exact(-radius, radius),
                                   .y = cdr_axis_exact(-radius, radius),
                                   .x_title = "x (mm)",
                                   .y_title = "y (mm)" };

        heat.values = values + k * PIXELS * PIXELS;
        place_square(cr, &chart, 20 + 430 * k, TOP + 22, 420 + 430 * k);
        cdr_chart_draw(cr, &chart);
        ok = cdr_heat_draw(cr, &chart, &heat);
        cdr_pen_text(cr, (chart.left + chart.right) / 2, TOP + 14, CDR_MIDDLE,
                     &text_style, names[k]);
        if (k == 1)
            cdr_heat_bar(cr, &chart, &heat, chart.right + 18, "multiple of the mean");
    }
    free(values);
    return ok;
}

/* ---- the voltage ---- */

#define CURVE 200

static bool draw_voltage(cairo_t *cr, void *arg)
{
    const struct picture *p = arg;
    const struct ap_calibrated *c = p->c;
    const struct ap_step *step = first_step(c, AP_VOLTAGE);
    double *v = calloc(c->n_segments + 1, 2 * sizeof *v), *t = v + c->n_segments;
    double x[CURVE], y[CURVE], low = INFINITY, high = -INFINITY, least = INFINITY,
                               most = 0;
    const struct cdr_key keys[] = {
        { .text = "segments", .colour = CDR_SOFT, .area = true },
        { .text = "the curve through them", .colour = CDR_MAIN }
    };
    struct cdr_chart chart;
    size_t n = 0;

    if (!v)
        return false;
    for (uint64_t i = 0; i < c->n_segments; i++) {
        if (!c->segments[i].found)
            continue;
        v[n] = c->segments[i].v;
        t[n] = c->segments[i].t;
        low = fmin(low, v[n]);
        high = fmax(high, v[n]);
        least = fmin(least, t[n]);
        most = fmax(most, t[n++]);
    }
    for (int k = 0; k < CURVE; k++) {
        x[k] = low + (high - low) * k / (CURVE - 1);
        y[k] = ap_voltage_factor(step->c, x[k]);
        y[k] = p->what->mc ? y[k] : sqrt(y[k]);
    }
    chart = (struct cdr_chart){ .x = cdr_axis_make(low, high, 0, INFINITY),
                                .y = cdr_axis_make(least, most, 0, INFINITY),
                                .x_title = "voltage (V)",
                                .y_title = "peak, multiple of the mean" };
    title(cr, "The voltage curve",
          "where the peak lies in each segment of ions that "
          "followed one another");
    cdr_chart_place(cr, &chart, 20, TOP, WIDTH - 20, HEIGHT - 16);
    cdr_chart_draw(cr, &chart);
    cdr_chart_points(cr, &chart, v, t, n, CDR_SOFT, 3);
    cdr_chart_line(cr, &chart, x, y, CURVE, &(struct cdr_line){ CDR_MAIN, 1.6, 0, 0 });
    cdr_chart_legend(cr, &chart, keys, 2, CDR_LEFT, false);
    free(v);
    return true;
}

/* ---- files ---- */

struct target {
    struct ap_output output;
    cadre_error err;
};

static int write_bytes(void *to, const void *bytes, size_t size)
{
    struct target *t = to;

    return ap_output_write(&t->output, bytes, size, &t->err);
}

static int write_picture(const char *folder, const char *name, double height,
                         cdr_sheet_draw *draw, struct picture *picture,
                         cadre_error *err)
{
    char path[4096];
    struct target to;
    struct cdr_sheet sheet = {
        .width = WIDTH, .height = height, .write = write_bytes, .to = &to
    };
    const char *reason;
    int rc;

    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path)
        return ap_fail(err, CADRE_EINVAL, "--plots: the folder's name is too long");
    rc = ap_output_open(&to.output, path, err);
    if (rc)
        return rc;
    cdr_sheet_kind(path, &sheet.svg);
    reason = cdr_sheet_make(&sheet, draw, picture);
    if (sheet.failed)
        rc = ap_fail(err, sheet.failed, "%s", to.err.message);
    else if (reason)
        rc = ap_fail(err, CADRE_ENOMEM, "%s cannot be drawn: %s", path, reason);
    else
        rc = ap_output_commit(&to.output, err);
    ap_output_drop(&to.output);
    return rc;
}

int ap_plots_write(const char *folder, const struct ap_calibrated *c,
                   const struct ap_calibrate *what, cadre_error *err)
{
    static const struct {
        const char *name;
        double height;
        cdr_sheet_draw *draw;
    } pictures[] = { { "peak.png", HEIGHT, draw_peak },
                     { "voltage.png", HEIGHT, draw_voltage },
                     { "bowl.png", 500, draw_bowl },
                     { "spectrum.png", HEIGHT, draw_spectrum } };
    struct picture picture = { c, what };
    int rc = CADRE_OK;

    if (mkdir(folder, 0777) < 0 && errno != EEXIST)
        return ap_fail_system(err, "make the folder", folder);
    for (size_t i = 0; rc == CADRE_OK && i < sizeof pictures / sizeof pictures[0]; i++)
        rc = write_picture(folder, pictures[i].name, pictures[i].height,
                           pictures[i].draw, &picture, err);
    return rc;
}
