/* failure.h - why a command ends early, and the exit code that says so.
 * SPDX-License-Identifier: MIT
 *
 * Whoever finds the reason writes it down once, in full, with the exit code; everybody
 * above hands the code up; main prints it. So no function here prints and fails too.
 */
#ifndef CDR_CLI_FAILURE_H
#define CDR_CLI_FAILURE_H

#include <cadre/cadre.h>

enum cdr_exit {
    CDR_EXIT_OK = 0,
    CDR_EXIT_FAILED = 1, /* the computation, or writing what came of it */
    CDR_EXIT_INPUT = 2,  /* the data are not what they should be */
    CDR_EXIT_USAGE = 64, /* EX_USAGE of sysexits.h */
    CDR_EXIT_SIGNAL = 128,
    CDR_EXIT_OTHER = 255 /* cadre map: below it are numbers of failed jobs */
};

/* In place of an exit code: there is nothing more to be had. It is none of them, nor what
 * the library calls its own end, CADRE_DONE, which is 1. */
#define CDR_NO_MORE (-2)

struct cdr_failure {
    int code;        /* an exit code */
    char text[1500]; /* one sentence; "": nothing is to be said */
};

/* Note the reason; returns the code. */
int cdr_fails(struct cdr_failure *why, int code, const char *format, ...)
    CADRE_PRINTF(3, 4);

/* The same for an error of the library, with `about` in front of its message unless
 * that is NULL. An interrupted run becomes the interruption's exit code. */
int cdr_fails_in_library(struct cdr_failure *why, const char *about,
                         const cadre_error *err);

/* Notes "interrupted" with 128 and the number of the signal that has come: 129, 130 or 143. */
int cdr_fails_interrupted(struct cdr_failure *why);

/* The same for memory; always CDR_EXIT_FAILED. */
int cdr_fails_memory(struct cdr_failure *why);

/* Print it as `cadre: text` on standard error. */
void cdr_failure_print(const struct cdr_failure *why);

#endif
