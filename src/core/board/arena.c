/* arena.c - bytes of any size, from one worker to the stream's caller.
 * SPDX-License-Identifier: MIT
 */
#include "core/board/arena.h"
#include "base/counter.h"

void cdr_arena_init(struct cdr_arena *a, uint64_t base, uint64_t share, uint64_t room)
{
    atomic_init(&a->freed, 0);
    atomic_init(&a->waiting, 0);
    atomic_init(&a->event, 0);
    atomic_init(&a->used, 0);
    a->place = 0;
    a->size = share;
    a->share = share;
    a->room = room;
    a->base = base;
    a->committed_used = a->committed_place = 0;
    a->committed_size = share;
    atomic_init(&a->most, 0);
    atomic_init(&a->most_large, 0);
}

uint64_t cdr_arena_held(const struct cdr_arena *a)
{
    uint64_t freed = atomic_load_explicit(&a->freed, memory_order_acquire);

    return atomic_load_explicit(&a->used, memory_order_relaxed) - freed;
}

/* The ring begins anew, as large as this piece wants it; nothing is in it. */
static void begin_anew(struct cdr_arena *a, uint64_t needed)
{
    a->place = 0;
    a->size = needed > a->share ? needed : a->share;
}

static void note(struct cdr_arena *a, uint64_t held)
{
    _Atomic uint64_t *most;

    held = held > a->room ? a->room : held; /* what is beyond is padding */
    most = held > a->share ? &a->most_large : &a->most;
    if (held > atomic_load_explicit(most, memory_order_relaxed))
        atomic_store_explicit(most, held, memory_order_relaxed);
}

char *cdr_arena_try(struct cdr_arena *a, uint64_t size, struct cdr_piece *piece)
{
    uint64_t needed, held = cdr_arena_held(a), skip = 0;
    bool wrap;

    if (size > a->room)
        return NULL;
    needed = cdr_arena_bytes_for(size);
    if (held == 0)
        begin_anew(a, needed);
    wrap = a->size - a->place < needed;
    if (wrap)
        skip = a->size - a->place;
    if (needed + skip > a->size - held)
        return NULL;
    *piece = (struct cdr_piece){ .at = wrap ? 0 : a->place,
                                 .size = size,
                                 .held = needed + skip };
    a->place = piece->at + needed;
    atomic_store_explicit(
        &a->used, atomic_load_explicit(&a->used, memory_order_relaxed) + piece->held,
        memory_order_release);
    note(a, held + piece->held);
    return cdr_arena_bytes(a, piece);
}

static char *try_if_allowed(struct cdr_arena *a, uint64_t size, struct cdr_piece *piece,
                            const struct cdr_asking *ask)
{
    bool large = size > a->share;

    return !large || ask->allowed(ask->arg) ? cdr_arena_try(a, size, piece) : NULL;
}

char *cdr_arena_put(struct cdr_arena *a, uint64_t size, struct cdr_piece *piece,
                    const struct cdr_asking *ask)
{
    char *bytes = try_if_allowed(a, size, piece, ask);

    while (!bytes && size <= a->room && !ask->give_up(ask->arg)) {
        uint32_t seen = atomic_load_explicit(&a->event, memory_order_acquire);
        atomic_store_explicit(&a->waiting, 1, memory_order_relaxed);
        cdr_heavy_fence();
        bytes = try_if_allowed(a, size, piece, ask);
        if (!bytes && !ask->give_up(ask->arg))
            cdr_futex_wait_shared(&a->event, seen, -1);
        atomic_store_explicit(&a->waiting, 0, memory_order_relaxed);
        if (!bytes)
            bytes = try_if_allowed(a, size, piece, ask);
    }
    return bytes;
}

void cdr_arena_commit(struct cdr_arena *a)
{
    a->committed_used = atomic_load_explicit(&a->used, memory_order_relaxed);
    a->committed_place = a->place;
    a->committed_size = a->size;
}

/* Nothing of this is being changed by anybody else. */
void cdr_arena_rollback(struct cdr_arena *a)
{
    atomic_store_explicit(&a->used, a->committed_used, memory_order_relaxed);
    a->place = a->committed_place;
    a->size = a->committed_size;
    atomic_store_explicit(&a->waiting, 0, memory_order_relaxed);
}

char *cdr_arena_bytes(const struct cdr_arena *a, const struct cdr_piece *piece)
{
    return (char *)(uintptr_t)a + a->base + piece->at;
}

void cdr_arena_free(struct cdr_arena *a, const struct cdr_piece *piece)
{
    CDR_COUNT(RELEASED, &a->freed);
    atomic_store_explicit(
        &a->freed, atomic_load_explicit(&a->freed, memory_order_relaxed) + piece->held,
        memory_order_release);
    cdr_light_fence();
    if (atomic_load_explicit(&a->waiting, memory_order_relaxed))
        cdr_arena_wake(a);
}

void cdr_arena_wake(struct cdr_arena *a)
{
    atomic_fetch_add_explicit(&a->event, 1, memory_order_release);
    cdr_futex_wake_shared(&a->event, 1);
}
