/* results.h - --results: what each job has put out, in files of its own.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_MAP_RESULTS_H
#define CDR_CLI_MAP_RESULTS_H

#include "cli/map/job.h"
#include "cli/map/template.h"

struct cdr_results {
    const char *folder; /* NULL: there are none */
    struct cdr_template *name;
    const struct cdr_inputs *inputs; /* for names of columns; NULL: numbers */
    struct cdr_spool *spool;
};

/* `text` is a folder, or has replacement strings: then each job's are a file. */
int cdr_results_open(struct cdr_results *results, const char *text,
                     const struct cdr_template_setting *like, struct cdr_failure *why);
void cdr_results_close(struct cdr_results *results);

/* 0 or an errno. From any thread; the job's output is all there. */
int cdr_results_save(const struct cdr_results *results, struct cdr_job *job);

#endif
