/* arena.h - bytes of any size, from one worker to the stream's caller.
 * SPDX-License-Identifier: MIT
 *
 * One thread puts pieces in, another frees them in the same order. Pieces lie in a ring
 * of `share` bytes; when that is full, putting waits. A larger piece, up to `room`, goes
 * in alone, once all before it are freed and whoever shares out room for such allows it.
 * Waiting ends by itself as long as the caller takes: what a worker waits for lies below
 * what it works on.
 *
 * The bytes themselves are at `base`, counted from the arena: no pointers in here.
 */
#ifndef CDR_CORE_BOARD_ARENA_H
#define CDR_CORE_BOARD_ARENA_H

#include "base/sync.h"
#include <stddef.h>

#define CDR_ARENA_ALIGNMENT 16

/* What a piece of so many bytes takes. */
static inline uint64_t cdr_arena_bytes_for(uint64_t size)
{
    return (size + CDR_ARENA_ALIGNMENT - 1) / CDR_ARENA_ALIGNMENT * CDR_ARENA_ALIGNMENT;
}

struct cdr_arena {
    /* Written by who frees: release; read by who puts: acquire. */
    _Alignas(CDR_FALSE_SHARING) _Atomic uint64_t freed;
    _Atomic uint32_t
        waiting;            /* who puts waits for `freed`: with the asymmetric fences */
    _Atomic uint32_t event; /* futex, for that */
    /* Written by who puts. `used` counts the bytes ever put, gaps included: release. */
    _Alignas(CDR_FALSE_SHARING) _Atomic uint64_t used;
    uint64_t place; /* where the next piece goes */
    uint64_t size;  /* of the ring now: share, or more for one large piece */
    uint64_t share, room;
    uint64_t base;
    /* `used`, `place` and `size` without a piece that was not committed: what
     * is put back if who puts dies. Of use to processes only. */
    uint64_t committed_used, committed_place, committed_size;
    /* Ever held at once, within the share and as one larger piece: relaxed. */
    _Atomic uint64_t most, most_large;
};

/* A piece: where it lies, and what freeing it gives back. */
struct cdr_piece {
    uint64_t at, size, held;
};

/* `room` bytes from `base` on (counted from the arena), rounded up as by cdr_arena_bytes_for,
 * are the arena's. */
void cdr_arena_init(struct cdr_arena *a, uint64_t base, uint64_t share, uint64_t room);

/* What somebody who waits for room asks again and again. */
struct cdr_asking {
    bool (*give_up)(void *arg);
    bool (*allowed)(void *arg); /* for pieces larger than the share */
    void *arg;
};

/* Room for `size` bytes, without waiting: NULL when there is none now. */
char *cdr_arena_try(struct cdr_arena *a, uint64_t size, struct cdr_piece *piece);

/* The same, waiting for it; NULL when asked to give up or size is more than `room`. */
char *cdr_arena_put(struct cdr_arena *a, uint64_t size, struct cdr_piece *piece,
                    const struct cdr_asking *ask);

/* By who puts: the pieces so far are known to the one who frees. And when who puts has died:
 * forget those that are not. */
void cdr_arena_commit(struct cdr_arena *a);
void cdr_arena_rollback(struct cdr_arena *a);

char *cdr_arena_bytes(const struct cdr_arena *a, const struct cdr_piece *piece);
void cdr_arena_free(struct cdr_arena *a, const struct cdr_piece *piece);

/* Have who waits ask give_up again. */
void cdr_arena_wake(struct cdr_arena *a);

uint64_t cdr_arena_held(const struct cdr_arena *a); /* bytes put and not freed */

#endif
