/* test_spawn.c - spawned workers: started, asked, and gone.
 * SPDX-License-Identifier: MIT
 *
 * The workers are this program again, which never comes to its main there.
 */
#include "spawn_case.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#define MOST 8

static struct cdr_spawn *open_clean(const struct cdr_spawn_plan *plan)
{
    struct cdr_spawn_plan p = plan ? *plan : (struct cdr_spawn_plan){ 0 };
    struct cdr_spawn *c = NULL;
    cadre_error err;

    p.serve = clean_serve;
    if (cdr_spawn_open(&c, &p, &err))
        fail_msg("%s", err.message);
    return c;
}

static void start(struct cdr_spawn *c, struct cdr_spawn_worker *w, unsigned n)
{
    cadre_error err;

    for (unsigned k = 0; k < n; k++)
        w[k].seat = k + 1;
    if (cdr_spawn_start(c, w, n, &err))
        fail_msg("%s", err.message);
}

static void ask(const struct cdr_spawn_worker *w, struct message *l)
{
    assert_int_equal(clean_ask(w, l, -1), 0);
}

static void assert_no_children(void)
{
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

static int64_t squared(int64_t x)
{
    return x * x;
}

static void visit(const struct cdr_spawn_worker *w, unsigned seat)
{
    struct message l = { .kind = PING };
    cadre_error err;

    ask(w, &l);
    assert_int_equal(l.pid, w->pid);
    assert_int_equal(l.seat, seat);
    assert_int_equal(l.parent, getpid());
    l = (struct message){ .kind = CALL, .value = seat + 100 };
    assert_int_equal(cdr_code_id_name(&l.kernel, (cdr_code *)squared, "k", &err), 0);
    ask(w, &l);
    assert_string_equal(l.text, "");
    assert_int_equal(l.value, (seat + 100) * (seat + 100));
}

static void test_workers_answer(void **state)
{
    static const unsigned counts[] = { 1, 2, 8 };
    struct cdr_spawn_worker w[MOST] = { 0 };
    struct cdr_spawn *c = open_clean(NULL);

    (void)state;
    for (unsigned k = 0; k < 3; k++) {
        start(c, w, counts[k]);
        for (unsigned i = 0; i < counts[k]; i++)
            visit(&w[i], i + 1);
        cdr_spawn_end(w, counts[k]);
        assert_no_children();
    }
    cdr_spawn_close(c);
}

static void test_a_kernel_that_they_lack(void **state)
{
    struct cdr_spawn_worker w = { .seat = 1 };
    struct cdr_spawn *c = open_clean(NULL);
    struct message l = { .kind = CALL };
    cadre_error err;

    (void)state;
    start(c, &w, 1);
    assert_int_equal(cdr_code_id_name(&l.kernel, (cdr_code *)squared, "k", &err), 0);
    l.kernel.id.bytes[0] ^= 1;
    memcpy(l.kernel.module, "libkernels.so", sizeof "libkernels.so");
    ask(&w, &l);
    assert_non_null(strstr(l.text, "kernel is in libkernels.so"));
    cdr_spawn_end(&w, 1);
    cdr_spawn_close(c);
}

static void test_what_a_worker_has(void **state)
{
    struct cdr_spawn_plan plan = { .name = "a long name for a pool" };
    struct cdr_spawn *c = open_clean(&plan);
    struct cdr_spawn_worker w = { 0 };
    struct message l = { .kind = TITLE };
    int inherited = open("/dev/null", O_RDONLY);

    (void)state;
    start(c, &w, 1);
    ask(&w, &l);
    assert_string_equal(l.text, "a long na/1");
    l = (struct message){ .kind = INPUT, .value = -1 };
    ask(&w, &l);
    assert_int_equal(l.value, 0);
    l = (struct message){ .kind = COUNT_OPEN };
    ask(&w, &l);
    assert_int_equal(l.value, 4); /* stdin, stdout, stderr, and ours */
    l = (struct message){ .kind = NEST };
    ask(&w, &l);
    assert_int_equal(l.value, CADRE_ENOTSUP);
    assert_non_null(strstr(l.text, "is a worker"));
    cdr_spawn_end(&w, 1);
    cdr_spawn_close(c);
    close(inherited);
}

static void assert_variable(const struct cdr_spawn_worker *w, const char *name,
                            const char *value)
{
    struct message l = { .kind = READ };

    snprintf(l.text, sizeof l.text, "%s", name);
    ask(w, &l);
    assert_string_equal(l.text, value);
}

static void test_their_environment(void **state)
{
    struct cdr_spawn_plan plan = { .threads = 4 };
    struct cdr_spawn_worker w = { 0 };
    struct cdr_spawn *c;

    (void)state;
    setenv("OMP_NUM_THREADS", "2", 1);
    setenv("MKL_NUM_THREADS", "8", 1);
    setenv("BLIS_NUM_THREADS", "many", 1);
    setenv("NUMEXPR_NUM_THREADS", "0", 1);
    unsetenv("OPENBLAS_NUM_THREADS");
    setenv("CLEAN_TEST", "said", 1);
    setenv(CDR_SPAWN_VARIABLE, "4:old", 1);
    c = open_clean(&plan);
    setenv("CLEAN_TEST", "changed", 1);
    start(c, &w, 1);
    assert_variable(&w, "OMP_NUM_THREADS", "2");
    assert_variable(&w, "MKL_NUM_THREADS", "4");
    assert_variable(&w, "BLIS_NUM_THREADS", "4");
    assert_variable(&w, "NUMEXPR_NUM_THREADS", "4");
    assert_variable(&w, "OPENBLAS_NUM_THREADS", "4");
    assert_variable(&w, "CLEAN_TEST", "said");
    assert_variable(&w, CDR_SPAWN_VARIABLE, "(none)");
    cdr_spawn_end(&w, 1);
    cdr_spawn_close(c);
    unsetenv("OMP_NUM_THREADS");
    unsetenv("MKL_NUM_THREADS");
    unsetenv("BLIS_NUM_THREADS");
    unsetenv("NUMEXPR_NUM_THREADS");
    unsetenv(CDR_SPAWN_VARIABLE);
}

static void test_their_stderr(void **state)
{
    struct cdr_spawn *c = open_clean(NULL);
    struct cdr_spawn_worker w = { 0 };
    struct message l = { .kind = SHOUT, .text = "hello" };
    char heard[16] = "";
    int ends[2];

    (void)state;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    w.stderr_fd = ends[1];
    start(c, &w, 1);
    close(ends[1]);
    ask(&w, &l);
    assert_int_equal(read(ends[0], heard, sizeof heard - 1), 5);
    assert_string_equal(heard, "hello");
    cdr_spawn_end(&w, 1);
    assert_int_equal(read(ends[0], heard, 1), 0); /* nobody else has it */
    cdr_spawn_close(c);
    close(ends[0]);
}

static void test_memory_by_letter(void **state)
{
    struct cdr_spawn *c = open_clean(NULL);
    struct cdr_spawn_worker w = { 0 };
    struct message l = { .kind = FILL, .value = 4711 };
    int fd = memfd_create("shared", MFD_CLOEXEC);
    int64_t seen = 0;

    (void)state;
    assert_true(fd >= 0 && ftruncate(fd, sizeof seen) == 0);
    start(c, &w, 1);
    assert_int_equal(clean_ask(&w, &l, fd), 0);
    assert_int_equal(pread(fd, &seen, sizeof seen, 0), sizeof seen);
    assert_int_equal(seen, 4711);
    l = (struct message){ .kind = COUNT_OPEN };
    ask(&w, &l);
    assert_int_equal(l.value, 4);
    cdr_spawn_end(&w, 1);
    cdr_spawn_close(c);
    close(fd);
}

static void test_letters_of_another_size(void **state)
{
    struct cdr_spawn *c = open_clean(NULL);
    struct cdr_spawn_worker w = { 0 };
    struct pollfd death;
    struct message l = { 0 };
    siginfo_t info = { 0 };

    (void)state;
    start(c, &w, 1);
    assert_int_equal(cdr_message_receive(w.socket, &l, sizeof l, NULL, NULL), EAGAIN);
    assert_int_equal(cdr_message_send(w.socket, &l, 7, NULL, 0), 0);
    death = (struct pollfd){ .fd = w.pidfd, .events = POLLIN };
    assert_int_equal(poll(&death, 1, 20000), 1);
    assert_int_equal(waitid(P_PID, (id_t)w.pid, &info, WEXITED | WNOWAIT), 0);
    assert_int_equal(info.si_code, CLD_EXITED);
    assert_int_equal(info.si_status, 0);
    assert_int_equal(cdr_message_receive(w.socket, &l, sizeof l, NULL, NULL), EPIPE);
    assert_int_equal(cdr_message_send(w.socket, &l, sizeof l, NULL, 0), EPIPE);
    cdr_spawn_end(&w, 1);
    cdr_spawn_close(c);
}

/* Descriptors that do not fit are closed, and so are those of a message that is refused. */
static void test_too_many_descriptors(void **state)
{
    int ends[2], fds[CDR_MESSAGE_FDS] = { 0, 0, 0, 0 };
    unsigned before, room = 1;
    char byte = 'x', more[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    before = clean_count_open();
    assert_int_equal(cdr_message_send(ends[0], &byte, 1, fds, CDR_MESSAGE_FDS), 0);
    assert_int_equal(cdr_message_receive(ends[1], &byte, 1, fds, &room), EPROTO);
    assert_int_equal(room, 0);
    assert_int_equal(clean_count_open(), before);
    assert_int_equal(cdr_message_send(ends[0], &byte, 1, (int[]){ 0, 0 }, 2), 0);
    assert_int_equal(cdr_message_receive(ends[1], more, 2, NULL, NULL), EPROTO);
    assert_int_equal(clean_count_open(), before);
    room = CDR_MESSAGE_FDS;
    assert_int_equal(cdr_message_send(ends[0], &byte, 1, (int[]){ 0, 0 }, 2), 0);
    assert_int_equal(cdr_message_receive(ends[1], &byte, 1, fds, &room), 0);
    assert_int_equal(room, 2);
    assert_int_equal(clean_count_open(), before + 2);
    assert_true(fcntl(fds[0], F_GETFD) & FD_CLOEXEC);
    close(fds[0]);
    close(fds[1]);
    assert_int_equal(cdr_message_send(ends[0], &byte, 1, fds, 5), EINVAL);
    close(ends[0]);
    close(ends[1]);
}

static void test_nothing_stays_behind(void **state)
{
    unsigned before = clean_count_open();
    struct cdr_spawn_worker w[2] = { 0 };

    (void)state;
    for (unsigned round = 0; round < 100; round++) {
        struct cdr_spawn *c = open_clean(NULL);
        start(c, w, 2);
        visit(&w[round % 2], round % 2 + 1);
        cdr_spawn_end(w, 2);
        cdr_spawn_close(c);
    }
    assert_int_equal(clean_count_open(), before);
    assert_no_children();
}

static void test_no_descriptors_left(void **state)
{
    unsigned before = clean_count_open(), failures = 0;
    struct cdr_spawn *c = open_clean(NULL);
    struct cdr_spawn_worker w[MOST] = { 0 };
    struct rlimit old, low;
    cadre_error err;
    int rc = -1;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    low = old;
    for (unsigned limit = 8; rc && limit < 100; limit++) {
        low.rlim_cur = limit;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
        rc = cdr_spawn_start(c, w, MOST, &err);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
        if (!rc)
            break;
        failures++;
        assert_int_equal(err.sys, EMFILE);
        assert_non_null(strstr(err.message, "could not be started"));
        assert_no_children();
    }
    assert_int_equal(rc, 0);
    assert_true(failures > 10);
    cdr_spawn_end(w, MOST);
    cdr_spawn_close(c);
    assert_int_equal(clean_count_open(), before);
}

/* ---- the program dies while it starts one ---- */

#define BECAME_THE_PROGRAM "orphan" /* as an argument of main */

static void become_orphan(const int ends[2], pid_t program)
{
    char variable[40], name[] = "test_spawn", word[] = BECAME_THE_PROGRAM;
    char *const arguments[] = { name, word, NULL };

    while (getppid() == program)
        sched_yield();
    snprintf(variable, sizeof variable, "%d:%016x", CDR_SPAWN_SOCKET, 0x77);
    setenv(CDR_SPAWN_VARIABLE, variable, 1);
    if (dup2(ends[1], CDR_SPAWN_SOCKET) == CDR_SPAWN_SOCKET)
        execv("/proc/self/exe", arguments);
    _exit(1);
}

/* A program that dies between starting a worker and hearing from it. */
static void start_one_and_die(void)
{
    struct cdr_spawn_greeting g = { .magic = CDR_SPAWN_MAGIC,
                                    .protocol = CDR_SPAWN_PROTOCOL,
                                    .size = sizeof g,
                                    .nonce = 0x77 };
    pid_t program = getpid();
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) ||
        send(ends[0], &g, sizeof g, 0) != sizeof g)
        _exit(1);
    if (fork() == 0)
        become_orphan(ends, program);
    _exit(0);
}

static void test_an_orphan_does_not_become_the_program(void **state)
{
    int status;

    (void)state;
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    if (fork() == 0)
        start_one_and_die();
    assert_true(waitpid(-1, &status, 0) > 0);
    assert_int_equal(status, 0);
    assert_true(waitpid(-1, &status, 0) > 0); /* the orphan */
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 13);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_workers_answer),
        cmocka_unit_test(test_a_kernel_that_they_lack),
        cmocka_unit_test(test_what_a_worker_has),
        cmocka_unit_test(test_their_environment),
        cmocka_unit_test(test_their_stderr),
        cmocka_unit_test(test_memory_by_letter),
        cmocka_unit_test(test_letters_of_another_size),
        cmocka_unit_test(test_too_many_descriptors),
        cmocka_unit_test(test_nothing_stays_behind),
        cmocka_unit_test(test_no_descriptors_left),
        cmocka_unit_test(test_an_orphan_does_not_become_the_program),
    };

    if (argc > 1 && strcmp(argv[1], BECAME_THE_PROGRAM) == 0)
        return 0;
    return cmocka_run_group_tests_name("clean", tests, NULL, NULL);
}
