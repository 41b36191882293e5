/* joblog.h - a line for each job that has ended, as GNU parallel writes it.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_MAP_JOBLOG_H
#define CDR_CLI_MAP_JOBLOG_H

#include "cli/map/job.h"
#include "cli/base/failure.h"
#include <stdio.h>

struct cdr_joblog {
    FILE *file; /* NULL: there is none */
    const char *path;
    int failed; /* the errno of the first line that could not be written */
};

/* "+FILE" is added to. NULL: no log. */
int cdr_joblog_open(struct cdr_joblog *log, const char *path, struct cdr_failure *why);
void cdr_joblog_head(FILE *file);
void cdr_joblog_line(FILE *file, const struct cdr_job *job, bool shell);
void cdr_joblog_add(struct cdr_joblog *log, const struct cdr_job *job, bool shell);
int cdr_joblog_close(struct cdr_joblog *log, struct cdr_failure *why);

#endif
