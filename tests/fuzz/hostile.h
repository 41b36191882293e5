/* hostile.h - kernels that do what no kernel should, and what must come of it.
 * SPDX-License-Identifier: MIT
 *
 * Of the items of a job one is hostile, and the others are well. Whatever the hostile one
 * does, the others have their results, its own task has succeeded or has died as the table
 * says, and the pool is as good as new.
 */
#ifndef CADRE_TESTS_FUZZ_HOSTILE_H
#define CADRE_TESTS_FUZZ_HOSTILE_H

#include <cadre/stream.h>

enum fate {
    LIVES,        /* its task succeeds */
    DIES,         /* its worker dies in it */
    FAILS_ITSELF, /* its kernel says so */
    TIMES_OUT,    /* it is ended */
    CANCELS,      /* the run, where it has the pool; else it succeeds */
    LIVES_OR_DIES
};

struct hostile {
    const char *name;
    void (*act)(void); /* NULL: raises this signal */
    int raises;
    enum fate fate;
    int signal, status; /* of those that die; both 0: any */
    bool in_threads;    /* legal there too */
    bool without_sanitizer;
};

extern const struct hostile hostiles[];
extern const unsigned n_hostiles;

/* What kernels of a job with one hostile item find in its shared bytes. */
struct hostility {
    unsigned which;
    uint64_t at;
};

cadre_fn hostile_kernel; /* its result is a uint64_t: hostile_result(index) */

/* With first + index * step. */
struct exits {
    uint64_t first, step;
};
cadre_fn exits_with_index;
uint64_t hostile_result(uint64_t index);

/* Where the pool is that kernels may take; NULL in workers that do not have it. */
extern cadre_pool *hostile_pool;

#endif
