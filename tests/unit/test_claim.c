/* test_claim.c - who has which tasks: every unit once, none beyond the limit.
 * SPDX-License-Identifier: MIT
 */
#include "contract.h"
#include "base/alloc.h"
#include "core/board/claim.h"

#include <pthread.h>

static struct cadre_window *make(uint64_t units, unsigned seats)
{
    struct cadre_window *w = cdr_alloc_aligned(cdr_window_size(seats));

    assert_non_null(w);
    cdr_window_init(w, seats);
    cdr_window_reset(w, units, 1);
    return w;
}

static void takes(struct cadre_window *w, unsigned seat, uint64_t slice, uint64_t claim,
                  uint64_t first, uint64_t end)
{
    struct cdr_span chunk;

    assert_true(cdr_window_take(w, seat, slice, claim, &chunk));
    assert_int_equal(chunk.first, first);
    assert_int_equal(chunk.end, end);
}

static void gives(struct cadre_window *w, unsigned seat, uint64_t first, uint64_t end)
{
    assert_false(cdr_window_give(w, seat, &(struct cdr_span){ first, end }, end));
}

static void test_slices_come_off_claims_in_order(void **state)
{
    struct cadre_window *w = make(100, 2);

    (void)state;
    takes(w, 0, 3, 10, 0, 3);
    gives(w, 0, 0, 3);
    takes(w, 1, 4, 4, 10, 14);
    takes(w, 0, 20, 10, 3, 10); /* no more than the claim has left */
    gives(w, 0, 3, 10);
    takes(w, 0, 20, 90, 14, 34);
    assert_int_equal(cdr_window_unclaimed(w), 0);
    free(w);
}

static void test_the_back_half_is_stolen(void **state)
{
    struct cadre_window *w = make(21, 3);

    (void)state;
    takes(w, 0, 1, 21, 0, 1);    /* holds 1 .. 20 */
    takes(w, 1, 100, 5, 11, 21); /* the back half of 20 */
    gives(w, 1, 11, 21);
    takes(w, 2, 2, 5, 6, 8);  /* of the 10 left, 6 .. 10 */
    takes(w, 1, 9, 9, 9, 11); /* and of 8 .. 10 from the thief, who comes next */
    takes(w, 0, 9, 9, 1, 6);  /* the owner still has the front */
    free(w);
}

static void test_what_is_asked_for_can_be_stolen(void **state)
{
    struct cadre_window *w = make(10, 2);
    struct cdr_span chunk = { 0, 10 };

    (void)state;
    takes(w, 0, 10, 10, 0, 10);
    assert_true(cdr_window_spare(w, 1));
    assert_false(cdr_window_stealable(w, 1));
    assert_false(cdr_window_take(w, 1, 5, 5, &chunk));
    assert_false(cdr_window_ask(w, 1, 100, 200)); /* not overdue */
    assert_true(cdr_window_ask(w, 1, 300, 200));
    assert_int_equal(w->seat[0].stop_at, 0); /* the owner sees this after its task */
    chunk = (struct cdr_span){ 0, 10 };
    assert_true(cdr_window_give(w, 0, &chunk, 4)); /* and gives back 4 .. 9 */
    assert_true(cdr_window_stealable(w, 1));
    takes(w, 1, 100, 1, 7, 10);
    takes(w, 0, 100, 1, 4, 7); /* not stopped any more */
    assert_int_equal(w->seat[0].stop_at, 7);
    free(w);
}

static void test_a_single_task_is_not_asked_for(void **state)
{
    struct cadre_window *w = make(1, 2);

    (void)state;
    takes(w, 0, 10, 10, 0, 1);
    assert_false(cdr_window_spare(w, 1));
    assert_false(cdr_window_ask(w, 1, 1000, 0));
    free(w);
}

static void test_nothing_is_begun_beyond_the_limit(void **state)
{
    struct cadre_window *w = make(100, 3);
    cadre_error error = { .code = CADRE_EKERNEL, .item = 42 };
    struct cdr_span chunk;

    (void)state;
    takes(w, 0, 30, 60, 0, 30);  /* holds 30 .. 59 */
    takes(w, 1, 10, 40, 60, 70); /* holds 70 .. 99 */
    cdr_window_fail(w, &w->seat[0], 42, 42, &error);
    assert_int_equal(w->seat[1].stop_at, 42); /* its slice lies beyond: it stops */
    assert_int_equal(w->seat[0].stop_at, 30); /* this one lies below: it goes on */
    assert_false(cdr_window_give(w, 1, &(struct cdr_span){ 60, 70 }, 61));
    assert_int_equal(w->seat[1].range >> CDR_RANGE_BITS, 61); /* given back */
    /* 45 .. 59, stolen first, lie beyond and are dropped; then 37 .. 44 are stolen. */
    takes(w, 1, 5, 5, 37, 42);
    gives(w, 1, 37, 42);
    takes(w, 0, 100, 1, 30, 37);
    gives(w, 0, 30, 37);
    assert_false(cdr_window_take(w, 0, 1, 1, &chunk));
    assert_false(cdr_window_take(w, 1, 1, 1, &chunk)); /* 42 .. 44 are dropped too */
    free(w);
}

static void test_the_lowest_failure_of_a_seat_stays(void **state)
{
    struct cadre_window *w = make(100, 1);
    cadre_error later = { .code = CADRE_EKERNEL, .item = 50 };
    cadre_error first = { .code = CADRE_EINVAL, .item = 20 };

    (void)state;
    cdr_window_fail(w, &w->seat[0], 50, 50, &later);
    cdr_window_fail(w, &w->seat[0], 20, 20, &first);
    cdr_window_fail(w, &w->seat[0], 50, 50, &later);
    assert_int_equal(w->seat[0].error.item, 20);
    assert_int_equal(w->limit, 20);
    cdr_window_stop(w, CADRE_ECANCELLED);
    cdr_window_stop(w, CADRE_ETIMEOUT);
    assert_int_equal(w->stop_code, CADRE_ECANCELLED); /* the first reason */
    assert_true(cdr_window_over(w));
    free(w);
}

/* ---- many threads ---- */

enum { UNITS = 400000, SEATS = 6 };

struct crowd {
    struct cadre_window *w;
    _Atomic uint8_t *seen;
    unsigned seat;
    uint64_t limit;
};

/* Takes, sometimes gives back half, sometimes asks: all that workers may do. */
static void *jostle(void *arg)
{
    struct crowd *c = arg;
    uint64_t x = c->seat + 1;
    struct cdr_span chunk;

    for (int idle = 0; idle < 100;) {
        x = x * UINT64_C(6364136223846793005) + 1442695040888963407u;
        if (!cdr_window_take(c->w, c->seat, 1 + (x >> 60), 1 + (x >> 56), &chunk)) {
            cdr_window_ask(c->w, c->seat, 1, 0);
            idle++;
            continue;
        }
        uint64_t u = chunk.first, keep = (x >> 40) % 4 ? UINT64_MAX : u + 1;
        for (; u < chunk.end && u < keep && u < c->w->seat[c->seat].stop_at; u++) {
            atomic_store(&c->w->seat[c->seat].current, u);
            atomic_fetch_add(&c->seen[u], 1);
        }
        cdr_window_give(c->w, c->seat, &chunk, u);
    }
    return NULL;
}

static void run_crowd(struct cadre_window *w, _Atomic uint8_t *seen)
{
    struct crowd crowd[SEATS];
    pthread_t threads[SEATS];

    for (unsigned s = 0; s < SEATS; s++) {
        crowd[s] = (struct crowd){ .w = w, .seen = seen, .seat = s };
        assert_int_equal(pthread_create(&threads[s], NULL, jostle, &crowd[s]), 0);
    }
    for (unsigned s = 0; s < SEATS; s++)
        assert_int_equal(pthread_join(threads[s], NULL), 0);
}

static void test_every_unit_once(void **state)
{
    struct cadre_window *w = make(UNITS, SEATS);
    _Atomic uint8_t *seen = calloc(UNITS, 1);

    (void)state;
    assert_non_null(seen);
    run_crowd(w, seen);
    for (int u = 0; u < UNITS; u++)
        assert_int_equal(seen[u], 1);
    free(seen);
    free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slices_come_off_claims_in_order),
        cmocka_unit_test(test_the_back_half_is_stolen),
        cmocka_unit_test(test_what_is_asked_for_can_be_stolen),
        cmocka_unit_test(test_a_single_task_is_not_asked_for),
        cmocka_unit_test(test_nothing_is_begun_beyond_the_limit),
        cmocka_unit_test(test_the_lowest_failure_of_a_seat_stays),
        cmocka_unit_test(test_every_unit_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
