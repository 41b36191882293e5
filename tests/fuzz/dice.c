/* dice.c - draws, time and a watchdog for the tests that break cadre at random.
 * SPDX-License-Identifier: MIT
 */
#include "dice.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static uint64_t scramble(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 31);
}

uint64_t dice_u64(struct dice *d)
{
    d->state += UINT64_C(0x9E3779B97F4A7C15);
    return scramble(d->state);
}

uint64_t dice_below(struct dice *d, uint64_t n)
{
    return dice_u64(d) % n;
}

bool dice_one_in(struct dice *d, uint64_t n)
{
    return dice_below(d, n) == 0;
}

uint64_t dice_pick(struct dice *d, const uint64_t *of, size_t n)
{
    return of[dice_below(d, n)];
}

uint64_t mix(uint64_t a, uint64_t b)
{
    return scramble(scramble(a) + b * UINT64_C(0x9E3779B97F4A7C15) + 1);
}

void expand(uint64_t from, void *bytes, size_t size)
{
    unsigned char *to = bytes;

    for (size_t i = 0; i < size; i += 8) {
        uint64_t word = mix(from, i);
        memcpy(to + i, &word, size - i < 8 ? size - i : 8);
    }
}

/* ---- rounds ---- */

double seconds_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static uint64_t seed_of_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return mix((uint64_t)t.tv_sec, (uint64_t)t.tv_nsec + ((uint64_t)getpid() << 32));
}

struct rounds rounds_begin(double seconds)
{
    const char *seed = getenv("CADRE_FUZZ_SEED"), *round = getenv("CADRE_FUZZ_ROUND");
    const char *times = getenv("CADRE_FUZZ_TIMES"),
               *time = getenv("CADRE_FUZZ_SECONDS");
    struct rounds r = { .seed = seed ? strtoull(seed, NULL, 0) : seed_of_now(),
                        .most = UINT64_MAX };

    r.until = seconds_now() + (time ? atof(time) : seconds);
    if (round) {
        r.only = true;
        r.round = strtoull(round, NULL, 0);
        r.most = times ? strtoull(times, NULL, 0) : 1;
    } else {
        printf("# CADRE_FUZZ_SEED=0x%llx\n", (unsigned long long)r.seed);
    }
    fflush(stdout); /* before anything is forked */
    return r;
}

bool rounds_next(struct rounds *r)
{
    if (r->n == r->most || (!r->only && seconds_now() > r->until)) {
        printf("# %llu rounds\n", (unsigned long long)r->n);
        fflush(stdout);
        return false;
    }
    if (!r->only)
        r->round = mix(r->seed, r->n);
    r->n++;
    return true;
}

/* ---- watchdog ---- */

static char tail_line[2000]; /* written by this thread only, while no alarm is set */

static void bark(int number)
{
    (void)number;
    (void)!write(STDOUT_FILENO, tail_line, strlen(tail_line));
    (void)!write(STDERR_FILENO, tail_line, strlen(tail_line));
    _exit(3);
}

void watchdog(unsigned seconds, const char *text)
{
    struct sigaction action = { .sa_handler = bark };

    alarm(0);
    if (!seconds)
        return;
    snprintf(tail_line, sizeof tail_line, "Bail out! hangs: %s\n", text);
    sigaction(SIGALRM, &action, NULL);
    alarm(seconds);
}

/* ---- sanitizers ---- */

#define VISIBLE __attribute__((visibility("default")))

VISIBLE const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

VISIBLE const char *__tsan_default_options(void)
{
    return "allocator_may_return_null=1";
}
