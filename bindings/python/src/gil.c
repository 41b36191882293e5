/* gil.c - who has the interpreter: around calls of cadre, and in what cadre calls.
 * SPDX-License-Identifier: MIT
 *
 * A thread that calls cadre drops the interpreter first. cadre calls back in several sorts of
 * threads:
 *
 *   - the one that called, which takes the interpreter back meanwhile;
 *   - a worker thread, which asks for it as any foreign thread does;
 *   - the only thread of a worker process, which has it already: a fork in `cdp_drop` takes
 *     it, and the child never gives it away. So an item costs no lock there;
 *   - the one that called and has kept it, as it does for streams without a pool.
 *
 * What Python does around a fork is done by handlers of pthread_atfork. They see to forks
 * of threads that have dropped the interpreter, and leave os.fork and subprocess alone:
 * those have it, and do the same for themselves.
 */
#include "gil.h"
#include "hooks.h"

#include <pthread.h>
#include <stdlib.h>

/* Of this thread alone. */
static _Thread_local PyThreadState *dropped; /* cdp_drop has put it here */
static _Thread_local PyThreadState *forking; /* it was in cdp_drop when it forked */
static _Thread_local bool holds;             /* all the time: see cdp_hold */
static _Thread_local bool serves;            /* see cdp_drop_to_serve */

static _Thread_local PyObject *signalled; /* see cdp_signalled */

static unsigned forks; /* written by a child before it has a second thread */

PyObject *cdp_signalled(void)
{
    PyObject *exception = signalled;

    signalled = NULL;
    return exception;
}

void cdp_swallow(void)
{
    PyObject *exception = cdp_caught();

    if (exception && !signalled &&
        !PyErr_GivenExceptionMatches(exception, PyExc_Exception))
        signalled = exception;
    else
        Py_XDECREF(exception);
}

/* What raises in a fork hook is lost. So signals that have come are seen to before that;
 * cadre has blocked those that are still to come. */
static void before_fork(void)
{
    if (!dropped)
        return;
    forking = dropped;
    dropped = NULL;
    PyEval_RestoreThread(forking);
    if (PyErr_CheckSignals())
        cdp_swallow();
    PyOS_BeforeFork();
}

static void after_fork_in_parent(void)
{
    if (!forking)
        return;
    PyOS_AfterFork_Parent();
    dropped = PyEval_SaveThread();
    forking = NULL;
}

static void after_fork_in_child(void)
{
    if (!forking)
        return;
    forking = NULL;
    holds = !serves;
    forks++;
    Py_CLEAR(signalled);
    PyOS_AfterFork_Child();
    if (serves)
        dropped = PyEval_SaveThread();
}

int cdp_gil_init(void)
{
    static bool done; /* under the interpreter's lock */

    if (done)
        return 0;
    if (pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child)) {
        PyErr_NoMemory();
        return -1;
    }
    done = true;
    return 0;
}

void cdp_drop(void)
{
    dropped = PyEval_SaveThread();
}

void cdp_take(void)
{
    PyThreadState *state = dropped;

    dropped = NULL;
    PyEval_RestoreThread(state);
}

bool cdp_hold(bool now)
{
    bool before = holds;

    holds = now;
    return before;
}

void cdp_drop_to_serve(void)
{
    serves = true;
    cdp_drop();
}

void cdp_take_served(void)
{
    serves = false;
    cdp_take();
}

void cdp_enter(struct cdp_entry *entry)
{
    entry->dropped = dropped;
    entry->is_ensured = false;
    if (dropped) {
        cdp_take();
    } else if (!holds) {
        entry->ensured = PyGILState_Ensure();
        entry->is_ensured = true;
    }
}

void cdp_leave(struct cdp_entry *entry)
{
    if (entry->dropped)
        cdp_drop();
    else if (entry->is_ensured)
        PyGILState_Release(entry->ensured);
}

struct thread {
    PyGILState_STATE ensured;
    PyThreadState *state;
};

void *cdp_thread_begin(void)
{
    struct thread *thread;

    if (dropped || holds)
        return NULL;
    thread = malloc(sizeof *thread);
    if (!thread)
        return NULL; /* then each task makes a thread state of its own */
    thread->ensured = PyGILState_Ensure();
    thread->state = PyEval_SaveThread();
    return thread;
}

void cdp_thread_end(void *state)
{
    struct thread *thread = state;

    if (!thread)
        return;
    PyEval_RestoreThread(thread->state);
    PyGILState_Release(thread->ensured);
    free(thread);
}

unsigned cdp_forks(void)
{
    return forks;
}
