/* hooks.c - what the extension has Python do for it.
 * SPDX-License-Identifier: MIT
 */
#include "hooks.h"

#include <stdarg.h>

PyObject *cdp_hooks[CDP_HOOK_COUNT];

static const char *const names[CDP_HOOK_COUNT] = {
#define CDP_HOOK_NAME(name, text) text,
    CDP_HOOKS(CDP_HOOK_NAME)
#undef CDP_HOOK_NAME
};

#define MOST_ARGUMENTS 3

PyObject *cdp_hook(enum cdp_hook_number number, ...)
{
    PyObject *args[MOST_ARGUMENTS + 1] = { NULL };
    va_list list;
    size_t n = 0;

    if (!cdp_hooks[number]) {
        PyErr_Format(PyExc_SystemError, "cadre._core: \"%s\" is not registered",
                     names[number]);
        return NULL;
    }
    va_start(list, number);
    while (n < MOST_ARGUMENTS && (args[n] = va_arg(list, PyObject *)))
        n++;
    va_end(list);
    return PyObject_Vectorcall(cdp_hooks[number], args, n, NULL);
}

PyObject *cdp_register(PyObject *module, PyObject *dict)
{
    (void)module;
    for (int i = 0; i < CDP_HOOK_COUNT; i++) {
        PyObject *hook = PyDict_GetItemString(dict, names[i]); /* borrowed */
        if (!hook)
            continue;
        Py_INCREF(hook);
        Py_XDECREF(cdp_hooks[i]);
        cdp_hooks[i] = hook;
    }
    Py_RETURN_NONE;
}

PyObject *cdp_make_failure(const cadre_error *err, uint64_t first)
{
    PyObject *item = Py_None, *exception;

    if (err->item != CADRE_NO_ITEM) {
        item = PyLong_FromUnsignedLongLong(err->item + first);
        if (!item)
            return NULL;
    } else {
        Py_INCREF(item);
    }
    exception = PyObject_CallFunction(
        cdp_hooks[CDP_FAILURE], "iiiNiiIIsK", (int)err->code, (int)err->sys,
        (int)err->signal, item, (int)err->pid, (int)err->status, (unsigned)err->flags,
        (unsigned)err->peak_kib, err->message, (unsigned long long)first);
    return exception;
}

void cdp_raise(PyObject *exception)
{
    PyObject *type = (PyObject *)Py_TYPE(exception);

    Py_INCREF(type);
    PyErr_Restore(type, exception, PyException_GetTraceback(exception));
}

PyObject *cdp_raise_failure(const cadre_error *err, uint64_t first)
{
    PyObject *exception = cdp_make_failure(err, first);

    if (exception)
        cdp_raise(exception);
    return NULL;
}

PyObject *cdp_caught(void)
{
    PyObject *type, *value, *traceback;

    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    if (value && traceback)
        PyException_SetTraceback(value, traceback);
    Py_XDECREF(type);
    Py_XDECREF(traceback);
    return value;
}
