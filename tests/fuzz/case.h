/* case.h - a random job: what it is drawn from, what its kernel does, what must come out.
 * SPDX-License-Identifier: MIT
 *
 * A case is plain numbers, drawn from one. Its kernel (kernel.c) finds them in the shared
 * bytes of the job, in whatever process it runs. The loop (loop.c) says of each item what
 * a plain loop would get; it shares with the kernel what an item's bytes are and how they
 * are digested, and nothing of cadre but its random streams.
 */
#ifndef CADRE_TESTS_FUZZ_CASE_H
#define CADRE_TESTS_FUZZ_CASE_H

#include "dice.h"

#include <cadre/stream.h>
#include <stdatomic.h>
#include <stdio.h>

enum kind { MAP, REDUCTION, STREAM, KINDS };

enum input { INDEX, ARRAY, COLUMNS, SOURCE, BYTES_SOURCE, CHAIN, INPUTS };

/* How a job comes to its end. STRUCK: tasks may have died by somebody else's hand. */
enum ending { RUNS_OUT, CANCELLED, PAST_DEADLINE, STOPPED, CLOSED, STRUCK };

/* What a task does. Those from KILLED on are for processes only. */
enum conduct {
    FINE,
    FAILS,    /* returns a number */
    SPEAKS,   /* and words it */
    MISUSES,  /* emits where there is no place, asks for an item that is not its own */
    SWALLOWS, /* gets no scratch memory, and returns 0 all the same */
    KILLED,
    FAULTS,
    ABORTS,
    EXITS_0,
    EXITS_3,
    HANGS,   /* until SIGTERM */
    IS_DEAF, /* until SIGKILL */
    CONDUCTS
};

#define COLUMNS_MAX 3
#define BYTES_MAX   (64 << 10) /* of one item, result or piece of emitted bytes */
#define ATTEMPTS    (1 << 16)

/* What tasks tell each other and the test, in memory that all of them share. */
struct common {
    _Atomic uint32_t told; /* futex: 1: the item to end at was reached; 2: it is over */
    _Atomic uint8_t attempts[ATTEMPTS]; /* deaths so far, by item and stage */
};

struct fuzz_column {
    uint64_t size, n, given; /* given: elements that the source has given */
    bool fill, same, sourced;
};

struct fuzz_case {
    uint64_t seed;
    enum kind kind;
    enum input input;
    enum ending ending;
    uint64_t
        end_at; /* CANCELLED: when this item is run. STOPPED, CLOSED: after so many */
    uint64_t n; /* tasks */
    bool endless, by_source; /* the job does not give n; a source ends after n */
    uint64_t item_size, result_size;
    uint64_t emit_most; /* bytes in a piece; 0: emits nothing */
    uint64_t item_most; /* bytes of an item of BYTES_SOURCE */
    uint64_t columns, chunk, window, memory_limit, work;
    uint64_t retries, deaths; /* deaths: how often a deadly item kills; 0: each time */
    uint64_t fails_one_in;    /* of items; 0: none fails */
    uint32_t conducts;        /* bits: what those do */
    uint64_t source_fails_at, combine_fails_at; /* UINT64_MAX: does not */
    uint64_t deadline_ms, timeout_ms, grace_ms;
    bool range, draws, scratch, nests, adds, asks;
    bool feeds; /* the stage before another */
    bool unordered, keep_going, statuses, shared_results, progress;
    struct fuzz_column column[COLUMNS_MAX];
    struct common *common;
    cadre_pool *pool; /* to nest on; NULL where workers do not have it */
};

/* A kind of pool that cases are run on. */
struct fuzz_pool {
    const char *name;
    cadre_options options;
    bool processes, persistent, none; /* none: the NULL pool */
    cadre_pool *pool;
    uint64_t uses;
};

/* What went wrong; empty: nothing. */
struct verdict {
    char text[700];
};

bool wrong(struct verdict *v, const char *format, ...) CADRE_PRINTF(2, 3);

/* All of a case but common and pool; `first` is of the stage before, if input is CHAIN. */
void case_draw(struct fuzz_case *c, struct fuzz_case *first, uint64_t round,
               const struct fuzz_pool *pool);
char *case_describe(char *text, size_t size, uint64_t round, const struct fuzz_pool *p,
                    const struct fuzz_case *c, const struct fuzz_case *first);

/* ---- what kernel and loop share ---- */

enum conduct conduct_of(const struct fuzz_case *c, uint64_t i);
bool is_deadly(enum conduct conduct);

/* What of a kind of thing belongs to item i: a number to be expanded. */
enum part { PART_ITEM, PART_BEFORE, PART_SIZE, PART_PIECES, PART_CONDUCT, PART_USER };
uint64_t part_of(const struct fuzz_case *c, enum part part, uint64_t i);

uint64_t item_bytes(const struct fuzz_case *c, uint64_t i); /* of BYTES_SOURCE */
const void *column_element(const struct fuzz_case *c, unsigned k, uint64_t i,
                           void *room);

/* What an item gives: bytes that its views are digested to, in order. */
uint64_t digest(uint64_t so_far, const void *bytes, size_t size);
unsigned emit_pieces(const struct fuzz_case *c, uint64_t i, size_t sizes[3]);

/* ---- kernel.c ---- */

cadre_fn fuzz_kernel;
cadre_range_fn fuzz_ranges;
cadre_combine fuzz_combine;
uint64_t combined(uint64_t index, void *into, const void *from, size_t size);

/* ---- loop.c: what a plain loop gets ---- */

struct outcome {
    int code, user, signal, status; /* signal, status: of deaths; 0: any */
    char text[120];                 /* how the message goes on after "item N: " */
};

struct outcome outcome_of(const struct fuzz_case *c, const struct fuzz_case *first,
                          uint64_t i);

/* The result of item i, and what it emits: its size; room for 3 * BYTES_MAX. */
size_t loop_task(const struct fuzz_case *c, const struct fuzz_case *first, uint64_t i,
                 void *result, unsigned char *emitted);

/* The lowest item that fails, or `n`. */
uint64_t loop_lowest(const struct fuzz_case *c, const struct fuzz_case *first,
                     uint64_t n);

/* ---- running ---- */

/* The job of a case; arrays and columns that it needs. */
struct material {
    void *items, *results, *before;
    unsigned char *elements[COLUMNS_MAX], fills[COLUMNS_MAX][64];
    cadre_column columns[COLUMNS_MAX];
    struct column_source {
        struct fuzz_case *c;
        unsigned k;
    } sources[COLUMNS_MAX];
    cadre_bytes *emitted;
    int *statuses;
    uint64_t reported; /* tasks, by the last call of progress */
    bool went_back;
    struct fuzz_case *c;
    unsigned char *buffer; /* of a source */
    uint64_t given;
};

void material_make(struct material *m, struct fuzz_case *c, cadre_job *job);
void material_free(struct material *m);

void check_map(struct verdict *v, struct fuzz_case *c, cadre_pool *pool);
void check_reduction(struct verdict *v, struct fuzz_case *c, cadre_pool *pool);
void check_stream(struct verdict *v, struct fuzz_case *c, struct fuzz_case *first,
                  cadre_pool *pool);

/* An error beside what is expected of the item that it names. */
bool error_is(struct verdict *v, const cadre_error *err, int rc,
              const struct outcome *o, uint64_t item);

/* Another thread that cancels the pool, or stops the stream, once told. */
struct canceller;
struct canceller *canceller_begin(struct common *common, cadre_pool *pool,
                                  cadre_stream *stream);
void canceller_end(struct canceller *k);

#endif
