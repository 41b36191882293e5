/* test_stream_halt.c - workers that wait for room as their stream ends.
 * SPDX-License-Identifier: MIT
 */
#include "contract.h"
#include "core/stream/stream.h"

#include <sched.h>
#include <time.h>
#include <unistd.h>

#define WORKERS  2
#define PATIENCE 30 /* seconds until what waits has been forgotten */

/* More than half of what the arenas hold beside each other. */
static int emit(cadre_task *t, const void *item, void *result)
{
    static const char bytes[900];

    (void)item;
    (void)result;
    return cadre_task_emit(t, bytes, sizeof bytes);
}

static bool all_wait(const cadre_stream *s)
{
    const struct cadre_window *w = s->run.window;

    for (unsigned seat = 1; seat < w->seats; seat++)
        if (!atomic_load(&cdr_window_arena(w, seat)->waiting))
            return false;
    return true;
}

static void await_waiting(const cadre_stream *s)
{
    time_t until = time(NULL) + PATIENCE;

    while (!all_wait(s) && time(NULL) < until)
        sched_yield();
    assert_true(all_wait(s));
}

/* A worker that has seen the deadline has lowered the limit, and has not come to the seats of
 * the others yet: who ends the stream meanwhile does not leave those asleep. */
static void test_ending_in_the_middle_of_a_halt(void **state)
{
    cadre_options opt = { .backend = "threads",
                          .workers = WORKERS,
                          .oversubscribe = true,
                          .ignore_environment = true };
    cadre_job job = { .fn = emit,
                      .n = CADRE_ENDLESS,
                      .window = 64,
                      .memory_limit = 4096,
                      .caller_waits = true };
    cadre_record record;
    cadre_stream *s;
    cadre_pool *pool;

    (void)state;
    assert_int_equal(cadre_open(&pool, &opt, NULL), CADRE_OK);
    assert_int_equal(cadre_stream_open(&s, pool, &job, NULL), CADRE_OK);
    assert_int_equal(cadre_stream_next(s, &record, NULL), CADRE_OK);
    await_waiting(s);
    atomic_store(&s->run.window->limit, 0);
    alarm(PATIENCE);
    cadre_stream_close(s);
    alarm(0);
    cadre_close(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ending_in_the_middle_of_a_halt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
