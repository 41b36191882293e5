/* test_child.c - one worker process, seen from its parent.
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_that_never_stops_writing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
