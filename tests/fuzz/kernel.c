/* kernel.c - the kernels of random jobs: what they do is all in the case.
 * SPDX-License-Identifier: MIT
 */
#include "case.h"

#include <cadre/random.h>
#include <linux/futex.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MANY_ITEMS UINT64_C(0x100000000) /* away: no item of any call */

bool is_deadly(enum conduct conduct)
{
    return conduct >= KILLED && conduct <= EXITS_3;
}

uint64_t part_of(const struct fuzz_case *c, enum part part, uint64_t i)
{
    return mix(mix(c->seed, (uint64_t)part), i);
}

enum conduct conduct_of(const struct fuzz_case *c, uint64_t i)
{
    uint64_t h = part_of(c, PART_CONDUCT, i);
    unsigned which, conduct = 0;

    if (!c->fails_one_in || !c->conducts || h % c->fails_one_in)
        return FINE;
    which = (unsigned)(h >> 32) % (unsigned)__builtin_popcount(c->conducts);
    for (;; conduct++)
        if (c->conducts >> conduct & 1 && which-- == 0)
            return (enum conduct)conduct;
}

uint64_t item_bytes(const struct fuzz_case *c, uint64_t i)
{
    return part_of(c, PART_SIZE, i) % (c->item_most + 1);
}

const void *column_element(const struct fuzz_case *c, unsigned k, uint64_t i,
                           void *room)
{
    const struct fuzz_column *l = &c->column[k];

    /* Past the end there is the element that stands in. */
    expand(part_of(c, PART_ITEM,
                   (l->same    ? 0
                    : i < l->n ? i
                               : UINT32_MAX) *
                           8 +
                       k),
           room, l->size);
    return room;
}

uint64_t digest(uint64_t so_far, const void *bytes, size_t size)
{
    const unsigned char *b = bytes;

    for (size_t i = 0; i < size; i++)
        so_far = (so_far ^ b[i]) * UINT64_C(0x100000001b3);
    return so_far;
}

unsigned emit_pieces(const struct fuzz_case *c, uint64_t i, size_t sizes[3])
{
    uint64_t h = part_of(c, PART_PIECES, i);
    unsigned n = c->emit_most ? h % 4 : 0;

    for (unsigned k = 0; k < n; k++)
        sizes[k] = (h >> (8 + 18 * k)) % (c->emit_most + 1);
    return n;
}

/* ---- ways to fail ---- */

static void die(enum conduct conduct)
{
    switch (conduct) {
    case KILLED: kill(getpid(), SIGKILL); break;
    case FAULTS:
        signal(SIGSEGV, SIG_DFL); /* that of a sanitizer would report it */
        raise(SIGSEGV);
        break;
    case ABORTS: abort();
    case EXITS_0: exit(0);
    default: exit(3);
    }
}

static void hang(bool deaf)
{
    if (deaf)
        signal(SIGTERM, SIG_IGN);
    for (;;)
        pause();
}

static bool dies_now(const struct fuzz_case *c, uint64_t i)
{
    return c->deaths == 0 ||
           atomic_fetch_add(&c->common->attempts[(2 * i + c->feeds) % ATTEMPTS], 1) <
               c->deaths;
}

/* What the kernel is to return; 0 if it only seems to be well. */
static int misbehave(cadre_task *t, const struct fuzz_case *c, uint64_t i,
                     enum conduct conduct)
{
    int user = 1 + (int)(part_of(c, PART_USER, i) % 1000);

    if (is_deadly(conduct) && dies_now(c, i))
        die(conduct);
    switch (conduct) {
    case FAILS: return -user;
    case SPEAKS: return cadre_task_fail(t, user, "it is %d", user);
    case MISUSES: (void)cadre_task_at(t, i + MANY_ITEMS); return 0;
    case SWALLOWS: (void)cadre_task_scratch(t, SIZE_MAX / 4); return 0;
    case HANGS: hang(false); return 1;
    case IS_DEAF: hang(true); return 1;
    default: return 0;
    }
}

/* ---- what a task does ---- */

static void tell(const struct fuzz_case *c, uint64_t i)
{
    uint32_t not_yet = 0;

    if (c->ending == RUNS_OUT || i != c->end_at || !c->common)
        return;
    if (atomic_compare_exchange_strong(&c->common->told, &not_yet, 1))
        syscall(SYS_futex, &c->common->told, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

static void toil(uint64_t work, uint64_t i)
{
    volatile double x = 1;

    for (uint64_t k = mix(work, i) % (1 + 4000 * work); k > 0; k--)
        x = x * 1.0000001;
}

struct stamp {
    uint64_t seed, index, digest;
};

/* Zeros, or what another task of the run has left there; 0: neither. */
static uint64_t use_scratch(cadre_task *t, const struct fuzz_case *c, uint64_t i)
{
    struct stamp *s = cadre_task_scratch(t, sizeof *s + i % 5 * 3000);

    if (!s)
        return 0;
    if ((s->seed || s->index || s->digest) &&
        (s->seed != c->seed || s->digest != mix(c->seed, s->index)))
        return 0;
    *s = (struct stamp){ c->seed, i, mix(c->seed, i) };
    return 1;
}

static int nested(cadre_task *t, const void *item, void *result)
{
    (void)item;
    *(uint64_t *)result =
        mix(*(const uint64_t *)cadre_task_shared(t), cadre_task_index(t));
    return 0;
}

static uint64_t nest(const struct fuzz_case *c, uint64_t i)
{
    uint64_t y[5], all = 0;
    cadre_job job = { .fn = nested,
                      .n = 5,
                      .shared = &i,
                      .shared_size = sizeof i,
                      .results = y,
                      .result_size = sizeof *y };

    if (cadre_map(c->pool, &job, NULL))
        return 0;
    for (uint64_t k = 0; k < 5; k++)
        all += y[k] == mix(i, k);
    return all == 5;
}

static void emit(cadre_task *t, const struct fuzz_case *c, uint64_t i, uint64_t h)
{
    unsigned char bytes[BYTES_MAX];
    size_t sizes[3];
    unsigned n = emit_pieces(c, i, sizes);

    for (unsigned k = 0; k < n; k++) {
        expand(mix(h, k), bytes, sizes[k]);
        if (cadre_task_emit(t, bytes, sizes[k]))
            return; /* fails the task all the same */
    }
}

static bool is_zero(const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i])
            return false;
    return true;
}

/* Whatever it finds wrong shows in its result. */
static uint64_t look_around(cadre_task *t, const struct fuzz_case *c, uint64_t i,
                            const void *result)
{
    uint64_t h = 0;

    if (c->scratch && !use_scratch(t, c, i))
        h ^= 0xbad1;
    if (c->nests && !nest(c, i))
        h ^= 0xbad2;
    if (c->kind == REDUCTION && !is_zero(result, c->result_size))
        h ^= 0xbad4;
    if (cadre_task_index(t) != i)
        h ^= 0xbad8;
    if (c->draws)
        h ^= cadre_rng_u64(cadre_task_rng(t));
    return h;
}

static int run_task(cadre_task *t, const struct fuzz_case *c, uint64_t i, uint64_t h,
                    void *result)
{
    enum conduct conduct = conduct_of(c, i);
    int rc;

    tell(c, i);
    toil(c->work, i);
    if (c->asks && cadre_task_cancelled(t))
        return 0; /* with nothing done */
    h ^= look_around(t, c, i, result);
    if (c->adds)
        h = digest(h, result, c->result_size);
    else if (c->result_size)
        memset(result, 0xa5, c->result_size / 2); /* half done */
    rc = conduct == FINE ? 0 : misbehave(t, c, i, conduct);
    if (rc || (conduct != FINE && !is_deadly(conduct)))
        return rc;
    emit(t, c, i, h);
    if (c->result_size)
        expand(h, result, c->result_size);
    return 0;
}

static uint64_t digest_item(const struct fuzz_case *c, uint64_t i, const void *item)
{
    uint64_t h = mix(c->seed, i);

    if (c->input == COLUMNS) {
        for (unsigned k = 0; k < c->columns; k++)
            h = digest(h, ((const void *const *)item)[k], c->column[k].size);
    } else if (c->input == BYTES_SOURCE || (c->input == CHAIN && !c->item_size)) {
        const cadre_bytes *b = item;
        h = digest(h, b->data, b->size);
    } else if (c->input != INDEX) {
        h = digest(h, item, c->item_size);
    } else if (item) {
        h ^= 0xbad;
    }
    return h;
}

int fuzz_kernel(cadre_task *t, const void *item, void *result)
{
    const struct fuzz_case *c = cadre_task_shared(t);
    uint64_t i = cadre_task_index(t);

    return run_task(t, c, i, digest_item(c, i, item), result);
}

int fuzz_ranges(cadre_task *t, uint64_t first, uint64_t count, const void *items,
                void *results)
{
    const struct fuzz_case *c = cadre_task_shared(t);
    size_t item_size = c->input == BYTES_SOURCE || (c->input == CHAIN && !c->item_size)
                           ? sizeof(cadre_bytes)
                           : c->item_size;
    int rc;

    for (uint64_t k = 0; k < count; k++) {
        const void *item = items ? (const char *)items + k * item_size : NULL;
        if (cadre_task_at(t, first + k))
            return 1;
        rc = run_task(t, c, first + k, digest_item(c, first + k, item),
                      results ? (char *)results + k * c->result_size : NULL);
        if (rc)
            return rc;
    }
    return 0;
}

uint64_t combined(uint64_t index, void *into, const void *from, size_t size)
{
    uint64_t h = digest(digest(index, into, size), from, size);

    expand(h, into, size);
    return h;
}

int fuzz_combine(cadre_task *t, void *into, const void *from)
{
    const struct fuzz_case *c = cadre_task_shared(t);
    uint64_t i = cadre_task_index(t);

    if (i == c->combine_fails_at)
        return cadre_task_fail(t, 77, "will not be combined");
    combined(c->fails_one_in ? 0 : i, into, from, c->result_size);
    return 0;
}
