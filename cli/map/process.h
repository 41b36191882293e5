/* process.h - start a command as fast as Linux can, in a process group of its own.
 * SPDX-License-Identifier: MIT
 *
 * The new process borrows the program's memory until it becomes the command, as
 * posix_spawn does it: nothing is copied, however large the program is. Until then the
 * calling thread stands still. The process leads a group of its own, writes that into the
 * guard's table, and dies with the thread that started it.
 */
#ifndef CDR_CLI_MAP_PROCESS_H
#define CDR_CLI_MAP_PROCESS_H

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/types.h>

/* What all jobs have in common. */
struct cdr_start_common {
    pid_t parent;
    sigset_t mask;         /* of signals, as the program was given it */
    bool default_pipe;     /* SIGPIPE ends jobs, as it ended the program */
    bool default_size;     /* the same for SIGXFSZ */
    const char *directory; /* to run in; NULL: where the program does */
    bool renice;
    int nice;
    struct rlimit files; /* as the program was given it */
};

struct cdr_start {
    const struct cdr_start_common *common;
    const char *path;
    char *const *argv;
    char *const *env;
    int files[3];         /* to be its 0, 1 and 2; -1: as the program has it */
    _Atomic pid_t *group; /* its place in the guard's table */
    void *stack;          /* CDR_START_STACK bytes, the caller's */

    /* What becomes of it. */
    pid_t pid;
    int pidfd;
    int error;        /* errno of what failed in the new process; 0: it runs */
    const char *what; /* what failed: "cannot change to the folder" */
    const char *name; /* of the folder; NULL: there is no name to it */
};

#define CDR_START_STACK 65536

/* 0, or the errno of starting the process or of what failed in it; *what says which. */
int cdr_process_start(struct cdr_start *start);

/* The file that a command's name stands for, as the shell would find it in the path; in
 * `room`. NULL with errno: there is none. */
const char *cdr_process_find(char *room, size_t size, const char *name);

/* The soft limit of open files becomes what many jobs need, as far as it may; *was: as it was. */
void cdr_process_raise_files(struct rlimit *was);

#endif
