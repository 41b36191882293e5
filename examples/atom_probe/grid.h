/* grid.h - the detector in rings, and each ring in sectors of about the same area.
 * SPDX-License-Identifier: MIT
 *
 * A grid is plain bytes without pointers, for jobs to share.
 */
#ifndef ATOM_PROBE_GRID_H
#define ATOM_PROBE_GRID_H

#include <cadre/cadre.h>

#define AP_RINGS_MAX 1024
#define AP_NO_CELL   UINT32_MAX

struct ap_grid {
    uint32_t rings, cells;
    double step;                      /* from edge to edge */
    double edge[AP_RINGS_MAX + 1];    /* mm */
    uint32_t sectors[AP_RINGS_MAX];   /* of each ring */
    uint32_t first[AP_RINGS_MAX + 1]; /* cell of each ring */
};

/* Cells of about sample x sample mm, out to the detector's radius or the greatest of any
 * ion, whichever is more. */
int ap_grid_make(struct ap_grid *grid, unsigned sample, double diameter,
                 double greatest_radius, cadre_error *err);

/* A point's distance and angle from 0 to 2 pi, as everything here takes them. */
void ap_polar(double x, double y, double *radius, double *angle);

/* The bounds of a sector: sector <= angle < the next one's. */
double ap_grid_bound(const struct ap_grid *grid, uint32_t ring, uint32_t sector);

/* The cell that a point lies in; AP_NO_CELL: none. */
uint32_t ap_grid_cell(const struct ap_grid *grid, double x, double y);

/* The ring and sector of a cell. */
void ap_grid_place(const struct ap_grid *grid, uint32_t cell, uint32_t *ring,
                   uint32_t *sector);

#endif
