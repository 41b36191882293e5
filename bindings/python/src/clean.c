/* clean.c - tasks in workers that were started clean, by `python -m cadre.worker`.
 * SPDX-License-Identifier: MIT
 */
#include "clean.h"

#include <cadre/worker.h>

#include <stdlib.h>
#include <string.h>

#define NAME   "cadre.python" /* of the job's functions */
#define FAILED '!'            /* before a packed exception: no object is encoded so */

/* ---- in the worker ---- */

/* Its state in a run. */
struct part {
    struct cdp_call
        call;         /* forks is another number than this process's: it is remote */
    PyObject *failed; /* why there is no call */
};

/* shared: eight bytes of size, and the encoded call. */
static PyObject *decode_shared(const char *shared)
{
    uint64_t size;

    memcpy(&size, shared, sizeof size);
    return cdp_decode(shared + sizeof size, size);
}

static int open_part(struct part *part, const char *shared)
{
    PyObject *sent = decode_shared(shared), *travelled, *call = NULL;
    unsigned long long first;
    int star, rc = -1;

    if (sent && PyArg_ParseTuple(sent, "OpK", &travelled, &star, &first))
        call = cdp_hook(CDP_RECEIVE_CALL, travelled, NULL);
    if (call && PyArg_ParseTuple(call, "OO", &part->call.fn, &part->call.seed)) {
        part->call.star = star;
        part->call.first = first;
        rc = cdp_call_init(&part->call);
        part->call.forks = cdp_forks() + 1;
    }
    Py_XDECREF(call);
    Py_XDECREF(sent);
    return rc;
}

static int begin(cadre_task *task, void **state)
{
    struct part *part = calloc(1, sizeof *part);
    struct cdp_entry entry;

    if (!part)
        return cadre_task_fail(task, 1, "no memory for a call");
    cdp_enter(&entry);
    if (open_part(part, cadre_task_shared(task)))
        part->failed = cdp_caught();
    cdp_leave(&entry);
    *state = part;
    return 0;
}

static void end(void *state)
{
    struct part *part = state;
    struct cdp_entry entry;
    PyObject *done;

    cdp_enter(&entry);
    cdp_call_fini(&part->call);
    Py_CLEAR(part->failed);
    done = cdp_hook(CDP_WORKER_END, NULL);
    if (!done)
        PyErr_WriteUnraisable(cdp_hooks[CDP_WORKER_END]);
    Py_XDECREF(done);
    cdp_leave(&entry);
    free(part);
}

/* An exception is set: in its place there are its bytes. */
static int encode_failure(struct cdp_bytes *bytes, uint64_t index, PyObject *item)
{
    PyObject *exception = cdp_caught(), *number = PyLong_FromUnsignedLongLong(index);
    PyObject *packed = NULL;
    char *data;
    Py_ssize_t size;
    bool good = false;

    if (exception && number)
        packed = cdp_hook(CDP_PACK, exception, number, item ? item : Py_None, NULL);
    bytes->size = 0;
    if (packed && !PyBytes_AsStringAndSize(packed, &data, &size))
        good = cdp_bytes_append(bytes, &(char){ FAILED }, 1) &&
               cdp_bytes_append(bytes, data, (size_t)size);
    Py_XDECREF(exception);
    Py_XDECREF(number);
    Py_XDECREF(packed);
    cdp_swallow();
    return good ? 0 : -1;
}

static int run_task(struct part *part, cadre_task *task, const cadre_bytes *sent,
                    struct cdp_bytes *out)
{
    uint64_t index = part->call.first + cadre_task_index(task);
    PyObject *item = NULL, *value = NULL;
    int rc = -1;

    if (part->failed) {
        Py_INCREF(part->failed);
        cdp_raise(part->failed);
    } else if ((item = cdp_decode(sent->data, sent->size)) != NULL) {
        value = cdp_call_item(&part->call, task, index, item);
    }
    if (value)
        rc = cdp_encode(out, value);
    if (rc)
        rc = encode_failure(out, index, item);
    Py_XDECREF(value);
    Py_XDECREF(item);
    return rc;
}

static int kernel(cadre_task *task, const void *item, void *result)
{
    struct cdp_bytes out = { .clean = true };
    struct cdp_entry entry;
    int rc;

    (void)result;
    cdp_enter(&entry);
    rc = run_task(cadre_task_state(task), task, item, &out);
    cdp_leave(&entry);
    rc = rc ? cadre_task_fail(task, 1, "no memory for what the task raised")
            : cadre_task_emit(task, out.data, out.size);
    cdp_bytes_free(&out);
    return rc;
}

static int resolve(void *arg, const void *name, size_t size, cadre_functions *out)
{
    (void)arg;
    if (size != sizeof NAME - 1 || memcmp(name, NAME, size) != 0)
        return 1;
    *out = (cadre_functions){ .fn = kernel, .worker_begin = begin, .worker_end = end };
    return 0;
}

void cdp_clean_register(void)
{
    cadre_register_resolver(resolve, NULL);
}

PyObject *cdp_clean_serve(PyObject *module, PyObject *unused)
{
    cadre_error err;
    int rc;

    (void)module;
    (void)unused;
    cdp_clean_register();
    cdp_drop();
    rc = cadre_worker_main(&err);
    cdp_take();
    if (rc)
        return cdp_raise_failure(&err, 0);
    Py_RETURN_NONE;
}

/* ---- in the caller ---- */

int cdp_clean_prepare(struct cdp_clean *clean, const struct cdp_call *call,
                      cadre_job *job)
{
    uint64_t size = 0;
    PyObject *travels =
        cdp_hook(CDP_SEND_CALL, call->fn, call->seed ? call->seed : Py_None, NULL);
    PyObject *sent = NULL;
    int rc = -1;

    clean->shared.clean = true;
    clean->shared.size = 0;
    if (travels)
        sent = Py_BuildValue("(NOK)", travels, call->star ? Py_True : Py_False,
                             (unsigned long long)call->first);
    if (sent && !cdp_bytes_append(&clean->shared, &size, sizeof size))
        PyErr_NoMemory();
    else if (sent)
        rc = cdp_encode(&clean->shared, sent);
    Py_XDECREF(sent);
    if (rc)
        return rc;
    size = clean->shared.size - sizeof size;
    memcpy(clean->shared.data, &size, sizeof size);
    job->fn = kernel;
    job->worker_begin = begin;
    job->worker_end = end;
    job->kernel_name = NAME;
    job->kernel_name_size = sizeof NAME - 1;
    job->shared = clean->shared.data;
    job->shared_size = clean->shared.size;
    return 0;
}

int cdp_clean_sent(struct cdp_clean *clean, uint64_t index)
{
    PyObject *number;
    int rc;

    if (!clean->as_they_come)
        return 0;
    if (!clean->underway && !(clean->underway = PyDict_New()))
        return -1;
    number = PyLong_FromUnsignedLongLong(index);
    rc = number ? PyDict_SetItem(clean->underway, number, Py_None) : -1;
    Py_XDECREF(number);
    return rc;
}

static int arrived(struct cdp_clean *clean, uint64_t index)
{
    PyObject *number = PyLong_FromUnsignedLongLong(index);
    int rc = number ? PyDict_DelItem(clean->underway, number) : -1;

    Py_XDECREF(number);
    if (!rc && clean->failure && index < clean->failed)
        clean->below--;
    return rc;
}

static void count_below(struct cdp_clean *clean)
{
    PyObject *number, *none;
    Py_ssize_t at = 0;

    clean->below = 0;
    while (PyDict_Next(clean->underway, &at, &number, &none))
        clean->below += PyLong_AsUnsignedLongLong(number) < clean->failed;
}

/* Keep this exception if there is none of a lower item. Steals. */
static void keep_lowest(struct cdp_clean *clean, uint64_t index, PyObject *exception)
{
    if (clean->failure && clean->failed < index) {
        Py_DECREF(exception);
        return;
    }
    Py_XDECREF(clean->failure);
    clean->failure = exception;
    clean->failed = index;
    count_below(clean);
}

bool cdp_clean_raise(struct cdp_clean *clean)
{
    PyObject *exception = clean->failure;

    if (!exception || clean->below > 0)
        return false;
    clean->failure = NULL;
    cdp_raise(exception);
    return true;
}

static PyObject *unpack(const char *data, size_t size)
{
    PyObject *packed = PyBytes_FromStringAndSize(data, (Py_ssize_t)size);
    PyObject *exception = packed ? cdp_hook(CDP_UNPACK, packed, NULL) : NULL;

    Py_XDECREF(packed);
    return exception;
}

PyObject *cdp_clean_value(struct cdp_clean *clean, uint64_t index, const char *data,
                          size_t size, bool keep_going)
{
    bool failed = size > 0 && *data == FAILED;
    PyObject *value;

    if (clean->as_they_come && arrived(clean, index))
        return NULL;
    if (clean->failure && index > clean->failed)
        return NULL;
    value = failed ? unpack(data + 1, size - 1) : cdp_decode(data, size);
    if (!failed || !value || keep_going)
        return value;
    if (clean->as_they_come)
        keep_lowest(clean, index, value);
    else
        cdp_raise(value);
    return NULL;
}

void cdp_clean_fini(struct cdp_clean *clean)
{
    Py_CLEAR(clean->underway);
    Py_CLEAR(clean->failure);
    cdp_bytes_free(&clean->shared);
}
