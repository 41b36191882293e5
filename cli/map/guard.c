/* guard.c - who ends the jobs when the program itself is gone.
 * SPDX-License-Identifier: MIT
 */
#include "cli/map/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* In the guard: only its end of the pipe stays open, so that it keeps no reader of the
 * program's output waiting. */
static void close_others(int keep)
{
    if (keep > 0)
        (void)syscall(SYS_close_range, 0u, (unsigned)keep - 1, 0u);
    (void)syscall(SYS_close_range, (unsigned)keep + 1, ~0u, 0u);
}

static void ignore_signals(void)
{
    sigset_t all;

    sigfillset(&all);
    (void)sigprocmask(SIG_SETMASK, &all, NULL);
}

static void kill_groups(const struct cdr_guard *guard)
{
    for (size_t i = 0; i < guard->slots; i++) {
        pid_t group = atomic_load_explicit(&guard->group[i], memory_order_relaxed);

        if (group > 1)
            (void)kill(-group, SIGKILL); /* it may have ended */
    }
}

static void watch(const struct cdr_guard *guard, int end)
{
    char byte;

    (void)setsid();
    ignore_signals();
    (void)prctl(PR_SET_NAME, "cadre-guard");
    close_others(end);
    while (read(end, &byte, 1) < 0 && errno == EINTR)
        ;
    kill_groups(guard);
    _exit(0);
}

static int cannot(struct cdr_failure *why, int number)
{
    return cdr_fails(why, CDR_EXIT_FAILED, "cannot start the guard of the jobs: %s",
                     strerror(number));
}

int cdr_guard_open(struct cdr_guard *guard, size_t slots, struct cdr_failure *why)
{
    size_t size = slots * sizeof *guard->group;
    int ends[2];

    *guard = (struct cdr_guard){ .slots = slots, .pipe = -1 };
    guard->group =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (guard->group == MAP_FAILED) {
        guard->group = NULL;
        return cdr_fails_memory(why);
    }
    if (pipe2(ends, O_CLOEXEC) < 0)
        return cannot(why, errno);
    guard->pid = fork();
    if (guard->pid == 0)
        watch(guard, ends[0]);
    close(ends[0]);
    guard->pipe = ends[1];
    return guard->pid < 0 ? cannot(why, errno) : 0;
}

void cdr_guard_close(struct cdr_guard *guard)
{
    if (guard->pipe >= 0)
        close(guard->pipe);
    if (guard->pid > 0) {
        (void)kill(guard->pid, SIGKILL);
        while (waitpid(guard->pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    if (guard->group)
        munmap(guard->group, guard->slots * sizeof *guard->group);
    *guard = (struct cdr_guard){ .pipe = -1 };
}
