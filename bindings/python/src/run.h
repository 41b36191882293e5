/* run.h - _core.run: items to results, all at once.
 * SPDX-License-Identifier: MIT
 */
#ifndef CADRE_PYTHON_RUN_H
#define CADRE_PYTHON_RUN_H

#include "python.h"

/* run(pool, fn, items, first, count, results, *, ...): the function of items first to
 * first + count - 1, into the same places of the list `results`, or of `out`. */
PyObject *cdp_run(PyObject *module, PyObject *args, PyObject *kw);

#endif
