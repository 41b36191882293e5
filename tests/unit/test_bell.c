/* test_bell.c - the bell of workers that found nothing: rung once for those who listen.
 * SPDX-License-Identifier: MIT
 */
#include "contract.h"
#include "base/sync.h"

#include <pthread.h>
#include <sched.h>

static bool there_is_something(void *arg)
{
    ++*(int *)arg;
    return true;
}

static void listen(struct cdr_bell *bell, uint32_t seen, int *looks)
{
    assert_false(cdr_bell_wait(bell, seen, 0, there_is_something, looks));
}

static void test_rung_once_for_who_listens(void **state)
{
    struct cdr_bell bell = { 0 };
    int looks = 0;

    (void)state;
    cdr_bell_nudge(&bell, 1);
    assert_int_equal(cdr_bell_read(&bell), 0); /* nobody listens */
    for (uint32_t round = 1; round < 4; round++) {
        listen(&bell, round - 1, &looks);
        listen(&bell, round - 1, &looks);
        for (int i = 0; i < 3; i++)
            cdr_bell_nudge(&bell, 1);
        assert_int_equal(cdr_bell_read(&bell), round);
    }
    assert_int_equal(looks, 6);
}

/* Who is late does not wait, nor make others' wait forgotten. */
static void test_rung_before(void **state)
{
    struct cdr_bell bell = { 0 };
    int looks = 0;

    (void)state;
    cdr_bell_ring(&bell, 1);
    listen(&bell, 1, &looks);
    listen(&bell, 0, &looks);
    assert_int_equal(looks, 1);
    cdr_bell_nudge(&bell, 1);
    assert_int_equal(cdr_bell_read(&bell), 2);
}

/* Counts begin anew after 2^32 rings, and any number may lie between two who listen. */
static void test_far_apart(void **state)
{
    struct cdr_bell bell = { 0 };
    int looks = 0;

    (void)state;
    listen(&bell, 0, &looks);
    atomic_store(&bell.rung, UINT32_C(3) << 30);
    listen(&bell, UINT32_C(3) << 30, &looks);
    cdr_bell_nudge(&bell, 1);
    assert_int_equal(cdr_bell_read(&bell), (UINT32_C(3) << 30) + 1);
    atomic_store(&bell.rung, UINT32_MAX);
    listen(&bell, UINT32_MAX, &looks);
    cdr_bell_nudge(&bell, 1);
    assert_int_equal(cdr_bell_read(&bell), 0);
    cdr_bell_nudge(&bell, 1);
    assert_int_equal(cdr_bell_read(&bell), 0);
}

/* ---- asleep ---- */

enum { SLEEPERS = 3 };

static struct cdr_bell shared_bell;
static _Atomic int woken;

static bool there_is_nothing(void *arg)
{
    (void)arg;
    return false;
}

static void *sleep_once(void *arg)
{
    (void)arg;
    assert_true(cdr_bell_wait(&shared_bell, 0, 0, there_is_nothing, NULL));
    atomic_fetch_add(&woken, 1);
    return NULL;
}

/* Rung for one at a time, all come in the end: each says that others still sleep. */
static void test_those_who_sleep_on(void **state)
{
    uint64_t deadline = cdr_now() + UINT64_C(30000000000);
    pthread_t thread[SLEEPERS];

    (void)state;
    for (int i = 0; i < SLEEPERS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, sleep_once, NULL), 0);
    while (cdr_bell_sleepers(&shared_bell) < SLEEPERS && cdr_now() < deadline)
        sched_yield();
    while (atomic_load(&woken) < SLEEPERS && cdr_now() < deadline) {
        cdr_bell_nudge(&shared_bell, 1);
        sched_yield();
    }
    assert_int_equal(atomic_load(&woken), SLEEPERS);
    assert_in_range(cdr_bell_read(&shared_bell), 1, SLEEPERS);
    for (int i = 0; i < SLEEPERS; i++)
        pthread_join(thread[i], NULL);
}

/* ---- work that comes while they fall asleep ---- */

enum { PIECES = 20000 };

static struct cdr_bell work_bell;
static _Atomic int brought, taken;
static _Atomic bool over;

static bool is_there_work(void *arg)
{
    (void)arg;
    return atomic_load_explicit(&brought, memory_order_relaxed) >
               atomic_load_explicit(&taken, memory_order_relaxed) ||
           atomic_load_explicit(&over, memory_order_relaxed);
}

static void *take_work(void *arg)
{
    while (!atomic_load_explicit(&over, memory_order_relaxed)) {
        uint32_t seen = cdr_bell_read(&work_bell);
        int next = atomic_load_explicit(&taken, memory_order_relaxed);
        if (next < atomic_load_explicit(&brought, memory_order_relaxed))
            atomic_compare_exchange_strong(&taken, &next, next + 1);
        else
            cdr_bell_wait(&work_bell, seen, 0, is_there_work, arg);
    }
    return NULL;
}

/* Of those who begin to listen one makes it known for all: no piece may be brought meanwhile
 * that nobody sees and nobody is woken for. */
static void test_no_work_is_missed(void **state)
{
    uint64_t deadline = cdr_now() + UINT64_C(60000000000);
    pthread_t thread[SLEEPERS];
    int n;

    (void)state;
    for (int i = 0; i < SLEEPERS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, take_work, NULL), 0);
    for (n = 1; n <= PIECES && cdr_now() < deadline; n++) {
        atomic_store_explicit(&brought, n, memory_order_relaxed);
        cdr_bell_nudge(&work_bell, 1);
        while (atomic_load(&taken) < n && cdr_now() < deadline)
            sched_yield();
    }
    assert_int_equal(atomic_load(&taken), PIECES);
    atomic_store(&over, true);
    cdr_bell_ring(&work_bell, SLEEPERS);
    for (int i = 0; i < SLEEPERS; i++)
        pthread_join(thread[i], NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rung_once_for_who_listens),
        cmocka_unit_test(test_rung_before),
        cmocka_unit_test(test_far_apart),
        cmocka_unit_test(test_those_who_sleep_on),
        cmocka_unit_test(test_no_work_is_missed),
    };

    cdr_fences_prepare();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
