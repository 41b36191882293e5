/* stats_args.h - what statistics are asked for: a dictionary, as a cadre_bootstrap.
 * SPDX-License-Identifier: MIT
 */
#ifndef CADRE_PYTHON_STATS_ARGS_H
#define CADRE_PYTHON_STATS_ARGS_H

#include "call.h"

#include <cadre/stats.h>

#define CDP_VIEWS 16

/* Arrays that a call reads or writes where they lie. */
struct cdp_views {
    Py_buffer view[CDP_VIEWS];
    int n;
};

/* The array's memory; its elements are `size` bytes. *n is how many; or, if that is not
 * SIZE_MAX, has to be. NULL with an exception. None is NULL without one. */
void *cdp_view(struct cdp_views *views, PyObject *array, size_t size, size_t *n,
               bool writable);
void cdp_views_release(struct cdp_views *views);

/* A question, and where it runs. */
struct cdp_question {
    cadre_bootstrap b;
    int method;
    struct cdp_views views;
    struct cdp_call call;
};

/* From the arguments pool and dict. -1 with an exception; cdp_question_fini in any case. */
int cdp_question_init(struct cdp_question *q, PyObject *pool, PyObject *dict);
void cdp_question_fini(struct cdp_question *q);

/* A column of as many rows as the question has; sets that, if it has none yet. */
const double *cdp_column(struct cdp_question *q, PyObject *array);

/* The library has answered: 0, or -1 with an exception. */
int cdp_answered(struct cdp_question *q, int rc, const cadre_error *err);

#endif
