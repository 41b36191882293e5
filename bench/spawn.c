/* spawn.c - a bare loop of posix_spawn, which cadre map is measured against.
 * SPDX-License-Identifier: MIT
 *
 * usage: bench-spawn PROCESSES AT-A-TIME
 */
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

extern char **environ;

static int start(long number)
{
    char text[24], name[] = "true";
    char *argv[] = { name, text, NULL };
    pid_t pid;

    snprintf(text, sizeof text, "%ld", number);
    return posix_spawnp(&pid, name, NULL, NULL, argv, environ);
}

static int fails(const char *what, int number)
{
    fprintf(stderr, "%s: %s\n", what, strerror(number));
    return 1;
}

int main(int argc, char **argv)
{
    long n = argc > 2 ? atol(argv[1]) : 0, most = argc > 2 ? atol(argv[2]) : 0;
    long begun = 0, running = 0;

    if (n < 1 || most < 1) {
        fprintf(stderr, "usage: bench-spawn PROCESSES AT-A-TIME\n");
        return 2;
    }
    while (begun < n || running > 0) {
        int failed = begun < n && running < most ? start(begun + 1) : -1;

        if (failed > 0)
            return fails("posix_spawn", failed);
        if (failed == 0) {
            begun++;
            running++;
        } else if (wait(NULL) > 0) {
            running--;
        } else if (errno != EINTR) {
            return fails("wait", errno);
        }
    }
    return 0;
}
