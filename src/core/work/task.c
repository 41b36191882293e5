/* task.c - what a kernel sees, and the worker that runs it.
 * SPDX-License-Identifier: MIT
 *
 * A worker belongs to one thread, which alone touches it. Its task is handed to
 * kernels; its scratch memory is kept from task to task, and allocations are kept
 * from run to run.
 */
#include "core/run/staging.h"
#include "base/clock.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES ((size_t)16 << 10)

static _Thread_local struct cadre_worker *current_worker;

struct cadre_worker *cdr_current_worker(void)
{
    return current_worker;
}

struct cadre_worker *cdr_set_current_worker(struct cadre_worker *w)
{
    struct cadre_worker *outer = current_worker;

    current_worker = w;
    return outer;
}

/* ---- workers ---- */

void cdr_worker_fini(struct cadre_worker *w)
{
    cdr_states_fini(&w->states);
    free(w->task.scratch);
    free(w->task.emitted);
    free(w->task.args);
    free(w->block);
}

static bool room_for_args(struct cadre_worker *w, unsigned n)
{
    const void **args;

    if (n <= w->task.args_capacity)
        return true;
    args = calloc(n, sizeof *args);
    if (!args)
        return false;
    free(w->task.args);
    w->task.args = args;
    w->task.args_capacity = n;
    return true;
}

/* For as many results of a reduction as fit in BLOCK_BYTES, or one. */
static bool room_for_block(struct cadre_worker *w, const struct cdr_program *p)
{
    if (!p->tree)
        return true;
    w->block_tasks = p->result_size < BLOCK_BYTES ? BLOCK_BYTES / p->result_size : 1;
    if (w->block_tasks * p->result_size <= w->block_capacity)
        return true;
    free(w->block);
    w->block_capacity = w->block_tasks * p->result_size;
    w->block = malloc(w->block_capacity);
    if (!w->block)
        w->block_capacity = 0;
    return w->block != NULL;
}

int cdr_worker_enter(struct cadre_worker *w, cadre_run *run, unsigned seat)
{
    const struct cdr_program *p = run->program;
    struct cadre_task *t = &w->task;

    if (!room_for_args(w, p->n_columns) || !room_for_block(w, p))
        return CADRE_ENOMEM;
    t->program = p;
    t->run = run;
    t->seat = &run->window->seat[seat];
    t->rng_for = CADRE_NO_ITEM;
    t->root_ready = false;
    t->scratch_size = 0;
    t->range_first = t->range_end = 0;
    t->combining = t->beginning = t->cheap = false;
    t->misuse = CADRE_OK;
    t->failed_at = t->emitting = t->message_for = t->unwanted_at = CADRE_NO_ITEM;
    t->unwanted = false;
    t->n_unwanted = 0;
    t->extent = (struct cdr_extent){ 0 };
    w->seat = seat;
    w->cost = 0;
    w->last_slice = 0;
    cdr_state_find(w);
    return CADRE_OK;
}

/* ---- tasks ---- */

static void set_message(struct cadre_task *t, const char *format, va_list args)
{
    t->message_for = cdr_task_position(t);
    vsnprintf(t->message, sizeof t->message, format, args);
}

static int misuse(struct cadre_task *t, int code, const char *format, ...)
    CADRE_PRINTF(3, 4);

/* The kernel called something in a way that cannot be right, or that could not be
 * done: its task fails whatever it returns. In a range kernel which task that is, is
 * found out later; the first complaint counts. */
static int misuse(struct cadre_task *t, int code, const char *format, ...)
{
    uint64_t position = cdr_task_position(t);
    va_list args;

    if (t->misuse || t->failed_at == position || t->unwanted_at == position)
        return code;
    va_start(args, format);
    set_message(t, format, args);
    va_end(args);
    if (t->range_end > 0 || t->combining || t->beginning)
        t->misuse = code;
    else
        cdr_task_failed(t, position, code, 0, false);
    return code;
}

uint64_t cadre_task_index(const cadre_task *t)
{
    return cdr_program_index(t->program, cdr_task_position(t));
}

const void *cadre_task_shared(const cadre_task *t)
{
    return t->program->shared;
}

void *cadre_task_state(const cadre_task *t)
{
    return t->state;
}

int cadre_task_at(cadre_task *t, uint64_t index)
{
    uint64_t first = cdr_program_index(t->program, t->range_first);

    if (t->range_end == 0 && index == cadre_task_index(t))
        return CADRE_OK;
    if (index < first || index - first >= t->range_end - t->range_first)
        return misuse(t, CADRE_EINVAL,
                      "cadre_task_at(%" PRIu64 ") is not in the range given", index);
    atomic_store_explicit(&t->seat->current, t->range_first + (index - first),
                          memory_order_relaxed);
    t->named = true;
    return CADRE_OK;
}

/* A range kernel's tasks share a call, and so do those of a combining function. */
static void hear(struct cadre_task *t)
{
    uint64_t position = cdr_task_position(t);

    atomic_store_explicit(&t->run->window->heard_unwanted, true, memory_order_relaxed);
    t->unwanted = true;
    if (t->range_end == 0 && !t->combining && t->failed_at != position &&
        t->unwanted_at != position)
        cdr_task_unwanted(t, position, position + 1);
}

/* The run ends here and now if nobody else has noticed: the task may return early, and
 * must not be taken for done. A range kernel may end for it only once nobody wants anything
 * of its call. */
bool cadre_task_cancelled(const cadre_task *t)
{
    const cadre_run *run = t->run;
    struct cadre_window *w = run->window;
    uint64_t first = t->range_end > 0 ? t->range_first : cdr_task_position(t);

    if (cdr_run_cancelled(run))
        cdr_window_stop(w, CADRE_ECANCELLED);
    else if (run->deadline != UINT64_MAX && cdr_now() >= run->deadline)
        cdr_window_stop(w, CADRE_ETIMEOUT);
    /* Acquire: who takes a stream's record of this task sees why it was not wanted. */
    if (atomic_load_explicit(&w->limit, memory_order_acquire) >
        first / t->program->grain)
        return false;
    hear((struct cadre_task *)(uintptr_t)t);
    return true;
}

int cadre_task_fail(cadre_task *t, int user, const char *format, ...)
{
    va_list args;

    if (!t->misuse) {
        va_start(args, format);
        set_message(t, format, args);
        va_end(args);
    }
    return user ? user : 1;
}

/* ---- the task's random stream ---- */

static void make_root(struct cadre_task *t)
{
    if (t->program->seed_sequence)
        t->root = *t->program->seed_sequence;
    else
        cadre_seed_init(&t->root, t->program->seed);
    t->root_ready = true;
}

struct cadre_rng *cadre_task_rng(cadre_task *t)
{
    uint64_t position = cdr_task_position(t);
    cadre_seed seed;

    if (t->range_end > 0 && !t->named)
        misuse(t, CADRE_EINVAL,
               "a range kernel calls cadre_task_at before it asks for random numbers");
    if (t->combining)
        misuse(t, CADRE_EINVAL,
               "combining has no random numbers: what is combined when "
               "depends on who works");
    if (t->beginning)
        misuse(t, CADRE_EINVAL,
               "worker_begin has no random numbers: which task comes first depends on "
               "who works");
    if (t->rng_for == position)
        return &t->rng;
    if (!t->root_ready)
        make_root(t);
    seed = cadre_seed_child(&t->root, cdr_program_index(t->program, position));
    cadre_rng_init(&t->rng, &seed);
    t->rng_for = position;
    return &t->rng;
}

/* ---- memory that grows ---- */

/* At least `size` bytes at *memory, what was there kept. */
static bool grow(char **memory, size_t *room, size_t size)
{
    size_t wanted = *room < 64 ? 64 : *room;
    char *moved;

    if (size <= *room)
        return true;
    while (wanted < size)
        wanted = wanted > SIZE_MAX / 2 ? size : wanted * 2;
    moved = realloc(*memory, wanted);
    if (!moved)
        return false;
    *memory = moved;
    *room = wanted;
    return true;
}

void *cadre_task_scratch(cadre_task *t, size_t size)
{
    char *memory = t->scratch;

    if (size <= t->scratch_size)
        return t->scratch;
    if (!grow(&memory, &t->scratch_capacity, size)) {
        misuse(t, CADRE_ENOMEM, "no memory for %zu bytes of scratch", size);
        return NULL;
    }
    t->scratch = memory;
    memset(memory + t->scratch_size, 0, size - t->scratch_size);
    t->scratch_size = size;
    return memory;
}

/* What a stream's arenas would not hold goes to its file, in portions of about so much. */
static int emit_to_file(cadre_task *t, const void *bytes, size_t size)
{
    struct cdr_spill_file *file = t->program->spill_file;
    int rc = cdr_spill_file_append(file, &t->extent, t->emitted, t->emitted_size);

    t->emitted_size = 0;
    if (!rc)
        rc = cdr_spill_file_append(file, &t->extent, bytes, size);
    return rc ? misuse(
                    t, CADRE_ENOMEM,
                    "%zu emitted bytes do not fit in the stream's memory_limit, nor in "
                    "a file: %s",
                    t->extent.size + size, strerror(rc))
              : CADRE_OK;
}

/* Whether the arena of the task's seat would hold so many bytes. */
static bool fits_in_arena(const cadre_task *t, size_t size)
{
    const struct cadre_window *w = t->run->window;

    return !t->program->spill_file ||
           size <= cdr_window_arena(w, (unsigned)(t->seat - w->seat))->room;
}

int cadre_task_emit(cadre_task *t, const void *bytes, size_t size)
{
    uint64_t position = cdr_task_position(t);
    size_t total;

    if (!t->program->emits)
        return misuse(t, CADRE_EINVAL, "the job has no place for emitted bytes");
    if (t->beginning)
        return misuse(t, CADRE_EINVAL, "worker_begin emits nothing: only tasks do");
    if (t->range_end > 0 && !t->named)
        return misuse(t, CADRE_EINVAL,
                      "a range kernel calls cadre_task_at before it emits");
    if (t->failed_at == position || t->unwanted_at == position)
        return t->failed_at == position ? t->error.code : CADRE_OK;
    if (t->emitting != position) {
        cdr_task_flush(t);
        t->emitting = position;
        t->emitted_size = 0;
    }
    if (size == 0)
        return CADRE_OK;
    if (!__builtin_add_overflow(t->emitted_size, size, &total) &&
        !fits_in_arena(t, total))
        return emit_to_file(t, bytes, size);
    if (__builtin_add_overflow(t->emitted_size, size, &total) ||
        !grow(&t->emitted, &t->emitted_capacity, total))
        return misuse(t, CADRE_ENOMEM, "no memory for %zu emitted bytes", size);
    memcpy(t->emitted + t->emitted_size, bytes, size);
    t->emitted_size = total;
    return CADRE_OK;
}

/* ---- where am I ---- */

unsigned cadre_rank(void)
{
    return current_worker ? current_worker->seat : 0;
}

unsigned cdr_workers_here(void)
{
    return current_worker ? current_worker->task.run->workers : 0;
}

unsigned cadre_size(void)
{
    const cadre_run *run = current_worker ? current_worker->task.run : NULL;

    return !run ? 1 : run->size ? run->size : run->window->seats;
}

bool cadre_is_main(void)
{
    return cadre_rank() == 0;
}
