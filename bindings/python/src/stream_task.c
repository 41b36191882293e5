/* stream_task.c - a task of a stream: its item, the function, and where the result goes.
 * SPDX-License-Identifier: MIT
 */
#include "stream_source.h"

#include <stddef.h>

static PyObject *item_of(struct stream *self, uint64_t index, const void *item)
{
    const cadre_bytes *bytes = item;

    if (!self->iterator)
        return cdp_item(&self->call, self->call.first + index);
    if (self->forks)
        return cdp_decode(bytes->data, bytes->size);
    return cdp_kept_pop(&self->held, index);
}

static int emit(cadre_task *task, PyObject *value)
{
    struct cdp_bytes bytes = { 0 };
    int rc = cdp_encode(&bytes, value);

    if (!rc && cadre_task_emit(task, bytes.data, bytes.size))
        PyErr_SetString(PyExc_MemoryError, "no memory for the result"), rc = -1;
    cdp_bytes_free(&bytes);
    return rc;
}

static int work(struct stream *self, cadre_task *task, const void *bytes)
{
    uint64_t index = cadre_task_index(task);
    PyObject *item, *value = NULL;
    int rc = 0;

    if (self->call.interrupt)
        return 1;
    item = item_of(self, index, bytes);
    if (item)
        value = cdp_call_item(&self->call, task, self->call.first + index, item);
    if (!value ||
        (self->forks ? emit(task, value) : cdp_kept_put(&self->done, index, value)))
        rc = cdp_fail(&self->call, task, self->call.first + index, item);
    Py_XDECREF(value);
    Py_XDECREF(item);
    return rc;
}

int cdp_stream_kernel(cadre_task *task, const void *item, void *result)
{
    const struct cdp_call *call = cadre_task_shared(task);
    struct stream *self =
        (struct stream *)((uintptr_t)call - offsetof(struct stream, call));
    struct cdp_entry entry;
    int rc;

    (void)result;
    cdp_enter(&entry);
    rc = work(self, task, item);
    cdp_leave(&entry);
    return rc;
}
