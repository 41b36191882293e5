/* output.h - a file that is there when it is complete, and not before.
 * SPDX-License-Identifier: MIT
 *
 * It is written without a name and gets one in the end, so that nothing half-written can
 * stay behind, whatever ends the program. Where the file system has no nameless files it
 * has a temporary name. Devices and pipes are written as they are.
 */
#ifndef ATOM_PROBE_OUTPUT_H
#define ATOM_PROBE_OUTPUT_H

#include <cadre/cadre.h>
#include <stdio.h>

struct ap_output {
    int fd;
    const char *path; /* the caller's */
    char *real;       /* what links lead to */
    char *temporary;  /* NULL: the file has no name */
    bool direct;      /* to a device or pipe */
};

int ap_output_open(struct ap_output *out, const char *path, cadre_error *err);

/* The same under a temporary name from the start, for libraries that want one. */
int ap_output_open_named(struct ap_output *out, const char *path, cadre_error *err);

/* A temporary name in use, for a signal handler that ends the program; NULL: none. */
extern _Atomic(const char *) ap_output_in_use;

/* Append. */
int ap_output_write(struct ap_output *out, const void *bytes, size_t size,
                    cadre_error *err);

/* Put it in its place. Closes, also when it fails. */
int ap_output_commit(struct ap_output *out, cadre_error *err);

/* Leave no trace. Nothing after a commit. */
void ap_output_drop(struct ap_output *out);

#endif
