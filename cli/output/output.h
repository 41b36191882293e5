/* output.h - where results and pictures go: whole, or not at all.
 * SPDX-License-Identifier: MIT
 *
 * A file is written under a temporary name beside it and renamed when it is complete:
 * whoever looks sees the old file or the new one. Devices and pipes are written as they
 * are.
 */
#ifndef CDR_CLI_OUTPUT_H
#define CDR_CLI_OUTPUT_H

#include "cli/base/failure.h"
#include <stdio.h>

struct cdr_output {
    FILE *stream;    /* write here; NULL: not open */
    char *path;      /* NULL: standard output */
    char *temporary; /* NULL: the path itself is written */
    int failed;      /* errno of a write that failed, if the writer has noted it */
};

/* NULL and "-" are standard output. Opening early shows early what cannot be written. */
int cdr_output_open(struct cdr_output *out, const char *path, struct cdr_failure *why);

/* Complete: check that all was written, put the file in its place. Closes, also when
 * it fails. */
int cdr_output_commit(struct cdr_output *out, struct cdr_failure *why);

/* Leave no trace. Nothing after a commit, or when nothing is open. */
void cdr_output_drop(struct cdr_output *out);

/* Check that all was written to standard output. A reader who has gone is no news:
 * the exit code says it, and no text. */
int cdr_output_flush_standard(struct cdr_failure *why);

#endif
