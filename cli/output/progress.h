/* progress.h - how far a run is, on a terminal, for those who wait.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_PROGRESS_H
#define CDR_CLI_PROGRESS_H

#include <cadre/cadre.h>
#include <stdbool.h>

enum cdr_progress_when {
    CDR_PROGRESS_AUTO = 0, /* on a terminal, after a second */
    CDR_PROGRESS_ALWAYS,   /* at once; when it is no terminal, a line each */
    CDR_PROGRESS_NEVER
};

struct cdr_progress {
    cadre_pool *pool; /* cancelled when a signal has come; see below */
    int when;         /* an enum cdr_progress_when */
    uint64_t parts;   /* runs that follow one another, and which it is now */
    uint64_t part;
    double begun; /* seconds of the monotonic clock */
    double part_begun;
    double next;
    bool terminal;
    bool shown; /* a line that is to be erased */
};

void cdr_progress_begin(struct cdr_progress *p, int when);

/* Now comes that one of the parts. */
void cdr_progress_part(struct cdr_progress *p, uint64_t part);

/* A cadre_progress; arg is the struct cdr_progress. Also repeats a cancellation that
 * came between two runs, where the signal handler found nothing to cancel: pass it
 * whether or not progress is to be seen. */
void cdr_progress_report(void *arg, const cadre_counts *counts);

/* A cadre_log with the same arg: warnings as lines of their own. */
void cdr_progress_log(void *arg, int level, const char *text);

/* Erase the line. */
void cdr_progress_end(struct cdr_progress *p);

#endif
