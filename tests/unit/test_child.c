/* test_child.c - worker processes, seen from their parent.
 * SPDX-License-Identifier: MIT
 */
#include "contract.h"
#include "backends/processes/supervisor.h"

#include <fcntl.h>
#include <unistd.h>

#define PATIENCE 20 /* seconds until what does not come back has been forgotten */

/* What is passed on comes back to be passed on: as from a worker that writes whenever there is
 * room. */
static void test_one_that_never_stops_writing(void **state)
{
    struct cdr_supervisor c = { .poll = -1 };
    struct cdr_child m = { .stderr_fd = -1 };
    int own = dup(STDERR_FILENO), ends[2], back;

    (void)state;
    assert_true(own >= 0);
    assert_int_equal(cdr_child_pipe(ends), 0);
    assert_int_equal(write(ends[1], "again\n", 6), 6);
    m.stderr_fd = ends[0];
    alarm(PATIENCE);
    back = dup2(ends[1], STDERR_FILENO);
    cdr_child_listen(&c, &m);
    dup2(own, STDERR_FILENO);
    alarm(0);
    assert_int_equal(back, STDERR_FILENO);
    assert_int_equal(m.stderr_fd, ends[0]);
    assert_true(m.n_tail > 0);
    close(ends[0]);
    close(ends[1]);
    close(own);
}

/* As many as there can be, none of whom is there: the last is idle, and nothing else. */
static void test_the_last_seat(void **state)
{
    struct cdr_start start = { .stays = true };
    struct cdr_process_pool pool = { .start = &start, .workers = 32768 };
    struct cdr_supervisor *c;
    struct cdr_scoreboard *q;
    cadre_error err;

    (void)state;
    c = cdr_supervisor_make(&pool, pool.workers, &err);
    if (!c)
        fail_msg("%s", err.message);
    q = c->scoreboard;
    for (unsigned seat = 1; seat <= pool.workers; seat++) {
        atomic_fetch_or(&q->idle[seat / 64], UINT64_C(1) << seat % 64);
        assert_true(cdr_supervisor_is_idle(c, seat));
    }
    assert_false(atomic_load(&q->report));
    assert_int_equal(atomic_load(&q->standby_seat), 0);
    assert_int_equal(atomic_load(&q->number), 0);
    assert_null(q->manifest);
    for (unsigned seat = 1; seat <= pool.workers; seat++)
        assert_int_equal(atomic_load(&q->slot[seat].called), 0);
    cdr_supervisor_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_that_never_stops_writing),
        cmocka_unit_test(test_the_last_seat),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
