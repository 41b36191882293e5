/* summary.h - at the end: how many jobs failed, which, and how.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_MAP_SUMMARY_H
#define CDR_CLI_MAP_SUMMARY_H

#include "cli/map/job.h"
#include <stdio.h>

#define CDR_SUMMARY_NAMED 10

struct cdr_summary {
    char *line[CDR_SUMMARY_NAMED]; /* of the first that failed */
    uint64_t failed, ended;
};

/* "exit status 3", "killed by signal 9 (KILL)", ... Returns out. */
const char *cdr_summary_how(char *out, size_t size, const struct cdr_job *job);

void cdr_summary_add(struct cdr_summary *summary, const struct cdr_job *job);

/* Nothing, if none failed. */
void cdr_summary_print(const struct cdr_summary *summary, FILE *out);
void cdr_summary_free(struct cdr_summary *summary);

#endif
