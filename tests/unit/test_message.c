/* test_message.c - messages with descriptors: whole, or refused.
 * SPDX-License-Identifier: MIT
 */
#include "contract.h"
#include "backends/spawn/message.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

struct ends {
    int here, there;
};

struct note {
    char text[32];
};

static struct ends make(void)
{
    int fds[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
    return (struct ends){ fds[0], fds[1] };
}

static void end(struct ends e)
{
    close(e.here);
    close(e.there);
}

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

static void test_bytes(void **state)
{
    struct ends e = make();
    struct note sent = { "first" }, got;

    (void)state;
    assert_int_equal(cdr_message_send(e.here, &sent, sizeof sent, NULL, 0), 0);
    strcpy(sent.text, "second");
    assert_int_equal(cdr_message_send(e.here, &sent, sizeof sent, NULL, 0), 0);
    assert_int_equal(cdr_message_receive(e.there, &got, sizeof got, NULL, NULL), 0);
    assert_string_equal(got.text, "first");
    assert_int_equal(cdr_message_receive(e.there, &got, sizeof got, NULL, NULL), 0);
    assert_string_equal(got.text, "second");
    end(e);
}

/* Another descriptor of the same open file, close-on-exec. */
static void test_descriptors(void **state)
{
    struct ends e = make();
    struct note note = { "with a pipe" };
    int pipes[2], got[CDR_MESSAGE_FDS];
    unsigned n = CDR_MESSAGE_FDS;
    char byte = 0;

    (void)state;
    assert_int_equal(pipe(pipes), 0);
    assert_int_equal(cdr_message_send(e.here, &note, sizeof note, pipes, 2), 0);
    assert_int_equal(cdr_message_receive(e.there, &note, sizeof note, got, &n), 0);
    assert_int_equal(n, 2);
    assert_int_equal(write(got[1], "x", 1), 1);
    assert_int_equal(read(pipes[0], &byte, 1), 1);
    assert_int_equal(byte, 'x');
    assert_true(fcntl(got[0], F_GETFD) & FD_CLOEXEC);
    for (int k = 0; k < 2; k++) {
        close(pipes[k]);
        close(got[k]);
    }
    end(e);
}

/* The lowest number that is free shows that nothing stays open. */
static int next_free(void)
{
    int fd = dup(STDERR_FILENO);

    close(fd);
    return fd;
}

static void test_another_size_is_refused(void **state)
{
    struct ends e = make();
    struct note note = { "long" };
    char part[8];
    int fd = STDERR_FILENO, got[CDR_MESSAGE_FDS], before = next_free();
    unsigned n = CDR_MESSAGE_FDS;

    (void)state;
    assert_int_equal(cdr_message_send(e.here, &note, sizeof note, &fd, 1), 0);
    assert_int_equal(cdr_message_receive(e.there, part, sizeof part, got, &n), EPROTO);
    n = CDR_MESSAGE_FDS;
    assert_int_equal(cdr_message_send(e.here, part, sizeof part, &fd, 1), 0);
    assert_int_equal(cdr_message_receive(e.there, &note, sizeof note, got, &n), EPROTO);
    assert_int_equal(next_free(), before);
    end(e);
}

static void test_more_descriptors_than_wanted(void **state)
{
    struct ends e = make();
    struct note note = { "" };
    int fds[] = { STDIN_FILENO, STDERR_FILENO }, got[1], before = next_free();
    unsigned n = 1;

    (void)state;
    assert_int_equal(cdr_message_send(e.here, &note, sizeof note, fds, 2), 0);
    assert_int_equal(cdr_message_receive(e.there, &note, sizeof note, got, &n), EPROTO);
    assert_int_equal(next_free(), before);
    assert_int_equal(cdr_message_send(e.here, &note, sizeof note, fds, 2), 0);
    assert_int_equal(cdr_message_receive(e.there, &note, sizeof note, NULL, NULL),
                     EPROTO);
    assert_int_equal(next_free(), before);
    assert_int_equal(
        cdr_message_send(e.here, &note, sizeof note, fds, CDR_MESSAGE_FDS + 1), EINVAL);
    end(e);
}

static void test_nobody_is_there(void **state)
{
    struct ends e = make();
    struct note note = { "" };

    (void)state;
    close(e.there);
    assert_int_equal(cdr_message_send(e.here, &note, sizeof note, NULL, 0), EPIPE);
    assert_int_equal(cdr_message_receive(e.here, &note, sizeof note, NULL, NULL),
                     EPIPE);
    close(e.here);
    assert_false(is_open(e.here));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_descriptors),
        cmocka_unit_test(test_another_size_is_refused),
        cmocka_unit_test(test_more_descriptors_than_wanted),
        cmocka_unit_test(test_nobody_is_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
