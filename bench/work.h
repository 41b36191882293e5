/* work.h - the work that every contestant does: one kernel, some items, their results.
 * SPDX-License-Identifier: MIT
 *
 * Kernels live in work.c, compiled once and linked into every program, and are called
 * through a pointer that no compiler sees through: so all of them run the very same
 * instructions, and what differs is what brings the items to them.
 */
#ifndef CDR_BENCH_WORK_H
#define CDR_BENCH_WORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

struct cadre_task;

/* cadre's own types of kernel, so that nothing stands between cadre and them; others
 * pass NULL for the task. */
typedef int kernel_fn(struct cadre_task *task, const void *item, void *result);
typedef int kernel_range_fn(struct cadre_task *task, uint64_t first, uint64_t count,
                            const void *items, void *results);

struct work {
    kernel_fn *kernel;
    kernel_range_fn *range;  /* the same over neighbours; NULL: there is none */
    size_t n, width;         /* items; numbers in each, and in its result */
    double *items, *results; /* n of that width each; results begin as NaN */
};

/* What items cost, in multiples of `unit_ns`, by the name of the shape:
 *   square      no multiple: the item squared, the trivial kernel
 *   even        1 each
 *   random      1 to 1000, as likely below 32 as above
 *   ascending   the same in order; descending: in the other
 *   clump       1, but for the 2 % of items from nine tenths on: 1000
 *   long        1, but for the one in the middle: 10
 *   wide        no multiple: items of WORK_WIDE numbers, each squared; all others have one
 * A unit is a count of steps that take step_ns each. False, having said why on
 * stderr, when there is no such shape or no memory. */
#define WORK_WIDE 8 /* 64 bytes */
bool work_open(struct work *w, const char *shape, size_t n, double unit_ns,
               double step_ns);
void work_close(struct work *w);

/* What a step of the arithmetic takes on this machine now, in nanoseconds. */
double work_step_ns(void);

/* An item, or a result, of either width: without a call, and in one piece. */
static inline void work_copy(double *to, const double *from, size_t width)
{
    if (width == 1)
        *to = *from;
    else
        memcpy(to, from, WORK_WIDE * sizeof *to);
}

/* The plain loop that all are measured against. */
void work_loop(const struct work *w);

#ifdef __cplusplus
}
#endif
#endif
