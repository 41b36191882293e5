/* call.c - one call of the user's function, wherever it runs, and how it failed.
 * SPDX-License-Identifier: MIT
 *
 * A task in the caller's process leaves its exception, as it is, in a dictionary. One in a
 * worker process packs it into the spool and returns the number of that piece, which cadre
 * carries to the caller as the value that the kernel failed with.
 */
#include "call.h"
#include "current.h"

#include <stdio.h>
#include <string.h>

#define NO_PIECE (-1) /* the exception is only in cadre's message */

bool cdp_is_remote(const struct cdp_call *call)
{
    return call->forks != cdp_forks();
}

PyObject *cdp_item(const struct cdp_call *call, uint64_t index)
{
    PyTypeObject *type = Py_TYPE(call->items);
    PyObject *item;

    if (type == &PyList_Type)
        item = PyList_GetItem(call->items, (Py_ssize_t)index);
    else if (type == &PyTuple_Type)
        item = PyTuple_GetItem(call->items, (Py_ssize_t)index);
    else
        return PySequence_GetItem(call->items, (Py_ssize_t)index);
    Py_XINCREF(item);
    return item;
}

static PyObject *call_star(PyObject *fn, PyObject *item)
{
    PyObject *args = PySequence_Tuple(item), *value;

    if (!args)
        return NULL;
    value = PyObject_Call(fn, args, NULL);
    Py_DECREF(args);
    return value;
}

static PyObject *call_one(PyObject *fn, PyObject *item)
{
    PyObject *args[] = { NULL, item };

    return PyObject_Vectorcall(fn, args + 1, 1 | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL);
}

PyObject *cdp_call_item(struct cdp_call *call, cadre_task *task, uint64_t index,
                        PyObject *item)
{
    struct cdp_current current = { .task = task, .call = call, .index = index };
    PyObject *value;

    cdp_current_push(&current);
    value = call->star ? call_star(call->fn, item) : call_one(call->fn, item);
    cdp_current_pop(&current);
    return value;
}

/* ---- failures ---- */

/* Everything ends at once with this exception. Steals. */
static void interrupt(struct cdp_call *call, PyObject *exception)
{
    if (call->interrupt) {
        Py_DECREF(exception);
        return;
    }
    call->interrupt = exception;
    cadre_cancel(call->pool);
}

static int keep_here(struct cdp_call *call, PyObject *exception, PyObject *number,
                     PyObject *item)
{
    PyObject *done = NULL;

    if (!PyErr_GivenExceptionMatches(exception, PyExc_Exception)) {
        interrupt(call, exception);
        return 1;
    }
    if (item)
        done = cdp_hook(CDP_LOCATE, exception, number, item, NULL);
    if ((item && !done) || PyDict_SetItem(call->failures, number, exception))
        cdp_swallow(); /* without its place it is found all the same; or as cadre's */
    Py_XDECREF(done);
    Py_DECREF(exception);
    return 1;
}

static int put_packed(struct cdp_call *call, PyObject *packed)
{
    char *bytes;
    Py_ssize_t size;
    int32_t number;
    char *piece;

    if (PyBytes_AsStringAndSize(packed, &bytes, &size))
        return NO_PIECE;
    piece = call->spool ? cdp_spool_put(call->spool, (size_t)size, &number) : NULL;
    if (!piece)
        return NO_PIECE;
    memcpy(piece, bytes, (size_t)size);
    return number;
}

/* For cadre's own message, which is what is left when nothing can be packed. */
static void describe(cadre_task *task, PyObject *exception, int number)
{
    PyObject *text = PyObject_Repr(exception);
    const char *words = text ? PyUnicode_AsUTF8AndSize(text, NULL) : NULL;

    cadre_task_fail(task, number, "%s", words ? words : "an exception without a text");
    Py_XDECREF(text);
    PyErr_Clear();
}

static int keep_packed(struct cdp_call *call, cadre_task *task, PyObject *exception,
                       PyObject *index, PyObject *item)
{
    PyObject *packed =
        cdp_hook(CDP_PACK, exception, index, item ? item : Py_None, NULL);
    int number = packed ? put_packed(call, packed) : NO_PIECE;

    Py_XDECREF(packed);
    cdp_swallow();
    describe(task, exception, number);
    Py_DECREF(exception);
    return number;
}

int cdp_fail(struct cdp_call *call, cadre_task *task, uint64_t index, PyObject *item)
{
    PyObject *exception = cdp_caught();
    PyObject *number = PyLong_FromUnsignedLongLong(index);
    int rc;

    if (!exception || !number) {
        PyErr_Clear();
        Py_XDECREF(exception);
        Py_XDECREF(number);
        return NO_PIECE;
    }
    if (cdp_is_remote(call))
        rc = keep_packed(call, task, exception, number, item);
    else
        rc = keep_here(call, exception, number, item);
    Py_DECREF(number);
    return rc;
}

static PyObject *unpack(struct cdp_call *call, int32_t number)
{
    size_t size;
    const char *bytes = cdp_spool_get(call->spool, number, &size);
    PyObject *packed = PyBytes_FromStringAndSize(bytes, (Py_ssize_t)size);
    PyObject *exception = packed ? cdp_hook(CDP_UNPACK, packed, NULL) : NULL;

    Py_XDECREF(packed);
    return exception;
}

PyObject *cdp_failure_of(struct cdp_call *call, uint64_t index, int32_t number)
{
    PyObject *key = PyLong_FromUnsignedLongLong(index), *exception;
    cadre_error lost = { .code = CADRE_EKERNEL, .item = index };

    if (!key)
        return NULL;
    exception = PyDict_GetItemWithError(call->failures, key); /* borrowed */
    Py_XINCREF(exception);
    Py_DECREF(key);
    if (exception || PyErr_Occurred())
        return exception;
    if (call->spool && number > 0)
        return unpack(call, number);
    snprintf(lost.message, sizeof lost.message,
             "item %llu: the function raised an exception that did not arrive",
             (unsigned long long)index);
    return cdp_make_failure(&lost, 0);
}

int cdp_raise_end(struct cdp_call *call, int rc, const cadre_error *err)
{
    PyObject *exception = cdp_signalled();

    if (exception)
        interrupt(call, exception);
    if (call->interrupt) {
        exception = call->interrupt;
        call->interrupt = NULL;
        cdp_raise(exception);
        return -1;
    }
    if (rc == CADRE_OK || rc == CADRE_DONE)
        return 0;
    if (rc != CADRE_EKERNEL || err->user == NO_PIECE) {
        cdp_raise_failure(err, call->first);
        return -1;
    }
    exception = cdp_failure_of(call, call->first + err->item, err->user);
    if (exception)
        cdp_raise(exception);
    return -1;
}

/* ---- around the tasks of a worker ---- */

static void call_quietly(enum cdp_hook_number number)
{
    PyObject *done = cdp_hook(number, NULL);

    if (!done)
        PyErr_WriteUnraisable(cdp_hooks[number]);
    Py_XDECREF(done);
}

static char in_process; /* its address is the state of a worker process */

int cdp_begin(cadre_task *task, void **state)
{
    const struct cdp_call *call = cadre_task_shared(task);

    *state = NULL;
    if (call->keeps)
        return 0;
    if (!cdp_is_remote(call)) {
        *state = cdp_thread_begin();
        return 0;
    }
    call_quietly(CDP_WORKER_BEGIN);
    *state = &in_process;
    return 0;
}

void cdp_end(void *state)
{
    struct cdp_entry entry;

    if (state == &in_process) {
        call_quietly(CDP_WORKER_END);
    } else if (state) {
        cdp_enter(&entry);
        call_quietly(CDP_THREAD_END);
        cdp_leave(&entry);
        cdp_thread_end(state);
    }
}

static void report(struct cdp_call *call, const cadre_counts *counts)
{
    PyObject *done = PyObject_CallFunction(
        call->progress, "KKdd", (unsigned long long)(counts->done + call->before),
        (unsigned long long)(counts->total ? counts->total + call->before : 0),
        counts->elapsed, counts->left);

    if (!done)
        interrupt(call, cdp_caught());
    Py_XDECREF(done);
}

/* Ctrl-C does not end a system call of cadre's; it is seen to here. */
void cdp_progress(void *arg, const cadre_counts *counts)
{
    struct cdp_call *call = arg;
    struct cdp_entry entry;
    PyObject *exception;

    cdp_enter(&entry);
    if (PyErr_CheckSignals())
        cdp_swallow();
    if ((exception = cdp_signalled()))
        interrupt(call, exception);
    if (call->progress && !call->interrupt)
        report(call, counts);
    cdp_leave(&entry);
}

/* ---- the call itself ---- */

int cdp_call_index(struct cdp_call *call, cadre_job *job, PyObject *indexes,
                   uint64_t first)
{
    uint64_t there;

    call->before = first;
    if (indexes == Py_None) {
        call->first = first;
        return 0;
    }
    if (PyObject_GetBuffer(indexes, &call->indexes, PyBUF_C_CONTIGUOUS))
        return -1;
    there = (uint64_t)call->indexes.len / sizeof(uint64_t);
    if (there < first || there - first < job->n) {
        PyErr_SetString(PyExc_ValueError, "there are fewer indexes than tasks");
        return -1;
    }
    if (there == first)
        return 0; /* no task */
    job->indexes = (const uint64_t *)call->indexes.buf + first;
    job->n_indexes = job->n ? job->n : there - first;
    return 0;
}

int cdp_call_init(struct cdp_call *call)
{
    call->forks = cdp_forks();
    call->failures = PyDict_New();
    Py_XINCREF(call->fn);
    Py_XINCREF(call->items);
    Py_XINCREF(call->seed);
    Py_XINCREF(call->progress);
    return call->failures ? 0 : -1;
}

void cdp_call_fini(struct cdp_call *call)
{
    Py_CLEAR(call->fn);
    Py_CLEAR(call->items);
    Py_CLEAR(call->seed);
    Py_CLEAR(call->progress);
    Py_CLEAR(call->failures);
    if (call->indexes.obj)
        PyBuffer_Release(&call->indexes);
    Py_CLEAR(call->interrupt);
    cdp_spool_close(call->spool);
    call->spool = NULL;
}
