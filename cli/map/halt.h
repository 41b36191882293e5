/* halt.h - when the run is to end before the inputs do, and what it exits with.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_MAP_HALT_H
#define CDR_CLI_MAP_HALT_H

#include "cli/base/failure.h"
#include "cli/map/job.h"

enum cdr_halt_when { CDR_HALT_NEVER = 0, CDR_HALT_SOON, CDR_HALT_NOW };
enum cdr_halt_why { CDR_HALT_FAIL, CDR_HALT_SUCCESS, CDR_HALT_DONE };

struct cdr_halt {
    enum cdr_halt_when when;
    enum cdr_halt_why why;
    uint64_t count;
    double share; /* instead of a count; 0: none */
};

/* "now,fail=1", "soon,done=30%", and 0, 1, 2, -1, -2 and N% as of old. NULL: never. */
int cdr_halt_parse(struct cdr_halt *halt, const char *text, struct cdr_failure *why);

/* What the jobs that have ended amount to. */
struct cdr_tally {
    uint64_t ended, failed, succeeded;
    uint64_t total; /* jobs in all, if known; else those begun so far */
    bool known;     /* they are known */
    int last_code;  /* of the last job that counts for the policy */
    bool halted;
};

/* Count a job that has ended, and say whether the run is to end now. */
enum cdr_halt_when cdr_halt_count(const struct cdr_halt *halt, struct cdr_tally *tally,
                                  const struct cdr_job *job);

/* What the program exits with: the number of failed jobs up to 100, 101 for more; after
 * a halt what the job exited with, or the percentage of failed jobs. */
int cdr_halt_exit(const struct cdr_halt *halt, const struct cdr_tally *tally);

#endif
