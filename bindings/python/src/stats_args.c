/* stats_args.c - what statistics are asked for: a dictionary, as a cadre_bootstrap.
 * SPDX-License-Identifier: MIT
 */
#include "stats_args.h"
#include "pool.h"

#include <string.h>

/* Kinds: arrays of B (bytes), I (32 bits), d (double), D (double, written to); numbers:
 * q (64 bits), f (double), u (unsigned), i (int). */
struct field {
    const char *name;
    char kind;
    size_t at;
};

#define AT(name) offsetof(cadre_bootstrap, name)

static const struct field fields[] = {
    { "labels", 'B', AT(labels) },
    { "other", 'd', AT(other) },
    { "weights", 'd', AT(weights) },
    { "class_of", 'I', AT(class_of) },
    { "strata", 'I', AT(strata) },
    { "clusters", 'I', AT(clusters) },
    { "replicates", 'D', AT(replicates) },
    { "errors", 'D', AT(errors) },
    { "resamples", 'q', AT(resamples) },
    { "seed", 'q', AT(seed) },
    { "chunk", 'q', AT(chunk) },
    { "batch", 'q', AT(batch) },
    { "most_resamples", 'q', AT(most_resamples) },
    { "done", 'q', AT(done) },
    { "confidence", 'f', AT(confidence) },
    { "degenerate_most", 'f', AT(degenerate_most) },
    { "until_error", 'f', AT(until_error) },
    { "null", 'f', AT(null) },
    { "seeding", 'i', AT(seeding) },
    { "classes", 'u', AT(classes) },
    { "by_label", 'u', AT(by_label) },
    { "threshold", 'f', AT(metric.threshold) },
    { "bins", 'u', AT(metric.bins) },
    { "level", 'f', AT(metric.level) },
};

/* ---- arrays ---- */

void *cdp_view(struct cdp_views *views, PyObject *array, size_t size, size_t *n,
               bool writable)
{
    Py_buffer *view = &views->view[views->n];

    if (array == Py_None)
        return NULL;
    if (views->n == CDP_VIEWS ||
        PyObject_GetBuffer(array, view,
                           PyBUF_C_CONTIGUOUS | (writable ? PyBUF_WRITABLE : 0)))
        return NULL;
    views->n++;
    if ((size_t)view->itemsize != size) {
        PyErr_Format(PyExc_TypeError,
                     "an array has elements of %zd bytes, expected %zu", view->itemsize,
                     size);
        return NULL;
    }
    if (*n != SIZE_MAX && (size_t)view->len / size < *n) {
        PyErr_Format(PyExc_ValueError, "an array has %zu elements, expected %zu",
                     (size_t)view->len / size, *n);
        return NULL;
    }
    if (*n == SIZE_MAX)
        *n = (size_t)view->len / size;
    return view->buf;
}

void cdp_views_release(struct cdp_views *views)
{
    while (views->n > 0)
        PyBuffer_Release(&views->view[--views->n]);
}

/* ---- fields ---- */

/* Apart from the table, of whose fields gcc would else take one for another. */
__attribute__((noinline)) static void put(void *at, const void *value, size_t size)
{
    memcpy(at, value, size);
}

static int set_array(struct cdp_question *q, const struct field *f, PyObject *value,
                     void *at)
{
    size_t size = f->kind == 'B' ? 1 : f->kind == 'I' ? 4 : 8;
    size_t n = f->kind == 'D' ? 0 : q->b.n ? q->b.n : SIZE_MAX;
    void *data = cdp_view(&q->views, value, size, &n, f->kind == 'D');

    put(at, &data, sizeof data);
    if (n != SIZE_MAX && f->kind != 'D')
        q->b.n = n;
    return PyErr_Occurred() ? -1 : 0;
}

static int set_number(const struct field *f, PyObject *value, void *at)
{
    uint64_t whole;
    unsigned some;
    double real;
    int one;

    if (f->kind == 'f') {
        real = PyFloat_AsDouble(value);
        put(at, &real, sizeof real);
    } else if (f->kind == 'q') {
        whole = PyLong_AsUnsignedLongLong(value);
        put(at, &whole, sizeof whole);
    } else if (f->kind == 'u') {
        some = (unsigned)PyLong_AsUnsignedLong(value);
        put(at, &some, sizeof some);
    } else {
        one = (int)PyLong_AsLong(value);
        put(at, &one, sizeof one);
    }
    return PyErr_Occurred() ? -1 : 0;
}

static int set_field(struct cdp_question *q, const struct field *f, PyObject *value)
{
    void *at = (char *)&q->b + f->at;

    if (value == Py_None)
        return 0;
    return strchr("BIdD", f->kind) ? set_array(q, f, value, at)
                                   : set_number(f, value, at);
}

/* A name in the dictionary, as `find` knows it; `absent` where there is none. */
static int find_name(PyObject *dict, const char *key, int (*find)(const char *),
                     int absent, int *number)
{
    PyObject *value = PyDict_GetItemString(dict, key); /* borrowed */
    const char *name;

    *number = absent;
    if (!value || value == Py_None)
        return 0;
    name = PyUnicode_AsUTF8AndSize(value, NULL);
    if (!name)
        return -1;
    *number = find(name);
    if (*number < 0)
        PyErr_Format(PyExc_ValueError, "no %s called \"%s\"", key, name);
    return *number < 0 ? -1 : 0;
}

int cdp_question_init(struct cdp_question *q, PyObject *pool, PyObject *dict)
{
    PyObject *progress = PyDict_GetItemString(dict, "progress");

    memset(q, 0, sizeof *q);
    q->call.progress = progress == Py_None ? NULL : progress;
    if (!cdp_pool_of(pool, &q->call.pool) || cdp_call_init(&q->call) ||
        find_name(dict, "metric", cadre_metric_find, 0, &q->b.metric.kind) ||
        find_name(dict, "method", cadre_interval_method_find, CADRE_PERCENTILE,
                  &q->method))
        return -1;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        PyObject *value = PyDict_GetItemString(dict, fields[i].name);
        if (value && set_field(q, &fields[i], value))
            return -1;
    }
    q->b.method = q->method;
    q->b.progress = cdp_progress;
    q->b.progress_arg = &q->call;
    return 0;
}

void cdp_question_fini(struct cdp_question *q)
{
    cdp_views_release(&q->views);
    cdp_call_fini(&q->call);
}

const double *cdp_column(struct cdp_question *q, PyObject *array)
{
    size_t n = q->b.n ? q->b.n * (q->b.classes ? q->b.classes : 1) : SIZE_MAX;
    const double *column = cdp_view(&q->views, array, sizeof *column, &n, false);

    if (!q->b.n && column)
        q->b.n = n;
    return column;
}

int cdp_answered(struct cdp_question *q, int rc, const cadre_error *err)
{
    return cdp_raise_end(&q->call, rc, err);
}
