/* ring_model.h - tries every order in which a few threads' steps can come.
 * SPDX-License-Identifier: MIT
 *
 * Threads are coroutines that stop before each access to shared memory, where they call
 * ring_step(). The explorer keeps states: the shared memory and the coroutines' stacks.
 * From each it lets every coroutine that can go on take one step, until no new state is
 * found.
 *
 * Memory is as weak as a processor's store buffers can make it. Stores wait in the
 * buffer of the coroutine that made them, and reach the others one by one at any later
 * time: in any order, but that a release waits for all before it, and one word's keep
 * theirs. Loads are not reordered: that is the business of the thread sanitizer and of
 * the tests under load.
 */
#ifndef CADRE_TESTS_RING_MODEL_H
#define CADRE_TESTS_RING_MODEL_H

#include "ring_memory.h"

#define CODES 3 /* coroutines at most */

enum memory {
    STRONG,      /* no buffers */
    WEAK,        /* buffers; every fence empties its coroutine's */
    WEAK_UNEQUAL /* buffers; only heavy fences do anything, and empty all */
};

struct model {
    unsigned codes;
    void (*body)(unsigned code);      /* of a coroutine; must end in ring_step() */
    bool (*may_go_on)(unsigned code); /* false: it has ended, or sleeps */
    void (*at_the_end)(void);         /* nobody may go on: check that all is well */
    void *world;                      /* all that differs between two states */
    size_t size;
    enum memory memory;
    bool no_fences, no_releases; /* as if the program had none: to test the test */
};

/* Explore. Returns NULL, or what must be and is not; *states counts. */
const char *explore(const struct model *model, long *states);

/* To be used in bodies, and in at_the_end. */
#define MUST(condition) ((condition) ? (void)0 : broken(#condition))
void broken(const char *what);
void ring_step(void);

#endif
