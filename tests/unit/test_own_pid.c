/* test_own_pid.c - a process knows itself, however it came to be.
 * SPDX-License-Identifier: MIT
 */
#include "contract.h"
#include "machine/process.h"

#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void ends_well(pid_t child)
{
    int status = -1;

    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void test_this_process(void **state)
{
    (void)state;
    assert_int_equal(cdr_own_pid(), getpid());
    assert_int_equal(cdr_own_pid(), getpid());
}

static void test_a_forked_one_and_its_own(void **state)
{
    pid_t child;

    (void)state;
    assert_int_equal(cdr_own_pid(), getpid());
    child = fork();
    if (child == 0) {
        bool good = cdr_own_pid() == getpid();
        pid_t grandchild = fork();
        int status = -1;
        if (grandchild == 0)
            _exit(cdr_own_pid() != getpid());
        good = good && waitpid(grandchild, &status, 0) == grandchild && status == 0;
        _exit(!good || cdr_own_pid() != getpid());
    }
    ends_well(child);
    assert_int_equal(cdr_own_pid(), getpid());
}

/* No function of the C library is told of it. */
static void test_one_that_linux_alone_made(void **state)
{
    pid_t child;

    (void)state;
    assert_int_equal(cdr_own_pid(), getpid());
    child = (pid_t)syscall(SYS_clone, (long)SIGCHLD, 0L, 0L, 0L, 0L);
    if (child == 0)
        _exit(cdr_own_pid() != (pid_t)syscall(SYS_getpid));
    ends_well(child);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_this_process),
        cmocka_unit_test(test_a_forked_one_and_its_own),
        cmocka_unit_test(test_one_that_linux_alone_made),
    };

    return cmocka_run_group_tests_name("own_pid", tests, NULL, NULL);
}
