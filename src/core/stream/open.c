/* open.c - begin and end a stream: its memory, its event, its workers.
 * SPDX-License-Identifier: MIT
 */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/descriptor.h"
#include "base/error.h"
#include "memory/shared.h"
#include "core/pool/fallback.h"
#include "core/run/job.h"
#include "core/stream/stream.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#define WINDOW       1024
#define MEMORY_MOST  ((uint64_t)256 << 20)
#define MEMORY_LEAST ((uint64_t)1 << 20)
#define PIECE_LEAST  ((uint64_t)4 << 10)
#define CHEAP_NS     50 /* known to be cheaper than this, a task is not worth a worker */

/* ---- checks ---- */

static int check(const cadre_job *job, cadre_error *err)
{
    if (job->results)
        return cdr_fail(err, CADRE_EINVAL,
                        "results must be NULL for a stream: records carry them");
    if (job->emitted)
        return cdr_fail(
            err, CADRE_EINVAL,
            "emitted must be NULL for a stream: records carry what tasks emit");
    if (job->statuses)
        return cdr_fail(err, CADRE_EINVAL,
                        "statuses must be NULL for a stream: records carry errors");
    if (job->window > CDR_WINDOW_MAX)
        return cdr_fail(err, CADRE_EINVAL, "window is %" PRIu64 ": at most %" PRIu64,
                        job->window, CDR_WINDOW_MAX);
    return CADRE_OK;
}

/* What differs from a map's program. */
static int prepare(cadre_stream *s, const cadre_job *job, cadre_error *err)
{
    struct cdr_program *p = &s->program;
    int rc = cdr_job_prepare(p, job, true, err);

    if (!rc)
        rc = check(job, err);
    if (!rc)
        rc = cdr_source_open(&s->source, job, err);
    if (rc)
        return rc;
    p->n = s->source.n;
    p->emits = job->result_size == 0;
    p->result_size = job->result_size;
    p->bytes = s->source.bytes;
    p->in_place = cdr_source_in_place(&s->source);
    if (!p->in_place)
        p->item_size = s->source.item_size;
    p->column_at = s->source.column_at;
    p->there_at = s->source.there_at;
    p->error_at = s->source.error_at;
    s->stages = s->source.upstream ? s->source.upstream->stages + 1 : 1;
    if (s->stages > CDR_STAGES_MAX)
        return cdr_fail(err, CADRE_EINVAL, "more than %d streams feed each other",
                        CDR_STAGES_MAX);
    return CADRE_OK;
}

/* ---- memory ---- */

static uint64_t choose_memory(const cadre_pool *pool, const cadre_job *job)
{
    uint64_t machine = pool ? pool->plan.machine.memory / 16 : 0;

    if (job->memory_limit)
        return job->memory_limit;
    if (machine == 0 || machine > MEMORY_MOST)
        return MEMORY_MOST;
    return machine < MEMORY_LEAST ? MEMORY_LEAST : machine;
}

/* As many as are held without being asked: enough to keep every worker busy, and what
 * lies in the slots within the limit. */
static uint64_t choose_window(const cadre_stream *s, const cadre_job *job)
{
    uint64_t window = WINDOW, least = 2 * cadre_workers(s->pool);
    size_t each = s->source.item_size + s->program.result_size;

    if (job->window)
        return job->window;
    if (each > 0 && s->memory_limit / each < window)
        window = s->memory_limit / each;
    return window < least ? least : window;
}

static bool needs_arenas(const cadre_stream *s)
{
    return s->program.emits || s->program.keep_going || s->program.bytes ||
           s->program.error_at;
}

/* The window with its seats, then the ring, the arenas, and the arenas' bytes. Of the
 * memory limit a quarter is for items, a quarter for what workers put within their
 * shares, one for a larger piece, and one for such a piece of the caller's thread: so
 * what may be how large does not depend on how many workers there are. */
struct layout {
    size_t ring_at, arenas_at, bytes_at, total;
    uint64_t share, room; /* of the results' arenas; that of items: all of its room */
};

static bool lay_out(struct layout *l, const cadre_stream *s, size_t ring_size,
                    unsigned seats)
{
    size_t bytes, arenas = needs_arenas(s) ? seats + 1 : 0;

    l->ring_at = s->remote ? cdr_shared_window_size(seats) : cdr_window_size(seats);
    l->arenas_at = (l->ring_at + ring_size + CDR_FALSE_SHARING - 1) /
                   CDR_FALSE_SHARING * CDR_FALSE_SHARING;
    l->bytes_at = l->arenas_at + arenas * sizeof(struct cdr_arena);
    l->room = s->memory_limit / 4;
    if (l->room < PIECE_LEAST)
        l->room = PIECE_LEAST;
    l->share = l->room / seats / CDR_ARENA_ALIGNMENT * CDR_ARENA_ALIGNMENT;
    return ring_size > 0 &&
           cdr_array_size(&bytes, arenas, cdr_arena_bytes_for(l->room)) &&
           !__builtin_add_overflow(l->bytes_at, bytes, &l->total);
}

static void place_arenas(cadre_stream *s, const struct layout *l, unsigned seats)
{
    struct cadre_window *w = s->run.window;

    w->arenas_at = l->arenas_at;
    for (unsigned k = 0; k <= seats; k++) {
        struct cdr_arena *a = cdr_window_arena(w, k);
        uint64_t base = l->bytes_at + k * cdr_arena_bytes_for(l->room) -
                        (l->arenas_at + k * sizeof *a);
        cdr_arena_init(a, base, k == seats ? l->room : l->share, l->room);
    }
    if (s->source.bytes || s->source.error_at)
        s->source.arena = cdr_window_arena(w, seats);
    if (s->source.file && s->source.bytes)
        cdr_file_limit(s->source.file, l->room);
}

/* Pages come when they are touched: most of the arenas' room never is. */
static void *map_window(const cadre_stream *s, size_t size)
{
    void *memory;

    if (s->remote)
        return cdr_shared_reserve(size);
    memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

static void unmap_window(const cadre_stream *s)
{
    if (s->remote)
        cdr_shared_unmap(s->run.window, s->memory_size);
    else
        munmap(s->run.window, s->memory_size);
}

static int make_window(cadre_stream *s, const cadre_job *job, cadre_error *err)
{
    unsigned seats = cdr_pool_seats(s->pool);
    struct cdr_ring_shape shape = { .item_size = s->source.item_size,
                                    .result_size = s->program.result_size,
                                    .refs = s->program.emits || s->program.keep_going,
                                    .unordered = job->unordered,
                                    .remote = s->remote,
                                    .seats = seats };
    struct layout l;
    void *memory;

    s->memory_limit = choose_memory(s->pool, job);
    shape.window = choose_window(s, job);
    if (!lay_out(&l, s, cdr_ring_size(&shape), seats))
        return cdr_fail(err, CADRE_EINVAL,
                        "a window of %" PRIu64
                        " items of %zu bytes with results of %zu does "
                        "not fit in memory",
                        shape.window, s->source.item_size, s->program.result_size);
    memory = map_window(s, l.total);
    if (!memory)
        return cdr_fail(err, CADRE_ENOMEM, "no memory for a stream's window: %zu bytes",
                        l.total);
    s->memory_size = l.total;
    s->run.window = memory;
    if (s->remote)
        cdr_shared_window_init(s->run.window, seats);
    else
        cdr_window_init(s->run.window, seats);
    cdr_window_reset(s->run.window, CADRE_ENDLESS, 1);
    s->run.window->ring_at = l.ring_at;
    s->ring = cdr_window_ring(s->run.window);
    cdr_ring_init(s->ring, &shape);
    s->plain = !job->unordered && !job->deadline_ms && !needs_arenas(s);
    s->results = cdr_ring_result(s->ring, 0);
    s->slot_mask = s->ring->slots - 1;
    s->result_size = s->program.result_size;
    if (needs_arenas(s))
        place_arenas(s, &l, seats);
    if (!job->unordered)
        return CADRE_OK;
    s->finished = calloc(seats, sizeof *s->finished);
    if (!s->finished || !cdr_slots_open(&s->slots, s->ring->slots))
        return cdr_fail(err, CADRE_ENOMEM, "no memory for %" PRIu64 " slots",
                        s->ring->slots);
    return CADRE_OK;
}

/* At most: what each seat ever held within its share, and the largest of larger pieces,
 * but for the caller's, beside which there may be one more. */
uint64_t cdr_stream_most_bytes(const cadre_stream *s)
{
    const struct cadre_window *w = s->run.window;
    uint64_t sum = 0, largest = 0;

    for (unsigned k = 0; w->arenas_at && k <= w->seats; k++) {
        const struct cdr_arena *a = cdr_window_arena(w, k);
        uint64_t large = atomic_load_explicit(&a->most_large, memory_order_relaxed);
        sum += atomic_load_explicit(&a->most, memory_order_relaxed);
        if (k == 0)
            sum += large;
        else if (large > largest)
            largest = large;
    }
    return sum + largest;
}

/* ---- the run ---- */

static int make_event(cadre_stream *s, cadre_error *err)
{
    if (s->pool && getpid() == s->pool->owner) {
        s->event_slot = cdr_pool_take_event(s->pool, err);
        if (s->event_slot < 0)
            return err->code;
        s->run.event =
            atomic_load_explicit(&s->pool->events[s->event_slot], memory_order_relaxed);
        return CADRE_OK;
    }
    s->run.event = cdr_fd_own(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    return s->run.event < 0
               ? cdr_fail_sys(err, errno, "a stream needs eventfd, which fails")
               : CADRE_OK;
}

int cdr_stream_pollfd(cadre_stream *s)
{
    return s->pool->plan.backend->pollfd(s->pool->state, &s->run);
}

/* Workers come in at once, unless tasks are known to be cheaper than handing them on. */
static void bring_in(cadre_stream *s)
{
    const struct cdr_plan *plan = s->pool ? &s->pool->plan : NULL;
    double cost;
    cadre_error error;

    if (!plan || plan->workers < 2 || s->program.n < plan->min_items ||
        getpid() != s->pool->owner)
        return;
    cost = cdr_cost_of(&s->pool->costs, cdr_program_kernel(&s->program));
    if (plan->automatic && plan->min_items == 0 && cost > 0 && cost < CHEAP_NS)
        return;
    if (cdr_pool_start(s->pool, &error))
        return;
    cdr_error_clear(&error);
    s->run.env.state = s->pool->state;
    s->run.workers = plan->workers;
    if (cdr_run_begin(&s->run, &error)) {
        s->run.workers = 1;
        return;
    }
    s->begun = true;
}

/* Workers that are processes come in always. */
static int bring_in_remote(cadre_stream *s, const struct cdr_call *call,
                           cadre_error *err)
{
    const struct cdr_plan *plan = &s->pool->plan;
    int rc;

    s->run.workers = plan->workers;
    s->run.recovery = &s->recovery;
    s->run.spin = plan->workers < plan->machine.cpus; /* it feeds meanwhile */
    rc = cdr_pool_begin_remote(&s->run, call, &s->manifest, err);
    s->begun = !rc;
    return rc;
}

static void set_up_run(cadre_stream *s, const cadre_job *job,
                       const struct cdr_call *call)
{
    struct cdr_program *p = &s->program;
    struct cdr_run_env env;

    cdr_pool_env(s->pool, &env);
    cdr_run_set_up(&s->run, p, NULL, &env, job, call);
    p->together =
        !p->emits && !p->bytes && !p->keep_going && !p->error_at && !s->run.timeout_ns;
    s->run.pool = s->pool;
    s->run.workers = 1;
    s->run.next_progress = s->run.started;
    s->now = s->run.started;
    s->event_slot = -1;
    s->deadline_ms = job->deadline_ms;
    s->waited_for = CADRE_ENDLESS;
}

int cadre_stream_open(cadre_stream **out, cadre_pool *pool, const cadre_job *job,
                      cadre_error *err)
{
    struct cdr_call call;
    cadre_error local;
    cadre_stream *s;
    int rc;

    cdr_call_begin(&call, pool ? &pool->cancelled : NULL, job);
    if (!err)
        err = &local;
    cdr_error_clear(err);
    if (!out)
        return cdr_fail(err, CADRE_EINVAL, "cadre_stream_open: out is NULL");
    *out = NULL;
    s = cdr_alloc_aligned(sizeof *s);
    if (!s)
        return cdr_fail(err, CADRE_ENOMEM, "no memory for a stream");
    memset(s, 0, sizeof *s);
    s->owner = getpid();
    s->pool = pool;
    s->run.event = -1;
    s->event_slot = -1;
    rc = prepare(s, job, err);
    if (!rc)
        rc = cdr_pool_choose(&pool, &s->program, err);
    s->pool = pool;
    s->remote = cdr_pool_is_remote(pool);
    if (!rc)
        rc = cdr_pool_suits(pool, job, s->program.n, err);
    if (!rc) {
        set_up_run(s, job, &call);
        rc = make_window(s, job, err);
    }
    if (!rc)
        rc = make_event(s, err);
    if (!rc && cdr_worker_enter(&s->worker, &s->run, 0))
        rc = cdr_fail(err, CADRE_ENOMEM, "no memory for the caller's own work");
    if (!rc) {
        atomic_store_explicit(&s->worker.task.seat->stop_at, UINT64_MAX,
                              memory_order_relaxed);
        cdr_fences_prepare();
        if (s->remote)
            rc = bring_in_remote(s, &call, err);
        else
            bring_in(s);
    }
    if (rc) {
        s->source.upstream = NULL; /* its items are still there for another stream */
        cadre_stream_close(s);
        return rc;
    }
    *out = s;
    return CADRE_OK;
}

void cdr_stream_halt(cadre_stream *s)
{
    cdr_window_halt(s->run.window, 0);
    for (unsigned k = 0; k < s->run.window->seats && s->run.window->arenas_at; k++)
        cdr_arena_wake(cdr_window_arena(s->run.window, k));
}

static void learn(cadre_stream *s)
{
    uint32_t cost = 0;

    for (unsigned k = 0; k < s->run.window->seats && !cost; k++)
        cost = s->run.window->seat[k].cost;
    if (s->pool && cost)
        cdr_cost_learn(&s->pool->costs, cdr_program_kernel(&s->program), cost);
}

static void end_run(cadre_stream *s)
{
    cdr_stream_halt(s);
    if (s->begun)
        s->run.env.backend->end(s->run.env.state, &s->run);
    learn(s);
}

/* In a process that was forked from the stream's there are no workers of it, and what is
 * shared stays as it is. */
void cadre_stream_close(cadre_stream *s)
{
    if (!s)
        return;
    if (s->run.window && getpid() == s->owner)
        end_run(s);
    if (s->run.window)
        unmap_window(s);
    cadre_stream_stop(s->source.upstream);
    if (s->event_slot >= 0)
        cdr_pool_give_event(s->pool, s->event_slot);
    else if (s->run.event >= 0)
        close(s->run.event);
    cdr_worker_fini(&s->worker);
    cdr_slots_close(&s->slots);
    cdr_shm_buffer_fini(&s->manifest);
    cdr_recovery_fini(&s->recovery);
    cdr_source_close(&s->source);
    free(s->finished);
    free(s);
}
