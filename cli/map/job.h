/* job.h - one command to be run, from its arguments to how it ended.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_MAP_JOB_H
#define CDR_CLI_MAP_JOB_H

#include "cli/map/args.h"
#include "cli/map/block.h"
#include "cli/map/bytes.h"
#include "cli/map/spool.h"
#include <cadre/version.h>

struct cdr_template;

/* How a job ended. */
struct cdr_end {
    bool ran;   /* else nobody began it: the run was over */
    int status; /* exit status; 126 and 127: it could not be started */
    int signal; /* that ended it; 0: none did */
    bool timed_out;
    bool killed; /* by us, as the run was to end */
    bool lost;   /* with the rank that ran it: what became of it is not known */
    unsigned tries;
    double began;   /* seconds since 1970 */
    double seconds; /* that the last try took */
    long peak_kib;  /* the most memory it had in use */
    double cpu;     /* seconds of CPU */
};

struct cdr_job {
    uint64_t seq;   /* counted from 1: what people know it by */
    uint64_t turn;  /* when it may write */
    uint64_t entry; /* when it may begin */
    uint64_t seed;  /* that it finds in its environment */
    struct cdr_args args;
    struct cdr_args words;   /* its command, once it runs */
    struct cdr_block *block; /* what it reads; NULL: nothing, or it has ended */
    struct cdr_args name;    /* what a block is known by, instead of arguments */
    struct cdr_end end;
    struct cdr_held output, errors;
    char *reason; /* what the program itself has to say of its failure; NULL: nothing */
    unsigned slot;
    uint64_t bytes;  /* of output, whether it is held or written */
    int64_t id;      /* this and the next three: in the journal */
    int64_t command; /* 0: the run's */
    uint64_t hash;
    uint32_t equal;
    bool
        stored; /* it was done in a run before: its end and its output are the journal's */
    bool headed; /* its command was shown before its output */
};

struct cdr_job *cdr_job_new(void); /* NULL: no memory */
void cdr_job_free(struct cdr_job *job, struct cdr_spool *spool);

bool cdr_job_failed(const struct cdr_job *job);

/* As GNU parallel counts: the exit status, or 128 and the signal. */
int cdr_job_code(const struct cdr_job *job);

/* The command as one would type it into a shell. */
void cdr_job_command(const struct cdr_job *job, bool shell, struct cdr_buffer *out);

/* What it is known by: its arguments, or the name of its block. */
const struct cdr_args *cdr_job_key(const struct cdr_job *job);

/* That, separated by spaces. */
void cdr_job_input(const struct cdr_job *job, struct cdr_buffer *out);

/* What stands before each line of its output, with the tab. */
void cdr_job_tag(const struct cdr_job *job, const struct cdr_template *tag,
                 struct cdr_buffer *out);

/* Note what the program has to say; the first word counts. */
void cdr_job_says(struct cdr_job *job, const char *format, ...) CADRE_PRINTF(2, 3);

#endif
