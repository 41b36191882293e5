/* hostile_descriptors.c - what hostile kernels do to descriptors.
 * SPDX-License-Identifier: MIT
 */
#include "hostile_descriptors.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

void close_stderr(void)
{
    close(STDERR_FILENO);
}

void close_stdout(void)
{
    close(STDOUT_FILENO);
}

void close_stdin(void)
{
    close(STDIN_FILENO);
}

void close_the_first_three(void)
{
    close_stdin();
    close_stdout();
    close_stderr();
}

void replace_stderr(void)
{
    int fd = open("/dev/null", O_WRONLY);

    dup2(fd, STDERR_FILENO);
    close(fd);
}

void reopen_stderr(void)
{
    if (!freopen("/dev/null", "w", stderr))
        _exit(97);
}

void close_all(void)
{
    for (int fd = 0; fd < 1024; fd++)
        close(fd);
}

void use_up_descriptors(void)
{
    struct rlimit few = { 64, 64 };

    setrlimit(RLIMIT_NOFILE, &few);
    while (open("/dev/null", O_RDONLY) >= 0)
        ;
}

void shout(void)
{
    static char text[300000]; /* more than a pipe holds */

    memset(text, 'x', sizeof text);
    for (size_t done = 0; done < sizeof text;) {
        ssize_t n = write(STDERR_FILENO, text, sizeof text - done);
        if (n <= 0)
            return;
        done += (size_t)n;
    }
}

void make_stderr_nonblocking(void)
{
    fcntl(STDERR_FILENO, F_SETFL, O_NONBLOCK);
    shout();
}
