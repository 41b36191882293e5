/* interrupt.h - Ctrl-C: stop the run, leave nothing half done, say so.
 * SPDX-License-Identifier: MIT
 *
 * The first SIGINT, SIGTERM or SIGHUP cancels the run, and whatever run begins after it
 * within a twentieth of a second, so that the command ends in order. A
 * second one, when that takes too long, ends the program at once, as SIGQUIT, SIGPIPE and
 * their like do. Temporary files are removed either way. A signal that was ignored when the
 * program started (nohup, or a command in the background of a script) stays ignored.
 * SIGXFSZ is ignored: a file that may not be larger is an error of write.
 */
#ifndef CDR_CLI_INTERRUPT_H
#define CDR_CLI_INTERRUPT_H

#include "cli/base/failure.h"
#include <cadre/cadre.h>
#include <stdbool.h>

void cdr_interrupt_install(void);

/* Whether SIGXFSZ had its default action before: programs that this one starts are to have
 * it again. */
bool cdr_interrupt_size_ends(void);

/* The pool to cancel; NULL: none (any more). */
void cdr_interrupt_watch(cadre_pool *pool);

/* The file that the main thread reads from; -1: none (any more). A signal that comes just
 * before a read would not end it: reading goes on from an empty file instead. */
void cdr_interrupt_reading(int fd);

/* An eventfd that is written to when a signal comes; -1: none (any more). */
void cdr_interrupt_notify(int fd);

/* Whether a signal has come, and which (0: none has). Call it between runs. */
bool cdr_interrupted(void);
int cdr_interrupt_number(void);

/* A file to be removed if the program ends before cdr_interrupt_forget; at most four at a
 * time. The name must stay in place. */
void cdr_interrupt_remember(const char *name);
void cdr_interrupt_forget(const char *name);

#endif
