/* forecast.h - what a job would use, before it runs.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CORE_POOL_FORECAST_H
#define CDR_CORE_POOL_FORECAST_H

#include "core/pool/pool.h"
#include <cadre/plan.h>

/* A job that only a stream can run. */
bool cdr_job_is_stream(const cadre_job *job);

/* How the job's tasks begin, with why. */
void cdr_forecast_start(cadre_plan *out, const cadre_pool *pool,
                        const struct cdr_program *p, bool stream);

#endif
