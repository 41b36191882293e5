/* run.c - _core.run: items to results, all at once.
 * SPDX-License-Identifier: MIT
 *
 * A task in this process puts its result straight into the list. One in a worker process
 * puts it into a slot of sixteen bytes in shared memory, and into the spool what does not
 * fit there; when all have ended, this process makes objects of them. With `out` there is
 * neither: results are written into that array, which worker processes share.
 */
#include "run.h"
#include "call.h"
#include "pool.h"

#include <string.h>

#define FAILED '!' /* kind of a slot: integer is what cdp_fail returned */

struct run {
    struct cdp_call call; /* first: tasks get its address */
    PyObject *results;    /* a list of all results, None at first; or None */
    PyObject *out;        /* an array, or None */
    Py_buffer view;       /* of out, for kinds d, q and ?; else none */
    char kind;            /* of out; 0: its elements are set as objects */
    bool forks;
    struct cdp_slot *slots; /* shared, one a task; NULL in this process, or with out */
    int *statuses;          /* shared, one a task; NULL unless keeping going */
    uint64_t first;         /* place of this part's task 0 among all */
    uint64_t *positions; /* 0, 1, ...: the job's items, where it has indexes; or NULL */
    uint64_t count;
};

/* ---- in a task ---- */

static int put_elsewhere(struct run *run, struct cdp_slot *slot, PyObject *value)
{
    struct cdp_bytes bytes = { 0 };
    char *piece = NULL;
    int32_t number = 0;
    int rc = cdp_encode(&bytes, value);

    if (!rc)
        piece = cdp_spool_put(run->call.spool, bytes.size, &number);
    if (piece) {
        memcpy(piece, bytes.data, bytes.size);
        slot->u.integer = number;
        slot->kind = CDP_ELSEWHERE;
    } else if (!rc) {
        PyErr_Format(PyExc_MemoryError,
                     "no room for %zu bytes of result: all results together are larger "
                     "than this machine's memory",
                     bytes.size);
    }
    cdp_bytes_free(&bytes);
    return piece ? 0 : -1;
}

static int set_element(struct run *run, uint64_t place, PyObject *value)
{
    PyObject *key = PyLong_FromUnsignedLongLong(place);
    int rc = key ? PyObject_SetItem(run->out, key, value) : -1;

    Py_XDECREF(key);
    return rc;
}

static int put_real(struct run *run, uint64_t place, PyObject *value)
{
    double real = PyFloat_AsDouble(value);

    if (real == -1 && PyErr_Occurred()) {
        if (PyErr_ExceptionMatches(PyExc_TypeError))
            PyErr_Format(PyExc_TypeError,
                         "the result is %R, and no number for an array of floats",
                         value);
        return -1;
    }
    ((double *)run->view.buf)[place] = real;
    return 0;
}

static int put_int(struct run *run, uint64_t place, PyObject *value)
{
    int64_t integer;

    if (Py_TYPE(value) != &PyLong_Type) /* as the array's own rules have it */
        return set_element(run, place, value);
    integer = PyLong_AsLongLong(value);
    if (integer == -1 && PyErr_Occurred())
        return -1;
    ((int64_t *)run->view.buf)[place] = integer;
    return 0;
}

/* Steals the value. */
static int store(struct run *run, uint64_t place, PyObject *value, void *slot)
{
    int rc;

    if (run->out == Py_None && !cdp_is_remote(&run->call))
        return PyList_SetItem(run->results, (Py_ssize_t)place, value);
    if (run->out == Py_None)
        rc = cdp_slot_put(slot, value) ? 0 : put_elsewhere(run, slot, value);
    else if (run->kind == 'd')
        rc = put_real(run, place, value);
    else if (run->kind == 'q')
        rc = put_int(run, place, value);
    else
        rc = set_element(run, place, value);
    Py_DECREF(value);
    return rc;
}

static int fail(struct run *run, cadre_task *task, uint64_t index, PyObject *item,
                struct cdp_slot *slot)
{
    int number = cdp_fail(&run->call, task, index, item);

    if (run->slots && cdp_is_remote(&run->call)) {
        slot->u.integer = number;
        slot->kind = FAILED;
    }
    return number;
}

static int work(struct run *run, cadre_task *task, const uint64_t *position, void *slot)
{
    uint64_t index = run->call.first + cadre_task_index(task);
    uint64_t place = position ? run->first + *position : index;
    PyObject *item, *value = NULL;
    int rc = 0;

    if (run->call.interrupt)
        return 1;
    item = cdp_item(&run->call, place);
    if (item)
        value = cdp_call_item(&run->call, task, index, item);
    if (!value || store(run, place, value, slot))
        rc = fail(run, task, index, item, slot);
    Py_XDECREF(item);
    return rc;
}

static int kernel(cadre_task *task, const void *item, void *result)
{
    struct run *run = (struct run *)(uintptr_t)cadre_task_shared(task);
    struct cdp_entry entry;
    int rc;

    if (run->call.keeps)
        return work(run, task, item, result);
    cdp_enter(&entry);
    rc = work(run, task, item, result);
    cdp_leave(&entry);
    return rc;
}

/* ---- before and after ---- */

static void *share(size_t n, size_t size)
{
    cadre_error err;
    void *memory = NULL;

    if (n > SIZE_MAX / size)
        PyErr_NoMemory();
    else if (!(memory = cadre_alloc_shared(n * size, &err)))
        cdp_raise_failure(&err, 0);
    return memory;
}

/* Tasks whose indexes are given find their place by their item, which is its number. */
static int number_places(struct run *run, cadre_job *job)
{
    if (!job->indexes)
        return 0;
    run->positions = PyMem_Calloc(run->count + 1, sizeof *run->positions);
    if (!run->positions) {
        PyErr_NoMemory();
        return -1;
    }
    for (uint64_t i = 0; i < run->count; i++)
        run->positions[i] = i;
    job->items = run->positions;
    job->item_size = sizeof *run->positions;
    return 0;
}

static int make_room(struct run *run, bool keep_going)
{
    if (keep_going && !(run->statuses = share(run->count, sizeof *run->statuses)))
        return -1;
    if (!run->forks)
        return 0;
    run->call.spool = cdp_spool_open();
    if (!run->call.spool) {
        PyErr_NoMemory();
        return -1;
    }
    if (run->out == Py_None && !(run->slots = share(run->count, sizeof *run->slots)))
        return -1;
    return 0;
}

/* What has become of a task that failed, as an object among the results. */
static PyObject *failure_at(struct run *run, uint64_t i, const cadre_error *err)
{
    const struct cdp_slot *slot = run->slots ? &run->slots[i] : NULL;
    const uint64_t *indexes = run->call.indexes.buf;
    uint64_t item = indexes ? indexes[run->first + i] : i;
    cadre_error own = { .code = run->statuses[i], .item = item };

    if (run->statuses[i] == CADRE_EKERNEL)
        return cdp_failure_of(&run->call, run->call.first + item,
                              slot && slot->kind == FAILED ? (int32_t)slot->u.integer
                                                           : 0);
    if (err->code && err->item == item)
        return cdp_make_failure(err, run->call.first);
    strncpy(own.message, cadre_strerror(own.code), sizeof own.message - 1);
    return cdp_make_failure(&own, run->call.first);
}

static PyObject *result_at(struct run *run, uint64_t i)
{
    const struct cdp_slot *slot = &run->slots[i];
    const char *bytes;
    size_t size;

    if (slot->kind != CDP_ELSEWHERE)
        return cdp_slot_get(slot);
    bytes = cdp_spool_get(run->call.spool, (int32_t)slot->u.integer, &size);
    return cdp_decode(bytes, size);
}

static int collect(struct run *run, const cadre_error *err)
{
    for (uint64_t i = 0; i < run->count; i++) {
        PyObject *value;

        if (run->statuses && run->statuses[i])
            value = failure_at(run, i, err);
        else if (run->slots && run->slots[i].kind)
            value = result_at(run, i);
        else
            continue; /* it is there: the task ran in this process */
        if (!value || PyList_SetItem(run->results, (Py_ssize_t)(run->first + i), value))
            return -1;
    }
    return 0;
}

static int perform(struct run *run, cadre_job *job)
{
    bool keeps_going = run->statuses != NULL;
    cadre_error err;
    int rc;

    if (!run->call.keeps)
        cdp_drop();
    rc = cadre_map(run->call.pool, job, &err);
    if (!run->call.keeps)
        cdp_take();
    if (keeps_going && rc != CADRE_ECANCELLED && err.item != CADRE_NO_ITEM)
        rc = CADRE_OK;
    if (cdp_raise_end(&run->call, rc, &err))
        return -1;
    return run->out == Py_None ? collect(run, &err) : 0;
}

/* d, q: elements are written as they are; else 0, and the array sets them itself. */
static int view_out(struct run *run, const char *kind)
{
    run->kind = 0;
    if (run->out == Py_None || (*kind != 'd' && *kind != 'q'))
        return 0;
    if (PyObject_GetBuffer(run->out, &run->view, PyBUF_WRITABLE | PyBUF_C_CONTIGUOUS))
        return -1;
    if ((uint64_t)run->view.len / 8 < run->first + run->count) {
        PyErr_SetString(PyExc_ValueError, "out is shorter than the items");
        return -1;
    }
    run->kind = *kind;
    return 0;
}

static void release(struct run *run)
{
    if (run->view.obj)
        PyBuffer_Release(&run->view);
    cadre_free_shared(run->slots);
    cadre_free_shared(run->statuses);
    PyMem_Free(run->positions);
    cdp_call_fini(&run->call);
}

static bool fits(const struct run *run)
{
    Py_ssize_t n;

    if (run->out != Py_None)
        return true;
    n = PyList_Size(run->results);
    if (n >= 0 && (uint64_t)n >= run->count && (uint64_t)n - run->count >= run->first)
        return true;
    if (n >= 0)
        PyErr_SetString(PyExc_ValueError, "the list of results is too short");
    return false;
}

PyObject *cdp_run(PyObject *module, PyObject *args, PyObject *kw)
{
    static char *words[] = { "pool",    "fn",         "items",       "first",
                             "count",   "results",    "star",        "keep_going",
                             "retries", "timeout_ms", "deadline_ms", "grace_ms",
                             "chunk",   "seed",       "progress",    "out",
                             "kind",    "prefetch",   "indexes",     NULL };
    struct run run = { .out = Py_None };
    cadre_job job = { .fn = kernel,
                      .worker_begin = cdp_begin,
                      .worker_end = cdp_end,
                      .shared = &run,
                      .progress = cdp_progress,
                      .progress_arg = &run };
    PyObject *pool, *progress = Py_None, *indexes = Py_None;
    unsigned long long first, count, chunk = 0, prefetch = 0;
    const char *kind = "";
    int star = 0, keep_going = 0, rc;

    (void)module;
    if (!PyArg_ParseTupleAndKeywords(
            args, kw, "OOOKKO|$ppIIIIKOOOsKO", words, &pool, &run.call.fn,
            &run.call.items, &first, &count, &run.results, &star, &keep_going,
            &job.retries, &job.timeout_ms, &job.deadline_ms, &job.grace_ms, &chunk,
            &run.call.seed, &progress, &run.out, &kind, &prefetch, &indexes) ||
        !cdp_pool_of(pool, &run.call.pool))
        return NULL;
    run.call.star = star;
    run.first = first;
    run.call.keeps = !run.call.pool;
    run.call.progress = progress == Py_None ? NULL : progress;
    run.count = job.n = count;
    run.forks = cdp_pool_forks(pool);
    if (cdp_call_init(&run.call) || cdp_call_index(&run.call, &job, indexes, first)) {
        cdp_call_fini(&run.call);
        return NULL;
    }
    rc = fits(&run) && !view_out(&run, kind) && !make_room(&run, keep_going) &&
                 !number_places(&run, &job)
             ? 0
             : -1;
    job.chunk = chunk;
    job.prefetch = prefetch;
    job.statuses = run.statuses;
    job.on_error = keep_going ? CADRE_KEEP_GOING : CADRE_STOP;
    job.results = run.slots;
    job.result_size = run.slots ? sizeof *run.slots : 0;
    if (!rc)
        rc = perform(&run, &job);
    release(&run);
    if (rc)
        return NULL;
    Py_RETURN_NONE;
}
