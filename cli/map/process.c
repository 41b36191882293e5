/* process.c - start a command as fast as Linux can, in a process group of its own.
 * SPDX-License-Identifier: MIT
 */
#include "cli/map/process.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGUMENTS_MAX 1024 /* of a script that names no interpreter */
#define FILES_ENOUGH  65536

/* ---- in the new process: only what is safe beside a program that stands still ---- */

static void fail(struct cdr_start *s, const char *what)
{
    s->error = errno;
    s->what = what;
    _exit(127);
}

/* The program's handlers must not run here, where they would write to its memory. */
static void reset_signals(const struct cdr_start_common *common)
{
    static const int caught[] = { SIGINT,  SIGTERM, SIGHUP,  SIGQUIT, SIGPIPE,
                                  SIGALRM, SIGXCPU, SIGXFSZ, SIGCHLD };
    struct sigaction action;

    for (size_t i = 0; i < sizeof caught / sizeof caught[0]; i++) {
        bool ours = (caught[i] == SIGPIPE && common->default_pipe) ||
                    (caught[i] == SIGXFSZ && common->default_size);

        if (sigaction(caught[i], NULL, &action) != 0 ||
            (action.sa_handler == SIG_IGN && !ours))
            continue;
        action = (struct sigaction){ .sa_handler = SIG_DFL };
        (void)sigaction(caught[i], &action, NULL);
    }
}

/* The files are all above 2: the program has those three open. */
static void set_files(struct cdr_start *s)
{
    for (int fd = 0; fd < 3; fd++)
        if (s->files[fd] >= 0 && dup2(s->files[fd], fd) < 0)
            fail(s, "cannot set its files");
}

static void surroundings(struct cdr_start *s)
{
    const struct cdr_start_common *common = s->common;

    s->name = common->directory;
    if (common->directory && chdir(common->directory) < 0)
        fail(s, "cannot change to the folder");
    s->name = NULL;
    if (common->renice && setpriority(PRIO_PROCESS, 0, common->nice) < 0)
        fail(s, "cannot set its niceness");
    (void)setrlimit(RLIMIT_NOFILE, &common->files); /* was in force before */
}

/* A script without "#!" is the shell's, as execvp has it. */
static void run_script(struct cdr_start *s)
{
    char *argv[ARGUMENTS_MAX];
    size_t n = 0;

    argv[n++] = (char *)(size_t) "sh";
    argv[n++] = (char *)(size_t)s->path;
    for (size_t i = 1; s->argv[i]; i++) {
        if (n + 1 == ARGUMENTS_MAX) {
            errno = E2BIG;
            return;
        }
        argv[n++] = s->argv[i];
    }
    argv[n] = NULL;
    execve("/bin/sh", argv, s->env);
}

static int become(void *arg)
{
    struct cdr_start *s = arg;

    if (setpgid(0, 0) < 0)
        fail(s, "cannot make a process group");
    atomic_store_explicit(s->group, getpid(), memory_order_relaxed);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != s->common->parent)
        _exit(127);
    reset_signals(s->common);
    set_files(s);
    surroundings(s);
    if (sigprocmask(SIG_SETMASK, &s->common->mask, NULL) < 0)
        fail(s, "cannot set its signals");
    execve(s->path, s->argv, s->env);
    if (errno == ENOEXEC)
        run_script(s);
    fail(s, "cannot be started");
    return 127;
}

/* ---- in the program ---- */

void cdr_process_raise_files(struct rlimit *was)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, was) < 0)
        *was = (struct rlimit){ 1024, 1024 };
    limit = *was;
    limit.rlim_cur = limit.rlim_max < FILES_ENOUGH ? limit.rlim_max : FILES_ENOUGH;
    if (limit.rlim_cur > was->rlim_cur)
        (void)setrlimit(RLIMIT_NOFILE, &limit); /* else with what there is */
}

int cdr_process_start(struct cdr_start *s)
{
    sigset_t all, old;
    int pidfd = -1;

    s->error = 0;
    s->what = "cannot make a process";
    sigfillset(&all);
    s->error = pthread_sigmask(SIG_SETMASK, &all, &old);
    if (s->error)
        return s->error;
    s->pid = clone(become, (char *)s->stack + CDR_START_STACK,
                   CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, s, &pidfd);
    if (s->pid < 0)
        s->error = errno;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    s->pidfd = pidfd;
    if (s->pid > 0 && s->error) {
        atomic_store_explicit(s->group, 0, memory_order_relaxed);
        while (waitpid(s->pid, NULL, 0) < 0 && errno == EINTR)
            ;
        close(pidfd);
        s->pidfd = -1;
    }
    return s->error;
}

static bool is_program(const char *path)
{
    struct stat there;

    if (stat(path, &there) < 0)
        return false;
    if (S_ISDIR(there.st_mode)) {
        errno = EISDIR;
        return false;
    }
    return access(path, X_OK) == 0;
}

const char *cdr_process_find(char *room, size_t size, const char *name)
{
    const char *path = getenv("PATH"), *end;
    int failed = ENOENT;

    if (strchr(name, '/') || !*name)
        return is_program(name) ? name : NULL;
    for (path = path ? path : "/usr/local/bin:/usr/bin:/bin"; path; path = end) {
        int length;

        end = strchr(path, ':');
        length = end ? (int)(end - path) : (int)strlen(path);
        end = end ? end + 1 : NULL;
        if (snprintf(room, size, "%.*s%s%s", length, path, length ? "/" : "", name) >=
            (int)size)
            continue;
        if (is_program(room))
            return room;
        if (errno == EACCES)
            failed = EACCES;
    }
    errno = failed;
    return NULL;
}
