/* calibrate.h - a whole file: find the corrections, apply them to every ion.
 * SPDX-License-Identifier: MIT
 *
 * The file may be larger than memory. Its peak's ions go into columns, which lie in memory
 * if there is room and otherwise in nameless files; the stages read those a segment or a
 * cell at a time. What is computed is the same, to the last bit.
 */
#ifndef ATOM_PROBE_CALIBRATE_H
#define ATOM_PROBE_CALIBRATE_H

#include "bowl.h"
#include "output.h"
#include "pass.h"
#include "voltage.h"

#define AP_ROUNDS_MAX 6

struct ap_calibrate {
    const char *in, *out; /* out may be NULL: corrections and spectra only */
    int in_format, out_format;
    bool keep_whole; /* a torn last record is left out, and said */
    bool streamed;   /* the caller's thread reads, or else workers map */
    bool mc;         /* the mass, bowl first; or else the time of flight */
    unsigned rounds; /* of voltage and bowl, up to AP_ROUNDS_MAX */
    bool voltage_pulses;
    double flight;        /* mm */
    double low, high;     /* the peak's window; both 0: around the highest peak */
    double mass;          /* what the peak is, in Da; 0: unknown */
    uint64_t memory;      /* bytes beyond what the program takes; 0: no limit */
    uint64_t segment;     /* ions */
    unsigned sample;      /* mm */
    double diameter, bin; /* mm; of t */
    int method;           /* an enum ap_method */
    const char *folder;   /* of working files */
    bool processes;       /* workers have memory of their own */
};

struct ap_spectrum {
    double low, high;
    uint64_t counts[AP_BINS];
};

struct ap_stage_result {
    int kind;
    uint64_t ions, items,
        found; /* of the peak; segments or cells, and those with a peak */
    double reference;
    double low, high; /* the window */
};

struct ap_calibrated {
    uint64_t records, partial;
    size_t torn;
    bool in_memory; /* the columns */
    struct ap_chain chain;
    struct ap_stage_result stage[AP_STEPS_MAX];
    struct ap_spectrum peak[2], all[2]; /* before and after */
    double width[2];                    /* of the peak at half its height */
    double at[2];                       /* its place */
    uint64_t window, most_items;        /* of the streams, in chunks */
    uint64_t chunk;                     /* records */
    struct ap_segment
        *segments;       /* of the last voltage stage; cells of the last bowl. */
    uint64_t n_segments; /* Free both with cadre_free_shared. */
    struct ap_cell *cells;
    struct ap_grid grid;
};

int ap_calibrate_run(struct ap_calibrated *out, cadre_pool *pool,
                     const struct ap_calibrate *what, cadre_progress *progress,
                     void *progress_arg, cadre_error *err);
void ap_calibrated_free(struct ap_calibrated *c);

/* Where memory goes; CADRE_EINVAL when it is too little for one chunk of each worker. */
int ap_flow_plan(struct ap_flow *flow, uint64_t *block, const struct ap_calibrate *what,
                 unsigned workers, cadre_error *err);

/* The spectrum's highest peak, and how wide it is at half of that. */
void ap_spectrum_width(const struct ap_spectrum *s, double *at, double *width);

#endif
