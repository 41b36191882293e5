/* staging.h - where tasks in other processes leave what the caller's own memory is to get.
 * SPDX-License-Identifier: MIT
 *
 * Results and statuses that do not lie in shared memory get a staging there. A worker
 * fills the part of a slice with what the caller has there before it runs the slice, so
 * that kernels, also those that are run again, find it as they would without processes;
 * it has the caller's memory as it was when the worker was forked. Spawned workers do not
 * have that: for them the caller fills all at first, and again what is run again. In the
 * end what was run is copied back, and nothing else.
 *
 * What tasks emit is appended to a file without a name, in pieces of each worker's own
 * that are allocated before they are written: no memory is an error there, not a signal.
 * Where there is no such file, or its size is limited (ulimit -f), forked workers append to
 * a shared mapping of far more addresses than are ever used.
 */
#ifndef CDR_CORE_RUN_STAGING_H
#define CDR_CORE_RUN_STAGING_H

#include "core/run/manifest.h"

/* Where a task's bytes are in the spill; size 0: none. Shared. */
struct cdr_spilled {
    uint64_t at, size;
};

struct cdr_spill {
    int fd; /* -1: there is a mapping instead, of so many bytes */
    char *mapping;
    uint64_t mapped;
    _Atomic uint64_t *end;  /* shared: the first byte nobody has */
    struct cdr_spilled *of; /* shared: of each task */
    /* Each process's own: the piece it fills. */
    char *piece;
    uint64_t at, capacity, used;
};

struct cdr_staging {
    struct cdr_program program; /* with staging in place of the caller's memory */
    const struct cdr_program *original;
    char *memory; /* shared */
    struct cdr_shm_buffer
        *buffer; /* workers are spawned: it lies in there; else NULL */
    size_t size;
    struct cdr_spill spill;
};

/* With a buffer, workers are spawned, and it is in there. On failure nothing is left. */
int cdr_staging_open(struct cdr_staging *s, const struct cdr_program *p,
                     const struct cdr_call *call, struct cdr_shm_buffer *buffer,
                     cadre_error *err);

/* Workers are spawned: tasks first .. end-1 are run again. */
void cdr_staging_refill(const struct cdr_program *p, uint64_t first, uint64_t end);

/* In a worker, before it runs tasks first .. end-1. The pages of all their results are
 * mapped at once, which takes a fraction of what a fault for each would. */
void cdr_staging_fill(struct cadre_worker *w, uint64_t first, uint64_t end);

/* In a worker: task `index` emitted this. False: no memory. */
bool cdr_spill_put(struct cdr_spill *spill, uint64_t index, const void *bytes,
                   size_t size);

/* When no worker is left, and intents are settled: copy back what was run. Emitted bytes
 * only of tasks below `end`. CADRE_ENOMEM: no memory for those. */
int cdr_staging_collect(struct cdr_staging *s, const struct cadre_window *w,
                        uint64_t end, cadre_error *err);
void cdr_staging_close(struct cdr_staging *s);

#endif
