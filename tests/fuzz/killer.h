/* killer.h - somebody who kills worker processes from outside, at random moments.
 * SPDX-License-Identifier: MIT
 *
 * The killer is a process beside the program. It strikes workers when some of them have
 * come to a number of steps of the protocol (the test is linked with a libcadre that says
 * each step), or after a random time, wherever they are then.
 */
#ifndef CADRE_TESTS_FUZZ_KILLER_H
#define CADRE_TESTS_FUZZ_KILLER_H

#include "dice.h"

#include <stdatomic.h>
#include <sys/types.h>

/* In memory that all processes share. */
struct board {
    _Atomic pid_t program; /* whose children are the workers */
    _Atomic int64_t
        countdown;           /* steps until a worker gives its number; below 1: never */
    _Atomic int64_t steps;   /* of workers, so far */
    _Atomic uint32_t victim; /* futex: that number */
    /* Orders: written by the test while the killer rests. */
    uint64_t seed;
    int strikes;            /* at most so many */
    bool stops;             /* SIGSTOP, and SIGCONT a little later; else SIGKILL */
    bool for_good;          /* no SIGCONT */
    bool at_steps;          /* only at steps */
    _Atomic uint32_t begun; /* futex: rounds; odd: the killer may strike */
    _Atomic uint32_t rests; /* futex: the last round that the killer is done with */
    _Atomic int struck;     /* in this round */
};

extern struct board *board;

/* Once, before anything else is allocated or forked. */
void board_open(void);

/* Whether some process before this one had a board. */
bool board_is_there(void);

pid_t killer_begin(void);
void killer_end(pid_t killer);

/* Between these two the killer strikes, as board says. */
void killer_wake(uint64_t seed);
void killer_rest(void);

/* Wait until a worker has come to step k from here, for `microseconds` at most; 0: the
 * time is up. */
pid_t await_step(int64_t k, long microseconds);

#endif
