/* bar.h - --bar and --eta: how far the run is, in the last line of a terminal.
 * SPDX-License-Identifier: MIT
 *
 * A thread draws the line a few times a second. Who writes to the terminal holds it: the
 * line goes away, and comes again when what was written ends in a line end.
 */
#ifndef CDR_CLI_MAP_BAR_H
#define CDR_CLI_MAP_BAR_H

#include "cli/base/failure.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cdr_bar;

struct cdr_bar_counts {
    uint64_t before;       /* done in a run before */
    uint64_t done, failed; /* in this run; failed ones are done */
    uint64_t running;
    uint64_t total; /* all of them, those before among them */
    bool known;     /* the total */
};

struct cdr_bar_setting {
    bool graph;                                              /* with a bar */
    void (*count)(void *arg, struct cdr_bar_counts *counts); /* from the bar's thread */
    void *arg;
};

/* NULL in *out: standard error is no terminal, and nothing is to be seen. */
int cdr_bar_open(struct cdr_bar **out, const struct cdr_bar_setting *set,
                 struct cdr_failure *why);
void cdr_bar_close(struct cdr_bar *bar); /* NULL is fine, as below */

/* Before and after writing to the file; `last` is the last byte that was written. */
void cdr_bar_hold(struct cdr_bar *bar, int fd);
void cdr_bar_release(struct cdr_bar *bar, int fd, char last);

#endif
