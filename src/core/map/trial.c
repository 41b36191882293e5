/* trial.c - a long run finds out what its workers gain, by having them stand still in turns.
 * SPDX-License-Identifier: MIT
 *
 * What workers gain can be seen only where tasks run with and without others beside them, and
 * only in neighbouring tasks, since items differ. So in a run that is long enough for it not
 * to matter, once a kernel, all workers but the caller stand still between two slices for about
 * 0.13 ms, five times. What the caller's tasks take of its CPU then, and in
 * between, makes the pairs that gain.c judges.
 *
 * Processor time, as the caller may have to wait for a CPU: a busy machine makes tasks take
 * longer by the clock, and no longer by this. Whatever else may disturb a measurement makes
 * tasks look alike: others that have not been woken yet, or have not got a CPU, or do not
 * stand still yet since their slices are long. Then the workers seem to pay, as is assumed
 * without a trial.
 */
#include "core/map/trial.h"
#include "base/clock.h"
#include "core/pool/pool.h"

#include <time.h>

#define LATE_NS     40000 /* a slice of the caller may end so much later */
#define TOGETHER_NS 1e6   /* all have been at it for so long */
#define LONG_NS     25e6  /* what is left takes all workers so long */
#define SHORT_NS    10000 /* units that take longer are not measured */

/* ---- the phases ---- */

/* Pairs are left as they are: short runs come by here, too. */
void cdr_trial_init(struct cdr_trial *t)
{
    t->phase = CDR_TRIAL_NOT_BEGUN;
    t->next = t->still = 0;
    t->attempts = t->n = 0;
}

static void go_on(struct cdr_trial *t, enum cdr_trial_phase phase, uint64_t next)
{
    t->phase = phase;
    t->next = next;
}

static void start_measuring(struct cdr_trial *t, uint64_t cpu, uint64_t tasks)
{
    t->cpu = cpu;
    t->tasks = tasks;
}

static double cost_of(const struct cdr_trial *t, uint64_t cpu, uint64_t tasks)
{
    return tasks > t->tasks ? (double)(cpu - t->cpu) / (double)(tasks - t->tasks) : 0;
}

/* They stand still until after the measurement, and not for longer if it is never ended. */
static void part(struct cdr_trial *t, uint64_t now)
{
    t->still = now + CDR_SETTLE_NS + CDR_TRIAL_NS + LATE_NS;
    go_on(t, CDR_TRIAL_PARTING, now + CDR_SETTLE_NS);
}

static void join(struct cdr_trial *t, uint64_t now)
{
    bool over = t->n == CDR_GAIN_PAIRS || t->attempts == CDR_TRIAL_ATTEMPTS;

    t->still = 0;
    go_on(t, over ? CDR_TRIAL_OVER : CDR_TRIAL_JOINING, now + CDR_SETTLE_NS);
}

/* A pair counts if they did stand still all the while. */
static void end_pair(struct cdr_trial *t, uint64_t now, uint64_t cpu, uint64_t tasks)
{
    t->attempts++;
    t->pair[t->n].alone = cost_of(t, cpu, tasks);
    if (now <= t->still)
        t->n++;
    join(t, now);
}

void cdr_trial_step(struct cdr_trial *t, uint64_t now, uint64_t cpu, uint64_t tasks)
{
    if (t->phase == CDR_TRIAL_OVER || now < t->next)
        return;
    switch (t->phase) {
    case CDR_TRIAL_JOINING:
        start_measuring(t, cpu, tasks);
        go_on(t, CDR_TRIAL_TOGETHER, now + CDR_TRIAL_NS);
        break;
    case CDR_TRIAL_TOGETHER:
        t->pair[t->n].together = cost_of(t, cpu, tasks);
        part(t, now);
        break;
    case CDR_TRIAL_PARTING:
        start_measuring(t, cpu, tasks);
        go_on(t, CDR_TRIAL_ALONE, now + CDR_TRIAL_NS);
        break;
    case CDR_TRIAL_ALONE: end_pair(t, now, cpu, tasks); break;
    default: join(t, now); /* it begins */
    }
}

/* ---- in a run ---- */

/* Workers that can run at the same time. */
static unsigned workers_at_once(const cadre_run *run)
{
    const struct cdr_plan *plan = &run->pool->plan;

    return plan->workers < plan->machine.cpus ? plan->workers : plan->machine.cpus;
}

static bool is_long(const cadre_run *run, const struct cadre_worker *w)
{
    double left = (double)cdr_window_unclaimed(run->window) * w->cost;

    return w->cost < SHORT_NS && (double)(w->now - run->started) >= TOGETHER_NS &&
           left >= LONG_NS * run->workers;
}

/* What this thread has used of CPUs; 0: unknown. */
static uint64_t cpu_time(void)
{
    struct timespec t;

    if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t))
        return 0;
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void learn(cadre_run *run, const struct cdr_trial *t)
{
    unsigned workers = workers_at_once(run);
    double gain;

    if (t->n < CDR_GAIN_PAIRS)
        return;
    gain = cdr_gain_measured(t->pair, workers);
    /* No gain that pairs agree on: all, as without a trial. */
    cdr_gain_learn(&run->pool->gains, cdr_program_kernel(run->program), run->program->n,
                   gain > 0 ? gain : workers);
}

void cdr_trial_tick(cadre_run *run, struct cadre_worker *w, struct cdr_trial *t)
{
    if (t->phase == CDR_TRIAL_OVER ||
        (t->phase == CDR_TRIAL_NOT_BEGUN && !is_long(run, w)) || w->now < t->next)
        return;
    cdr_trial_step(t, w->now, cpu_time(),
                   atomic_load_explicit(&w->task.seat->done, memory_order_relaxed));
    atomic_store_explicit(&run->still_until, t->still, memory_order_relaxed);
    if (t->phase == CDR_TRIAL_OVER)
        learn(run, t);
}
