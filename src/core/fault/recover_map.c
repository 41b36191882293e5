/* recover_map.c - when a worker process of a map or a reduction has died.
 * SPDX-License-Identifier: MIT
 *
 * All of this runs in the caller's process, in the thread that polls the run, and nobody
 * else touches the dead worker's seat meanwhile. First its intent is settled (intent.c): then
 * it is known which units are done, which are not, and whether the worker was inside a
 * kernel. If it was, the task it was in pays: it is left at the front of the seat's range
 * to be run alone by a fresh worker, as often as the job allows; then it has failed, as if
 * its kernel had said so. Everything else the seat held stays in its range, for the fresh
 * worker or for those who have nothing to do.
 *
 * Which task of a range kernel's call took the worker down cannot be known. So nobody
 * pays yet, and the slice is run again one task at a time.
 *
 * A reduction's block is run again as a whole. Where a place of the tree was being
 * changed, what was there before is put back first (tree.c).
 *
 * Workers that die without ever coming to a task blame nobody; when too many in a row do,
 * the run ends with an error, since fresh ones would die too.
 */
#include "core/fault/recover.h"
#include "core/board/tree.h"
#include "core/run/staging.h"

#include <string.h>

static uint64_t load(const _Atomic uint64_t *word)
{
    return atomic_load_explicit(word, memory_order_relaxed);
}

static void store(_Atomic uint64_t *word, uint64_t value)
{
    atomic_store_explicit(word, value, memory_order_relaxed);
}

/* The task has had its last try. */
static void fail(cadre_run *run, unsigned seat, uint64_t item, bool fatal,
                 const cadre_death *death)
{
    const struct cdr_program *p = run->program;
    struct cadre_window *w = run->window;
    cadre_error error;

    cdr_word_death(&error, run, seat, item, death);
    if (p->statuses)
        p->statuses[item] = error.code;
    if (p->spill)
        p->spill->of[item].size = 0;
    cdr_window_fail(w, &w->seat[0], item,
                    p->keep_going && !fatal ? CADRE_NO_ITEM : item / p->grain, &error);
}

/* Statuses of tasks that were done, and their number. */
static void count_done(const cadre_run *run, unsigned s, uint64_t first, uint64_t end)
{
    const struct cdr_program *p = run->program;
    _Atomic uint64_t *done = &run->window->seat[s].done;

    store(done, load(done) + (end - first));
    for (uint64_t i = first; p->statuses && i < end; i++)
        if (p->statuses[i] == CADRE_ECANCELLED)
            p->statuses[i] = CADRE_OK;
        else if (p->statuses[i] == CDR_UNWANTED)
            store(done, load(done) - 1);
}

/* Tasks that are to be run again, or by nobody where the run is over: what their worker may
 * have said of them before it died does not hold. */
static void take_back(const struct cdr_program *p, uint64_t first, uint64_t end)
{
    for (uint64_t i = first; i < end; i++) {
        if (p->statuses && p->statuses[i] == CADRE_OK)
            p->statuses[i] = CADRE_ECANCELLED;
        if (p->spill)
            p->spill->of[i].size = 0;
    }
}

static void set_alone(cadre_run *run, unsigned s, uint64_t until)
{
    _Atomic uint64_t *alone = &cdr_window_intent(run->window, s)->alone;

    if (load(alone) < until)
        store(alone, until);
}

/* The worker was in this task, the first of the seat's range. */
static void blame(cadre_run *run, unsigned s, uint64_t item, const cadre_death *death)
{
    struct cdr_span range = cdr_intent_range(run->window, s);

    if (cdr_may_retry(run, item)) {
        set_alone(run, s, item + 1);
        return;
    }
    fail(run, s, item, false, death);
    count_done(run, s, item, item + 1);
    range.first = item + 1;
    cdr_intent_set_range(run->window, s, range);
}

/* Whether the death came from our own hands, for what the task before took. */
static bool is_innocent(const cadre_death *death, uint64_t item)
{
    return death->expired != CADRE_NO_ITEM && death->expired != item;
}

/* Nobody wants the task any more: it was left to end, or ended, for that. */
static bool is_unwanted(const cadre_run *run, uint64_t item)
{
    return item / run->program->grain >= load(&run->window->limit);
}

/* Whether a worker runs several tasks in one call of the kernel. */
static bool calls_ranges(const struct cdr_program *p)
{
    return p->range_fn && !p->emits;
}

static void lost_task(cadre_run *run, unsigned s, const struct cdr_left *left,
                      const cadre_death *death)
{
    uint64_t item = load(&run->window->seat[s].current);
    bool range = calls_ranges(run->program) && left->taken > left->first + 1;

    if (!range)
        count_done(run, s, left->first, left->progress);
    if (!left->running || is_unwanted(run, item) || is_innocent(death, item))
        return;
    if (range)
        set_alone(run, s, left->taken);
    else
        blame(run, s, item, death);
}

/* Put back what the dead worker was changing in the tree. */
static void restore(cadre_run *run, unsigned s, struct cdr_climb_note *note)
{
    const struct cdr_tree *tree = run->program->tree;
    uint64_t left = note->block & ~((UINT64_C(2) << note->level) - 1);

    memcpy(cdr_tree_place(tree, left), cdr_tree_saved(tree, s),
           run->program->result_size);
    note->combining = false;
    store(&cdr_window_intent(run->window, s)->climb, cdr_climb_pack(note));
}

/* The worker was carrying a block. True: it was combining two places. */
static bool lost_climb(cadre_run *run, unsigned s, struct cdr_left *left)
{
    struct cdr_intent *intent = cdr_window_intent(run->window, s);
    struct cdr_climb_note note = cdr_climb_unpack(load(&intent->climb));
    struct cdr_span range = cdr_intent_range(run->window, s);
    bool combining = note.combining;

    if (combining)
        restore(run, s, &note);
    if (left->progress <= note.origin) { /* that block itself is done */
        left->progress = note.origin + 1;
        range.first = note.origin + 1;
        cdr_intent_set_range(run->window, s, range);
    }
    return combining;
}

static void lost_block(cadre_run *run, unsigned s, struct cdr_left *left,
                       const cadre_death *death)
{
    const struct cdr_program *p = run->program;
    struct cdr_intent *intent = cdr_window_intent(run->window, s);
    uint64_t item = load(&run->window->seat[s].current);
    bool folding = atomic_exchange_explicit(&intent->folding, 0, memory_order_relaxed);
    bool climbing = load(&intent->climb) != 0;
    bool combining = climbing && lost_climb(run, s, left);

    if (!left->running || (climbing && !combining) || is_unwanted(run, item) ||
        is_innocent(death, item))
        return;
    if (!combining && !folding && p->range_fn &&
        load(&intent->alone) <= left->progress) {
        set_alone(run, s, left->progress + 1);
        return;
    }
    if (cdr_may_retry(run, item)) {
        set_alone(run, s, left->progress + 1);
        return;
    }
    fail(run, s, item, combining || folding, death);
    if (!combining) /* those before it in the block have been run */
        cdr_note_done(p, left->progress * p->grain, item);
    if (combining)
        store(&intent->climb, 0); /* nobody needs what lies above it any more */
}

bool cdr_lost_in_map(cadre_run *run, unsigned s, const cadre_death *death)
{
    const struct cdr_program *p = run->program;
    struct cdr_left left;

    cdr_intent_settle(run->window, s, p->tree || calls_ranges(p), &left);
    store(&cdr_window_intent(run->window, s)->stamp, 0);
    if (run->manifest && left.progress < left.taken)
        cdr_staging_refill(p, left.progress, left.taken);
    if (p->tree) {
        lost_block(run, s, &left, death);
    } else {
        take_back(p, left.progress, left.taken);
        lost_task(run, s, &left, death);
    }
    return left.running;
}
