/* clean.h - tasks in workers that were started clean, by `python -m cadre.worker`.
 * SPDX-License-Identifier: MIT
 *
 * Nothing of the caller is there: the function goes as bytes with the run, items and
 * results as those of streams do. A task that has failed emits its exception, packed, in
 * place of a result, and has succeeded for cadre.
 */
#ifndef CADRE_PYTHON_CLEAN_H
#define CADRE_PYTHON_CLEAN_H

#include "call.h"

/* In the caller: of a stream. Zero: its workers are others. */
struct cdp_clean {
    bool is;
    struct cdp_bytes shared; /* what workers get of the call */
};

/* Have the job run by such workers. -1 with an exception: the function cannot travel. */
int cdp_clean_prepare(struct cdp_clean *clean, const struct cdp_call *call,
                      cadre_job *job);

/* What a task emitted. Its exception is raised, or returned if that is wanted. */
PyObject *cdp_clean_value(const char *data, size_t size, bool keep_going);

/* _core.serve: in the worker, until the pool is closed. */
PyObject *cdp_clean_serve(PyObject *module, PyObject *unused);

#endif
