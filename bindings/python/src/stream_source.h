/* stream_source.h - a stream, and where its items come from.
 * SPDX-License-Identifier: MIT
 */
#ifndef CADRE_PYTHON_STREAM_SOURCE_H
#define CADRE_PYTHON_STREAM_SOURCE_H

#include "call.h"
#include "clean.h"
#include "kept.h"

#include <cadre/stream.h>

#include <pthread.h>

struct stream {
    PyObject head;
    PyObject *weak_references;
    struct cdp_call call;
    PyObject *pool;           /* _core.Pool or None */
    PyObject *iterator;       /* or NULL: items by number */
    PyObject *source_failed;  /* what the iterator raised */
    struct cdp_kept held;     /* items of this process */
    struct cdp_kept done;     /* results */
    cadre_job job;            /* as opened */
    struct cdp_bytes item;    /* the bytes of the item that was asked for last */
    uint64_t fed;             /* items that the iterator has given */
    unsigned long long given; /* results */
    double spent;             /* seconds in which they were asked for, if `alone` */
    cadre_stream *stream;
    pthread_t thread; /* whose it is, once it is open */
    bool forks;       /* items and results travel as bytes */
    bool alone;       /* there is no pool: whoever asks for a result has all tasks */
    struct cdp_clean clean;
    bool busy, over;
    bool ending; /* a thread is in its end, without the interpreter */
};

/* Methods for any thread (stream_outside.c). */
PyObject *cdp_stream_stop(PyObject *stream, PyObject *unused);
PyObject *cdp_stream_wake(PyObject *stream, PyObject *unused);
PyObject *cdp_stream_flow(PyObject *stream, PyObject *unused);

/* What an iterator gives that has no item yet, and has Stream.wake() called when it has:
 * _core.LATER. */
extern PyObject *cdp_later;
int cdp_later_init(PyObject *module);

/* For the job: a task. */
int cdp_stream_kernel(cadre_task *task, const void *item, void *result);

/* For the job: the iterator's next item. The argument is the stream. */
int cdp_stream_source(void *stream, void *item, cadre_error *err);

#endif
