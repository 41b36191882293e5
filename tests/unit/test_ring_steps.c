/* test_ring_steps.c - the ring, stepped through every order of its threads' accesses.
 * SPDX-License-Identifier: MIT
 *
 * A caller and one or two workers use the ring as streams do, in the model of
 * ring_model.h. In every state: no position is run twice, what is taken is right and in
 * order (or else in each worker's), never more than `window` positions are in flight. In every state from which
 * nobody can go on, all is done: nobody sleeps who should have been woken.
 *
 * CADRE_TEST_STEPS=larger tries larger settings instead, which takes minutes and gigabytes:
 * the test ring-steps-larger.
 */
#include "ring_model.h"

#include "contract.h"
#include "core/board/claim.h"
#include "core/board/intent.h"

enum { CALLER = 0, ITEMS_MAX = 8, RING_WORDS = 400 };

struct setting {
    uint64_t window, items, batch;
    unsigned workers;
    bool unordered;
    uint64_t stop_after; /* the caller stops the stream after so many records */
    enum memory memory;
    bool restless; /* nobody sleeps: they look again and again */
    bool
        together; /* what ends well is told of at the end of a batch, or before others */
    bool enters;  /* workers say when they look by themselves */
};

static struct setting setting;

/* All that can differ between two states, but for the coroutines. */
static _Alignas(128) struct world {
    bool event; /* the caller's eventfd */
    bool caller_sleeps, worker_sleeps[CODES], ended[CODES];
    bool rung[CODES]; /* the bell, since the worker read it */
    bool listening, stop;
    uint8_t times_run[ITEMS_MAX], taken[ITEMS_MAX];
    uint8_t run_by[ITEMS_MAX]; /* the worker, once it is done with it */
    uint64_t n_taken;
    _Alignas(128) uint64_t ring[RING_WORDS]; /* last, as only what it needs is kept */
} world;

static struct cdr_ring *ring(void)
{
    return (struct cdr_ring *)(void *)world.ring;
}

/* Of threads: it has the ring behind it, and no intents. Who claimed last is not told apart. */
static struct cadre_window window;

/* What is written here is plain memory to the ring: relaxed at best. */
static void write_word(char *at, uint64_t value)
{
    memory_store(at, sizeof value, value, false);
}

static uint64_t read_word(const char *at)
{
    return memory_load(at, sizeof(uint64_t));
}

/* ---- workers ---- */

static void wake_caller(void)
{
    ring_step();
    world.event = true;
}

static enum cdr_outcome run_task(const struct cdr_batch *b, uint32_t i)
{
    uint64_t x;

    ring_step();
    x = read_word(cdr_ring_item(ring(), b->slot[i])) - 1;
    MUST(x < setting.items && world.times_run[x]++ == 0);
    write_word(cdr_ring_result(ring(), b->slot[i]), x * 3 + 1);
    return x == 0 ? CDR_FAILED : CDR_DONE;
}

static void tell(const struct cdr_batch *b, uint32_t i, enum cdr_outcome outcome)
{
    if (cdr_ring_finish(ring(), b->first + i, b->slot[i], outcome))
        wake_caller();
}

/* Those from `first` on have ended well and nobody knows. */
static void tell_all(const struct cdr_batch *b, uint32_t first, uint32_t end)
{
    if (first < end &&
        cdr_ring_finish_all(ring(), b->first + first, &b->slot[first], end - first))
        wake_caller();
}

static void run_batch(unsigned seat, const struct cdr_batch *b)
{
    uint32_t told = 0;

    for (uint32_t i = 0; i < b->count; i++) {
        enum cdr_outcome outcome = run_task(b, i);
        world.run_by[b->first + i] = (uint8_t)seat;
        if (setting.together && outcome == CDR_DONE)
            continue;
        tell_all(b, told, i);
        tell(b, i, outcome);
        told = i + 1;
    }
    tell_all(b, told, b->count);
}

/* As in base/sync.c: say that we listen, look once more, sleep unless it was rung. */
static void doze(unsigned seat)
{
    ring_step();
    world.listening = true;
    cdr_heavy_fence();
    if (cdr_ring_unclaimed(ring()))
        return;
    world.worker_sleeps[seat] = true;
    ring_step(); /* is let on when the bell was rung: see may_go_on */
    world.worker_sleeps[seat] = false;
}

/* True: there was something. */
static bool serve(unsigned seat)
{
    struct cdr_batch batch;
    bool some = cdr_ring_claim(&window, 0, setting.batch, &batch);

    if (some)
        run_batch(seat, &batch);
    memset(&batch, 0, sizeof batch); /* else it would tell states apart */
    return some;
}

/* As in core/work/batch.c. True: it is to sleep. */
static bool serve_by_itself(unsigned seat)
{
    cdr_ring_enter(ring());
    while (serve(seat))
        ;
    return cdr_ring_leave(ring());
}

static void worker(unsigned seat)
{
    for (;;) {
        ring_step();
        world.rung[seat] = false;
        ring_step();
        if (world.stop)
            return;
        if ((setting.enters ? serve_by_itself(seat) : !serve(seat)) &&
            !setting.restless)
            doze(seat);
    }
}

/* ---- the caller ---- */

static void ring_the_bell(void)
{
    for (int s = 1; s < CODES; s++)
        world.rung[s] = true;
}

/* Who was rung for need not be rung for again. */
static void nudge(void)
{
    if (setting.enters ? !cdr_ring_anyone_away(ring()) : (cdr_light_fence(), false))
        return;
    ring_step();
    if (world.listening)
        ring_the_bell();
    world.listening = false;
}

/* As slots.c has it: late are those that were passed by. */
struct feeder {
    uint64_t fed, late[ITEMS_MAX], late_slot[ITEMS_MAX], n_late;
    uint64_t spare[ITEMS_MAX], n_spare;
};

static uint64_t slot_for(struct feeder *f, uint64_t p)
{
    uint64_t home = cdr_ring_home(ring(), p);

    for (uint64_t i = 0; i < f->n_late; i++)
        if (f->late_slot[i] == home)
            return f->spare[--f->n_spare];
    return home;
}

static void feed(struct feeder *f)
{
    while (f->fed < setting.items && f->fed - world.n_taken < setting.window) {
        uint64_t slot = slot_for(f, f->fed);
        if (setting.unordered)
            cdr_ring_assign(ring(), f->fed, slot);
        write_word(cdr_ring_item(ring(), slot), f->fed + 1);
        cdr_ring_feed(ring(), ++f->fed);
        nudge();
    }
}

static void took(uint64_t index, uint64_t slot, enum cdr_outcome outcome)
{
    MUST(index < setting.items && world.taken[index]++ == 0);
    MUST(read_word(cdr_ring_result(ring(), slot)) == index * 3 + 1);
    MUST(outcome == (index == 0 ? CDR_FAILED : CDR_DONE));
    world.n_taken++;
}

/* Bytes in a worker's arena are freed in the order it put them there. */
static void check_order_of_worker(uint64_t p)
{
    for (uint64_t i = 0; i < p; i++)
        MUST(world.taken[i] || world.run_by[i] != world.run_by[p]);
}

static void took_any(struct feeder *f, uint64_t p, uint64_t slot,
                     enum cdr_outcome outcome)
{
    check_order_of_worker(p);
    took(p, slot, outcome);
    if (slot >= ring()->slots)
        f->spare[f->n_spare++] = slot;
}

static bool take_late(struct feeder *f)
{
    enum cdr_outcome outcome = CDR_PENDING;
    uint64_t found = f->n_late, p, slot;

    for (uint64_t i = f->n_late; i-- > 0;) {
        enum cdr_outcome of = cdr_ring_outcome(ring(), f->late[i], f->late_slot[i]);
        if (of != CDR_PENDING) {
            found = i;
            outcome = of;
        }
    }
    if (found == f->n_late)
        return false;
    p = f->late[found];
    slot = f->late_slot[found];
    f->n_late--;
    for (uint64_t i = found; i <= f->n_late; i++) {
        f->late[i] = i < f->n_late ? f->late[i + 1] : 0;
        f->late_slot[i] = i < f->n_late ? f->late_slot[i + 1] : 0;
    }
    took_any(f, p, slot, outcome);
    return true;
}

static enum cdr_outcome outcome_of(const struct feeder *f, uint64_t p)
{
    return p < f->fed ? cdr_ring_outcome(ring(), p, cdr_ring_slot(ring(), p))
                      : CDR_PENDING;
}

/* As in core/stream/take.c: the head is looked at, then those passed by, then behind. */
static bool take_any(struct feeder *f)
{
    uint64_t head = world.n_taken + f->n_late, p = head, end;
    enum cdr_outcome outcome = outcome_of(f, head);

    if (take_late(f))
        return true;
    end = cdr_ring_claimed(ring());
    end = end < f->fed ? end : f->fed;
    while (outcome == CDR_PENDING && ++p < end)
        outcome = outcome_of(f, p);
    if (outcome == CDR_PENDING)
        return false;
    for (uint64_t i = head; i < p; i++) {
        f->late[f->n_late] = i;
        f->late_slot[f->n_late++] = cdr_ring_slot(ring(), i);
    }
    if (p > head && take_late(f))
        return true;
    took_any(f, p, cdr_ring_slot(ring(), p), outcome);
    return true;
}

static bool take(struct feeder *f)
{
    enum cdr_outcome outcome;
    uint64_t slot = cdr_ring_home(ring(), world.n_taken);

    if (setting.unordered)
        return take_any(f);
    outcome = cdr_ring_outcome(ring(), world.n_taken, slot);
    if (outcome == CDR_PENDING)
        return false;
    took(world.n_taken, slot, outcome);
    return true;
}

/* As in core/stream/wait.c. */
static void sleep_for_result(struct feeder *f)
{
    cdr_ring_await(ring(), setting.unordered ? CDR_ANY_FINISH : world.n_taken);
    if (!take(f)) {
        world.caller_sleeps = true;
        ring_step(); /* is let on when the event is there: see may_go_on */
        world.caller_sleeps = false;
    }
    cdr_ring_await(ring(), CDR_NOBODY);
    ring_step();
    world.event = false;
}

static void caller(void)
{
    struct feeder f = { 0 };

    for (uint64_t i = 0; i < setting.window; i++)
        f.spare[f.n_spare++] = ring()->slots + i;
    while (world.n_taken < setting.items && world.n_taken < setting.stop_after) {
        feed(&f);
        MUST(f.fed - world.n_taken <= setting.window);
        if (!take(&f) && !setting.restless)
            sleep_for_result(&f);
    }
    ring_step();
    world.stop = true;
    ring_step();
    ring_the_bell();
}

static void body(unsigned code)
{
    if (code == CALLER)
        caller();
    else
        worker(code);
    world.ended[code] = true;
    ring_step();
}

/* ---- settings ---- */

static bool may_go_on(unsigned code)
{
    if (world.ended[code])
        return false;
    if (code == CALLER)
        return !world.caller_sleeps || world.event;
    return !world.worker_sleeps[code] || world.rung[code];
}

static void check_ended(void)
{
    uint64_t all =
        setting.items < setting.stop_after ? setting.items : setting.stop_after;

    for (unsigned code = 0; code <= setting.workers; code++)
        MUST(world.ended[code]);
    for (uint64_t i = 0; i < all; i++)
        MUST(setting.unordered || world.taken[i] == 1);
    MUST(world.n_taken == all);
}

static struct model model_of(struct setting s)
{
    struct cdr_ring_shape shape = { .window = s.window,
                                    .item_size = 8,
                                    .result_size = 8,
                                    .unordered = s.unordered,
                                    .seats = s.workers + 1 };
    size_t size = cdr_ring_size(&shape);

    setting = s;
    assert_in_range(size, 1, sizeof world.ring);
    memset(&world, 0, sizeof world);
    cdr_ring_init(ring(), &shape);
    window.ring_at = (uintptr_t)ring() - (uintptr_t)&window;
    ring()->away = s.enters ? s.workers : 1;
    return (struct model){ .codes = s.workers + 1,
                           .body = body,
                           .may_go_on = may_go_on,
                           .at_the_end = check_ended,
                           .world = &world,
                           .size = offsetof(struct world, ring) + (size + 7) / 8 * 8,
                           .memory = s.memory };
}

static void holds(struct setting s)
{
    static const char *const memory[] = { "strong", "weak", "weak, asymmetric fences" };
    struct model model = model_of(s);
    long states;
    const char *broken = explore(&model, &states);

    print_message(
        "# window %d, %d items, %u workers, batches of %d%s, %s: %ld states\n",
        (int)s.window, (int)s.items, s.workers, (int)s.batch,
        s.unordered ? ", unordered" : "", memory[s.memory], states);
    if (broken)
        fail_msg("%s", broken);
}

#define ALL UINT64_MAX

static void test_one_worker(void **state)
{
    (void)state;
    for (enum memory m = STRONG; m <= WEAK_UNEQUAL; m++)
        for (int unordered = 0; unordered < 2; unordered++) {
            holds((struct setting){ 1, 3, 1, 1, unordered, ALL, m, .enters = true });
            holds((struct setting){ 2, 3, 2, 1, unordered, ALL, m, .together = true });
            holds((struct setting){ 2, 4, 1, 1, unordered, 1, m, .enters = true });
        }
}

static void test_two_workers(void **state)
{
    (void)state;
    for (int unordered = 0; unordered < 2; unordered++) {
        holds((struct setting){ 1, 2, 1, 2, unordered, ALL, STRONG, .enters = false });
        for (enum memory m = STRONG; m <= WEAK_UNEQUAL; m++)
            holds((struct setting){ 2, 3, 1, 2, unordered, ALL, m, .restless = true });
        holds((struct setting){ 3, 3, 2, 2, unordered, ALL, STRONG, .restless = true,
                                .together = true });
    }
    holds((struct setting){ 2, 3, 1, 2, false, 1, STRONG, .enters = false });
}

static void test_larger_settings(void **state)
{
    (void)state;
    for (int unordered = 0; unordered < 2; unordered++)
        for (enum memory m = STRONG; m <= WEAK_UNEQUAL; m++) {
            if (m == STRONG)
                holds(
                    (struct setting){ 1, 2, 1, 2, unordered, ALL, m, .enters = true });
            holds((struct setting){ 3, 6, 2, 1, unordered, ALL, m, .together = true });
            holds((struct setting){ 2, 4, 2, 1, unordered, ALL, m, .enters = false });
            holds((struct setting){ 1, 2, 1, 2, unordered, ALL, m, .enters = false });
            holds((struct setting){ 2, 3, 1, 2, unordered, 1, m, .enters = false });
            holds((struct setting){ 3, 4, 2, 2, unordered, ALL, m, .restless = true,
                                    .together = true });
            if (m != WEAK_UNEQUAL) /* tens of millions of states */
                holds(
                    (struct setting){ 2, 3, 1, 2, unordered, ALL, m, .enters = false });
        }
}

/* ---- what this test is good for ---- */

static void is_noticed(struct setting s, bool fences)
{
    struct model model = model_of(s);
    long states;

    model.no_fences = fences;
    model.no_releases = !fences;
    assert_non_null(explore(&model, &states));
}

static void test_missing_fences_are_noticed(void **state)
{
    (void)state;
    for (int unordered = 0; unordered < 2; unordered++)
        for (enum memory m = WEAK; m <= WEAK_UNEQUAL; m++)
            for (int enters = 0; enters < 2; enters++)
                is_noticed(
                    (struct setting){ 1, 3, 1, 1, unordered, ALL, m, .enters = enters },
                    true);
}

static void test_missing_releases_are_noticed(void **state)
{
    (void)state;
    for (int unordered = 0; unordered < 2; unordered++)
        for (enum memory m = WEAK; m <= WEAK_UNEQUAL; m++)
            is_noticed(
                (struct setting){ 1, 3, 1, 1, unordered, ALL, m, .restless = true },
                false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_worker),
        cmocka_unit_test(test_two_workers),
        cmocka_unit_test(test_missing_fences_are_noticed),
        cmocka_unit_test(test_missing_releases_are_noticed),
    };

    const struct CMUnitTest larger[] = { cmocka_unit_test(test_larger_settings) };
    const char *wanted = getenv("CADRE_TEST_STEPS");

    if (wanted && strcmp(wanted, "larger") == 0)
        return cmocka_run_group_tests(larger, NULL, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
