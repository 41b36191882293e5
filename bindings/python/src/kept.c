/* kept.c - items, or results, of this process by index.
 * SPDX-License-Identifier: MIT
 */
#include "kept.h"

int cdp_kept_init(struct cdp_kept *kept)
{
    kept->others = PyDict_New();
    return kept->others ? 0 : -1;
}

void cdp_kept_drop(struct cdp_kept *kept)
{
    Py_CLEAR(kept->one);
    Py_CLEAR(kept->others);
}

int cdp_kept_put(struct cdp_kept *kept, uint64_t index, PyObject *object)
{
    PyObject *key;
    int rc;

    if (!kept->one) {
        Py_INCREF(object);
        kept->one = object;
        kept->index = index;
        return 0;
    }
    key = PyLong_FromUnsignedLongLong(index);
    rc = key ? PyDict_SetItem(kept->others, key, object) : -1;
    Py_XDECREF(key);
    return rc;
}

static PyObject *pop_other(struct cdp_kept *kept, uint64_t index)
{
    PyObject *key = PyLong_FromUnsignedLongLong(index), *object = NULL;

    if (key)
        object = PyDict_GetItemWithError(kept->others, key); /* borrowed */
    Py_XINCREF(object);
    if (object && PyDict_DelItem(kept->others, key))
        Py_CLEAR(object);
    if (!object && !PyErr_Occurred())
        PyErr_SetString(PyExc_SystemError, "an item has got lost");
    Py_XDECREF(key);
    return object;
}

PyObject *cdp_kept_pop(struct cdp_kept *kept, uint64_t index)
{
    PyObject *object = kept->one;

    if (!object || kept->index != index)
        return pop_other(kept, index);
    kept->one = NULL;
    return object;
}
