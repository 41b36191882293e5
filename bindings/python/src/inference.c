/* inference.c - what libcadre-stats computes without resampling.
 * SPDX-License-Identifier: MIT
 */
#include "stats.h"
#include "stats_args.h"

#include <cadre/random.h>

#include <string.h>

/* Labels, and one or two columns, of the same rows. */
struct rows {
    struct cdp_views views;
    const uint8_t *labels;
    const double *a, *b;
    size_t n;
};

static int view_rows(struct rows *r, PyObject *labels, PyObject *a, PyObject *b)
{
    memset(r, 0, sizeof *r);
    r->n = SIZE_MAX;
    r->labels = cdp_view(&r->views, labels, 1, &r->n, false);
    r->a = cdp_view(&r->views, a, 8, &r->n, false);
    r->b = cdp_view(&r->views, b, 8, &r->n, false);
    return PyErr_Occurred() ? -1 : 0;
}

static PyObject *end(struct rows *r, int rc, const cadre_error *err, PyObject *answer)
{
    cdp_views_release(&r->views);
    if (rc == CADRE_OK)
        return answer;
    Py_XDECREF(answer);
    return PyErr_Occurred() ? NULL : cdp_raise_failure(err, 0);
}

PyObject *cdp_delong(PyObject *module, PyObject *args)
{
    PyObject *labels, *a, *b;
    struct rows r;
    cadre_delong d;
    cadre_error err;
    double confidence;
    int rc;

    (void)module;
    if (!PyArg_ParseTuple(args, "OOOd", &labels, &a, &b, &confidence))
        return NULL;
    rc = view_rows(&r, labels, a, b);
    if (!rc)
        rc = cadre_delong_test(&d, r.labels, r.a, r.b, r.n, confidence, &err);
    if (rc)
        return end(&r, rc, &err, NULL);
    return end(&r, rc, &err,
               Py_BuildValue("{sd,sd,sd,sd,sd,sd,sd,sd,sd}", "area_a", d.area[0],
                             "area_b", d.area[1], "estimate", d.estimate, "variance",
                             d.variance, "standard_error", d.standard_error, "z", d.z,
                             "p_value", d.p_value, "low", d.low, "high", d.high));
}

PyObject *cdp_fold_interval(PyObject *module, PyObject *args)
{
    PyObject *values;
    struct rows r;
    cadre_fold_mean m;
    cadre_error err;
    double confidence;
    int rc;

    (void)module;
    if (!PyArg_ParseTuple(args, "Od", &values, &confidence))
        return NULL;
    rc = view_rows(&r, Py_None, values, Py_None);
    if (!rc)
        rc = cadre_fold_interval(&m, r.a, r.n, confidence, &err);
    if (rc)
        return end(&r, rc, &err, NULL);
    return end(&r, rc, &err,
               Py_BuildValue("{sd,sd,sd,sd}", "mean", m.mean, "deviation", m.deviation,
                             "low", m.low, "high", m.high));
}

PyObject *cdp_effect(PyObject *module, PyObject *args)
{
    double low, high, confidence, alpha, power;
    cadre_effect effect;
    cadre_error err;

    (void)module;
    if (!PyArg_ParseTuple(args, "ddddd", &low, &high, &confidence, &alpha, &power))
        return NULL;
    if (cadre_detectable_effect(&effect, low, high, confidence, alpha, power, &err))
        return cdp_raise_failure(&err, 0);
    return Py_BuildValue("{sd,sd}", "least", effect.least, "sigma", effect.sigma);
}

/* (p, out, name) */
PyObject *cdp_adjust(PyObject *module, PyObject *args)
{
    PyObject *p, *out;
    const char *name;
    struct rows r;
    cadre_error err;
    double *adjusted;
    int rc, kind;

    (void)module;
    if (!PyArg_ParseTuple(args, "OOs", &p, &out, &name))
        return NULL;
    kind = cadre_adjustment_find(name);
    if (kind < 0) {
        PyErr_Format(PyExc_ValueError, "no adjustment called \"%s\"", name);
        return NULL;
    }
    rc = view_rows(&r, Py_None, p, Py_None);
    adjusted = rc ? NULL : cdp_view(&r.views, out, 8, &r.n, true);
    if (!adjusted)
        rc = -1;
    else
        rc = cadre_adjust_p_values(adjusted, r.a, r.n, kind, &err);
    Py_INCREF(out);
    return end(&r, rc, &err, out);
}

PyObject *cdp_proportion(PyObject *module, PyObject *args)
{
    unsigned long long successes, n;
    double confidence, low, high;
    cadre_error err;

    (void)module;
    if (!PyArg_ParseTuple(args, "KKd", &successes, &n, &confidence))
        return NULL;
    if (cadre_proportion_interval(&low, &high, successes, n, confidence, &err))
        return cdp_raise_failure(&err, 0);
    return Py_BuildValue("dd", low, high);
}

PyObject *cdp_cost_threshold(PyObject *module, PyObject *args)
{
    double prior, false_positive, false_negative, threshold;
    cadre_error err;

    (void)module;
    if (!PyArg_ParseTuple(args, "ddd", &prior, &false_positive, &false_negative))
        return NULL;
    if (cadre_cost_threshold(&threshold, prior, false_positive, false_negative, &err))
        return cdp_raise_failure(&err, 0);
    return PyFloat_FromDouble(threshold);
}

static PyObject *bytes_of(const double *x, size_t n)
{
    return PyBytes_FromStringAndSize((const char *)x, (Py_ssize_t)(n * sizeof *x));
}

static cadre_rows weighted(const struct rows *r)
{
    return (
        cadre_rows){ .n = r->n, .labels = r->labels, .scores = r->a, .weights = r->b };
}

/* (an enum cadre_curve_kind, labels, scores, weights) -> bytes of x, y and thresholds */
PyObject *cdp_curve(PyObject *module, PyObject *args)
{
    PyObject *labels, *scores, *weights, *answer = NULL;
    struct rows r;
    cadre_rows rows;
    cadre_curve curve = { 0 };
    cadre_error err;
    int rc, kind;

    (void)module;
    if (!PyArg_ParseTuple(args, "iOOO", &kind, &labels, &scores, &weights))
        return NULL;
    rc = view_rows(&r, labels, scores, weights);
    rows = weighted(&r);
    if (!rc)
        rc = cadre_curve_of(&curve, kind, &rows, &err);
    if (!rc)
        answer =
            Py_BuildValue("NNN", bytes_of(curve.x, curve.n), bytes_of(curve.y, curve.n),
                          bytes_of(curve.threshold, curve.n));
    cadre_curve_free(&curve);
    return end(&r, rc, &err, answer);
}

/* (name, target, labels, scores, weights) */
PyObject *cdp_select(PyObject *module, PyObject *args)
{
    PyObject *labels, *scores, *weights;
    cadre_selector selector = { 0 };
    cadre_operating_point p;
    const char *name;
    struct rows r;
    cadre_rows rows;
    cadre_error err;
    int rc;

    (void)module;
    if (!PyArg_ParseTuple(args, "sdOOO", &name, &selector.target, &labels, &scores,
                          &weights))
        return NULL;
    selector.kind = cadre_selector_find(name);
    if (selector.kind < 0) {
        PyErr_Format(PyExc_ValueError, "no selector called \"%s\"", name);
        return NULL;
    }
    rc = view_rows(&r, labels, scores, weights);
    rows = weighted(&r);
    if (!rc)
        rc = cadre_select_threshold_of(&p, &selector, &rows, &err);
    if (rc)
        return end(&r, rc, &err, NULL);
    return end(&r, rc, &err,
               Py_BuildValue("{sd,sd,sd,sd}", "threshold", p.threshold, "precision",
                             p.precision, "recall", p.recall, "f1", p.f1));
}

/* (labels, scores, bins, sweeps, seed) */
PyObject *cdp_calibration(PyObject *module, PyObject *args)
{
    PyObject *labels, *scores;
    unsigned bins, sweeps;
    unsigned long long seed;
    cadre_calibration c;
    struct rows r;
    cadre_error err;
    int rc;

    (void)module;
    if (!PyArg_ParseTuple(args, "OOIIK", &labels, &scores, &bins, &sweeps, &seed))
        return NULL;
    rc = view_rows(&r, labels, scores, Py_None);
    if (!rc)
        rc = cadre_calibration_of(&c, r.labels, r.a, r.n, bins, sweeps, seed, &err);
    if (rc)
        return end(&r, rc, &err, NULL);
    return end(&r, rc, &err,
               Py_BuildValue("{sd,sd,sd,sd,sd}", "brier", c.brier, "reliability",
                             c.reliability, "resolution", c.resolution, "uncertainty",
                             c.uncertainty, "debiased", c.debiased));
}

/* {name: (what it is, what it needs)} */
PyObject *cdp_names(PyObject *module, PyObject *unused)
{
    PyObject *names = PyDict_New();

    (void)module;
    (void)unused;
    for (int kind = 0; names && kind < CADRE_METRIC_COUNT; kind++) {
        PyObject *told =
            Py_BuildValue("sI", cadre_metric_text(kind), cadre_metric_needs(kind));
        if (!told || PyDict_SetItemString(names, cadre_metric_name(kind), told))
            Py_CLEAR(names);
        Py_XDECREF(told);
    }
    return names;
}

PyObject *cdp_normal_quantile(PyObject *module, PyObject *number)
{
    double p = PyFloat_AsDouble(number);

    (void)module;
    return PyErr_Occurred() ? NULL : PyFloat_FromDouble(cadre_normal_quantile(p));
}

PyObject *cdp_normal_cdf(PyObject *module, PyObject *number)
{
    double z = PyFloat_AsDouble(number);

    (void)module;
    return PyErr_Occurred() ? NULL : PyFloat_FromDouble(cadre_normal_cdf(z));
}

/* (values, q, rule): values are sorted in place */
PyObject *cdp_quantile(PyObject *module, PyObject *args)
{
    struct cdp_views views = { .n = 0 };
    PyObject *values;
    size_t n = SIZE_MAX;
    double q, *x;
    int rule;

    (void)module;
    if (!PyArg_ParseTuple(args, "Odi", &values, &q, &rule))
        return NULL;
    x = cdp_view(&views, values, 8, &n, true);
    if (x)
        cadre_sort(x, n);
    q = x ? cadre_quantile(x, n, q, rule) : 0;
    cdp_views_release(&views);
    return x ? PyFloat_FromDouble(q) : NULL;
}
