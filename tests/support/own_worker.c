/* own_worker.c - a backend that shares no memory with its worker, and is that worker.
 * SPDX-License-Identifier: MIT
 */
#include "own_worker.h"
#include "contract.h"

#include <sys/eventfd.h>
#include <unistd.h>

struct own_worker {
    int event; /* to be woken by */
    cadre_worker *worker;
    cadre_packet manifest;
    cadre_program *program;
    bool refused;
};

static int own_open(void *state, const cadre_setup *setup, cadre_error *error)
{
    struct own_worker *b = state;

    (void)setup;
    (void)error;
    b->worker = cadre_worker_open();
    b->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    assert_true(b->worker && b->event >= 0);
    return CADRE_OK;
}

static int own_begin(void *state, cadre_run *run, cadre_error *error)
{
    struct own_worker *b = state;

    b->refused = false;
    return cadre_manifest_pack(run, &b->manifest, error);
}

/* As a worker elsewhere, which says so if it cannot join the run. */
static bool has_joined(struct own_worker *b, cadre_run *run)
{
    cadre_error why;

    if (!b->program && !b->refused &&
        cadre_manifest_open(&b->program, b->manifest.data, b->manifest.size, &why)) {
        b->refused = true;
        cadre_run_give_up(run, &why);
    }
    return !b->refused;
}

static void run_lease(struct own_worker *b, cadre_run *run, const cadre_lease *lease)
{
    cadre_packet outcome = { 0 };
    int rc, given = CADRE_OK;

    while ((rc = cadre_lease_run(b->worker, b->program, lease->packet.data,
                                 lease->packet.size, 7, &outcome, NULL)) == CADRE_OK) {
        assert_int_equal(given, CADRE_OK);
        given = cadre_lease_give(run, 1, outcome.data, outcome.size, NULL);
    }
    assert_int_equal(rc, CADRE_DONE);
    assert_int_equal(given, CADRE_DONE);
    cadre_packet_free(&outcome);
}

static unsigned own_poll(void *state, cadre_run *run, int timeout_ms)
{
    struct own_worker *b = state;
    cadre_lease lease = { 0 };
    uint64_t count;

    (void)timeout_ms;
    if (read(b->event, &count, sizeof count) < 0)
        count = 0; /* it was not woken, and looks all the same */
    while (has_joined(b, run) && cadre_lease_take(run, 1, 0, &lease, NULL) == CADRE_OK)
        run_lease(b, run, &lease);
    cadre_packet_free(&lease.packet);
    return 0;
}

static void own_wake(void *state, cadre_run *run)
{
    static const uint64_t one = 1;

    (void)run;
    assert_int_equal(write(((struct own_worker *)state)->event, &one, sizeof one),
                     sizeof one);
}

static int own_pollfd(void *state, cadre_run *run)
{
    (void)run;
    return ((struct own_worker *)state)->event;
}

static void own_end(void *state, cadre_run *run)
{
    struct own_worker *b = state;

    (void)run;
    cadre_program_close(b->program);
    b->program = NULL;
}

static void own_close(void *state)
{
    struct own_worker *b = state;

    cadre_worker_close(b->worker);
    cadre_packet_free(&b->manifest);
    close(b->event);
}

const cadre_backend own_worker = {
    .abi = CADRE_BACKEND_ABI,
    .name = "own-worker",
    .state_size = sizeof(struct own_worker),
    .open = own_open,
    .begin = own_begin,
    .poll = own_poll,
    .wake = own_wake,
    .end = own_end,
    .close = own_close,
    .pollfd = own_pollfd,
    .traits = CADRE_REMOTE,
};
