/* job.h - from what the user wrote to what workers need.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CORE_RUN_JOB_H
#define CDR_CORE_RUN_JOB_H

#include "core/run/run.h"

/* Check the job, for a stream or not, and prepare the program for it. Every complaint
 * names the field and its value. Fills in what comes from the job as it is. */
int cdr_job_prepare(struct cdr_program *p, const cadre_job *job, bool stream,
                    cadre_error *err);

/* Maps and streams have nothing to fold into. */
int cdr_job_refuse_fold(const cadre_job *job, cadre_error *err);

/* Before all that may fail once the job is accepted: no emitted bytes, no task run. */
void cdr_job_clear_outcomes(const struct cdr_program *p);

/* Nobody works any more: tasks that heard that they were not wanted have not been done. */
void cdr_job_settle_unwanted(const struct cdr_program *p);

/* After a failure that stopped the run at task `item`: what was done beyond it depends
 * on who ran what, so it is taken back. */
void cdr_job_cut_outcomes(const struct cdr_program *p, uint64_t item);

#endif
