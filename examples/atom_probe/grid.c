/* grid.c - the detector in rings, and each ring in sectors of about the same area.
 * SPDX-License-Identifier: MIT
 *
 * hypot and atan2 are most of the work of finding an ion's cell, and nearly always much
 * more exact than it takes to say on which side of a border the ion lies. So a square
 * root and a polynomial come first, and only what they put close to a border is looked at
 * in full: one ion in some hundred. The cell is the same in every case.
 */
#include "grid.h"
#include "failure.h"

#include <math.h>

#define PI            3.14159265358979323846
#define SECTORS_LEAST 8
#define SECTORS_MOST  96
#define CLOSE         1e-9 /* mm: a square root is better than that */
#define CLOSE_ANGLE   2e-5 /* and rough_angle than that */

int ap_grid_make(struct ap_grid *grid, unsigned sample, double diameter,
                 double greatest_radius, cadre_error *err)
{
    double size = sample, radius = fmax(fmax(greatest_radius, diameter / 2), size);
    double rings = fmax(1, ceil(radius / size));

    if (sample == 0 || !(rings <= AP_RINGS_MAX))
        return ap_fail(
            err, CADRE_EDATA,
            "cells of %u mm make too many rings of a detector with a radius of "
            "%g mm; at most %d",
            sample, radius, AP_RINGS_MAX);
    grid->rings = (uint32_t)rings;
    grid->step = radius / rings;
    for (uint32_t k = 0; k < grid->rings; k++)
        grid->edge[k] = k * grid->step;
    grid->edge[grid->rings] = radius;
    grid->cells = 0;
    for (uint32_t k = 0; k < grid->rings; k++) {
        double middle = 0.5 * (grid->edge[k] + grid->edge[k + 1]);
        double around = 2 * PI * fmax(middle, 0.5 * size);
        double sectors = ceil(around / size);

        sectors = fmin(fmax(sectors, SECTORS_LEAST), SECTORS_MOST);
        grid->sectors[k] = (uint32_t)sectors;
        grid->first[k] = grid->cells;
        grid->cells += grid->sectors[k];
    }
    grid->first[grid->rings] = grid->cells;
    return CADRE_OK;
}

void ap_polar(double x, double y, double *radius, double *angle)
{
    double a = fmod(atan2(y, x), 2 * PI);

    *radius = hypot(x, y);
    *angle = a < 0 ? a + 2 * PI : a;
}

double ap_grid_bound(const struct ap_grid *grid, uint32_t ring, uint32_t sector)
{
    return sector * 2.0 * PI / grid->sectors[ring];
}

static uint32_t find_ring(const struct ap_grid *g, double r)
{
    uint32_t k = (uint32_t)(r / g->step);

    k = k < g->rings ? k : g->rings - 1;
    while (k > 0 && r < g->edge[k])
        k--;
    while (k + 1 < g->rings && r >= g->edge[k + 1])
        k++;
    return g->edge[k] <= r && r < g->edge[k + 1] ? k : AP_NO_CELL;
}

static uint32_t find_sector(const struct ap_grid *g, uint32_t ring, double a)
{
    uint32_t n = g->sectors[ring], j = (uint32_t)(a / (2 * PI) * n);

    j = j < n ? j : n - 1;
    while (j > 0 && a < ap_grid_bound(g, ring, j))
        j--;
    while (j + 1 < n && a >= ap_grid_bound(g, ring, j + 1))
        j++;
    return a >= ap_grid_bound(g, ring, j) && a < ap_grid_bound(g, ring, j + 1)
               ? j
               : AP_NO_CELL;
}

static uint32_t look_closely(const struct ap_grid *g, double x, double y)
{
    double r, a;
    uint32_t ring, sector;

    ap_polar(x, y, &r, &a);
    if (!(r < INFINITY))
        return AP_NO_CELL;
    ring = r < g->edge[g->rings] ? find_ring(g, r) : AP_NO_CELL;
    sector = ring == AP_NO_CELL ? AP_NO_CELL : find_sector(g, ring, a);
    return sector == AP_NO_CELL ? AP_NO_CELL : g->first[ring] + sector;
}

/* Within 1.2e-5 of the angle from 0 to 2 pi. */
static double rough_angle(double x, double y)
{
    double u = fabs(x), w = fabs(y), t = u > w ? w / u : u / w, t2 = t * t, a;

    a = t * (0.9998660 +
             t2 * (-0.3302995 + t2 * (0.1801410 + t2 * (-0.0851330 + t2 * 0.0208351))));
    a = u > w ? a : PI / 2 - a;
    a = x < 0 ? PI - a : a;
    return y < 0 ? 2 * PI - a : a;
}

uint32_t ap_grid_cell(const struct ap_grid *g, double x, double y)
{
    double r = sqrt(x * x + y * y), a, sectors;
    uint32_t ring, sector;

    if (!(r > CLOSE && r < g->edge[g->rings] - CLOSE))
        return look_closely(g, x, y);
    ring = (uint32_t)(r / g->step);
    if (ring >= g->rings || r - g->edge[ring] < CLOSE || g->edge[ring + 1] - r < CLOSE)
        return look_closely(g, x, y);
    sectors = g->sectors[ring];
    a = rough_angle(x, y) * (sectors / (2 * PI)); /* in sectors */
    sector = (uint32_t)a;
    if (a - sector < CLOSE_ANGLE * sectors || sector + 1 - a < CLOSE_ANGLE * sectors)
        return look_closely(g, x, y);
    return g->first[ring] + sector;
}

void ap_grid_place(const struct ap_grid *grid, uint32_t cell, uint32_t *ring,
                   uint32_t *sector)
{
    uint32_t k = 0;

    while (k + 1 < grid->rings && grid->first[k + 1] <= cell)
        k++;
    *ring = k;
    *sector = cell - grid->first[k];
}
