/* gil.h - who has the interpreter: around calls of cadre, and in what cadre calls.
 * SPDX-License-Identifier: MIT
 */
#ifndef CADRE_PYTHON_GIL_H
#define CADRE_PYTHON_GIL_H

#include "python.h"

#include <stdbool.h>

/* Once, when the module is made: Python's fork hooks around cadre's forks. */
int cdp_gil_init(void);

/* Let others have the interpreter while this thread is in cadre, and take it back. What
 * cadre forks in between is a process of Python's own, with its hooks. Nothing that needs
 * the interpreter may be done in between, but by cdp_enter. */
void cdp_drop(void);
void cdp_take(void);

/* The same for a thread that may become one of workers that fork others from threads of
 * their own: those find the interpreter free. */
void cdp_drop_to_serve(void);
void cdp_take_served(void);

/* The thread has the interpreter and keeps it while it is in cadre, where it waits for nobody
 * and forks nothing. Returns what was said before, to be said again afterwards. */
bool cdp_hold(bool holds);

/* A signal handler of Python's has raised this in the calling thread where nobody could
 * raise it on: an owned reference that is handed over, or NULL. */
PyObject *cdp_signalled(void);

/* An exception is set that nobody can raise on. One that is not an Exception, as Ctrl-C
 * is, is kept for cdp_signalled; all others are dropped. */
void cdp_swallow(void);

/* In what cadre calls, from any thread: have the interpreter, and give it back. */
struct cdp_entry {
    PyThreadState *dropped;
    PyGILState_STATE ensured;
    bool is_ensured;
};
void cdp_enter(struct cdp_entry *entry);
void cdp_leave(struct cdp_entry *entry);

/* In a worker, before its first task and after its last: a thread that is not Python's
 * keeps its thread state from task to task. */
void *cdp_thread_begin(void);
void cdp_thread_end(void *state);

/* How many forks of cadre's lie between the process that loaded the module and this one:
 * a run that began with another number is the work of an ancestor. */
unsigned cdp_forks(void);

#endif
