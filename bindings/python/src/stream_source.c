/* stream_source.c - where a stream's items come from.
 * SPDX-License-Identifier: MIT
 */
#include "stream_source.h"

static int send(struct stream *self, cadre_bytes *item, PyObject *object)
{
    self->item.size = 0;
    self->item.clean = self->clean.is;
    if (cdp_encode(&self->item, object))
        return -1;
    *item = (cadre_bytes){ self->item.data, self->item.size };
    return 0;
}

static int keep_source_failure(struct stream *self)
{
    Py_XDECREF(self->source_failed);
    self->source_failed = cdp_caught();
    return CADRE_ESOURCE;
}

PyObject *cdp_later;

int cdp_later_init(PyObject *module)
{
    if (!cdp_later)
        cdp_later = PyObject_CallNoArgs((PyObject *)&PyBaseObject_Type);
    return cdp_later ? PyModule_AddObjectRef(module, "LATER", cdp_later) : -1;
}

static int ask(struct stream *self, void *item)
{
    uint64_t index = self->job.indexes ? self->job.indexes[self->fed] : self->fed;
    PyObject *object;
    int rc;

    if (self->clean.failure)
        return CADRE_DONE; /* it only waits for what is below it */
    object = PyIter_Next(self->iterator);
    if (!object)
        return PyErr_Occurred() ? keep_source_failure(self) : CADRE_DONE;
    if (object == cdp_later) {
        Py_DECREF(object);
        return CADRE_LATER;
    }
    if (self->forks) {
        rc = send(self, item, object) || cdp_clean_sent(&self->clean, index) ? -1 : 0;
    } else {
        *(uint64_t *)item = index;
        rc = cdp_kept_put(&self->held, index, object);
    }
    self->fed++;
    Py_DECREF(object);
    return rc ? keep_source_failure(self) : CADRE_OK;
}

int cdp_stream_source(void *arg, void *item, cadre_error *err)
{
    struct stream *self = arg;
    struct cdp_entry entry;
    int rc;

    cdp_enter(&entry);
    rc = ask(self, item);
    cdp_leave(&entry);
    return rc == CADRE_ESOURCE
               ? cadre_source_fail(err, CADRE_ESOURCE, "the iterator raised")
               : rc;
}
