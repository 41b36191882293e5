/* outlet.h - whose turn it is to write, and what the lines look like.
 * SPDX-License-Identifier: MIT
 *
 * Jobs write in the order of their numbers, each job's output together. The job whose
 * turn it is writes while it runs; the others are held until they are through and those
 * before them, too. Whoever ends the job whose turn it was goes on with those that have
 * ended meanwhile. Unordered, a job writes when it ends.
 *
 * Every function here may be called from any worker's thread. What waits for a reader of
 * the output is only the writing: jobs that end do not.
 */
#ifndef CDR_CLI_MAP_OUTLET_H
#define CDR_CLI_MAP_OUTLET_H

#include "cli/map/bar.h"
#include "cli/map/job.h"
#include "cli/map/template.h"
#include <pthread.h>

struct cdr_outlet;

struct cdr_outlet_setting {
    bool unordered;
    bool lines;   /* each line as soon as it is whole, whoever's turn it is */
    bool silent;  /* nothing is written: others keep it */
    bool verbose; /* the command before the output, and trace: on standard error */
    bool trace;
    bool shell;                     /* commands are a shell's */
    const struct cdr_template *tag; /* before each line; NULL: nothing */
    uint64_t window;                /* jobs that may be held */
    struct cdr_spool *spool;
    struct cdr_bar *bar; /* NULL: there is none */

    /* A job has written all; it is the callee's to free. From whoever writes, one at a
     * time; ordered, in order. */
    void (*written)(void *arg, struct cdr_job *job);
    /* The output can be written no more: errno. */
    void (*broken)(void *arg, int number);
    void *arg;
};

/* A job that runs; its worker's own. */
struct cdr_live {
    struct cdr_job *job;
    int wake;                  /* an eventfd that is written to when its turn comes */
    struct cdr_buffer tag;     /* as its lines have it */
    bool held;                 /* it may have to be run again: nothing is written yet */
    bool keep;                 /* what is written stays in the job */
    bool inside_line[2];       /* of output and errors */
    struct cdr_buffer part[2]; /* lines: the last line as far as it is there */
    bool headed;               /* the command was shown */
};

int cdr_outlet_open(struct cdr_outlet **out, const struct cdr_outlet_setting *set,
                    struct cdr_failure *why);
void cdr_outlet_close(struct cdr_outlet *outlet);

/* Nothing will be kept of what is written from now on. In order, it stays the beginning of
 * what a whole run writes: after the first job that is ended early or never begun, nothing
 * more is. */
void cdr_outlet_cut(struct cdr_outlet *outlet);

/* The job begins; live->wake is set. */
void cdr_outlet_begin(struct cdr_outlet *outlet, struct cdr_live *live);

/* It has put out bytes, on standard output (0) or standard error (1). 0 or an errno. */
int cdr_outlet_add(struct cdr_outlet *outlet, struct cdr_live *live, int which,
                   const char *bytes, size_t size);

/* Its turn has come, or it is not held any more: write what there is. */
void cdr_outlet_catch_up(struct cdr_outlet *outlet, struct cdr_live *live);

/* It has ended. The job is no longer the caller's. */
void cdr_outlet_end(struct cdr_outlet *outlet, struct cdr_live *live);

/* Wait until a job of that turn may be held. Only by the thread that makes jobs. */
void cdr_outlet_await(struct cdr_outlet *outlet, uint64_t turn);

/* Whether a job of that turn that ended long ago may hand over its bytes alone: nobody is to
 * write before it, and nothing else is to be written of it. This and the next two are for
 * the thread that makes jobs, and before it makes one that runs, it is to flush. */
bool cdr_outlet_takes_bytes(const struct cdr_outlet *outlet, uint64_t turn);

/* Its output and errors, which are written with what follows. */
void cdr_outlet_pass_bytes(struct cdr_outlet *outlet, const char *const bytes[2],
                           const size_t size[2]);
void cdr_outlet_flush(struct cdr_outlet *outlet);

/* A job that has never begun, or ended long ago. */
void cdr_outlet_pass(struct cdr_outlet *outlet, struct cdr_job *job);

#endif
