/* stream.c - _core.Stream: results one by one, from inputs without an end.
 * SPDX-License-Identifier: MIT
 *
 * Items are those of a sequence, by number; or an iterator's, which the caller's thread asks
 * for them. To a worker process the latter go as bytes. A task in this process finds its
 * item in `held` and leaves its result in `done`, so that whatever becomes of the stream,
 * dropping those two drops all.
 *
 * A stream belongs to the thread that first asked it for a result: worker processes die
 * with that.
 */
#include "stream.h"
#include "pool.h"
#include "stream_source.h"

#include <stddef.h>
#include <structmember.h>
#include <time.h>

/* ---- begin and end ---- */

static void end(struct stream *self)
{
    cadre_stream *stream = self->stream;

    if (self->ending)
        return; /* workers still read it, until who has begun that is done */
    self->ending = true;
    self->stream = NULL;
    self->over = true;
    if (stream) {
        cdp_drop();
        cadre_stream_close(stream);
        cdp_take();
    }
    Py_CLEAR(self->iterator);
    cdp_kept_drop(&self->held);
    cdp_kept_drop(&self->done);
    Py_CLEAR(self->pool);
    cdp_call_fini(&self->call);
    cdp_bytes_free(&self->item);
    cdp_clean_fini(&self->clean);
    self->ending = false;
}

static int open_stream(struct stream *self)
{
    cadre_job *job = &self->job;
    cadre_error err;
    int rc;

    self->thread = pthread_self();
    self->call.forks = cdp_forks();
    if (self->clean.is) {
        if (cdp_clean_prepare(&self->clean, &self->call, job))
            return -1;
    } else if (self->forks && !(self->call.spool = cdp_spool_open())) {
        PyErr_NoMemory();
        return -1;
    }
    if (self->iterator) {
        job->source = cdp_stream_source;
        job->source_arg = self;
        job->item_size = self->forks ? CADRE_BYTES : sizeof(uint64_t);
    }
    job->result_size = self->forks ? 0 : sizeof(uint64_t);
    cdp_drop();
    rc = cadre_stream_open(&self->stream, self->call.pool, job, &err);
    cdp_take();
    return rc ? cdp_raise_end(&self->call, rc, &err) : 0;
}

/* Raise why there are no more records; plain NULL at the end. */
static PyObject *finish(struct stream *self, int rc, const cadre_error *err)
{
    PyObject *exception = self->source_failed;

    if (rc == CADRE_ESOURCE && exception && !self->call.interrupt) {
        self->source_failed = NULL;
        cdp_raise(exception);
    } else if (rc != CADRE_DONE || self->call.interrupt) {
        cdp_raise_end(&self->call, rc, err);
    }
    return NULL;
}

static PyObject *value_of(struct stream *self, const cadre_record *record)
{
    const cadre_error *why = record->error;

    if (why && why->code == CADRE_EKERNEL)
        return cdp_failure_of(&self->call, self->call.first + record->index, why->user);
    if (why)
        return cdp_make_failure(why, self->call.first);
    if (self->clean.is)
        return cdp_clean_value(&self->clean, record->index, record->data, record->size,
                               self->job.on_error == CADRE_KEEP_GOING);
    return self->forks ? cdp_decode(record->data, record->size)
                       : cdp_kept_pop(&self->done, record->index);
}

/* Without a pool nobody else is waited for, and nothing is forked. */
static int next_record(struct stream *self, cadre_record *record, cadre_error *err)
{
    bool held;
    int rc;

    if (self->alone) {
        held = cdp_hold(true);
        rc = cadre_stream_next(self->stream, record, err);
        cdp_hold(held);
        return rc;
    }
    cdp_drop();
    rc = cadre_stream_next(self->stream, record, err);
    cdp_take();
    return rc;
}

static PyObject *take(struct stream *self)
{
    PyObject *value = NULL;
    cadre_record record;
    cadre_error err;
    int rc;

    while (!cdp_clean_raise(&self->clean)) {
        rc = next_record(self, &record, &err);
        if (rc != CADRE_OK || self->call.interrupt)
            return finish(self, rc, &err);
        value = value_of(self, &record);
        if (value || PyErr_Occurred())
            return value;
    }
    return NULL;
}

static double now(void)
{
    struct timespec t = { 0 };

    clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail */
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static PyObject *take_in_time(struct stream *self)
{
    double began = now();
    PyObject *value = take(self);

    self->spent += now() - began;
    return value;
}

static bool may_begin(struct stream *self)
{
    if (self->busy)
        PyErr_SetString(PyExc_ValueError, "the stream is in use already");
    else if (self->stream && !pthread_equal(self->thread, pthread_self()))
        PyErr_SetString(PyExc_RuntimeError,
                        "a stream belongs to the thread that took its first result");
    return !PyErr_Occurred();
}

/* Ends it, too, with the exception that is set kept. */
static void end_quietly(struct stream *self)
{
    PyObject *type, *value, *traceback;

    PyErr_Fetch(&type, &value, &traceback);
    end(self);
    PyErr_Restore(type, value, traceback);
}

/* A StopIteration of the function's must not pass for the stream's own. */
static void raise_stop_by_another_name(void)
{
    PyObject *exception, *other;

    if (!PyErr_ExceptionMatches(PyExc_StopIteration))
        return;
    exception = cdp_caught();
    other = cdp_hook(CDP_STOPPED, exception, NULL);
    Py_DECREF(exception);
    if (other)
        cdp_raise(other);
}

static PyObject *next(PyObject *object)
{
    struct stream *self = (struct stream *)object;
    PyObject *value = NULL;

    if (!may_begin(self) || (self->over && !self->stream))
        return NULL;
    self->busy = true;
    if (self->stream || !open_stream(self))
        value = self->alone ? take_in_time(self) : take(self);
    self->given += value != NULL;
    self->busy = false;
    if (!value && PyErr_Occurred())
        raise_stop_by_another_name();
    if (!value)
        end_quietly(self);
    return value;
}

static PyObject *start(PyObject *object, PyObject *unused)
{
    struct stream *self = (struct stream *)object;

    (void)unused;
    if (!may_begin(self))
        return NULL;
    if (!self->stream && !self->over && open_stream(self)) {
        end_quietly(self);
        return NULL;
    }
    Py_RETURN_NONE;
}

static PyObject *close_stream(PyObject *object, PyObject *unused)
{
    struct stream *self = (struct stream *)object;

    (void)unused;
    if (!may_begin(self))
        return NULL;
    end(self);
    Py_RETURN_NONE;
}

/* Also from another thread than the stream's, as long as that is not in it. */
static PyObject *abandon(PyObject *object, PyObject *unused)
{
    struct stream *self = (struct stream *)object;

    (void)unused;
    if (self->busy)
        cadre_stream_stop(self->stream);
    else
        end(self);
    Py_RETURN_NONE;
}

static int set_up(struct stream *self, PyObject *items, PyObject *progress)
{
    self->over = false;
    self->call.keeps = false;
    self->call.progress = progress == Py_None ? NULL : progress;
    self->clean.is = cdp_pool_is_clean(self->pool);
    self->forks = self->clean.is || cdp_pool_forks(self->pool);
    self->alone = !self->call.pool;
    self->clean.as_they_come =
        self->clean.is && self->job.unordered && self->job.on_error == CADRE_STOP;
    Py_INCREF(self->pool);
    if (PyIter_Check(items)) {
        Py_INCREF(items);
        self->iterator = items;
    } else {
        self->call.items = items;
        self->job.n = (uint64_t)PySequence_Size(items) - self->call.before;
    }
    if (PyErr_Occurred() || cdp_call_init(&self->call))
        return -1;
    return cdp_kept_init(&self->held) || cdp_kept_init(&self->done) ? -1 : 0;
}

static int init(PyObject *object, PyObject *args, PyObject *kw)
{
    static char *words[] = { "pool",      "fn",         "items",        "star",
                             "unordered", "keep_going", "window",       "memory_limit",
                             "retries",   "timeout_ms", "deadline_ms",  "grace_ms",
                             "chunk",     "seed",       "progress",     "first",
                             "prefetch",  "indexes",    "caller_waits", NULL };
    struct stream *self = (struct stream *)object;
    struct cdp_call *call = &self->call;
    cadre_job *job = &self->job;
    PyObject *items, *progress = Py_None, *indexes = Py_None;
    unsigned long long window = 0, limit = 0, chunk = 0, first = 0, prefetch = 0;
    int star = 0, unordered = 0, keep_going = 0, caller_waits = 0;

    self->over = true; /* until it has all */
    if (self->call.failures) {
        PyErr_SetString(PyExc_RuntimeError, "the stream is open already");
        return -1;
    }
    *job = (cadre_job){ .fn = cdp_stream_kernel,
                        .worker_begin = cdp_begin,
                        .worker_end = cdp_end,
                        .shared = call,
                        .progress = cdp_progress,
                        .progress_arg = call };
    if (!PyArg_ParseTupleAndKeywords(
            args, kw, "OOO|$pppKKIIIIKOOKKOp", words, &self->pool, &call->fn, &items,
            &star, &unordered, &keep_going, &window, &limit, &job->retries,
            &job->timeout_ms, &job->deadline_ms, &job->grace_ms, &chunk, &call->seed,
            &progress, &first, &prefetch, &indexes, &caller_waits) ||
        !cdp_pool_of(self->pool, &call->pool)) {
        self->pool = NULL;
        call->fn = call->seed = NULL;
        return -1;
    }
    call->star = star;
    call->before = first;
    job->unordered = unordered;
    job->caller_waits = caller_waits;
    job->on_error = keep_going ? CADRE_KEEP_GOING : CADRE_STOP;
    job->window = window;
    job->memory_limit = limit;
    job->chunk = chunk;
    job->prefetch = prefetch;
    if (set_up(self, items, progress))
        return -1;
    if (indexes != Py_None)
        job->n = 0; /* as many as there are indexes */
    if (cdp_call_index(call, job, indexes, first))
        return -1;
    if (indexes != Py_None)
        job->n = job->n_indexes;
    return 0;
}

/* A stream may be in what its function or its iterator has. */
static int traverse(PyObject *object, visitproc visit, void *arg)
{
    struct stream *self = (struct stream *)object;

    Py_VISIT(Py_TYPE(object));
    Py_VISIT(self->call.fn);
    Py_VISIT(self->call.items);
    Py_VISIT(self->call.seed);
    Py_VISIT(self->call.progress);
    Py_VISIT(self->call.failures);
    Py_VISIT(self->pool);
    Py_VISIT(self->iterator);
    Py_VISIT(self->source_failed);
    Py_VISIT(self->clean.failure);
    Py_VISIT(self->held.one);
    Py_VISIT(self->held.others);
    Py_VISIT(self->done.one);
    Py_VISIT(self->done.others);
    return 0;
}

static int clear(PyObject *object)
{
    end_quietly((struct stream *)object);
    return 0;
}

static void dealloc(PyObject *object)
{
    struct stream *self = (struct stream *)object;
    PyTypeObject *type = Py_TYPE(object);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);

    PyObject_GC_UnTrack(object);
    if (self->weak_references)
        PyObject_ClearWeakRefs(object);
    end_quietly(self);
    Py_XDECREF(self->source_failed);
    release(object);
    Py_DECREF(type);
}

static PyObject *self_of(PyObject *object)
{
    Py_INCREF(object);
    return object;
}

int cdp_stream_type_init(PyObject *module)
{
    static PyMethodDef methods[] = {
        { "start", start, METH_NOARGS,
          "Fork the workers now, not at the first result." },
        { "close", close_stream, METH_NOARGS, "End the workers." },
        { "abandon", abandon, METH_NOARGS,
          "End the workers, from any thread; while one is in it, only stop." },
        { "stop", cdp_stream_stop, METH_NOARGS,
          "Begin no more tasks; from any thread." },
        { "wake", cdp_stream_wake, METH_NOARGS,
          "The iterator has more, that gave LATER; from any thread." },
        { "flow", cdp_stream_flow, METH_NOARGS,
          "How far it is, and the most it ever held." },
        { NULL, NULL, 0, NULL },
    };
    static PyMemberDef members[] = {
        { "__weaklistoffset__", T_PYSSIZET, offsetof(struct stream, weak_references),
          READONLY, NULL },
        { "given", T_ULONGLONG, offsetof(struct stream, given), READONLY,
          "Results that it has given." },
        { "spent", T_DOUBLE, offsetof(struct stream, spent), READONLY,
          "Seconds in which it was asked for them, if it has no pool." },
        { NULL, 0, 0, 0, NULL },
    };
    static char doc[] = "Results one by one. Internal: use cadre.imap.";
    static PyType_Slot slots[] = {
        { Py_tp_doc, doc },
        { Py_tp_init, init },
        { Py_tp_new, PyType_GenericNew },
        { Py_tp_iter, self_of },
        { Py_tp_iternext, next },
        { Py_tp_methods, methods },
        { Py_tp_members, members },
        { Py_tp_traverse, traverse },
        { Py_tp_clear, clear },
        { Py_tp_dealloc, dealloc },
        { 0, NULL },
    };
    static PyType_Spec spec = { "cadre._core.Stream", sizeof(struct stream), 0,
                                Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, slots };
    PyObject *type = PyType_FromSpec(&spec);
    int rc = type ? PyModule_AddObjectRef(module, "Stream", type) : -1;

    Py_XDECREF(type);
    return rc ? rc : cdp_later_init(module);
}
