/* ledger.h - which tasks of a run are out with workers that share no memory with it.
 * SPDX-License-Identifier: MIT
 *
 * In the caller's process. Tasks are handed out as leases, in index order, and come back as
 * outcomes; what is handed back, and what a lost worker had not told of, waits here to be
 * handed out again, before what nobody has had. A reduction's blocks are combined as their
 * siblings come (tree.h): that, too, is handed out, since it calls the user's function.
 *
 * A backend may use it from a thread of its own while the run's caller polls, so that all
 * but what is said to be atomic is guarded by `lock`.
 */
#ifndef CDR_CORE_LEASE_LEDGER_H
#define CDR_CORE_LEASE_LEDGER_H

#include "core/board/tree.h"
#include "core/run/run.h"

#include <pthread.h>

/* Units that are out with a worker, or wait to be. */
struct cdr_entry {
    struct cdr_entry *next;
    uint64_t id; /* of the lease; 0: it waits */
    unsigned seat;
    struct cdr_span units;  /* the first that nobody has told of, and the end */
    uint64_t task;          /* the first task that has not run, as far as was told */
    uint64_t singly_until;  /* units below are to be told of one by one */
    uint64_t since;         /* when it was last heard of */
    bool singly, in_task;   /* of the lease; and that it is in `task` is certain */
    bool combines;          /* the block `units` was run: it climbs */
    struct cdr_climb climb; /* then: what is to be combined */
    uint32_t *slots;        /* unordered streams: where units.first .. lie ... */
    uint32_t *slots_memory; /* ... in here; or NULL */
};

/* How items are packed. */
struct cdr_packing {
    size_t stride; /* 0: there are none, or they are of any size */
    size_t *at;    /* columns: where each one's element lies */
    const void **args;
};

/* What a task of a stream leaves that is no result of a fixed size: on the heap, from its
 * outcome's arrival until its record is finished with. */
struct cdr_kept {
    _Alignas(16) struct cdr_kept *next; /* aligns the bytes, which follow */
    struct cdr_kept *prev;
    size_t size;
};

/* What is out at a seat, in the order it was handed out: each comes back after those before
 * it, so that who looks for one finds it near the front. */
struct cdr_leased {
    struct cdr_entry *first, **last;
};

struct cdr_ledger {
    pthread_mutex_t lock;
    cadre_run *run;
    struct cdr_packing items;
    uint64_t in_memory; /* what is larger than that lies in the stream's file */
    uint64_t last_id;
    struct cdr_leased *out; /* by seat, of ... */
    unsigned seats;         /* ... so many */
    struct cdr_entry *back; /* waiting, in index order; what combines comes first */
    double cost;            /* nanoseconds a unit takes; 0: unknown */
    uint64_t largest;       /* units of the largest lease whose outcome came */
    struct cdr_kept kept;   /* the list's ends */
    uint64_t held, most_held, budget; /* bytes in it, and how many there may be */
    bool blocked; /* none for one, since the caller last made some */
};

int cdr_ledger_open(struct cdr_ledger *l, cadre_run *run, uint64_t budget,
                    cadre_error *err);
void cdr_ledger_close(struct cdr_ledger *l);

/* ---- the contract's functions ---- */

int cdr_manifest_pack(const cadre_run *run, cadre_packet *out, cadre_error *err);
int cdr_lease_take(struct cdr_ledger *l, unsigned seat, uint64_t most,
                   cadre_lease *lease, cadre_error *err);
int cdr_lease_give(struct cdr_ledger *l, unsigned seat, const void *outcome,
                   size_t size, cadre_error *err);
void cdr_lease_return(struct cdr_ledger *l, unsigned seat, uint64_t id);
bool cdr_lease_lost(struct cdr_ledger *l, unsigned seat, const cadre_death *death);
bool cdr_lease_fail(struct cdr_ledger *l, unsigned seat, const cadre_error *why);

bool cdr_ledger_has_work(struct cdr_ledger *l);
bool cdr_ledger_is_wanted(struct cdr_ledger *l, unsigned seat);
uint64_t cdr_ledger_expiry(struct cdr_ledger *l, unsigned seat, uint64_t *item);

/* ---- streams ---- */

/* What `ref.seat` says of bytes that lie on the heap; `ref.piece.at` is where then. */
#define CDR_KEPT UINT32_MAX

/* The caller has finished with them. And afterwards: true, an outcome waits for room, or for
 * the record after this one. */
void cdr_ledger_free(struct cdr_ledger *l, const struct cdr_ref *ref);
bool cdr_ledger_unblock(struct cdr_ledger *l);

uint64_t cdr_ledger_most_held(struct cdr_ledger *l);

/* ---- between the files of this folder ---- */

/* Streams: position p, in that slot, has ended, with bytes beside its result or without.
 * CADRE_EBUSY: there is no room for those now. And the same for one that failed. */
int cdr_position_finish(struct cdr_ledger *l, unsigned seat, uint64_t p, uint32_t slot,
                        enum cdr_outcome outcome, const void *bytes, size_t size);
int cdr_position_fail(struct cdr_ledger *l, unsigned seat, uint64_t p, uint32_t slot,
                      const cadre_error *error, bool fatal);

static inline void cdr_ledger_lock(struct cdr_ledger *l)
{
    pthread_mutex_lock(&l->lock); /* a plain mutex, not held: cannot fail */
}

static inline void cdr_ledger_unlock(struct cdr_ledger *l)
{
    pthread_mutex_unlock(&l->lock);
}

/* The first that is out at the seat, and the lease of that number; or NULL. */
struct cdr_entry *cdr_ledger_first(const struct cdr_ledger *l, unsigned seat);
struct cdr_entry *cdr_entry_find(struct cdr_ledger *l, unsigned seat, uint64_t id);

/* The entry as a lease's bytes; false: no memory. */
bool cdr_entry_pack(struct cdr_ledger *l, const struct cdr_entry *e, cadre_packet *out);

/* It is out no more: it waits again, or is gone for good. */
void cdr_entry_put_back(struct cdr_ledger *l, struct cdr_entry *e);
void cdr_entry_drop(struct cdr_ledger *l, struct cdr_entry *e);

/* Whether anybody wants what it has: the failure of what is below the limit may be the run's. */
bool cdr_entry_is_wanted(const struct cdr_ledger *l, const struct cdr_entry *e);

/* The first that waits and is wanted, or NULL. */
struct cdr_entry *cdr_ledger_waiting(const struct cdr_ledger *l);

/* An entry that waits is taken out. */
void cdr_entry_take_out(struct cdr_ledger *l, struct cdr_entry *e);

/* So many of its first units have been dealt with. */
void cdr_entry_advance(struct cdr_entry *e, uint64_t unit);

/* A block's place in the tree has its value: climb as far as there is nothing to combine.
 * The entry, which is in no list, waits if there is, and is freed if not. And the same of one
 * whose lease has come back. */
void cdr_entry_climb(struct cdr_ledger *l, struct cdr_entry *e);
void cdr_entry_climb_on(struct cdr_ledger *l, struct cdr_entry *e);

#endif
