/* test_lease.c - outcomes that come out of order, that find no room yet, or after the end.
 * SPDX-License-Identifier: MIT
 *
 * The first backend's workers are the test itself: it says which outcome is given when. It
 * sleeps, as a real one does, until it is woken.
 */
#include "contract.h"
#include "own_worker.h"

#include <cadre/backend.h>
#include <cadre/stream.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define N 2

struct by_hand {
    int event;
    cadre_packet manifest, outcome[N];
    unsigned polls;
};

/* ---- the backend ---- */

static int hand_begin(void *state, cadre_run *run, cadre_error *err)
{
    struct by_hand *h = state;

    h->polls = 0;
    h->event = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
    assert_true(h->event >= 0);
    return cadre_manifest_pack(run, &h->manifest, err);
}

/* What the worker of this seat says of the task that it is given. */
static void run_at(struct by_hand *h, cadre_run *run, unsigned seat)
{
    cadre_worker *worker = cadre_worker_open();
    cadre_packet *outcome = &h->outcome[seat - 1];
    cadre_program *program;
    cadre_lease lease = { 0 };
    cadre_error err;

    assert_non_null(worker);
    assert_int_equal(
        cadre_manifest_open(&program, h->manifest.data, h->manifest.size, &err),
        CADRE_OK);
    assert_int_equal(cadre_lease_take(run, seat, 1, &lease, &err), CADRE_OK);
    assert_int_equal(lease.first, seat - 1);
    assert_int_equal(cadre_lease_run(worker, program, lease.packet.data,
                                     lease.packet.size, 0, outcome, &err),
                     CADRE_OK);
    cadre_packet_free(&lease.packet);
    cadre_program_close(program);
    cadre_worker_close(worker);
}

static int give(struct by_hand *h, cadre_run *run, unsigned seat)
{
    const cadre_packet *o = &h->outcome[seat - 1];
    cadre_error err;

    return cadre_lease_give(run, seat, o->data, o->size, &err);
}

/* The second task's error comes first, and there is no room for it. The first one's is let in,
 * as it is the next to be taken; the other waits for that to happen. */
static unsigned hand_poll(void *state, cadre_run *run, int timeout_ms)
{
    struct by_hand *h = state;
    uint64_t count;

    (void)timeout_ms;
    if (read(h->event, &count, sizeof count) < 0)
        return N;
    if (h->polls++ == 0) {
        run_at(h, run, 1);
        run_at(h, run, 2);
        assert_int_equal(give(h, run, 2), CADRE_EBUSY);
        assert_int_equal(give(h, run, 1), CADRE_DONE);
    } else if (h->polls == 2) {
        assert_int_equal(give(h, run, 2), CADRE_DONE);
    }
    return N;
}

static void hand_wake(void *state, cadre_run *run)
{
    static const uint64_t one = 1;
    const struct by_hand *h = state;

    (void)run;
    assert_int_equal(write(h->event, &one, sizeof one), sizeof one);
}

static int hand_pollfd(void *state, cadre_run *run)
{
    (void)run;
    return ((struct by_hand *)state)->event;
}

static void hand_end(void *state, cadre_run *run)
{
    struct by_hand *h = state;

    (void)run;
    close(h->event);
    cadre_packet_free(&h->manifest);
    for (unsigned k = 0; k < N; k++)
        cadre_packet_free(&h->outcome[k]);
}

static const cadre_backend by_hand = {
    .abi = CADRE_BACKEND_ABI,
    .name = "hand",
    .state_size = sizeof(struct by_hand),
    .begin = hand_begin,
    .poll = hand_poll,
    .wake = hand_wake,
    .end = hand_end,
    .pollfd = hand_pollfd,
    .traits = CADRE_REMOTE,
};

/* ---- a stream on it ---- */

static int always_fails(cadre_task *t, const void *item, void *result)
{
    (void)item;
    (void)result;
    return cadre_task_fail(t, 3, "task %d", (int)cadre_task_index(t));
}

/* Errors are larger than what the least memory has for both. Nothing is fed once both tasks
 * are known: only taking the first record can wake who waits. */
static void test_who_found_no_room_is_woken(void **state)
{
    cadre_job job = { .fn = always_fails,
                      .n = N,
                      .result_size = 8,
                      .memory_limit = 1,
                      .deadline_ms = 10000,
                      .on_error = CADRE_KEEP_GOING };
    cadre_options options = {
        .custom = &by_hand, .workers = N, .min_items = 1, .ignore_environment = true
    };
    cadre_stream *s;
    cadre_pool *pool;
    cadre_record r;
    cadre_error err;

    (void)state;
    assert_int_equal(cadre_open(&pool, &options, &err), CADRE_OK);
    assert_int_equal(cadre_stream_open(&s, pool, &job, &err), CADRE_OK);
    for (uint64_t k = 0; k < N; k++) {
        assert_int_equal(cadre_stream_next(s, &r, &err), CADRE_OK);
        assert_int_equal(r.index, k);
        assert_non_null(r.error);
        assert_int_equal(r.error->user, 3);
    }
    assert_int_equal(cadre_stream_next(s, &r, &err), CADRE_DONE);
    cadre_stream_close(s);
    cadre_close(pool);
}

/* ---- a reduction on a backend that is its own worker ---- */

#define TASKS 6

/* The last one cancels the run that it is in. */
static int last_cancels(cadre_task *t, const void *item, void *result)
{
    (void)item;
    *(uint64_t *)result = 1;
    if (cadre_task_index(t) == TASKS - 1)
        cadre_cancel(*(cadre_pool *const *)cadre_task_shared(t));
    return cadre_task_index(t) == 0 ? 5 : 0;
}

static int add(cadre_task *t, void *into, const void *from)
{
    (void)t;
    *(uint64_t *)into += *(const uint64_t *)from;
    return 0;
}

/* All its tasks have been told of, one of them as failed, and nothing is combined any more. */
static void test_a_reduction_cut_short_is_not_whole(void **state)
{
    cadre_options options = {
        .custom = &own_worker, .workers = 1, .min_items = 1, .ignore_environment = true
    };
    int statuses[TASKS];
    uint64_t sum = 77;
    cadre_pool *pool;
    cadre_job job = { .fn = last_cancels,
                      .n = TASKS,
                      .result_size = sizeof sum,
                      .shared = &pool,
                      .shared_size = sizeof pool,
                      .on_error = CADRE_KEEP_GOING,
                      .statuses = statuses };
    cadre_error err;

    (void)state;
    assert_int_equal(cadre_open(&pool, &options, &err), CADRE_OK);
    assert_int_equal(cadre_reduce(pool, &job, add, &sum, &err), CADRE_ECANCELLED);
    assert_string_equal(err.message, "cancelled after 6 of 6 tasks");
    assert_int_equal(sum, 77);
    for (int i = 0; i < TASKS; i++)
        assert_int_equal(statuses[i], i == 0 ? CADRE_EKERNEL : CADRE_OK);
    cadre_close(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_found_no_room_is_woken),
        cmocka_unit_test(test_a_reduction_cut_short_is_not_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
