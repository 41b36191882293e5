/* hooks.h - what the extension has Python do for it.
 * SPDX-License-Identifier: MIT
 *
 * The package registers functions when it is imported. They are for what is not in a hurry:
 * pickling, wording errors, random generators.
 */
#ifndef CADRE_PYTHON_HOOKS_H
#define CADRE_PYTHON_HOOKS_H

#include "python.h"

#include <cadre/cadre.h>

/* Name in the dictionary that registers them. */
#define CDP_HOOKS(X)                                                                  \
    X(DUMPS, "dumps")               /* object -> list of buffers, the pickle first */ \
    X(DUMPS_CLEAN, "dumps_clean")   /* the same for a process that shares no code */  \
    X(SEND_CALL, "send_call")       /* function, seed -> what travels */              \
    X(THREAD_END, "thread_end")     /* in a worker thread, after its last task */     \
    X(RECEIVE_CALL, "receive_call") /* that -> function, seed */                      \
    X(LOADS, "loads")               /* that list -> object */                         \
    X(NUMPY_FLOAT, "numpy_float")   /* numpy.float64, or None */                      \
    X(PACK, "pack")                 /* exception, index, item -> bytes */             \
    X(UNPACK, "unpack")             /* those -> exception */                          \
    X(LOCATE, "locate")             /* exception, index, item: says so in it */       \
    X(STOPPED, "stopped")           /* StopIteration of a task -> what to raise */    \
    X(FAILURE, "failure")           /* fields of an error, first -> exception */      \
    X(GENERATOR, "generator")       /* seed, index -> random generator */             \
    X(WORKER_BEGIN, "worker_begin") /* in a worker process, before its first task */  \
    X(WORKER_END, "worker_end")     /* and after its last */                          \
    X(LOG, "log")                   /* level, text */

enum cdp_hook_number {
#define CDP_HOOK_ENUM(name, text) CDP_##name,
    CDP_HOOKS(CDP_HOOK_ENUM)
#undef CDP_HOOK_ENUM
        CDP_HOOK_COUNT
};

/* Each an owned reference, or NULL before they are registered. Under the interpreter. */
extern PyObject *cdp_hooks[CDP_HOOK_COUNT];

/* Call one with arguments, NULL last. */
PyObject *cdp_hook(enum cdp_hook_number number, ...);

/* _core.register(dict). */
PyObject *cdp_register(PyObject *module, PyObject *dict);

/* Raise what the package makes of an error; `first` is the index of task 0. */
PyObject *cdp_make_failure(const cadre_error *err, uint64_t first);
PyObject *cdp_raise_failure(const cadre_error *err, uint64_t first); /* NULL */

/* Set an exception, which keeps its own traceback. Steals. */
void cdp_raise(PyObject *exception);

/* The exception that is set, an instance with its traceback; none is set afterwards. */
PyObject *cdp_caught(void);

#endif
