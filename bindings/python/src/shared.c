/* shared.c - memory that worker processes write to as well, as a writable buffer.
 * SPDX-License-Identifier: MIT
 */
#include "shared.h"
#include "hooks.h"

#include <cadre/cadre.h>

struct shared {
    PyObject head;
    char *memory;
    Py_ssize_t size;
};

static int init(PyObject *object, PyObject *args, PyObject *kw)
{
    static char *words[] = { "size", NULL };
    struct shared *self = (struct shared *)object;
    Py_ssize_t size;
    cadre_error err;

    if (!PyArg_ParseTupleAndKeywords(args, kw, "n", words, &size))
        return -1;
    if (size < 0 || self->memory) {
        PyErr_Format(PyExc_ValueError, "Shared(%zd): a size is not negative", size);
        return -1;
    }
    self->memory = cadre_alloc_shared((size_t)size, &err);
    self->size = size;
    if (!self->memory)
        cdp_raise_failure(&err, 0);
    return self->memory ? 0 : -1;
}

static int get_buffer(PyObject *object, Py_buffer *view, int flags)
{
    struct shared *self = (struct shared *)object;

    return PyBuffer_FillInfo(view, object, self->memory, self->size, 0, flags);
}

static void dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);

    cadre_free_shared(((struct shared *)self)->memory);
    release(self);
    Py_DECREF(type);
}

int cdp_shared_type_init(PyObject *module)
{
    static char doc[] = "Shared(size): zeroed memory that workers share; a buffer.";
    static PyType_Slot slots[] = {
        { Py_tp_doc, doc },
        { Py_tp_init, init },
        { Py_tp_new, PyType_GenericNew },
        { Py_bf_getbuffer, get_buffer },
        { Py_tp_dealloc, dealloc },
        { 0, NULL },
    };
    static PyType_Spec spec = { "cadre._core.Shared", sizeof(struct shared), 0,
                                Py_TPFLAGS_DEFAULT, slots };
    PyObject *type = PyType_FromSpec(&spec);
    int rc = type ? PyModule_AddObjectRef(module, "Shared", type) : -1;

    Py_XDECREF(type);
    return rc;
}
