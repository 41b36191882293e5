/* test_ring_steps.c - the ring, stepped through every order of its threads' accesses.
 * SPDX-License-Identifier: MIT
 *
 * ring.c is built into this test with a function where it says CDR_STEP(): before each
 * access to shared memory. A caller and workers run as coroutines that stop there. The
 * explorer keeps states (the shared memory and the coroutines' stacks), and from each
 * lets every coroutine that can go on take one step, until no new state is found. So
 * every interleaving is seen, of a sequentially consistent machine; the orders of weaker
 * ones are the business of the thread sanitizer and of the tests under load.
 *
 * In every state: no position is run twice, what is taken is right and in order, never
 * more than `window` positions are in flight. In every state from which nobody can go
 * on, all is done: nobody sleeps who should have been woken.
 */
#include "contract.h"
#include "core/ring.h"

#include <ucontext.h>

#define CODES   3    /* coroutines: the caller and at most two workers */
#define STACK   8192 /* bytes of each stack that are kept with a state */
#define BUCKETS (1 << 21)

void ring_step(void);

enum { CALLER = 0, ITEMS_MAX = 8 };

/* All that can differ between two states, but for the coroutines. */
struct world {
    bool caller_awaits, caller_sleeps, caller_woken;
    bool listening, worker_sleeps[CODES], stop, ended[CODES];
    bool rung[CODES]; /* the bell, since the worker read it */
    uint8_t times_run[ITEMS_MAX], taken[ITEMS_MAX];
    uint64_t n_taken;
    _Alignas(
        128) uint64_t memory[320]; /* the ring: last, as only what it needs is kept */
};

struct setting {
    uint64_t window, items, batch;
    unsigned workers;
    bool unordered;
    uint64_t stop_after; /* the caller stops the stream after so many records */
};

static _Alignas(128) struct world world;
static ucontext_t contexts[CODES];
static size_t world_size;
static _Alignas(128) unsigned char stacks[CODES][STACK];
static struct setting setting;
static ucontext_t explorer;
static int running;

static struct cdr_ring *ring(void)
{
    return (struct cdr_ring *)(void *)world.memory;
}

void ring_step(void)
{
    swapcontext(&contexts[running], &explorer);
}

#define MUST(condition)                                    \
    do {                                                   \
        if (!(condition)) {                                \
            fprintf(stderr, "# broken: %s\n", #condition); \
            abort();                                       \
        }                                                  \
    } while (0)

/* ---- workers ---- */

/* As by an eventfd: kept if the caller is about to sleep. */
static void wake_caller(void)
{
    if (world.caller_awaits)
        world.caller_woken = true;
}

static void run_batch(unsigned seat, const struct cdr_batch *b)
{
    for (uint32_t i = 0; i < b->count; i++) {
        uint64_t x = *(uint64_t *)(void *)cdr_ring_item(ring(), b->slot[i]);
        MUST(x < setting.items && world.times_run[x]++ == 0);
        *(uint64_t *)(void *)cdr_ring_result(ring(), b->slot[i]) = x * 3 + 1;
        if (cdr_ring_finish(ring(), seat, b->first + i, b->slot[i],
                            x == 1 ? CDR_FAILED : CDR_DONE))
            wake_caller();
    }
}

/* As in base/sync.c: say that we listen, look once more, sleep unless it was rung. */
static void doze(unsigned seat)
{
    ring_step();
    world.listening = true;
    if (cdr_ring_unclaimed(ring()))
        return;
    ring_step();
    if (world.stop)
        return;
    world.worker_sleeps[seat] = true;
    ring_step(); /* is let on when the bell was rung: see may_go_on */
    world.worker_sleeps[seat] = false;
}

static void worker(unsigned seat)
{
    struct cdr_batch batch;

    for (;;) {
        ring_step();
        world.rung[seat] = false;
        ring_step();
        if (world.stop)
            return;
        if (cdr_ring_claim(ring(), setting.batch, &batch))
            run_batch(seat, &batch);
        else
            doze(seat);
    }
}

/* ---- the caller ---- */

static void nudge(void)
{
    ring_step();
    for (int s = 1; world.listening && s < CODES; s++)
        world.rung[s] = true;
}

struct feeder {
    uint64_t fed, free_slots[ITEMS_MAX], n_free, index_of[ITEMS_MAX], seen[CODES];
};

static void feed(struct feeder *f)
{
    while (f->fed < setting.items && f->fed - world.n_taken < setting.window) {
        uint64_t slot = f->fed & (ring()->slots - 1);
        if (setting.unordered) {
            slot = f->free_slots[--f->n_free];
            f->index_of[slot] = f->fed;
            cdr_ring_assign(ring(), f->fed, slot);
        }
        *(uint64_t *)(void *)cdr_ring_item(ring(), slot) = f->fed;
        cdr_ring_feed(ring(), ++f->fed);
        nudge();
    }
}

static void took(uint64_t index, uint64_t slot, enum cdr_outcome outcome)
{
    MUST(index < setting.items && world.taken[index]++ == 0);
    MUST(*(uint64_t *)(void *)cdr_ring_result(ring(), slot) == index * 3 + 1);
    MUST(outcome == (index == 1 ? CDR_FAILED : CDR_DONE));
    world.n_taken++;
}

static bool take(struct feeder *f)
{
    enum cdr_outcome outcome;
    uint64_t slot;

    if (!setting.unordered) {
        outcome = cdr_ring_outcome(ring(), world.n_taken);
        if (outcome == CDR_PENDING)
            return false;
        took(world.n_taken, world.n_taken & (ring()->slots - 1), outcome);
        return true;
    }
    for (unsigned s = 1; s <= setting.workers; s++) {
        if (!cdr_ring_finished(ring(), s, f->seen[s], &slot, &outcome))
            continue;
        f->seen[s]++;
        took(f->index_of[slot], slot, outcome);
        f->free_slots[f->n_free++] = slot;
        return true;
    }
    return false;
}

static void sleep_for_result(struct feeder *f)
{
    world.caller_awaits = true;
    cdr_ring_await(ring(), setting.unordered ? CDR_ANY_FINISH : world.n_taken);
    if (!take(f)) {
        world.caller_sleeps = true;
        ring_step(); /* is let on when it was woken: see may_go_on */
        world.caller_sleeps = false;
    }
    world.caller_awaits = world.caller_woken = false;
    cdr_ring_await(ring(), CDR_NOBODY);
}

static void caller(void)
{
    struct feeder f = { 0 };

    for (uint64_t slot = 0; slot < ring()->slots; slot++)
        f.free_slots[f.n_free++] = slot;
    while (world.n_taken < setting.items && world.n_taken < setting.stop_after) {
        feed(&f);
        MUST(f.fed - world.n_taken <= setting.window);
        if (!take(&f))
            sleep_for_result(&f);
    }
    ring_step();
    world.stop = true;
    nudge();
}

static void body(void)
{
    int code = running;

    if (code == CALLER)
        caller();
    else
        worker((unsigned)code);
    world.ended[code] = true;
    ring_step();
}

/* ---- the explorer ---- */

struct state {
    struct state *next;  /* in its bucket */
    struct state *queue; /* to be gone on from */
    uint64_t hash[2];
    unsigned char bytes[]; /* the world, then each coroutine */
};

/* Registers that live across a call, where a coroutine that stopped goes on. */
static const int live[] = { REG_RIP, REG_RSP, REG_RBX, REG_RBP,
                            REG_R12, REG_R13, REG_R14, REG_R15 };
#define LIVE (sizeof live / sizeof *live)

static struct state *buckets[BUCKETS];

static bool may_go_on(int code)
{
    if (world.ended[code] || code > (int)setting.workers)
        return false;
    if (code == CALLER)
        return !world.caller_sleeps || world.caller_woken;
    return !world.worker_sleeps[code] || world.rung[code];
}

static size_t stack_used(int code)
{
    uintptr_t sp = (uintptr_t)contexts[code].uc_mcontext.gregs[REG_RSP];

    return (uintptr_t)stacks[code] + STACK - sp;
}

/* Write the state as it is now to `out`; returns its size. */
static size_t save(unsigned char *out)
{
    unsigned char *at = out;

    memcpy(at, &world, world_size);
    at += world_size;
    for (int code = 0; code <= (int)setting.workers; code++) {
        size_t used = stack_used(code);
        for (size_t i = 0; i < LIVE; i++, at += 8)
            memcpy(at, &contexts[code].uc_mcontext.gregs[live[i]], 8);
        memcpy(at, stacks[code] + STACK - used, used);
        at += used;
    }
    return (size_t)(at - out);
}

static void restore(const struct state *s)
{
    const unsigned char *at = s->bytes;

    memcpy(&world, at, world_size);
    at += world_size;
    for (int code = 0; code <= (int)setting.workers; code++) {
        for (size_t i = 0; i < LIVE; i++, at += 8)
            memcpy(&contexts[code].uc_mcontext.gregs[live[i]], at, 8);
        memcpy(stacks[code] + STACK - stack_used(code), at, stack_used(code));
        at += stack_used(code);
    }
}

/* The state as it is now, if it is new. */
static struct state *remember(void)
{
    static unsigned char bytes[sizeof world + sizeof stacks + CODES * LIVE * 8];
    size_t size = save(bytes);
    uint64_t hash[2] = { fnv1a(bytes, size, FNV_BEGIN), fnv1a(bytes, size, 12345) };
    struct state *s, **bucket = &buckets[hash[0] % BUCKETS];

    for (s = *bucket; s; s = s->next)
        if (s->hash[0] == hash[0] && s->hash[1] == hash[1])
            return NULL;
    s = malloc(sizeof *s + size);
    MUST(s);
    memcpy(s->hash, hash, sizeof hash);
    memcpy(s->bytes, bytes, size);
    s->next = *bucket;
    *bucket = s;
    return s;
}

static void step(int code)
{
    running = code;
    swapcontext(&explorer, &contexts[code]);
}

static void begin_world(void)
{
    struct cdr_ring_shape shape = { .window = setting.window,
                                    .item_size = 8,
                                    .result_size = 8,
                                    .unordered = setting.unordered,
                                    .seats = setting.workers + 1 };

    memset(&world, 0, sizeof world);
    memset(stacks, 0, sizeof stacks);
    MUST(cdr_ring_size(&shape) <= sizeof world.memory);
    world_size = offsetof(struct world, memory) + cdr_ring_size(&shape);
    cdr_ring_init(ring(), &shape);
    for (int code = 0; code <= (int)setting.workers; code++) {
        getcontext(&contexts[code]);
        contexts[code].uc_stack.ss_sp = stacks[code];
        contexts[code].uc_stack.ss_size = STACK;
        makecontext(&contexts[code], body, 0);
    }
}

static void check_ended(void)
{
    for (int code = 0; code <= (int)setting.workers; code++)
        MUST(world.ended[code]);
    for (uint64_t i = 0; i < setting.items && i < setting.stop_after; i++)
        MUST(setting.unordered || world.taken[i] == 1);
    MUST(world.n_taken ==
         (setting.items < setting.stop_after ? setting.items : setting.stop_after));
}

static void forget_all(void)
{
    for (size_t i = 0; i < BUCKETS; i++) {
        while (buckets[i]) {
            struct state *s = buckets[i];
            buckets[i] = s->next;
            free(s);
        }
    }
}

static void explore(struct setting s)
{
    struct state *queue, *found;
    long states = 1, ends = 0;

    setting = s;
    begin_world();
    queue = remember();
    queue->queue = NULL;
    while (queue) {
        struct state *from = queue;
        bool ended = true;
        queue = from->queue;
        for (int code = 0; code <= (int)setting.workers; code++) {
            restore(from);
            if (!may_go_on(code))
                continue;
            ended = false;
            step(code);
            found = remember();
            if (!found)
                continue;
            found->queue = queue;
            queue = found;
            states++;
        }
        restore(from);
        if (ended) {
            check_ended();
            ends++;
        }
    }
    forget_all();
    assert_true(ends > 0);
    print_message("# window %d, %d items, %u workers, batches of %d%s: %ld states\n",
                  (int)s.window, (int)s.items, s.workers, (int)s.batch,
                  s.unordered ? ", unordered" : "", states);
}

static void test_ordered(void **state)
{
    (void)state;
    explore((struct setting){ 1, 3, 1, 1, false, UINT64_MAX });
    explore((struct setting){ 2, 4, 2, 1, false, UINT64_MAX });
    explore((struct setting){ 3, 4, 2, 1, false, UINT64_MAX });
    explore((struct setting){ 1, 2, 1, 2, false, UINT64_MAX });
    explore((struct setting){ 2, 3, 1, 2, false, UINT64_MAX });
}

static void test_unordered(void **state)
{
    (void)state;
    explore((struct setting){ 1, 3, 1, 1, true, UINT64_MAX });
    explore((struct setting){ 2, 4, 2, 1, true, UINT64_MAX });
    explore((struct setting){ 2, 3, 1, 2, true, UINT64_MAX });
}

static void test_stopped(void **state)
{
    (void)state;
    explore((struct setting){ 2, 4, 1, 1, false, 1 });
    explore((struct setting){ 2, 4, 2, 2, false, 0 });
    explore((struct setting){ 2, 3, 1, 2, false, 1 });
    explore((struct setting){ 2, 3, 1, 2, true, 1 });
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ordered),
        cmocka_unit_test(test_unordered),
        cmocka_unit_test(test_stopped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
