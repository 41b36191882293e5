/* events.h - made-up events, the same bits on any machine.
 * SPDX-License-Identifier: MIT
 *
 * Random numbers are a function of a seed and an index, and everything made of them is
 * plain arithmetic, floor and square roots, which IEEE 754 rounds in one way only.
 */
#ifndef ATOM_PROBE_EVENTS_H
#define ATOM_PROBE_EVENTS_H

#include <cadre/cadre.h>

/* The i-th number of a seed, in [0, 1). */
double ap_uniform(uint64_t seed, uint64_t i);

/* ---- one peak ---- */

/* Ions of one species at about 27, spread by the voltage and by where they hit: what the
 * corrections have to find. In memory that workers share, in the order of evaporation. */
struct ap_ions {
    uint64_t n;
    double *x, *y, *v, *t; /* mm, mm, V, and ns or Da */
};

int ap_ions_make(struct ap_ions *ions, cadre_pool *pool, uint64_t n, cadre_error *err);
void ap_ions_free(struct ap_ions *ions);

/* ---- places on the detector ---- */

/* Candidates are points of a square; those in the disk of radius 35 mm count. In blocks of
 * AP_CANDIDATES: how many of the block's count, and which, in order. */
#define AP_RADIUS     35.0
#define AP_CANDIDATES 16384

/* How many ions the blocks before each one have: first[0..blocks], as many blocks as n ions
 * take. Yours to free with cadre_free_shared. NULL: err says why. */
uint64_t *ap_places_count(cadre_pool *pool, uint64_t n, uint64_t *blocks,
                          cadre_error *err);

/* The block's places, at most `most` of them; returns how many. */
uint64_t ap_places_fill(uint64_t block, double *x, double *y, uint64_t most);

/* ---- raw stops of the delay lines ---- */

struct ap_stops {
    uint64_t n;
    uint32_t *channel;       /* 0, 1: the ends of the x line; 2, 3: of y */
    uint32_t *time;          /* bins */
    uint32_t *start_counter; /* of the pulse; wraps */
    double *voltage, *pulse; /* V */
};

int ap_stops_make(struct ap_stops *stops, cadre_pool *pool, uint64_t pulses,
                  cadre_error *err);
int ap_stops_alloc(struct ap_stops *stops, uint64_t n, cadre_error *err);
void ap_stops_free(struct ap_stops *stops);

#endif
