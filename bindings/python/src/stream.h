/* stream.h - _core.Stream: results one by one, from inputs without an end.
 * SPDX-License-Identifier: MIT
 */
#ifndef CADRE_PYTHON_STREAM_H
#define CADRE_PYTHON_STREAM_H

#include "python.h"

int cdp_stream_type_init(PyObject *module);

#endif
