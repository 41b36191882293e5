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
    bool as_they_come;       /* results do; a failure waits for those below it */
    struct cdp_bytes shared; /* what workers get of the call */
    PyObject *underway;      /* {index: None} of items without a result, as they come */
    PyObject *failure;       /* the lowest so far, which waits, or NULL */
    uint64_t failed;         /* whose it is */
    uint64_t below;          /* items underway below that */
};

/* Have the job run by such workers. -1 with an exception: the function cannot travel. */
int cdp_clean_prepare(struct cdp_clean *clean, const struct cdp_call *call,
                      cadre_job *job);

/* An item is on its way. -1 with an exception. */
int cdp_clean_sent(struct cdp_clean *clean, uint64_t index);

/* What task `index` emitted. Its exception is returned if keep_going is set, or else raised,
 * as soon as nothing below it is underway. NULL without an exception: this is no result to
 * give out. */
PyObject *cdp_clean_value(struct cdp_clean *clean, uint64_t index, const char *data,
                          size_t size, bool keep_going);

/* Raise the failure that waits, if it waits for nothing any more; else false. */
bool cdp_clean_raise(struct cdp_clean *clean);

void cdp_clean_fini(struct cdp_clean *clean);

/* This process knows the functions of such jobs from now on. */
void cdp_clean_register(void);

/* _core.serve: in the worker, until the pool is closed. */
PyObject *cdp_clean_serve(PyObject *module, PyObject *unused);

#endif
