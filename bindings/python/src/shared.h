/* shared.h - memory that worker processes write to as well, as a writable buffer.
 * SPDX-License-Identifier: MIT
 */
#ifndef CADRE_PYTHON_SHARED_H
#define CADRE_PYTHON_SHARED_H

#include "python.h"

int cdp_shared_type_init(PyObject *module);

#endif
