/* persistent_worker.c - what a persistent worker does, from its start to its end.
 * SPDX-License-Identifier: MIT
 *
 * It comes here before main (entry.c), or from there (worker_main.c), settled in: it dies
 * with its parent, has a name, and no descriptor but its socket. It is told where memory is
 * that it shares, and then joins runs as it is called to them.
 */
#include "backends/spawn/spawn.h"
#include "backends/processes/supervisor.h"
#include "backends/spawn/message.h"
#include "base/error.h"
#include "base/crash_point.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* Its own: seat, scoreboard, event, the run it is in. */
struct persistent_worker {
    struct cdr_supervisor supervisor;
    int socket;
};

/* ---- the beginning ---- */

static int set_up(struct persistent_worker *p, const struct cdr_worker_setup *a,
                  const int *fds, cadre_error *err)
{
    int rc = cadre_mapping_join(&a->memory, fds[0], err);

    close(fds[0]);
    if (rc)
        return rc;
    if (!cdr_fences_share())
        return cdr_fail_sys(err, errno,
                            "worker processes need membarrier, which fails");
    p->supervisor.scoreboard = a->scoreboard;
    p->supervisor.event = fds[1];
    cdr_error_clear(err);
    return CADRE_OK;
}

static void begin(struct persistent_worker *p, struct cdr_worker_setup *a)
{
    struct cdr_worker_ready answer;
    int fds[2];
    unsigned n = 2;

    if (cdr_message_receive(p->socket, a, sizeof *a, fds, &n) || n != 2)
        _exit(CDR_ORPHAN);
    set_up(p, a, fds, &answer.error);
    if (cdr_message_send(p->socket, &answer, sizeof answer, NULL, 0))
        _exit(CDR_ORPHAN);
    if (answer.error.code)
        _exit(EXIT_FAILURE);
}

/* ---- runs ---- */

/* One of a map gave back what it was asked for. */
static void wake(void *arg)
{
    static const uint64_t one = 1;
    struct persistent_worker *p = arg;

    if (write(p->supervisor.event, &one, sizeof one) < 0)
        return; /* it is signalled already */
}

/* The first to say so is heard. */
static void refuse(struct persistent_worker *p, const cadre_error *why)
{
    struct cdr_scoreboard *q = p->supervisor.scoreboard;
    uint32_t nobody = 0;

    if (!atomic_compare_exchange_strong_explicit(
            &q->refused, &nobody, 1, memory_order_relaxed, memory_order_relaxed))
        return;
    q->refusal = *why;
    atomic_store_explicit(&q->refused, 2, memory_order_release);
}

/* Of this run: it may have been sent others, for a run that it had joined already when it
 * was called to it, as who was started meanwhile is. */
static void receive_descriptors(struct persistent_worker *p, int *fds, unsigned wanted)
{
    uint64_t number;
    unsigned n;

    for (;;) {
        n = wanted;
        if (cdr_message_receive(p->socket, &number, sizeof number, fds, &n))
            _exit(CDR_ORPHAN);
        if (number == p->supervisor.number)
            break;
        while (n > 0)
            close(fds[--n]);
    }
    if (n != wanted)
        _exit(CDR_ORPHAN);
}

static void join(struct persistent_worker *p)
{
    struct cdr_scoreboard *q = p->supervisor.scoreboard;
    const void *manifest = q->manifest;
    unsigned wanted = cadre_manifest_descriptors(manifest);
    int fds[CADRE_RUN_FDS];
    cadre_error error;

    p->supervisor.n = q->n;
    if (wanted > 0)
        receive_descriptors(p, fds, wanted);
    if (!cadre_run_join(&p->supervisor.run, manifest, fds, wake, p, &error))
        return;
    if (error.code == CADRE_ENOMEM)
        _exit(CDR_STARVED);
    p->supervisor.run = NULL;
    for (unsigned k = 0; k < wanted; k++)
        close(fds[k]);
    refuse(p, &error);
}

/* Whether there is to be no run any more. */
static bool look(struct persistent_worker *p, cadre_worker *worker)
{
    struct cdr_supervisor *c = &p->supervisor;
    uint64_t number =
        atomic_load_explicit(&c->scoreboard->number, memory_order_acquire);

    if (number == c->number)
        return false;
    if (c->run)
        cadre_run_leave(c->run);
    c->run = NULL;
    c->number = number;
    CDR_CRASH_POINT();
    if (c->scoreboard->over) {
        cadre_worker_close(worker); /* it may have states to end */
        return true;
    }
    if (c->scoreboard->manifest)
        join(p);
    atomic_store_explicit(&c->scoreboard->slot[c->seat].at, number,
                          memory_order_release);
    CDR_CRASH_POINT();
    return false;
}

void cdr_persistent_main(int socket, unsigned seat)
{
    struct persistent_worker p = { .supervisor = { .seat = seat }, .socket = socket };
    struct cdr_worker_setup a;
    cadre_worker *worker;
    _Atomic uint32_t *called;

    begin(&p, &a);
    worker = cadre_worker_open();
    if (!worker)
        _exit(CDR_STARVED);
    called = &a.scoreboard->slot[seat].called;
    while (a.waits && atomic_load_explicit(called, memory_order_acquire) == a.called)
        cdr_futex_wait_shared(called, a.called, -1);
    while (!look(&p, worker)) {
        if (p.supervisor.run)
            cdr_worker_serve(&p.supervisor, worker);
        else
            cdr_worker_idle(&p.supervisor, false);
    }
}
