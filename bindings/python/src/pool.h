/* pool.h - cadre_pool as a Python object.
 * SPDX-License-Identifier: MIT
 */
#ifndef CADRE_PYTHON_POOL_H
#define CADRE_PYTHON_POOL_H

#include "python.h"

#include <cadre/cadre.h>

int cdp_pool_type_init(PyObject *module);

/* The pool of a _core.Pool, or NULL for None. False with an exception: it is neither, or
 * closed. */
bool cdp_pool_of(PyObject *object, cadre_pool **pool);

/* Whether it has worker processes that this process forks. */
bool cdp_pool_forks(PyObject *object);

/* Whether its workers are processes that a command or an MPI has started. */
bool cdp_pool_is_clean(PyObject *object);

#endif
