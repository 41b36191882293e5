/* error.h - what can go wrong, and what is said of it.
 * SPDX-License-Identifier: MIT
 *
 * Part of <cadre/cadre.h>, which includes it.
 */
#ifndef CADRE_ERROR_H
#define CADRE_ERROR_H

#include <stdint.h>
#include <cadre/version.h>

CADRE_BEGIN_DECLS

/* One line per code: name, value, text. Values never change their meaning. */
#define CADRE_CODES(X)                                  \
    X(OK, 0, "success")                                 \
    X(DONE, 1, "no more items or records")              \
    X(LATER, 2, "no item is there yet")                 \
    X(EINVAL, -1, "invalid argument")                   \
    X(ENOMEM, -2, "out of memory")                      \
    X(ESYS, -3, "an operating system call failed")      \
    X(EKERNEL, -4, "a task reported failure")           \
    X(ECRASH, -5, "a worker died while running a task") \
    X(ETIMEOUT, -6, "time ran out")                     \
    X(ECANCELLED, -7, "cancelled")                      \
    X(EBUSY, -8, "the pool runs too many jobs at once") \
    X(ENOTSUP, -9, "this backend cannot do that")       \
    X(ESOURCE, -10, "the source of items failed")       \
    X(ESERIAL, -11, "the plan came out serial")         \
    X(EDATA, -12, "the data cannot answer the question")

enum cadre_code {
#define CADRE_CODE_ENUM(name, value, text) CADRE_##name = value,
    CADRE_CODES(CADRE_CODE_ENUM)
#undef CADRE_CODE_ENUM
};

#define CADRE_NO_ITEM UINT64_MAX

/* What went wrong, and where. Yours to place; plain bytes; nothing to free. */
typedef struct cadre_error {
    int32_t code;      /* same as the value returned */
    int32_t user;      /* EKERNEL, ESOURCE: what your function returned */
    int32_t sys;       /* ESYS: errno */
    int32_t signal;    /* ECRASH, ETIMEOUT: what killed the worker; 0: it exited */
    uint64_t item;     /* the failing item, or CADRE_NO_ITEM */
    int32_t pid;       /* this and the next three: of a worker process that died */
    int32_t status;    /* what it exited with */
    uint32_t flags;    /* of CADRE_DUMPED_CORE, CADRE_OUT_OF_MEMORY */
    uint32_t peak_kib; /* the most memory it had in use */
    char message[472]; /* one sentence, NUL-terminated, possibly cut */
} cadre_error;         /* 512 bytes */

#define CADRE_DUMPED_CORE   1u /* cadre_error.flags */
#define CADRE_OUT_OF_MEMORY 2u /* Linux killed it to get memory */

CADRE_API const char *cadre_strerror(int code); /* static text, never NULL */

CADRE_END_DECLS
#endif
