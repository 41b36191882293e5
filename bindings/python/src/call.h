/* call.h - one call of the user's function, wherever it runs, and how it failed.
 * SPDX-License-Identifier: MIT
 */
#ifndef CADRE_PYTHON_CALL_H
#define CADRE_PYTHON_CALL_H

#include "gil.h"
#include "hooks.h"
#include "spool.h"
#include "transport.h"

#include <cadre/cadre.h>

/* What a run or a stream calls. It belongs to the caller of that; workers read it where it
 * is, or their copy of it. `failures` and `interrupt` are under the interpreter. */
struct cdp_call {
    PyObject *fn;
    PyObject *items;   /* a list, a tuple, or what has items by number; or NULL */
    PyObject *seed;    /* of the random generators */
    bool star;         /* an item is a tuple of arguments */
    bool keeps;        /* the caller keeps the interpreter: it runs all tasks */
    unsigned forks;    /* as of cdp_forks, of the process that calls */
    uint64_t first;    /* index of task 0; 0 where the job has indexes */
    uint64_t before;   /* tasks that are done already, for progress */
    Py_buffer indexes; /* of this part's tasks, as uint64_t; or empty: they count on */
    struct cdp_spool *spool; /* for worker processes, or NULL */
    PyObject *failures;      /* {index: exception} of tasks in this process */
    PyObject *interrupt;     /* what ends everything at once, or NULL */
    PyObject *progress;      /* called with done, total, elapsed, left; or NULL */
    cadre_pool *pool;        /* or NULL */
};

/* Whether this is a worker process of that call. */
bool cdp_is_remote(const struct cdp_call *call);

/* Item number `index`, a new reference. */
PyObject *cdp_item(const struct cdp_call *call, uint64_t index);

/* The function of the item, with current_task() set. NULL with an exception. */
PyObject *cdp_call_item(struct cdp_call *call, cadre_task *task, uint64_t index,
                        PyObject *item);

/* An exception is set, by the function or by what became of its result: keep it where the
 * caller finds it, and fail the task. The value is what the kernel is to return. */
int cdp_fail(struct cdp_call *call, cadre_task *task, uint64_t index, PyObject *item);

/* In the caller's process: what cdp_fail kept of task `index`. `number` is what it returned.
 * NULL with an exception. */
PyObject *cdp_failure_of(struct cdp_call *call, uint64_t index, int32_t number);

/* For the job: set up and clean up a worker, report progress and see to signals. The
 * latter's argument is the call. */
int cdp_begin(cadre_task *task, void **state);
void cdp_end(void *state);
void cdp_progress(void *call, const cadre_counts *counts);

/* The run or stream has ended as err says: raise that; or nothing, and 0, if all is well. */
int cdp_raise_end(struct cdp_call *call, int rc, const cadre_error *err);

/* The tasks' indexes are those of an array from task `first` on, or of None: they count on
 * from there. After cdp_call_init. -1 with an exception. */
int cdp_call_index(struct cdp_call *call, cadre_job *job, PyObject *indexes,
                   uint64_t first);

/* Take references to the fields that are set; drop those. */
int cdp_call_init(struct cdp_call *call);
void cdp_call_fini(struct cdp_call *call);

/* cadre.current_task, what a task of several items says of itself, and the type of what it returns. */
PyObject *cdp_current_task(PyObject *module, PyObject *unused);
PyObject *cdp_current_at(PyObject *module, PyObject *number);
int cdp_task_type_init(PyObject *module);

#endif
