/* fault.h - worker processes that die where the test wants it.
 * SPDX-License-Identifier: MIT
 *
 * The fault tests are linked with a libcadre in which every step of the protocol between
 * processes calls fault_step. Kernels of these tests do so too. In a worker, the steps
 * are counted over all workers, and the chosen one is the last of its process.
 */
#ifndef CADRE_TESTS_FAULT_H
#define CADRE_TESTS_FAULT_H

#include "contract.h"

#include <sys/types.h>

enum fault_how {
    FAULT_KILL,
    FAULT_SEGV,
    FAULT_ABORT,
    FAULT_EXIT_0,
    FAULT_EXIT_3,
    FAULT_STOP,    /* a stop signal: does not die by itself */
    FAULT_EXIT_14, /* a status that once meant something to cadre */
    FAULT_HOWS
};

struct fault {
    pid_t parent;
    enum fault_how how;
    _Atomic long countdown;  /* steps until it happens; below 1: nothing happens */
    long again;              /* then so many more steps until the next */
    _Atomic int deaths;      /* still to come after this one */
    _Atomic int died;        /* so far */
    _Atomic bool said;       /* libcadre has come to a step */
    _Atomic uint64_t victim; /* the item whose kernel died last; or CADRE_NO_ITEM */
};

extern struct fault *fault;

/* Runs try every step of theirs, or every fault_stride()th (CADRE_TEST_STRIDE). Then runs
 * that differ in what they do begin with different steps, so that together they try all
 * of them. fault_before_first() is what to add the stride to for the next run's first. */
long fault_stride(void);
long fault_before_first(void);

/* Once in a test's process, before its pools. */
void fault_open(void);

/* Worker processes, as the environment says: forked, or kept (CADRE_TEST_BACKEND). */
bool fault_is_persistent(void);
cadre_options fault_options(int workers);

/* Arm: die at step k, `deaths` times, `again` steps apart. k = 0: never. */
void fault_arm(enum fault_how how, long k, int deaths, long again);

/* Whether all steps of the last run came before the one armed. */
bool fault_unused(void);

/* Fails the test if nobody has died in the last run. */
void fault_must_have_hit(void);

void fault_step(void);

/* The same inside a kernel, at this item. */
void fault_in_kernel(uint64_t item);

/* What the process holds: descriptors, mappings, children. */
struct holdings {
    int descriptors, mappings, children;
};

struct holdings count_holdings(void);

/* Fails the test unless it holds no more than before; persistent workers are children. */
void assert_no_more(const struct holdings *before);

#endif
