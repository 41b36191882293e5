/* spawn.c - start workers that are fresh processes of the same program, or of another.
 * SPDX-License-Identifier: MIT
 *
 * A worker that is forked has all that the program has, also what does it no good: locks
 * that other threads held, gigabytes of pages to copy on write. A spawned worker is the same
 * program started again, and serves before main (entry.c). It has the program's code and
 * libraries, and nothing else of it; so it finds kernels by their names (code/code_id.h).
 *
 * Getting ready (cdr_spawn_open). The program's file is opened through /proc/self/exe and
 * compared with the program in memory; workers are started from that descriptor. So it does
 * not matter when the file is replaced or removed, and it is noticed when Linux started
 * something else that loaded the program, as valgrind and ld.so do. That the worker comes
 * by here before its main must be certain, or it would be the program a second time: if
 * libcadre is not in the program's file, and not among the libraries that it is linked with
 * (the program, an interpreter perhaps, opened it at run time), it is preloaded. Programs
 * that get more rights by being started are refused: they do not let others decide what
 * they do, and do not listen to CADRE_WORKER.
 *
 * A command of the user's (worker_command) is another program, which is not to be trusted
 * less: it is started by its name, calls cadre_worker_main when it is ready, and from there
 * on is a worker like those that serve before main.
 *
 * Starting (cdr_spawn_start). posix_spawn does not copy page tables, so the cost does not
 * depend on the size of the program, and it tells why a start failed. The worker has a
 * socket with the greeting in it already, /dev/null to read from, our stdout and our stderr
 * or a pipe, and no other descriptor. It answers with a hello; that, its death and the
 * deadline are what its parent waits for. All workers start at once.
 *
 * The end. A worker dies with its parent, whatever ends that. Linux tells a child when the
 * thread that started it is gone, which may be sooner. So if that is not the main thread,
 * the worker gets SIGHUP, and looks whether its parent is still there; else SIGKILL.
 *
 * What a kernel may not rely on in a spawned worker, beside data: what the program's own
 * constructors, and those of libraries that use libcadre, have done. Those run after
 * libcadre's where that is a library, so in a worker they never do. (Linked statically,
 * libcadre comes after the program's own.) Constructors of other libraries have run. Those
 * that call cadre find that workers cannot have spawned workers.
 */
#include "backends/spawn/spawn.h"
#include "base/descriptor.h"
#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define DEADLINE_MS 30000

/* ---- getting ready ---- */

static void free_command(char **command)
{
    for (size_t k = 0; command && command[k]; k++)
        free(command[k]);
    free(command);
}

/* It is another program that is started: found by PATH, as a shell would. */
static int copy_command(struct cdr_spawn *c, const char *const *command,
                        cadre_error *err)
{
    size_t n = 0, k = 0;

    while (command[n])
        n++;
    c->command = calloc(n + 1, sizeof *c->command);
    while (c->command && k < n && (c->command[k] = strdup(command[k])) != NULL)
        k++;
    return c->command && k == n
               ? CADRE_OK
               : cdr_fail(err, CADRE_ENOMEM, "no memory for worker_command");
}

static int open_file(const char *path)
{
    int fd;

    do
        fd = open(path, O_RDONLY | O_CLOEXEC);
    while (fd < 0 && errno == EINTR);
    return cdr_fd_lift(fd, CDR_SPAWN_ABOVE);
}

/* Whether starting it may give it rights that we do not have. */
static bool gains_rights(int fd)
{
    struct stat st;

    return getauxval(AT_SECURE) || fstat(fd, &st) || st.st_mode & (S_ISUID | S_ISGID) ||
           fgetxattr(fd, "security.capability", NULL, 0) > 0;
}

static int open_program(struct cdr_spawn *c, cadre_error *err)
{
    c->program = open_file("/proc/self/exe");
    if (c->program < 0)
        return cdr_fail_sys(err, errno, "spawned workers need the program's file");
    if (gains_rights(c->program))
        return cdr_fail(
            err, CADRE_ENOTSUP,
            "a program that gets more rights when it is started cannot have "
            "spawned workers");
    if (!cdr_program_is_from(c->program))
        return cdr_fail(err, CADRE_ENOTSUP,
                        "the program was not started by Linux itself, but by another "
                        "program that loaded it: spawned workers cannot be started so");
    return CADRE_OK;
}

/* See to it that libcadre is in every worker, and that it is this one. */
static int open_library(struct cdr_spawn *c, cadre_error *err)
{
    uintptr_t here = (uintptr_t)cdr_is_spawned_worker;
    struct cdr_module m;
    int fd;

    if (!cdr_module_at(&m, here) || m.program)
        return CADRE_OK;
    fd = open_file(m.path);
    if (fd < 0)
        return cdr_fail_sys(err, errno, "spawned workers need %s", m.path);
    if (!cdr_module_is_from(here, fd)) {
        close(fd);
        return cdr_fail(err, CADRE_ENOTSUP,
                        "%.300s was replaced since it was loaded: start the program "
                        "again",
                        m.path);
    }
    if (cdr_module_is_linked(here))
        close(fd);
    else
        c->library = fd;
    return CADRE_OK;
}

static void read_argument(struct cdr_spawn *c)
{
    int fd = open_file("/proc/self/cmdline");
    ssize_t n = fd < 0 ? 0 : read(fd, c->argument, sizeof c->argument - 1);

    cdr_fd_close(fd);
    c->argument[n > 0 ? n : 0] = '\0';
    if (!c->argument[0])
        snprintf(c->argument, sizeof c->argument, "%s", c->name);
}

/* It is this program that is started again. */
static int get_program_ready(struct cdr_spawn *c, const struct cdr_spawn_plan *plan,
                             cadre_error *err)
{
    int rc =
        cdr_code_id_name(&c->serve, (cdr_code *)plan->serve, "what workers do", err);

    if (!rc)
        rc = open_program(c, err);
    if (!rc)
        rc = open_library(c, err);
    if (!rc)
        read_argument(c);
    return rc;
}

static int get_ready(struct cdr_spawn *c, const struct cdr_spawn_plan *plan,
                     cadre_error *err)
{
    int rc;

    if (cdr_is_spawned_worker())
        return cdr_fail(
            err, CADRE_ENOTSUP,
            "this process is a worker: it cannot have spawned workers itself");
    rc = plan->command ? copy_command(c, plan->command, err)
                       : get_program_ready(c, plan, err);
    if (rc)
        return rc;
    c->env = cdr_env_make(plan->threads, c->library >= 0);
    if (!c->env)
        return cdr_fail(err, CADRE_ENOMEM, "no memory for the workers' environment");
    return CADRE_OK;
}

int cdr_spawn_open(struct cdr_spawn **out, const struct cdr_spawn_plan *plan,
                   cadre_error *err)
{
    struct cdr_spawn *c = calloc(1, sizeof *c);
    int rc;

    if (!c)
        return cdr_fail(err, CADRE_ENOMEM, "no memory to start workers with");
    c->program = c->library = -1;
    c->deadline_ms = plan->deadline_ms ? plan->deadline_ms : DEADLINE_MS;
    snprintf(c->name, sizeof c->name, "%s", plan->name ? plan->name : "cadre");
    rc = get_ready(c, plan, err);
    if (rc) {
        cdr_spawn_close(c);
        return rc;
    }
    *out = c;
    cdr_error_clear(err);
    return CADRE_OK;
}

void cdr_spawn_close(struct cdr_spawn *c)
{
    if (!c)
        return;
    cdr_fd_close(c->program);
    cdr_fd_close(c->library);
    cdr_env_free(c->env);
    free_command(c->command);
    free(c);
}
