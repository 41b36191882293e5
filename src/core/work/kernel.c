/* kernel.c - the one place that calls kernels.
 * SPDX-License-Identifier: MIT
 *
 * Seeding, failure and cancellation cannot differ between backends, because all of them come
 * through here. Three functions run some neighbouring tasks *through*, each for one sort of
 * kernel: over packed items, over columns, over ranges. A fold is called as a range kernel is,
 * with the partial result of its block instead of results.
 */
#include "core/work/write_ahead.h"
#include "core/run/run.h"

#include <string.h>

#define UNLIKELY(x) __builtin_expect(x, 0)
#define NOINLINE    __attribute__((noinline))
#define INLINE      __attribute__((always_inline)) inline
#define STRIDE_NS   2000.0
#define STRIDE_MAX  64

static void at(struct cadre_task *t, uint64_t index)
{
    atomic_store_explicit(&t->seat->current, index, memory_order_relaxed);
}

/* ---- some tasks through ---- */

/* All: run tasks i .. *end-1 with items from `item` and results from `result` on, up to
 * the first that fails unless failures are gone over; return the first task not done.
 * Others may lower *end meanwhile. */

/* No checks in here but for failure and the end: a kernel may take two nanoseconds. Six
 * values survive a call in registers, and with the steps known, the end in the seat and
 * one address counted from the other, six are enough: worth a fifth of that time. */
INLINE static uint64_t loop(struct cadre_task *t, uint64_t i,
                            const _Atomic uint64_t *end, uintptr_t item,
                            uintptr_t result, size_t item_size, size_t result_size)
{
    struct cdr_seat *seat = t->seat;
    cadre_fn *fn = t->program->fn;
    uintptr_t apart = result - item;

    for (;;) {
        if (i >= atomic_load_explicit(end ? end : &seat->stop_at, memory_order_relaxed))
            return i;
        atomic_store_explicit(&seat->current, i, memory_order_relaxed);
        int rc = fn(t, (const void *)item, (void *)(item + apart));
        if (UNLIKELY(rc) && !cdr_task_returned(t, i, rc))
            return i;
        i++;
        item += item_size;
        apart += result_size - item_size;
    }
}

/* One task; false: it failed, and that ends it. */
INLINE static bool one(struct cadre_task *t, struct cdr_seat *seat, cadre_fn *fn,
                       uint64_t i, uintptr_t item, uintptr_t result)
{
    atomic_store_explicit(&seat->current, i, memory_order_relaxed);
    int rc = fn(t, (const void *)item, (void *)result);
    return !UNLIKELY(rc) || cdr_task_returned(t, i, rc);
}

/* Four tasks between two looks at the end: only for those known to be cheap. */
INLINE static uint64_t fours(struct cadre_task *t, uint64_t i, uintptr_t item,
                             uintptr_t result, size_t item_size, size_t result_size)
{
    struct cdr_seat *seat = t->seat;
    cadre_fn *fn = t->program->fn;

    for (; i + 4 <= atomic_load_explicit(&seat->stop_at, memory_order_relaxed);
         i += 4) {
        if (!one(t, seat, fn, i, item, result))
            return i;
        if (!one(t, seat, fn, i + 1, item + item_size, result + result_size))
            return i + 1;
        if (!one(t, seat, fn, i + 2, item + 2 * item_size, result + 2 * result_size))
            return i + 2;
        if (!one(t, seat, fn, i + 3, item + 3 * item_size, result + 3 * result_size))
            return i + 3;
        item += 4 * item_size;
        result += 4 * result_size;
    }
    return loop(t, i, NULL, item, result, item_size, result_size);
}

NOINLINE static uint64_t eights_to_stop(struct cadre_task *t, uint64_t i,
                                        uintptr_t item, uintptr_t result)
{
    if (t->cheap)
        return fours(t, i, item, result, 8, 8);
    return loop(t, i, NULL, item, result, 8, 8);
}

NOINLINE static uint64_t indices_to_stop(struct cadre_task *t, uint64_t i,
                                         uintptr_t result)
{
    if (t->cheap && t->program->result_size == 8)
        return fours(t, i, 0, result, 0, 8);
    return loop(t, i, NULL, 0, result, 0, t->program->result_size);
}

NOINLINE static uint64_t items_through(struct cadre_task *t, uint64_t i,
                                       const _Atomic uint64_t *end, uintptr_t item,
                                       uintptr_t result)
{
    const struct cdr_program *p = t->program;

    if (end == &t->seat->stop_at && p->item_size == 8 && p->result_size == 8)
        return eights_to_stop(t, i, item, result);
    if (end == &t->seat->stop_at && p->item_size == 0)
        return indices_to_stop(t, i, result);
    return loop(t, i, end, item, result, p->item_size, p->result_size);
}

/* Elements of a column with a source of its own lie in the stream's item. */
static const void *streamed(const struct cdr_program *p, unsigned k, uintptr_t item)
{
    const uint64_t *there = (const uint64_t *)(item + p->there_at);

    if (p->packed_columns)
        return (const void *)(item + p->column_at[k]);
    return there[k / 64] >> k % 64 & 1 ? (const void *)(item + p->column_at[k])
                                       : p->columns[k].fill;
}

static void fill_args(const void **args, const struct cdr_program *p, uint64_t i,
                      uintptr_t item)
{
    for (unsigned k = 0; k < p->n_columns; k++) {
        const cadre_column *c = &p->columns[k];
        if (c->same)
            args[k] = c->data;
        else if (c->source || p->packed_columns)
            args[k] = streamed(p, k, item);
        else if (i < c->n)
            args[k] = (const char *)c->data + i * c->size;
        else
            args[k] = c->fill;
    }
}

void cdr_fill_args(const void **args, const struct cdr_program *p, uint64_t i,
                   uintptr_t item)
{
    fill_args(args, p, i, item);
}

static uint64_t columns_through(struct cadre_task *t, uint64_t i,
                                const _Atomic uint64_t *end, uintptr_t item,
                                uintptr_t result)
{
    const struct cdr_program *p = t->program;

    for (; i < atomic_load_explicit(end, memory_order_relaxed); i++) {
        at(t, i);
        fill_args(t->args, p, i, item);
        int rc = p->fn(t, t->args, (void *)result);
        /* It may have failed by what it called, and yet return 0. */
        if (UNLIKELY(rc || t->failed_at == i) && !cdr_task_returned(t, i, rc))
            break;
        item += p->item_size;
        result += p->result_size;
    }
    return i;
}

/* From one result of a range kernel to the next: a fold has one for all. */
static size_t result_step(const struct cdr_program *p)
{
    return p->folds ? 0 : p->result_size;
}

/* The tasks are neighbours by position and by index. */
static int call_range(struct cadre_task *t, uint64_t first, uint64_t count,
                      uintptr_t item, uintptr_t result)
{
    int rc;

    at(t, first);
    t->range_first = first;
    t->range_end = first + count;
    t->named = false;
    t->misuse = CADRE_OK;
    t->unwanted = false;
    t->message_for = CADRE_NO_ITEM;
    t->rng_for = CADRE_NO_ITEM; /* a second call starts the streams anew */
    if (t->program->folds)
        memcpy(t->before, (const void *)result, t->program->result_size);
    rc = t->program->range_fn(t, cdr_program_index(t->program, first), count,
                              (const void *)item, (void *)result);
    t->range_first = t->range_end = 0;
    return rc;
}

/* As if the call had not been made: of a reduction, where each result is zero before its
 * task, and a partial result has no part of a task that failed. */
static void undo_range(struct cadre_task *t, uint64_t count, uintptr_t result)
{
    if (t->program->folds)
        memcpy((void *)result, t->before, t->program->result_size);
    else if (t->program->tree)
        memset((void *)result, 0, count * t->program->result_size);
}

/* A range that failed says nothing of which item did, and emitted bytes belong to one
 * task: so call the kernel for each alone. */
static uint64_t singles_through(struct cadre_task *t, uint64_t i, uint64_t end,
                                uintptr_t item, uintptr_t result)
{
    for (; i < end; i++) {
        int rc = call_range(t, i, 1, item, result);
        if (t->unwanted) {
            cdr_task_unwanted(t, i, i + 1);
            rc = 0;
        } else if (t->misuse) {
            cdr_task_failed(t, i, t->misuse, 0, false);
            rc = rc ? rc : 1;
        }
        if (rc && t->program->folds)
            undo_range(t, 1, result);
        if (rc && !cdr_task_returned(t, i, rc))
            break;
        item += t->program->item_size;
        result += result_step(t->program);
    }
    return i;
}

static uint64_t range_through(struct cadre_task *t, uint64_t i, uint64_t end,
                              uintptr_t item, uintptr_t result)
{
    int rc;

    if (t->program->emits || end - i == 1)
        return singles_through(t, i, end, item, result);
    rc = call_range(t, i, end - i, item, result);
    if (t->unwanted)
        cdr_task_unwanted(t, i, end);
    if (t->unwanted || (!rc && !t->misuse))
        return end;
    undo_range(t, end - i, result);
    return singles_through(t, i, end, item, result);
}

/* Where the index of the next task is not the next index; at most `end`. */
static uint64_t gap_after(const struct cdr_program *p, uint64_t i, uint64_t end)
{
    uint64_t last = end < p->n_indexes ? end : p->n_indexes;

    for (uint64_t k = i + 1; k < last; k++)
        if (p->indexes[k] != p->indexes[k - 1] + 1)
            return k;
    return end;
}

static uint64_t ranges_through(struct cadre_task *t, uint64_t i, uint64_t end,
                               uintptr_t item, uintptr_t result)
{
    const struct cdr_program *p = t->program;
    uint64_t first, gap;

    do {
        first = i;
        gap = gap_after(p, first, end);
        i = range_through(t, first, gap, item, result);
        item += (gap - first) * p->item_size;
        result += (gap - first) * result_step(p);
    } while (i == gap && gap < end);
    return i;
}

static uint64_t through(struct cadre_task *t, uint64_t i, const _Atomic uint64_t *end,
                        uintptr_t item, uintptr_t result)
{
    uint64_t now = atomic_load_explicit(end, memory_order_relaxed);

    if (t->program->range_fn) /* once called, it goes through to where the end was */
        return now > i ? ranges_through(t, i, now, item, result) : i;
    if (t->program->columns)
        return columns_through(t, i, end, item, result);
    return items_through(t, i, end, item, result);
}

uint64_t cdr_run_through(struct cadre_task *t, uint64_t i, uint64_t end, uintptr_t item,
                         uintptr_t result)
{
    _Atomic uint64_t fixed = end;

    return through(t, i, &fixed, item, result);
}

uint64_t cdr_run_to_stop(struct cadre_task *t, uint64_t i, uintptr_t item,
                         uintptr_t result)
{
    return through(t, i, &t->seat->stop_at, item, result);
}

/* How many tasks to run between looks at the clock or the limit, of at most `most`: what
 * takes about two microseconds at the cost of the last slice; one when that is not known,
 * and never more than 64, lest many long ones after some short ones keep a worker from
 * seeing that it should stop. A range kernel is called for all of them. */
uint64_t cdr_stride(const struct cadre_worker *w, uint64_t most)
{
    const struct cdr_program *p = w->task.program;
    double cost = w->cost / (double)p->grain;
    double tasks = cost == 0 ? 1 : STRIDE_NS / cost;

    if (cdr_task_is_alone(&w->task))
        return 1;
    if (p->range_fn)
        return most;
    if (tasks > STRIDE_MAX)
        tasks = STRIDE_MAX;
    return tasks < 1 ? 1 : (uint64_t)tasks < most ? (uint64_t)tasks : most;
}

uintptr_t cdr_program_kernel(const struct cdr_program *p)
{
    return p->range_fn ? (uintptr_t)p->range_fn : (uintptr_t)p->fn;
}
