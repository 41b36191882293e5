/* stream.h - the inside of a stream.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CORE_STREAM_STREAM_H
#define CDR_CORE_STREAM_STREAM_H

#include "core/stream/source.h"
#include "core/fault/recover.h"
#include "core/lease/ledger.h"
#include "core/pool/pool.h"

#include <cadre/stream.h>

#define CDR_STAGES_MAX 64 /* streams that feed each other */

/* What one look at a stream comes to. */
enum cdr_step {
    CDR_READY,  /* a record */
    CDR_OVER,   /* no more, or a failure: see end_code */
    CDR_WAITING /* nothing until something happens */
};

/* Unordered: a position that was passed by, as others behind it were taken first. */
struct cdr_late {
    uint64_t position, slot;
};

/* Unordered: what those have, and what is used in its stead (slots.c). */
struct cdr_slots {
    uint64_t n; /* homes; spare slots have numbers from here on */
    struct cdr_late *late;
    uint64_t n_late; /* not taken: lowest position first */
    uint64_t *kept;  /* a bit for each home that one of them has */
    uint32_t *spare; /* those that are free */
    uint64_t n_spare;
    uint64_t moved_until; /* from this position on none can have been moved */
};

/* All but `stopped`, the window and what the run shares is the thread's that opened the
 * stream. */
struct cadre_stream {
    /* What cadre_stream_next reads for a record that is there already. */
    uint64_t taken;       /* records finished with */
    uint64_t at_once;     /* records below this are lent without another look ... */
    const char *results;  /* ... from here, in slots up to this number: */
    uint64_t slot_mask;   /* (of a plain stream, whose caller has a record) */
    uint64_t passed;      /* unordered: positions passed by and not finished with */
    size_t result_size;   /* as in the program */
    _Atomic bool stopped; /* by cadre_stream_stop: relaxed */

    struct cadre_worker worker; /* seat 0: the caller runs tasks too when it must */
    cadre_run run;
    struct cdr_program program;
    cadre_pool *pool;
    struct cdr_ring *ring; /* in the window */
    size_t memory_size;    /* of the window's mapping */
    struct cdr_source source;
    struct cdr_spill_file spill_file;
    struct cdr_slots slots;
    int event_slot;  /* in the pool's table; -1: the event is the stream's own */
    unsigned stages; /* itself and those it has its items from */
    bool begun;      /* the backend's workers are in */
    pid_t owner;     /* the process that opened it */
    bool remote;     /* they are processes: the caller's thread runs no tasks */
    bool mapped;     /* and they share the window with it */
    struct cdr_ledger ledger; /* if not: what they have of it */
    struct cdr_recovery recovery;
    cadre_error given_up;           /* for the run */
    struct cdr_shm_buffer manifest; /* spawned workers: what describes the run */
    uint32_t deadline_ms;
    uint64_t memory_limit;
    uint64_t now; /* by cdr_now(), a moment ago */

    /* Feeding. */
    uint64_t fed;        /* positions in the ring so far */
    uint64_t feed_at;    /* look at the source when `taken` comes here */
    uint64_t waited_for; /* what was to be taken when a slow source was held back */
    uint64_t patience;   /* until when the last step is willing to wait, by cdr_now() */
    uint64_t most_items;
    bool source_ended;
    int source_code; /* how: CADRE_DONE, or a failure */
    cadre_error source_error;

    /* Running tasks in the caller's thread. */
    bool caller_waits;   /* it never does */
    bool must_help;      /* it runs the next batch, whatever that takes */
    bool alone;          /* it had to the last time that it waited */
    uint32_t task_cost;  /* as the seats had it ... */
    uint64_t cost_until; /* ... good until then, by cdr_now() */

    /* Taking. */
    uint64_t ready;   /* positions below are known to have results, at home */
    bool plain;       /* nothing but the slot belongs to a record */
    bool passes;      /* unordered: it looks behind what is not finished */
    bool lent;        /* the caller has a record: its slot is not free yet */
    bool lent_late;   /* ... which was passed by */
    uint64_t dropped; /* of those taken or lent: never handed out */
    uint64_t lent_slot, lent_index; /* plain streams: of the first of those at once */
    void *lent_mapping;             /* where it lies in the spill file; or NULL */
    uint64_t lent_size;

    int end_code;    /* CADRE_OK while there is more */
    cadre_error end; /* if it is a failure */
};

static inline bool cdr_stream_is_stopped(const cadre_stream *s)
{
    return atomic_load_explicit(&s->stopped, memory_order_relaxed);
}

/* The window with ring and arenas (window.c), and its end. */
int cdr_stream_make_window(cadre_stream *s, const cadre_job *job, cadre_error *err);
void cdr_stream_unmap_window(cadre_stream *s);

/* Tasks that are not begun are not wanted, nor those that wait to hand on their bytes. */
void cdr_stream_halt(cadre_stream *s);

/* Nobody has come for what the caller waits for. */
bool cdr_stream_left_lying(const cadre_stream *s);

/* Whether the caller's thread is to run something that others may come for too. */
bool cdr_stream_welcomes_caller(cadre_stream *s);

/* Have the worker in reserve come, or go, as there is something for it or not. */
void cdr_stream_step_aside(cadre_stream *s);

/* The caller is awake again: that worker goes, but where tasks are long. */
void cdr_stream_come_back(cadre_stream *s);

uint64_t cdr_stream_most_bytes(const cadre_stream *s);

/* ---- feeding (feed.c) ---- */

/* Positions that were fed and not taken: never more than the window. */
static inline uint64_t cdr_stream_held(const cadre_stream *s)
{
    return s->fed - s->taken;
}

/* Put more into the ring; false when there was nothing, or no room. */
bool cdr_stream_feed(cadre_stream *s);

/* Calls the job's progress function when it is time to. */
void cdr_stream_report(cadre_stream *s);

/* A slow source waits until something has been taken, or has been waited for. */
bool cdr_stream_source_is_slow(const cadre_stream *s);
bool cdr_stream_source_has_to_wait(cadre_stream *s);

/* ---- steps ---- */

/* Run a batch in the caller's thread, if that is of use (help.c). */
bool cdr_stream_help(cadre_stream *s);

/* The items of a stream are records of another (chain.c). */
int cdr_chain_open(struct cdr_source *f, const cadre_job *job, cadre_error *err);

/* Make what progress there is without waiting. */
enum cdr_step cdr_stream_step(cadre_stream *s, cadre_record *record);

/* Wait until another step may get further (wait.c). */
void cdr_stream_wait(cadre_stream *s);

/* ---- taking (take.c) ---- */

bool cdr_slots_open(struct cdr_slots *slots, uint64_t window, uint64_t n);
void cdr_slots_close(struct cdr_slots *slots);

/* Whether position p, which is not fed yet, will lie at home; and where it will lie. Less than
 * a window is in flight. */
bool cdr_slots_has_home(const struct cdr_slots *slots, uint64_t p);
uint64_t cdr_slots_next(const struct cdr_slots *slots, uint64_t p);

/* It does lie there. */
void cdr_slots_use(struct cdr_slots *slots, uint64_t p, uint64_t slot);

/* Position p is passed by: those that are come in order. */
void cdr_slots_pass(struct cdr_slots *slots, uint64_t p, uint64_t slot);

/* Entry i of those: it will be lent, and has its slot until that is given back. */
struct cdr_late cdr_slots_take(struct cdr_slots *slots, uint64_t i);

/* The slot of one that was passed by, or a spare one. */
void cdr_slots_give_back(struct cdr_slots *slots, uint64_t slot);

/* The position of what was not passed by and comes next. */
static inline uint64_t cdr_stream_head(const cadre_stream *s)
{
    return s->taken + s->passed;
}

/* The next finished record, lent to the caller until cdr_take_back. False: none now. A
 * failure that ends the stream sets end and end_code. */
bool cdr_take(cadre_stream *s, cadre_record *record);
void cdr_take_back(cadre_stream *s);

/* Whether cdr_take would find something. */
bool cdr_can_take(const cadre_stream *s);

/* Unordered: from now on, until a head is taken, it looks behind that. */
static inline void cdr_take_passes(cadre_stream *s)
{
    s->passes = s->ring->unordered;
}

/* Before what may take long: whether something behind the head is finished. Then it comes
 * next. */
bool cdr_take_behind(cadre_stream *s);

#endif
