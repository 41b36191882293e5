/* stream_outside.c - what any thread may do with a stream while another is in it.
 * SPDX-License-Identifier: MIT
 *
 * The interpreter is held meanwhile, and a stream's end begins with that: it is open, or
 * NULL.
 */
#include "stream_source.h"

PyObject *cdp_stream_stop(PyObject *object, PyObject *unused)
{
    (void)unused;
    cadre_stream_stop(((struct stream *)object)->stream);
    Py_RETURN_NONE;
}

PyObject *cdp_stream_wake(PyObject *object, PyObject *unused)
{
    (void)unused;
    cadre_stream_wake(((struct stream *)object)->stream);
    Py_RETURN_NONE;
}

PyObject *cdp_stream_flow(PyObject *object, PyObject *unused)
{
    struct stream *self = (struct stream *)object;
    cadre_flow flow = { 0 };

    (void)unused;
    if (self->stream)
        cadre_stream_flow(self->stream, &flow);
    return Py_BuildValue(
        "{sK,sK,sK,sK,sK,sK}", "window", (unsigned long long)flow.window, "fed",
        (unsigned long long)flow.fed, "taken", (unsigned long long)flow.taken,
        "most_items", (unsigned long long)flow.most_items, "memory_limit",
        (unsigned long long)flow.memory_limit, "most_bytes",
        (unsigned long long)flow.most_bytes);
}
