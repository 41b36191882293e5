/* local.h - run a program on a pool.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CORE_MAP_LOCAL_H
#define CDR_CORE_MAP_LOCAL_H

#include "core/pool/pool.h"

/* While workers have not been started, a job shorter than this is not shared out. */
#define CDR_COLD_START_NS 200000.0

/* So few unmeasured tasks for each worker begin with all workers. */
#define CDR_FEW_PER_WORKER 20

/* How much work, in nanoseconds, there must be for bringing workers in to pay now. */
double cdr_engine_threshold(const cadre_pool *pool);

/* A run in this context, from now on; how it ended, when nobody touches the window any more;
 * and how long its caller may sleep before it has something to do. */
void cdr_engine_set_up(struct cdr_context *f, cadre_pool *pool,
                       const struct cdr_program *p, const cadre_job *job,
                       const struct cdr_call *call);
int cdr_engine_verdict(const cadre_run *run, const cadre_job *job, cadre_error *err);
int cdr_engine_patience(const cadre_run *run);
void cdr_engine_report(cadre_run *run, uint64_t now);

/* For `wake` of a run whose workers are in, with the run as its argument. */
void cdr_run_wake_workers(void *run);

/* Bring in workers that live in other processes; where they are clean, the room is for what
 * they are told. On failure none is in. */
int cdr_remote_begin(cadre_run *run, const struct cdr_call *call,
                     struct cdr_shm_buffer *buffer, cadre_error *err);

/* cdr_engine_run where workers live in other processes (apart.c). */
int cdr_remote_run(cadre_pool *pool, const struct cdr_program *p, const cadre_job *job,
                   const struct cdr_call *call, cadre_error *err);

/* Run all of the program, which has at least one task. Returns what cadre_map returns.
 * Blocks. */
int cdr_engine_run(cadre_pool *pool, const struct cdr_program *p, const cadre_job *job,
                   const struct cdr_call *call, cadre_error *err);

#endif
