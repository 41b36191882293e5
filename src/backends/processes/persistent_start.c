/* persistent_start.c - persistent workers: started, told what they need, removed.
 * SPDX-License-Identifier: MIT
 *
 * A worker that dies before it has begun to wait for runs is replaced, as it would be later.
 */
#include "backends/spawn/spawn.h"
#include "backends/processes/supervisor.h"
#include "backends/spawn/message.h"
#include "base/clock.h"
#include "base/descriptor.h"
#include "base/error.h"

#include <errno.h>
#include <stdlib.h>

#define DEADLINE_MS 30000
#define DEADLINE_NS (DEADLINE_MS * UINT64_C(1000000))
#define DEATHS      4 /* in a row, of workers just started */

/* ---- one, and several ---- */

/* Its answer, or its death, which shows as one is received. */
static int await_answer(const struct cdr_child *m, unsigned seat, cadre_error *err)
{
    int rc = cdr_message_await(m->socket, m->pidfd, cdr_now() + DEADLINE_NS);

    if (rc == ETIMEDOUT)
        return cdr_fail(err, CADRE_ETIMEOUT, "worker %u (pid %d) does not answer", seat,
                        (int)m->pid);
    return rc && rc != ESRCH ? cdr_fail_sys(err, rc, "waiting for worker %u", seat)
                             : CADRE_OK;
}

/* What it needs before its first run. */
static int set_up_worker(struct cdr_supervisor *c, unsigned seat, bool waits,
                         cadre_error *err)
{
    struct cdr_child *m = &c->children[seat];
    struct cdr_worker_setup a = { .scoreboard = c->scoreboard, .waits = waits };
    struct cdr_worker_ready answer;
    int fds[2] = { -1, c->event }, rc;

    a.called =
        atomic_load_explicit(&c->scoreboard->slot[seat].called, memory_order_relaxed);
    rc = cadre_mapping_describe(&a.memory, &fds[0], err);
    if (rc)
        return rc;
    rc = cdr_message_send(m->socket, &a, sizeof a, fds, 2);
    if (!rc) {
        rc = await_answer(m, seat, err);
        if (rc)
            return rc;
        rc = cdr_message_receive(m->socket, &answer, sizeof answer, NULL, NULL);
    }
    if (rc == EPIPE)
        return cdr_fail(err, CADRE_ECRASH,
                        "worker %u (pid %d) died before it was told what to do", seat,
                        (int)m->pid);
    if (rc)
        return cdr_fail_sys(err, rc, "worker %u (pid %d) cannot be told what to do",
                            seat, (int)m->pid);
    answer.error.message[sizeof answer.error.message - 1] = '\0';
    if (answer.error.code)
        return cdr_fail(err, answer.error.code, "worker %u (pid %d): %.400s", seat,
                        (int)m->pid, answer.error.message);
    return CADRE_OK;
}

void cdr_persistent_remove(struct cdr_supervisor *c, unsigned seat)
{
    cadre_death death;

    if (c->children[seat].pid == 0)
        return;
    cdr_child_kill(&c->children[seat]);
    cdr_child_reap(c, seat, &death);
    cdr_supervisor_take_idle(c, seat);
}

/* The processes are there: make children of them. */
static int install(struct cdr_supervisor *c, const struct cdr_spawn_worker *workers,
                   const int *pipes, unsigned n, bool waits, cadre_error *err)
{
    int rc = CADRE_OK;

    for (unsigned k = 0; k < n; k++) {
        const struct cdr_spawn_worker *w = &workers[k];
        struct cdr_child m = { .pid = w->pid,
                               .pidfd = w->pidfd,
                               .lifeline = -1,
                               .socket = w->socket,
                               .stderr_fd = pipes[2 * k] };
        int number = cdr_child_adopt(c, w->seat, &m);
        if (number)
            rc = cdr_fail_sys(err, number, "worker %u needs to be watched", w->seat);
        else if (waits)
            atomic_fetch_or_explicit(&c->scoreboard->idle[w->seat / 64],
                                     UINT64_C(1) << w->seat % 64, memory_order_relaxed);
    }
    for (unsigned k = 0; k < n && !rc; k++)
        rc = set_up_worker(c, workers[k].seat, waits, err);
    for (unsigned k = 0; k < n && rc; k++)
        cdr_persistent_remove(c, workers[k].seat);
    return rc;
}

static int make_pipes(struct cdr_spawn_worker *workers, int *pipes, unsigned n,
                      cadre_error *err)
{
    for (unsigned k = 0; k < 2 * n; k++)
        pipes[k] = -1;
    for (unsigned k = 0; k < n; k++) {
        int rc = cdr_child_pipe(&pipes[2 * k]);
        if (rc)
            return cdr_fail_sys(err, rc, "worker %u needs a pipe", workers[k].seat);
        workers[k].stderr_fd = pipes[2 * k + 1] > 0 ? pipes[2 * k + 1] : 0;
    }
    return CADRE_OK;
}

/* Start workers for these seats. On failure none of them is there; *died: one died that had
 * been ready, as any may that somebody kills. */
static int start_once(struct cdr_supervisor *c, struct cdr_spawn_worker *workers,
                      unsigned n, bool waits, bool *died, cadre_error *err)
{
    int *pipes = calloc(2 * (size_t)n, sizeof *pipes), rc;

    *died = false;
    if (!pipes)
        return cdr_fail(err, CADRE_ENOMEM, "no memory to start %u workers", n);
    rc = make_pipes(workers, pipes, n, err);
    if (!rc) {
        pthread_mutex_lock(
            &c->process_pool->lock); /* a plain mutex, not held: cannot fail */
        rc = cdr_spawn_start(c->process_pool->spawned, workers, n, err);
        pthread_mutex_unlock(&c->process_pool->lock);
    }
    for (unsigned k = 0; k < n; k++) {
        cdr_fd_close(pipes[2 * k + 1]);
        if (rc)
            cdr_fd_close(pipes[2 * k]);
    }
    if (!rc) {
        rc = install(c, workers, pipes, n, waits, err);
        *died = rc == CADRE_ECRASH;
    }
    free(pipes);
    return rc;
}

/* The same, as often as it takes, up to DEATHS times. */
static int start_workers(struct cdr_supervisor *c, struct cdr_spawn_worker *workers,
                         unsigned n, bool waits, cadre_error *err)
{
    bool died = true;
    int rc = CADRE_OK;

    for (int k = 0; k < DEATHS && died; k++)
        rc = start_once(c, workers, n, waits, &died, err);
    return rc;
}

int cdr_persistent_fill(struct cdr_supervisor *c, unsigned n, cadre_error *err)
{
    struct cdr_spawn_worker *workers;
    unsigned missing = 0;
    int rc = CADRE_OK;

    for (unsigned seat = 1; seat <= n; seat++)
        missing += c->children[seat].pid == 0;
    if (missing == 0)
        return CADRE_OK;
    workers = calloc(missing, sizeof *workers);
    if (!workers)
        return cdr_fail(err, CADRE_ENOMEM, "no memory to start %u workers", missing);
    missing = 0;
    for (unsigned seat = 1; seat <= n; seat++)
        if (c->children[seat].pid == 0)
            workers[missing++].seat = seat;
    rc = start_workers(c, workers, missing, true, err);
    free(workers);
    return rc;
}

int cdr_persistent_start(struct cdr_supervisor *c, unsigned seat, cadre_error *err)
{
    struct cdr_spawn_worker worker = { .seat = seat };
    int rc = start_workers(c, &worker, 1, false, err);

    if (!rc)
        rc = cdr_persistent_send_descriptors(c, seat, err);
    if (rc)
        cdr_persistent_remove(c, seat);
    return rc;
}

int cdr_persistent_send_descriptors(struct cdr_supervisor *c, unsigned seat,
                                    cadre_error *err)
{
    int fds[CADRE_RUN_FDS], rc;
    unsigned n = cadre_run_descriptors(c->run, fds);

    if (n == 0)
        return CADRE_OK;
    rc = cdr_message_send(c->children[seat].socket, &c->scoreboard->number,
                          sizeof c->scoreboard->number, fds, n);
    /* It has died: that is seen to as any death. */
    return rc && rc != EPIPE
               ? cdr_fail_sys(err, rc, "worker %u needs descriptors", seat)
               : CADRE_OK;
}
