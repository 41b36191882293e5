/* local.h - run a program on a pool.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CORE_MAP_LOCAL_H
#define CDR_CORE_MAP_LOCAL_H

#include "core/pool/pool.h"

/* cdr_map_run where workers live in other processes (remote.c). */
int cdr_map_run_remote(cadre_pool *pool, const struct cdr_program *p,
                       const cadre_job *job, const struct cdr_call *call,
                       cadre_error *err);

/* The same where those share no memory with this one (leased.c). */
int cdr_map_run_leased(cadre_pool *pool, const struct cdr_program *p,
                       const cadre_job *job, const struct cdr_call *call,
                       cadre_error *err);

/* Have the backend see a run through whose workers are elsewhere (remote.c). */
void cdr_map_poll(cadre_run *run);

/* Run all of the program, which has at least one task. Returns what cadre_map returns.
 * Blocks. */
int cdr_map_run(cadre_pool *pool, const struct cdr_program *p, const cadre_job *job,
                const struct cdr_call *call, cadre_error *err);

#endif
