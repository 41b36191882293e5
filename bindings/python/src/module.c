/* module.c - cadre._core: libcadre and libcadre-stats for the package cadre.
 * SPDX-License-Identifier: MIT
 */
#include "call.h"
#include "clean.h"
#include "pool.h"
#include "run.h"
#include "shared.h"
#include "stats.h"
#include "stream.h"

/* What becomes of a result that travels. */
static PyObject *copy(PyObject *module, PyObject *object)
{
    struct cdp_bytes bytes = { 0 };
    PyObject *other = NULL;

    (void)module;
    if (!cdp_encode(&bytes, object))
        other = cdp_decode(bytes.data, bytes.size);
    cdp_bytes_free(&bytes);
    return other;
}

/* Where this thread works: 0 in the caller. */
static PyObject *rank(PyObject *module, PyObject *unused)
{
    (void)module;
    (void)unused;
    return PyLong_FromUnsignedLong(cadre_rank());
}

static PyMethodDef methods[] = {
    { "rank", rank, METH_NOARGS, "rank(): 0 in the caller, 1 and up in workers." },
    { "copy", copy, METH_O, "copy(object): as it comes out of another process." },
    { "register", cdp_register, METH_O, "register(dict): what Python does for it." },
    { "run", (PyCFunction)(void (*)(void))cdp_run, METH_VARARGS | METH_KEYWORDS,
      "run(pool, fn, items, first, count, results, *, ...)" },
    { "serve", cdp_clean_serve, METH_NOARGS,
      "serve(): be the worker that a pool has started this process as." },
    { "current_task", cdp_current_task, METH_NOARGS,
      "current_task() -> Task | None\n\nThe task that this thread is in." },
    { "task_at", cdp_current_at, METH_O,
      "task_at(index): the task that this thread is in goes on to that item." },
    { "stats_metric", cdp_metric, METH_VARARGS, "For cadre.stats." },
    { "stats_interval", cdp_interval, METH_VARARGS, "For cadre.stats." },
    { "stats_difference", cdp_difference, METH_VARARGS, "For cadre.stats." },
    { "stats_folds", cdp_folds, METH_VARARGS, "For cadre.stats." },
    { "stats_operating_point", cdp_operating_point, METH_VARARGS, "For cadre.stats." },
    { "stats_permutation", cdp_permutation, METH_VARARGS, "For cadre.stats." },
    { "stats_statistic", cdp_statistic, METH_VARARGS, "For cadre.stats." },
    { "stats_delong", cdp_delong, METH_VARARGS, "For cadre.stats." },
    { "stats_fold_interval", cdp_fold_interval, METH_VARARGS, "For cadre.stats." },
    { "stats_effect", cdp_effect, METH_VARARGS, "For cadre.stats." },
    { "stats_adjust", cdp_adjust, METH_VARARGS, "For cadre.stats." },
    { "stats_proportion", cdp_proportion, METH_VARARGS, "For cadre.stats." },
    { "stats_cost_threshold", cdp_cost_threshold, METH_VARARGS, "For cadre.stats." },
    { "stats_curve", cdp_curve, METH_VARARGS, "For cadre.stats." },
    { "stats_select", cdp_select, METH_VARARGS, "For cadre.stats." },
    { "stats_calibration", cdp_calibration, METH_VARARGS, "For cadre.stats." },
    { "stats_quantile", cdp_quantile, METH_VARARGS, "For cadre.stats." },
    { "stats_names", cdp_names, METH_NOARGS, "For cadre.stats." },
    { "stats_normal_cdf", cdp_normal_cdf, METH_O, "For cadre.stats." },
    { "stats_normal_quantile", cdp_normal_quantile, METH_O, "For cadre.stats." },
    { NULL, NULL, 0, NULL },
};

static struct PyModuleDef definition = { PyModuleDef_HEAD_INIT,
                                         "cadre._core",
                                         "libcadre for the package cadre. Internal.",
                                         -1,
                                         methods,
                                         NULL,
                                         NULL,
                                         NULL,
                                         NULL };

PyMODINIT_FUNC PyInit__core(void);

PyMODINIT_FUNC PyInit__core(void)
{
    PyObject *module;

    if (cdp_gil_init())
        return NULL;
    module = PyModule_Create(&definition);
    if (!module)
        return NULL;
    if (cdp_pool_type_init(module) || cdp_shared_type_init(module) ||
        cdp_stream_type_init(module) || cdp_task_type_init(module)) {
        Py_DECREF(module);
        return NULL;
    }
    return module;
}
