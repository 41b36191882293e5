/* window.c - the memory of a stream: its window, ring and arenas.
 * SPDX-License-Identifier: MIT
 */
#include "base/alloc.h"
#include "base/error.h"
#include "core/stream/stream.h"
#include "memory/shared.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define WINDOW       1024
#define WINDOW_EACH  64 /* for each worker, where that is more: a batch */
#define MEMORY_MOST  ((uint64_t)256 << 20)
#define MEMORY_LEAST ((uint64_t)1 << 20)
#define PIECE_LEAST  ((uint64_t)4 << 10)

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
    uint64_t workers = cadre_workers(s->pool), least = 2 * workers;
    uint64_t window = WINDOW_EACH * workers > WINDOW ? WINDOW_EACH * workers : WINDOW;
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

    l->ring_at = s->mapped ? cdr_shared_window_size(seats) : cdr_window_size(seats);
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
    s->program.spill_file = &s->spill_file;
    cdr_spill_file_init(&s->spill_file, &s->ring->in_file);
    if (s->source.file && s->source.bytes)
        cdr_file_limit(s->source.file, l->room);
}

/* Pages come when they are touched: most of the arenas' room never is. */
static void *map_window(const cadre_stream *s, size_t size)
{
    void *memory;

    if (s->mapped)
        return cdr_shared_reserve(size);
    memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

void cdr_stream_unmap_window(cadre_stream *s)
{
    if (s->mapped)
        cdr_shared_unmap(s->run.window, s->memory_size);
    else
        munmap(s->run.window, s->memory_size);
}

/* Too much for addresses. */
static int refuse(const cadre_stream *s, const struct cdr_ring_shape *shape,
                  cadre_error *err)
{
    if (cdr_ring_size(shape) > 0)
        return cdr_fail(err, CADRE_EINVAL,
                        "memory_limit is %" PRIu64
                        ": room for so much in the hands of %u workers does not fit in "
                        "memory, ask for less",
                        s->memory_limit, shape->seats);
    return cdr_fail(err, CADRE_EINVAL,
                    "a window of %" PRIu64
                    " items of %zu bytes with results of %zu does "
                    "not fit in memory",
                    shape->window, s->source.item_size, s->program.result_size);
}

int cdr_stream_make_window(cadre_stream *s, const cadre_job *job, cadre_error *err)
{
    unsigned seats = cdr_pool_seats(s->pool);
    struct cdr_ring_shape shape = { .item_size = s->source.item_size,
                                    .result_size = s->program.result_size,
                                    .refs = s->program.emits || s->program.keep_going,
                                    .unordered = job->unordered,
                                    .seats = seats };
    struct layout l;
    void *memory;

    s->memory_limit = choose_memory(s->pool, job);
    shape.window = choose_window(s, job);
    if (!lay_out(&l, s, cdr_ring_size(&shape), seats))
        return refuse(s, &shape, err);
    memory = map_window(s, l.total);
    if (!memory)
        return cdr_fail(err, CADRE_ENOMEM,
                        "no memory for a stream's window: %zu bytes, with a window of "
                        "%" PRIu64 " and a memory_limit of %" PRIu64,
                        l.total, shape.window, s->memory_limit);
    s->memory_size = l.total;
    s->run.window = memory;
    if (s->mapped)
        cdr_shared_window_init(s->run.window, seats);
    else
        cdr_window_init(s->run.window, seats);
    cdr_window_reset(s->run.window, CADRE_ENDLESS, 1);
    s->run.window->ring_at = l.ring_at;
    s->ring = cdr_window_ring(s->run.window);
    cdr_ring_init(s->ring, &shape);
    s->plain = !job->deadline_ms && !job->indexes && !needs_arenas(s);
    s->results = cdr_ring_result(s->ring, 0);
    s->slot_mask = s->ring->slots - 1;
    s->result_size = s->program.result_size;
    if (needs_arenas(s))
        place_arenas(s, &l, seats);
    if (!job->unordered)
        return CADRE_OK;
    if (!cdr_slots_open(&s->slots, s->ring->window, s->ring->slots))
        return cdr_fail(err, CADRE_ENOMEM, "no memory for %" PRIu64 " slots",
                        s->ring->slots + s->ring->window);
    return CADRE_OK;
}

/* At most: what each seat ever held within its share, and the largest of larger pieces,
 * but for the caller's, beside which there may be one more. */
uint64_t cdr_stream_most_bytes(const cadre_stream *s)
{
    const struct cadre_window *w = s->run.window;
    uint64_t sum = s->run.ledger ? cdr_ledger_most_held(s->run.ledger) : 0, largest = 0;

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

/* A worker, or another thread, may have lowered the limit and be on its way to the seats: those
 * who are woken here must find that they are not wanted, as nobody wakes them again. */
void cdr_stream_halt(cadre_stream *s)
{
    cdr_window_halt(s->run.window, 0);
    cdr_heavy_fence();
    cdr_window_halt_again(s->run.window);
    for (unsigned k = 0; k < s->run.window->seats && s->run.window->arenas_at; k++)
        cdr_arena_wake(cdr_window_arena(s->run.window, k));
}
