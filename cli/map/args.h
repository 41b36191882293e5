/* args.h - the arguments of one job.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_MAP_ARGS_H
#define CDR_CLI_MAP_ARGS_H

#include <stdbool.h>
#include <stddef.h>

/* A list of texts in one piece of memory. All zero is an empty list. */
struct cdr_args {
    char *text; /* all of them, each with a NUL behind it */
    size_t *at; /* where each begins */
    size_t n;
    size_t used, room, places; /* bytes of text, bytes there are, entries of `at` */
    bool has_nul;              /* one has a NUL byte in it: no program can have it */
};

/* Append one. False: there is no memory. */
bool cdr_args_add(struct cdr_args *args, const char *text, size_t size);

/* Append all of the other's. */
bool cdr_args_add_all(struct cdr_args *args, const struct cdr_args *more);

/* The one at the place, NUL-terminated; its size is without the NUL. */
const char *cdr_args_get(const struct cdr_args *args, size_t i);
size_t cdr_args_size(const struct cdr_args *args, size_t i);

/* Empty the list, and keep its memory. */
void cdr_args_clear(struct cdr_args *args);
void cdr_args_free(struct cdr_args *args);

#endif
