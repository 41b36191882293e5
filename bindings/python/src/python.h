/* python.h - Python's limited interface of 3.11, and nothing beyond it.
 * SPDX-License-Identifier: MIT
 */
#ifndef CADRE_PYTHON_PYTHON_H
#define CADRE_PYTHON_PYTHON_H

#define PY_SSIZE_T_CLEAN
#ifndef Py_LIMITED_API
#define Py_LIMITED_API 0x030B0000
#endif
#include <Python.h>

/* Exported by 3.11, and of the stable interface from 3.12 on. */
#if Py_LIMITED_API < 0x030C0000
PyAPI_FUNC(PyObject *) PyObject_Vectorcall(PyObject *callable, PyObject *const *args,
                                           size_t nargsf, PyObject *kwnames);
#define PY_VECTORCALL_ARGUMENTS_OFFSET ((size_t)1 << (8 * sizeof(size_t) - 1))
#endif

#endif
