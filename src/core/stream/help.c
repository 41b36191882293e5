/* help.c - when the caller's thread of a stream runs tasks itself.
 * SPDX-License-Identifier: MIT
 *
 * Always without workers; with them, short tasks that nobody has come for yet. It does not do
 * so while tasks are long, or a record would wait for a task that has nothing to do with it;
 * a worker held in reserve takes its place. Where the job says that the caller waits, that
 * worker is in from the start.
 */
#include "core/stream/stream.h"
#include "base/clock.h"

#define LONG_NS  20000 /* the caller's thread does not run longer tasks */
#define SHORT_NS 200   /* nor shorter ones, but the one it waits for */
#define COST_NS  50000 /* for so long a figure of what tasks cost is good */

/* What a task takes, about; 0 while none has ended. Asked of all seats now and then: the
 * least of them, as others may have had to wait for a CPU. */
static uint32_t task_cost(cadre_stream *s)
{
    const struct cadre_window *w = s->run.window;
    uint32_t least = UINT32_MAX;

    if (s->now < s->cost_until)
        return s->task_cost;
    for (unsigned seat = 0; seat < w->seats; seat++) {
        uint32_t cost = atomic_load_explicit(&w->seat[seat].cost, memory_order_relaxed);
        least = cost > 0 && cost < least ? cost : least;
    }
    s->task_cost = least == UINT32_MAX ? 0 : least;
    s->cost_until = s->now + (s->task_cost ? COST_NS : 0);
    return s->task_cost;
}

bool cdr_stream_left_lying(const cadre_stream *s)
{
    uint64_t unclaimed = cdr_ring_unclaimed(s->ring);

    return unclaimed > 0 && (s->ring->unordered || s->fed - unclaimed <= s->taken);
}

/* What is left to workers is what costs next to nothing, as claiming that from two sides
 * costs more; and what leaves more than one result, as there is only place for one. */
static bool shares_tasks(const cadre_stream *s, uint32_t cost)
{
    return cost >= SHORT_NS && !s->program.emits && !s->program.keep_going;
}

/* Whether the caller's thread should run something that workers may come for too. */
bool cdr_stream_welcomes_caller(cadre_stream *s)
{
    uint32_t cost;

    if (s->remote)
        return false;
    if (!s->begun)
        return true; /* there are none */
    if (s->caller_waits)
        return false;
    cost = task_cost(s);
    if (!s->must_help && (cost == 0 || cost >= LONG_NS))
        return false;
    return cdr_stream_left_lying(s) ||
           (!s->must_help && shares_tasks(s, cost) && cdr_ring_unclaimed(s->ring) > 0);
}

bool cdr_stream_help(cadre_stream *s)
{
    struct cadre_worker *outer;
    bool some;

    if (!cdr_stream_welcomes_caller(s))
        return false;
    /* What its thread ran last may be there, and in its arena: nobody else makes room. */
    if (cdr_take_behind(s))
        return true;
    s->must_help = false;
    outer = cdr_set_current_worker(&s->worker);
    s->worker.now = s->now;
    some = cdr_serve_batch(&s->worker);
    cdr_set_current_worker(outer);
    s->now = s->worker.now;
    return some;
}

/* The caller's thread does not run such tasks. */
static bool leaves_tasks(const cadre_stream *s, uint32_t cost)
{
    return s->caller_waits || cost == 0 || cost >= LONG_NS;
}

/* The worker in reserve does what the caller does not. */
void cdr_stream_step_aside(cadre_stream *s)
{
    bool aside = leaves_tasks(s, task_cost(s)) || cdr_ring_unclaimed(s->ring) > 0;

    if (!s->begun || s->remote || cdr_run_caller_is_busy(&s->run) == aside)
        return;
    cdr_run_set_busy(&s->run, aside);
    if (aside)
        s->run.wake(s->run.wake_arg);
}

void cdr_stream_come_back(cadre_stream *s)
{
    if (s->begun && !s->remote && cdr_run_caller_is_busy(&s->run) &&
        !leaves_tasks(s, s->task_cost))
        cdr_run_set_busy(&s->run, false);
}
