/* pass.h - one pass over a file: chunks through an ordered stream.
 * SPDX-License-Identifier: MIT
 *
 * The caller's thread hands out chunks of records, workers turn each into bytes, and the
 * caller takes those in the order of the file. Never more chunks than the window are held,
 * however slow one of them or the writer is: so a pass takes the same memory over a
 * thousand records or over a hundred million.
 */
#ifndef ATOM_PROBE_PASS_H
#define ATOM_PROBE_PASS_H

#include "chain.h"
#include "reader.h"

#include <cadre/stream.h>

enum ap_pass_kind {
    AP_PASS_SUMS =
        0, /* struct ap_sums of each AP_SUM_BLOCK records; checks all numbers */
    AP_PASS_COUNTS, /* histograms: AP_BINS counts of uint64_t for each range */
    AP_PASS_PEAK,   /* of the peak's ions: x, y, voltage and t as far as asked for */
    AP_PASS_APPLY   /* the records as they are written */
};

enum ap_column { AP_HAS_X = 1, AP_HAS_Y = 2, AP_HAS_V = 4, AP_HAS_T = 8 };

struct ap_sums {
    double square, voltage, t; /* sums; d^2 over ions whose place is known */
    uint64_t n, placed;
    double least, greatest; /* of t */
};

#define AP_BINS       2048
#define AP_RANGES_MAX 4

struct ap_range {
    double low, high;
    bool raw; /* as recorded, or else with all corrections */
};

struct ap_pass {
    int kind;
    int format, out_format;
    unsigned columns;     /* of an AP_PASS_PEAK: their bits. x or y: placed ions only */
    bool mapped;          /* workers map their chunks, or else the source reads them */
    struct ap_store file; /* if they do */
    struct ap_chain chain;
    double low, high; /* the peak's window, both ends excluded */
    unsigned ranges;  /* of an AP_PASS_COUNTS */
    struct ap_range range[AP_RANGES_MAX];
    double
        mass; /* AP_PASS_APPLY: mc = mass * t^2; 0: it stays, or is what is corrected */
};

/* How passes go through memory. */
struct ap_flow {
    cadre_pool *pool;
    uint64_t chunk;        /* records; a multiple of AP_SUM_BLOCK */
    uint64_t window;       /* chunks held at most */
    uint64_t memory_limit; /* bytes of chunks and of what becomes of them */
    cadre_progress *progress;
    void *progress_arg;
    cadre_flow seen; /* of the pass with the most items */
};

/* Takes what became of a chunk, in order. Not CADRE_OK: the pass ends with that. */
typedef int ap_take(void *arg, const void *bytes, size_t size, cadre_error *err);

int ap_pass_run(struct ap_flow *flow, struct ap_reader *reader,
                const struct ap_pass *pass, ap_take *take, void *arg, cadre_error *err);

#endif
