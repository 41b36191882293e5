/* stats.c - metrics and resampling: questions to libcadre-stats, and its answers.
 * SPDX-License-Identifier: MIT
 */
#include "stats.h"
#include "stats_args.h"

static PyObject *answer(const cadre_interval *i)
{
    const char *method = cadre_interval_method_name(i->method);

    return Py_BuildValue(
        "{sd,sd,sd,sd,sK,sK,sd,sd,sd,sd,ss,si,sd,sd,sd}", "point", i->point, "low",
        i->low, "high", i->high, "standard_error", i->standard_error, "resamples",
        (unsigned long long)i->resamples, "degenerate",
        (unsigned long long)i->degenerate, "bias", i->bias, "acceleration",
        i->acceleration, "low_level", i->low_level, "high_level", i->high_level,
        "method", method ? method : "", "bca_undefined", i->bca_undefined, "low_error",
        i->low_error, "high_error", i->high_error, "p_value", i->p_value);
}

/* The columns of a question, from arguments 2 on; None is NULL. */
static int columns(struct cdp_question *q, PyObject *args, const double **out, int n)
{
    for (int i = 0; i < n; i++) {
        out[i] = cdp_column(q, PyTuple_GetItem(args, 2 + i));
        if (PyErr_Occurred())
            return -1;
    }
    return 0;
}

static int ask(struct cdp_question *q, PyObject *args, const double **out, int n)
{
    if (PyTuple_Size(args) < 2 + n) {
        PyErr_SetString(PyExc_TypeError, "expected a pool, a dictionary and columns");
        return -1;
    }
    if (cdp_question_init(q, PyTuple_GetItem(args, 0), PyTuple_GetItem(args, 1)))
        return -1;
    return columns(q, args, out, n);
}

PyObject *cdp_metric(PyObject *module, PyObject *args)
{
    struct cdp_question q = { 0 };
    const double *scores;
    cadre_error err;
    double value = 0;
    int rc = ask(&q, args, &scores, 1);
    cadre_rows rows = { .n = q.b.n,
                        .labels = q.b.labels,
                        .scores = rc ? NULL : scores,
                        .other = q.b.other,
                        .weights = q.b.weights };

    (void)module;
    if (!rc) {
        cdp_drop();
        rc = cadre_metric_of(&value, &q.b.metric, &rows, &err);
        cdp_take();
        rc = cdp_answered(&q, rc, &err);
    }
    cdp_question_fini(&q);
    return rc ? NULL : PyFloat_FromDouble(value);
}

PyObject *cdp_interval(PyObject *module, PyObject *args)
{
    struct cdp_question q = { 0 };
    const double *scores;
    cadre_interval interval;
    cadre_error err;
    int rc = ask(&q, args, &scores, 1);

    (void)module;
    if (!rc) {
        cdp_drop();
        rc = cadre_bootstrap_interval(&interval, q.call.pool, &q.b, scores, q.method,
                                      &err);
        cdp_take();
        rc = cdp_answered(&q, rc, &err);
    }
    cdp_question_fini(&q);
    return rc ? NULL : answer(&interval);
}

PyObject *cdp_difference(PyObject *module, PyObject *args)
{
    struct cdp_question q = { 0 };
    const double *scores[2];
    cadre_interval interval;
    cadre_error err;
    int rc = ask(&q, args, scores, 2);

    (void)module;
    if (!rc) {
        cdp_drop();
        rc = cadre_bootstrap_difference(&interval, q.call.pool, &q.b, scores[0],
                                        scores[1], &err);
        cdp_take();
        rc = cdp_answered(&q, rc, &err);
    }
    cdp_question_fini(&q);
    return rc ? NULL : answer(&interval);
}

PyObject *cdp_folds(PyObject *module, PyObject *args)
{
    struct cdp_question q = { 0 };
    const double *values;
    cadre_interval interval;
    cadre_error err;
    int rc = ask(&q, args, &values, 1);

    (void)module;
    if (!rc) {
        cdp_drop();
        rc = cadre_bootstrap_folds(&interval, q.call.pool, &q.b, values, q.b.n, &err);
        cdp_take();
        rc = cdp_answered(&q, rc, &err);
    }
    cdp_question_fini(&q);
    return rc ? NULL : answer(&interval);
}

/* (pool, dict, test_a, test_b, val_labels, val_a, val_b, selector, target) */
PyObject *cdp_operating_point(PyObject *module, PyObject *args)
{
    struct cdp_question q = { 0 };
    PyObject *labels, *a, *b;
    const double *test[2];
    cadre_validation validation = { .n = SIZE_MAX };
    cadre_selector selector = { 0 };
    cadre_interval interval;
    const char *name;
    cadre_error err;
    int rc = ask(&q, args, test, 2);

    (void)module;
    if (!rc && !PyArg_ParseTuple(args, "OOOOOOOsd", &labels, &a, &a, &a, &labels, &a,
                                 &b, &name, &selector.target))
        rc = -1;
    if (!rc) {
        selector.kind = cadre_selector_find(name);
        validation.labels = cdp_view(&q.views, labels, 1, &validation.n, false);
        validation.scores_a = cdp_view(&q.views, a, 8, &validation.n, false);
        validation.scores_b = cdp_view(&q.views, b, 8, &validation.n, false);
        rc = PyErr_Occurred() ? -1 : 0;
    }
    if (!rc) {
        cdp_drop();
        rc = cadre_bootstrap_operating_point(&interval, q.call.pool, &q.b, &selector,
                                             &validation, test[0], test[1], &err);
        cdp_take();
        rc = cdp_answered(&q, rc, &err);
    }
    cdp_question_fini(&q);
    return rc ? NULL : answer(&interval);
}

PyObject *cdp_permutation(PyObject *module, PyObject *args)
{
    struct cdp_question q = { 0 };
    const double *scores[2];
    cadre_permutation p;
    cadre_error err;
    int rc = ask(&q, args, scores, 2);

    (void)module;
    if (!rc) {
        cdp_drop();
        rc = cadre_permutation_test(&p, q.call.pool, &q.b, scores[0], scores[1], &err);
        cdp_take();
        rc = cdp_answered(&q, rc, &err);
    }
    cdp_question_fini(&q);
    if (rc)
        return NULL;
    return Py_BuildValue("{sd,sd,sK,sK}", "point", p.point, "p_value", p.p_value,
                         "permutations", (unsigned long long)p.permutations,
                         "degenerate", (unsigned long long)p.degenerate);
}

/* ---- a statistic in Python ---- */

/* The rows of the sample, as an array of 32-bit numbers that lasts as long as the call. */
static PyObject *rows_of(const cadre_sample *sample)
{
    return PyMemoryView_FromMemory((char *)(uintptr_t)sample->rows,
                                   (Py_ssize_t)(sample->n * sizeof *sample->rows),
                                   PyBUF_READ);
}

static int measure(struct cdp_call *call, cadre_task *task, double *out)
{
    const cadre_sample *sample = cadre_task_sample(task);
    uint64_t index = cadre_task_index(task);
    PyObject *rows = sample ? rows_of(sample) : NULL, *value = NULL;
    int rc = 0;

    if (call->interrupt)
        return 1;
    if (rows)
        value = cdp_call_item(call, task, index, rows);
    if (value)
        *out = PyFloat_AsDouble(value);
    if (PyErr_Occurred() || !value)
        rc = cdp_fail(call, task, index, NULL);
    Py_XDECREF(value);
    Py_XDECREF(rows);
    return rc;
}

/* The statistic's data is where the call is: a worker that was forked has it there, too. */
static int statistic(cadre_task *task, const void *item, void *result)
{
    const cadre_sample *sample = cadre_task_sample(task);
    struct cdp_entry entry;
    int rc;

    (void)item;
    if (!sample)
        return 1;
    cdp_enter(&entry);
    rc = measure(*(struct cdp_call *const *)sample->data, task, result);
    cdp_leave(&entry);
    return rc;
}

/* (pool, dict, fn, n): fn of a memoryview of 32-bit row numbers. */
PyObject *cdp_statistic(PyObject *module, PyObject *args)
{
    struct cdp_question q = { 0 };
    struct cdp_call *call = &q.call;
    cadre_statistic s = { .fn = statistic, .data = &call, .data_size = sizeof call };
    PyObject *pool, *dict, *fn;
    cadre_interval interval;
    unsigned long long n;
    cadre_error err;
    int rc;

    (void)module;
    if (!PyArg_ParseTuple(args, "OOOK", &pool, &dict, &fn, &n))
        return NULL;
    rc = cdp_question_init(&q, pool, dict);
    q.b.n = n;
    Py_INCREF(fn);
    q.call.fn = fn;
    if (!rc && !(q.call.spool = cdp_spool_open())) {
        PyErr_NoMemory();
        rc = -1;
    }
    if (!rc) {
        cdp_drop();
        rc = cadre_bootstrap_statistic(&interval, call->pool, &q.b, &s, q.method, &err);
        cdp_take();
        rc = cdp_answered(&q, rc, &err);
    }
    cdp_question_fini(&q);
    return rc ? NULL : answer(&interval);
}
