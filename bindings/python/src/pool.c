/* pool.c - cadre_pool as a Python object.
 * SPDX-License-Identifier: MIT
 */
#include "pool.h"
#include "clean.h"
#include "gil.h"
#include "hooks.h"
#include "opener.h"

#include <cadre/plan.h>

#include <string.h>
#include <unistd.h>

struct pool {
    PyObject head;
    cadre_pool *pool;
    pid_t owner;
};

static PyTypeObject *pool_type;

/* From any of the threads that call cadre. */
static void on_log(void *arg, int level, const char *text)
{
    struct cdp_entry entry;
    PyObject *number, *words, *done = NULL;

    (void)arg;
    cdp_enter(&entry);
    number = PyLong_FromLong(level);
    words = PyUnicode_DecodeUTF8(text, (Py_ssize_t)strlen(text), "replace");
    if (number && words)
        done = cdp_hook(CDP_LOG, number, words, NULL);
    if (!done)
        cdp_swallow();
    Py_XDECREF(number);
    Py_XDECREF(words);
    Py_XDECREF(done);
    cdp_leave(&entry);
}

static int open_pool(struct pool *self, const cadre_options *options,
                     const struct cdp_opener *opener)
{
    cadre_error err;
    int rc;

    if (opener) {
        cdp_clean_register(); /* this process may turn out to be a worker */
        cdp_drop_to_serve();
        rc = opener->open(&self->pool, options, &err);
        cdp_take_served();
    } else {
        cdp_drop();
        rc = cadre_open(&self->pool, options, &err);
        cdp_take();
    }
    self->owner = getpid();
    if (rc == CADRE_DONE)
        PyErr_SetObject(PyExc_SystemExit, Py_None);
    else if (rc)
        cdp_raise_failure(&err, 0);
    return rc ? -1 : 0;
}

/* The texts of a tuple, which has to stay, and NULL; to be freed. NULL with an exception,
 * and for NULL. */
static const char *const *words_of(PyObject *tuple)
{
    Py_ssize_t n = tuple ? PyTuple_Size(tuple) : -1;
    const char **texts;

    if (n < 0)
        return NULL;
    texts = PyMem_Calloc((size_t)n + 1, sizeof *texts);
    if (!texts)
        PyErr_NoMemory();
    for (Py_ssize_t k = 0; texts && k < n; k++) {
        texts[k] = PyUnicode_AsUTF8AndSize(PyTuple_GetItem(tuple, k), NULL);
        if (!texts[k]) {
            PyMem_Free(texts);
            return NULL;
        }
    }
    return texts;
}

static int init(PyObject *object, PyObject *args, PyObject *kw)
{
    static char *words[] = { "backend",
                             "workers",
                             "isolate",
                             "oversubscribe",
                             "ignore_environment",
                             "exact_workers",
                             "min_items",
                             "if_serial",
                             "name",
                             "chunk",
                             "not_thread_safe",
                             "worker_command",
                             "opener",
                             NULL };
    struct pool *self = (struct pool *)object;
    cadre_options o = { .log = on_log };
    int isolate = 0, oversubscribe = 0, ignore = 0, exact = 0, unsafe = 0, rc;
    unsigned long long min_items = 0, chunk = 0;
    PyObject *command = NULL, *capsule = NULL;
    const struct cdp_opener *opener = NULL;

    if (!PyArg_ParseTupleAndKeywords(args, kw, "|zippppKizKpO!O", words, &o.backend,
                                     &o.workers, &isolate, &oversubscribe, &ignore,
                                     &exact, &min_items, &o.if_serial, &o.name, &chunk,
                                     &unsafe, &PyTuple_Type, &command, &capsule))
        return -1;
    if (self->pool) {
        PyErr_SetString(PyExc_RuntimeError, "the pool is open already");
        return -1;
    }
    o.isolate = isolate;
    o.oversubscribe = oversubscribe;
    o.ignore_environment = ignore;
    o.exact_workers = exact;
    o.not_thread_safe = unsafe;
    o.min_items = min_items;
    o.chunk = chunk;
    if (capsule && !(opener = PyCapsule_GetPointer(capsule, CDP_OPENER)))
        return -1;
    o.worker_command = words_of(command);
    if (command && !o.worker_command)
        return -1;
    rc = open_pool(self, &o, opener);
    PyMem_Free((void *)(uintptr_t)o.worker_command);
    return rc;
}

static void end(struct pool *self)
{
    cadre_pool *pool = self->pool;

    self->pool = NULL;
    if (!pool)
        return;
    cdp_drop();
    cadre_close(pool);
    cdp_take();
}

static PyObject *close_pool(PyObject *self, PyObject *unused)
{
    (void)unused;
    end((struct pool *)self);
    Py_RETURN_NONE;
}

static PyObject *cancel(PyObject *self, PyObject *unused)
{
    (void)unused;
    cadre_cancel(((struct pool *)self)->pool);
    Py_RETURN_NONE;
}

static PyObject *explain(PyObject *self, PyObject *args)
{
    static char text[CADRE_EXPLAIN_MAX]; /* under the interpreter */
    cadre_pool *pool;
    cadre_error err;

    (void)args;
    if (!cdp_pool_of(self, &pool))
        return NULL;
    if (cadre_explain(pool, NULL, text, sizeof text, &err))
        return cdp_raise_failure(&err, 0);
    return PyUnicode_DecodeUTF8(text, (Py_ssize_t)strlen(text), "replace");
}

static void dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);

    end((struct pool *)self);
    release(self);
    Py_DECREF(type);
}

static PyObject *get_backend(PyObject *self, void *unused)
{
    (void)unused;
    return PyUnicode_FromString(cadre_backend_name(((struct pool *)self)->pool));
}

static PyObject *get_workers(PyObject *self, void *unused)
{
    (void)unused;
    return PyLong_FromUnsignedLong(cadre_workers(((struct pool *)self)->pool));
}

bool cdp_pool_of(PyObject *object, cadre_pool **pool)
{
    *pool = NULL;
    if (object == Py_None)
        return true;
    if (Py_TYPE(object) != pool_type) {
        PyErr_SetString(PyExc_TypeError, "expected a cadre._core.Pool or None");
        return false;
    }
    *pool = ((struct pool *)object)->pool;
    if (!*pool)
        PyErr_SetString(PyExc_ValueError, "the pool is closed");
    return *pool != NULL;
}

bool cdp_pool_forks(PyObject *object)
{
    const struct pool *self = (const struct pool *)object;

    return object != Py_None && self->owner == getpid() &&
           strcmp(cadre_backend_name(self->pool), "processes") == 0;
}

bool cdp_pool_is_clean(PyObject *object)
{
    const struct pool *self = (const struct pool *)object;

    return object != Py_None && self->owner == getpid() &&
           (strcmp(cadre_backend_name(self->pool), "mpi") == 0 ||
            (cdp_pool_forks(object) && !cadre_shares_memory(self->pool)));
}

int cdp_pool_type_init(PyObject *module)
{
    static PyMethodDef methods[] = {
        { "close", close_pool, METH_NOARGS, "End the workers." },
        { "cancel", cancel, METH_NOARGS, "Cancel what runs on the pool now." },
        { "explain", explain, METH_NOARGS, "The plan, and why." },
        { NULL, NULL, 0, NULL },
    };
    static PyGetSetDef getters[] = {
        { "backend", get_backend, NULL, "The name of the backend.", NULL },
        { "workers", get_workers, NULL, "How many workers there are.", NULL },
        { NULL, NULL, NULL, NULL, NULL },
    };
    static char doc[] = "Workers that are ready. Internal: use cadre.Pool.";
    static PyType_Slot slots[] = {
        { Py_tp_doc, doc },
        { Py_tp_init, init },
        { Py_tp_new, PyType_GenericNew },
        { Py_tp_methods, methods },
        { Py_tp_getset, getters },
        { Py_tp_dealloc, dealloc },
        { 0, NULL },
    };
    static PyType_Spec spec = { "cadre._core.Pool", sizeof(struct pool), 0,
                                Py_TPFLAGS_DEFAULT, slots };

    pool_type = (PyTypeObject *)PyType_FromSpec(&spec);
    return pool_type ? PyModule_AddObjectRef(module, "Pool", (PyObject *)pool_type)
                     : -1;
}
