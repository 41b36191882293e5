/* machine_case.h - an invented machine: a directory of tests/fixtures/machine.
 * SPDX-License-Identifier: MIT
 *
 * Besides proc/ and sys/ it has a file `case`, one word and its text a line:
 *
 *     affinity 8               what the scheduler allows; default 4
 *     env NAME=value           a variable; no others are set
 *     cpus 2                   the figures and their reasons, as expected
 *     cpu_reason 2 CPUs: ...
 *     memory 1610612736
 *     memory_reason 1.5 GiB: ...
 *     fact ...                 the text of a fact that must have been found
 *     # ...                    what the machine is
 */
#ifndef CDR_TESTS_MACHINE_CASE_H
#define CDR_TESTS_MACHINE_CASE_H

#include <limits.h>
#include <stddef.h>
#include "machine/facts.h"

enum { CASE_TEXT = 8192, CASE_LINES = 64 };

struct machine_case {
    char root[PATH_MAX];
    char text[CASE_TEXT];          /* the file, its lines ended by NUL */
    const char *lines[CASE_LINES]; /* those that are no comments */
    size_t n_lines;
    struct cdr_view view;
};

/* Read it; a test fails if that fails. */
void machine_case_load(struct machine_case *c, const char *name);

/* The text behind the n-th line of this word, or NULL. */
const char *machine_case_get(const struct machine_case *c, const char *word, size_t n);

/* Look at the machine and compare with all that the case expects. */
void machine_case_check(const struct machine_case *c);

/* What holds for every machine, however broken. */
void machine_check_sane(const struct cdr_machine *m);

#endif
