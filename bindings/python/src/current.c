/* current.c - cadre.current_task(): where am I, what random numbers are mine, go on?
 * SPDX-License-Identifier: MIT
 */
#include "current.h"

#include <structmember.h>

/* The task that this thread is in, the innermost. */
static _Thread_local struct cdp_current *current;

struct task {
    PyObject head;
    unsigned long long index;
    unsigned long long serial; /* of the call that it is of */
    PyObject *seed;
    PyObject *rng;   /* made when first asked for */
    PyObject *state; /* the worker's; or NULL */
};

static PyTypeObject *task_type;

void cdp_current_push(struct cdp_current *c)
{
    static _Thread_local unsigned long long serial;

    c->serial = ++serial;
    c->outer = current;
    current = c;
}

void cdp_current_pop(struct cdp_current *c)
{
    current = c->outer;
    Py_XDECREF(c->object);
}

static PyObject *make_task(const struct cdp_current *c)
{
    allocfunc alloc = (allocfunc)PyType_GetSlot(task_type, Py_tp_alloc);
    struct task *task = (struct task *)alloc(task_type, 0);

    if (!task)
        return NULL;
    task->index = c->index;
    task->serial = c->serial;
    task->seed = c->call->seed ? c->call->seed : Py_None;
    Py_INCREF(task->seed);
    return (PyObject *)task;
}

PyObject *cdp_current_task(PyObject *module, PyObject *unused)
{
    (void)module;
    (void)unused;
    if (!current)
        Py_RETURN_NONE;
    if (!current->object && !(current->object = make_task(current)))
        return NULL;
    Py_INCREF(current->object);
    return current->object;
}

/* The task goes on to another item: from now on it is known by that. */
PyObject *cdp_current_at(PyObject *module, PyObject *number)
{
    unsigned long long index = PyLong_AsUnsignedLongLong(number);
    struct task *before, *now;

    (void)module;
    if (PyErr_Occurred())
        return NULL;
    if (!current)
        Py_RETURN_NONE;
    current->index = index;
    before = (struct task *)current->object;
    if (before) {
        now = (struct task *)make_task(current);
        if (!now)
            return NULL;
        now->state = before->state;
        Py_XINCREF(now->state);
        current->object = (PyObject *)now;
        Py_DECREF(before);
    }
    Py_RETURN_NONE;
}

static PyObject *get_cancelled(PyObject *self, void *unused)
{
    const struct task *task = (const struct task *)self;

    (void)unused;
    for (const struct cdp_current *c = current; c; c = c->outer)
        if (c->serial == task->serial && c->index == task->index)
            return PyBool_FromLong(cadre_task_cancelled(c->task) ||
                                   c->call->interrupt != NULL);
    Py_RETURN_TRUE;
}

static PyObject *get_rng(PyObject *self, void *unused)
{
    struct task *task = (struct task *)self;
    PyObject *index;

    (void)unused;
    if (!task->rng) {
        index = PyLong_FromUnsignedLongLong(task->index);
        if (!index)
            return NULL;
        task->rng = cdp_hook(CDP_GENERATOR, task->seed, index, NULL);
        Py_DECREF(index);
    }
    Py_XINCREF(task->rng);
    return task->rng;
}

static PyObject *repr(PyObject *self)
{
    return PyUnicode_FromFormat("<cadre.Task index=%llu>",
                                ((struct task *)self)->index);
}

static void dealloc(PyObject *self)
{
    struct task *task = (struct task *)self;
    PyTypeObject *type = Py_TYPE(self);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);

    Py_XDECREF(task->seed);
    Py_XDECREF(task->rng);
    Py_XDECREF(task->state);
    release(self);
    Py_DECREF(type);
}

int cdp_task_type_init(PyObject *module)
{
    static PyMemberDef members[] = {
        { "index", T_ULONGLONG, offsetof(struct task, index), READONLY,
          "The item's place among all, counted from 0." },
        { "state", T_OBJECT, offsetof(struct task, state), 0,
          "What the option state= has made for this worker, or None." },
        { NULL, 0, 0, 0, NULL },
    };
    static PyGetSetDef getters[] = {
        { "cancelled", get_cancelled, NULL,
          "True once nobody wants the result any more: a long task may ask, and return.",
          NULL },
        { "rng", get_rng, NULL,
          "The item's own random numbers: a NumPy Generator over\n"
          "SeedSequence(seed).spawn(n)[index], made when first asked for.",
          NULL },
        { NULL, NULL, NULL, NULL, NULL },
    };
    static char doc[] = "What a task can ask about itself; see cadre.current_task().";
    static PyType_Slot slots[] = {
        { Py_tp_doc, doc },   { Py_tp_members, members }, { Py_tp_getset, getters },
        { Py_tp_repr, repr }, { Py_tp_dealloc, dealloc }, { 0, NULL },
    };
    static PyType_Spec spec = { "cadre.Task", sizeof(struct task), 0,
                                Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
                                slots };

    task_type = (PyTypeObject *)PyType_FromSpec(&spec);
    return task_type ? PyModule_AddObjectRef(module, "Task", (PyObject *)task_type)
                     : -1;
}
