/* engine.h - run a program on a pool.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CORE_ENGINE_H
#define CDR_CORE_ENGINE_H

#include "core/run.h"

/* While workers have not been started, a job shorter than this is not shared out. */
#define CDR_COLD_START_NS 200000.0

/* So few unmeasured tasks for each worker begin with all workers. */
#define CDR_FEW_PER_WORKER 20

/* How much work, in nanoseconds, there must be for bringing workers in to pay now. */
double cdr_engine_threshold(const cadre_pool *pool);

/* Run all of the program, which has at least one task. Returns what cadre_map returns.
 * Blocks. */
int cdr_engine_run(cadre_pool *pool, const struct cdr_program *p, const cadre_job *job,
                   cadre_error *err);

#endif
