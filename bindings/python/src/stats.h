/* stats.h - libcadre-stats for cadre.stats.
 * SPDX-License-Identifier: MIT
 */
#ifndef CADRE_PYTHON_STATS_H
#define CADRE_PYTHON_STATS_H

#include "python.h"

/* Resampling: (pool, dict, columns...) -> dict. */
PyObject *cdp_metric(PyObject *module, PyObject *args);
PyObject *cdp_interval(PyObject *module, PyObject *args);
PyObject *cdp_difference(PyObject *module, PyObject *args);
PyObject *cdp_folds(PyObject *module, PyObject *args);
PyObject *cdp_operating_point(PyObject *module, PyObject *args);
PyObject *cdp_permutation(PyObject *module, PyObject *args);
PyObject *cdp_statistic(PyObject *module, PyObject *args);

/* Without: columns and numbers -> tuples of numbers. */
PyObject *cdp_delong(PyObject *module, PyObject *args);
PyObject *cdp_fold_interval(PyObject *module, PyObject *args);
PyObject *cdp_effect(PyObject *module, PyObject *args);
PyObject *cdp_adjust(PyObject *module, PyObject *args);
PyObject *cdp_proportion(PyObject *module, PyObject *args);
PyObject *cdp_cost_threshold(PyObject *module, PyObject *args);
PyObject *cdp_curve(PyObject *module, PyObject *args);
PyObject *cdp_select(PyObject *module, PyObject *args);
PyObject *cdp_calibration(PyObject *module, PyObject *args);
PyObject *cdp_names(PyObject *module, PyObject *unused);
PyObject *cdp_normal_quantile(PyObject *module, PyObject *number);
PyObject *cdp_normal_cdf(PyObject *module, PyObject *number);
PyObject *cdp_quantile(PyObject *module, PyObject *args);

#endif
