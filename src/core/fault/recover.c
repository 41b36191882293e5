/* recover.c - when a worker process has died: who pays, and who goes on.
 * SPDX-License-Identifier: MIT
 *
 * All of it runs in the caller's process, in the thread that polls the backend, and nobody
 * else touches the dead worker's seat meanwhile. Its seat is settled and its task blamed in
 * recover_map.c or recover_stream.c; here is what both have in common: workers that die without
 * ever coming to a task blame nobody, and when too many in a row do, the run ends with an
 * error, since fresh ones would die too.
 */
#include "core/fault/recover.h"
#include "core/board/claim.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "core/board/tree.h"
#include "core/run/staging.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t load(const _Atomic uint64_t *word)
{
    return atomic_load_explicit(word, memory_order_relaxed);
}

/* What grows as long as workers come to tasks: those done, or a stream's claimed. */
static uint64_t progress_of(const struct cadre_window *w)
{
    const struct cdr_ring *r = cdr_window_ring(w);

    return r ? cdr_next_first(load(&r->next)) : cdr_window_done(w);
}

static bool is_hopeless(cadre_run *run, bool in_task)
{
    struct cdr_recovery *l = run->recovery;
    uint64_t done = progress_of(run->window);
    unsigned most = 2 * run->workers < 4 ? 4 : 2 * run->workers;

    l->dead++;
    l->barren = in_task || done > l->done ? 0 : l->barren + 1;
    l->done = done;
    return l->barren >= most;
}

void cdr_recovery_note(cadre_run *run, unsigned seat, bool in_task,
                       const cadre_death *death)
{
    cadre_error error, why;

    if (!is_hopeless(run, in_task))
        return;
    cdr_word_death(&error, run, seat, CADRE_NO_ITEM, death);
    cdr_fail(&why, CADRE_ECRASH,
             "%u workers in a row died before they came to a task; the last: %.380s",
             run->recovery->barren, error.message);
    cdr_run_give_up(run, &why);
}

static bool has_left(const cadre_run *run, unsigned s)
{
    const struct cadre_window *w = run->window;
    struct cdr_span range = cdr_intent_range(w, s);

    return (range.first < range.end && range.first < load(&w->limit)) ||
           load(&cdr_window_intent(w, s)->climb) != 0;
}

bool cdr_recover(cadre_run *run, unsigned seat, const cadre_death *death)
{
    struct cadre_window *w = run->window;
    bool in_task;

    cdr_window_halt_again(w);
    atomic_store_explicit(&w->seat[seat].has_state, false, memory_order_seq_cst);
    in_task = w->ring_at ? cdr_lost_in_ring(run, seat, death)
                         : cdr_lost_in_map(run, seat, death);
    if (!death->retired)
        cdr_recovery_note(run, seat, in_task, death);
    if (cdr_window_over(w))
        return false;
    return w->ring_at || has_left(run, seat) || cdr_window_unclaimed(w) > 0;
}
