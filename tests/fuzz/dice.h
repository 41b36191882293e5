/* dice.h - what the tests that break cadre at random share: draws, time, a watchdog.
 * SPDX-License-Identifier: MIT
 *
 * Each round of such a test is named by one number, from which all of it is drawn. The
 * test prints it when the round fails.
 *
 *     CADRE_FUZZ_SECONDS=N   go on for so long (default: a few seconds)
 *     CADRE_FUZZ_SEED=0x...  the rounds are drawn from this (default: from the clock)
 *     CADRE_FUZZ_ROUND=0x... only this round, CADRE_FUZZ_TIMES times (default: once)
 */
#ifndef CADRE_TESTS_FUZZ_DICE_H
#define CADRE_TESTS_FUZZ_DICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dice {
    uint64_t state;
};

uint64_t dice_u64(struct dice *d);
uint64_t dice_below(struct dice *d, uint64_t n); /* 0 .. n - 1 */
bool dice_one_in(struct dice *d, uint64_t n);
uint64_t dice_pick(struct dice *d, const uint64_t *of, size_t n);
#define DICE_PICK(d, ...)                                 \
    dice_pick((d), (const uint64_t[]){ __VA_ARGS__ },     \
              sizeof((const uint64_t[]){ __VA_ARGS__ }) / \
                  sizeof((const uint64_t[]){ __VA_ARGS__ })[0])

/* Two numbers to one that looks random. */
uint64_t mix(uint64_t a, uint64_t b);

/* `size` bytes that are made from `from`. */
void expand(uint64_t from, void *bytes, size_t size);

/* The rounds of a test: for (struct rounds r = rounds_begin(5); rounds_next(&r);) */
struct rounds {
    uint64_t seed, round; /* round: what this one is drawn from */
    uint64_t n, most;
    double until;
    bool only;
};

struct rounds rounds_begin(double seconds);
bool rounds_next(struct rounds *r);

double seconds_now(void);

/* If this is not called again within `seconds`, write `text` and end the process. 0:
 * stop watching. The text is copied. */
void watchdog(unsigned seconds, const char *text);

/* Under a sanitizer, memory that there is not is NULL as elsewhere. */
const char *__asan_default_options(void);
const char *__tsan_default_options(void);

/* More patience where the program is slow. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SLOWNESS 5
#else
#define SLOWNESS 1
#endif

/* The thread sanitizer has a thread of its own. What is forked beside it may not ask the dynamic
 * linker, which persistent workers are named kernels with. */
#ifdef __SANITIZE_THREAD__
#define FORKS_BESIDE_A_THREAD true
#else
#define FORKS_BESIDE_A_THREAD false
#endif

#endif
