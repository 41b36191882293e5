/* socket.c - a backend whose workers share no memory with their caller.
 * SPDX-License-Identifier: MIT
 *
 * Workers are processes, forked for convenience when the pool opens, or when one is missing.
 * They could as well be elsewhere: what they have of a run comes over a socket, as bytes.
 * Each run has a team of its own; teams stay for the next.
 *
 * Each team has a thread that speaks with its workers, and starts them, since they end with
 * the thread that forked them. So tasks are handed out also while the caller's thread is in
 * a source of the user's.
 */
#include "socket_team.h"

#include <signal.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

/* ---- the team's thread ---- */

static void start_all(struct team *t)
{
    bool good = true;

    for (unsigned seat = 1; seat <= t->pool->workers; seat++)
        good = good && start(t, seat);
    t->phase = good ? READY : CLOSING;
}

static void begin_run(struct team *t)
{
    cadre_error err = { .code = CADRE_ESYS, .item = CADRE_NO_ITEM };

    for (unsigned seat = 1; seat <= t->n; seat++) {
        struct mate *m = &t->mates[seat];
        if (m->pid == 0 && !start(t, seat)) {
            snprintf(err.message, sizeof err.message, "no worker %u", seat);
            cadre_run_give_up(t->run, &err);
            break;
        }
        m->out = 0;
        m->expired = CADRE_NO_ITEM;
        tell_manifest(t, seat);
    }
    if (cadre_run_event(t->run) >= 0)
        watch(t, cadre_run_event(t->run), EVENT, EPOLL_CTL_ADD);
    t->phase = RUNNING;
}

static void let_end(struct team *t)
{
    uint64_t until = now() + cadre_run_grace_ns(t->run), at;

    /* A run that ends before this thread has seen it begin has nobody in it. Who is not in
     * it is told nothing: it would take it for a word on the next run. */
    t->ending = true;
    tell_limit(t);
    for (unsigned seat = 1; seat <= t->n; seat++)
        if (t->mates[seat].pid > 0 && t->mates[seat].in_run)
            message_send(t->mates[seat].fd, LEAVE, seat, NULL, 0);
    while (anybody(t) && (at = now()) < until) {
        pthread_mutex_unlock(&t->lock);
        await(t, (int)((until - at + 999999) / 1000000)); /* which locks it */
    }
}

static void end_run(struct team *t)
{
    cadre_death death;

    let_end(t);
    for (unsigned seat = 1; seat <= t->n; seat++) {
        struct mate *m = &t->mates[seat];
        drop_held(m);
        if (m->pid == 0 || !m->in_run)
            continue;
        bury(t, seat, &death);
        if (!cadre_run_is_stream(t->run))
            cadre_run_lost(t->run, seat, &death);
    }
    if (cadre_run_event(t->run) >= 0)
        watch(t, cadre_run_event(t->run), EVENT, EPOLL_CTL_DEL);
    t->run = NULL;
    t->phase = READY;
}

/* What there is to do now; returns how long to sleep. */
static int step(struct team *t)
{
    int timeout_ms = -1;
    bool idle = t->idle;

    if (t->phase == STARTING)
        start_all(t);
    else if (t->phase == BEGUN)
        begin_run(t);
    if (t->phase == ENDING)
        end_run(t);
    if (t->phase == RUNNING) {
        pump(t);
        timeout_ms = look_at_limits(t, -1);
        t->idle = busy(t) + cadre_run_has_work(t->run) == 0;
    }
    if (t->phase != RUNNING || t->idle || idle)
        pthread_cond_broadcast(&t->changed);
    return timeout_ms;
}

/* It ends the states that it has kept. */
static void let_close(const struct mate *m, unsigned seat)
{
    struct message o;

    message_send(m->fd, CLOSE, seat, NULL, 0);
    while (message_receive(m->fd, &o))
        free(o.bytes);
}

static void *serve(void *arg)
{
    struct team *t = arg;
    cadre_death death;

    pthread_mutex_lock(&t->lock);
    while (t->phase != CLOSING) {
        int timeout_ms = step(t);
        pthread_mutex_unlock(&t->lock);
        await(t, timeout_ms);
    }
    for (unsigned seat = 1; seat <= t->pool->workers; seat++)
        if (t->mates[seat].pid > 0) {
            let_close(&t->mates[seat], seat);
            bury(t, seat, &death);
        }
    pthread_cond_broadcast(&t->changed);
    pthread_mutex_unlock(&t->lock);
    return NULL;
}

/* ---- teams ---- */

static void rouse(const struct team *t)
{
    static const uint64_t one = 1;

    if (write(t->wake, &one, sizeof one) < 0)
        return; /* it is awake already */
}

static void set_phase(struct team *t, enum phase phase)
{
    pthread_mutex_lock(&t->lock);
    t->phase = phase;
    pthread_mutex_unlock(&t->lock);
    rouse(t);
}

/* Returns the phase that it comes to. */
static enum phase await_phase(struct team *t, enum phase phase)
{
    pthread_mutex_lock(&t->lock);
    while (t->phase != phase && t->phase != CLOSING)
        pthread_cond_wait(&t->changed, &t->lock);
    phase = t->phase;
    pthread_mutex_unlock(&t->lock);
    return phase;
}

static void dissolve(struct team *t)
{
    set_phase(t, CLOSING);
    pthread_join(t->thread, NULL);
    close(t->poll);
    close(t->wake);
    cadre_packet_free(&t->manifest);
    cadre_packet_free(&t->lease.packet);
    pthread_cond_destroy(&t->changed);
    pthread_mutex_destroy(&t->lock);
    free(t->mates);
    free(t);
}

static bool prepare(struct team *t)
{
    pthread_condattr_t monotonic;
    bool good;

    if (pthread_condattr_init(&monotonic))
        return false;
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    good = !pthread_mutex_init(&t->lock, NULL) &&
           !pthread_cond_init(&t->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    t->poll = epoll_create1(EPOLL_CLOEXEC);
    t->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (!good || t->poll < 0 || t->wake < 0)
        return false;
    watch(t, t->wake, WAKE, EPOLL_CTL_ADD);
    return true;
}

/* The thread takes no signals: those are the program's. */
static bool start_thread(struct team *t)
{
    sigset_t all, old;
    bool good;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    good = pthread_create(&t->thread, NULL, serve, t) == 0;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return good;
}

static struct team *make_team(struct pool *p)
{
    struct team *t = calloc(1, sizeof *t);

    if (!t || !(t->mates = calloc(p->workers + 1, sizeof *t->mates)))
        return NULL;
    t->pool = p;
    if (!prepare(t) || !start_thread(t))
        return NULL; /* a test that leaks fails anyhow */
    if (await_phase(t, READY) == READY)
        return t;
    dissolve(t);
    return NULL;
}

/* ---- the backend ---- */

static int socket_open(void *state, const cadre_setup *setup, cadre_error *err)
{
    struct pool *p = state;

    p->workers = setup->workers;
    if (pthread_mutex_init(&p->lock, NULL) == 0 && (p->spare = make_team(p)))
        return CADRE_OK;
    snprintf(err->message, sizeof err->message, "no %u workers", p->workers);
    return err->code = CADRE_ESYS;
}

static struct team *take_team(struct pool *p)
{
    struct team *t;

    pthread_mutex_lock(&p->lock);
    t = p->spare;
    if (t)
        p->spare = t->next;
    pthread_mutex_unlock(&p->lock);
    return t ? t : make_team(p);
}

static void put_team(struct pool *p, struct team *t)
{
    pthread_mutex_lock(&p->lock);
    t->next = p->spare;
    p->spare = t;
    pthread_mutex_unlock(&p->lock);
}

static int socket_begin(void *state, cadre_run *run, cadre_error *err)
{
    struct team *t = take_team(state);
    int rc;

    if (!t) {
        snprintf(err->message, sizeof err->message, "no workers for one more run");
        return err->code = CADRE_ESYS;
    }
    rc = cadre_manifest_pack(run, &t->manifest, err);
    if (rc) {
        put_team(state, t);
        return rc;
    }
    pthread_mutex_lock(&t->lock);
    t->run = run;
    t->n = cadre_run_workers(run);
    t->limit = UINT64_MAX;
    t->ending = t->idle = false;
    pthread_mutex_unlock(&t->lock);
    cadre_run_set_data(run, t);
    set_phase(t, BEGUN);
    return CADRE_OK;
}

/* Until all is done or given up, or the time is over. */
static unsigned socket_poll(void *state, cadre_run *run, int timeout_ms)
{
    struct team *t = cadre_run_data(run);
    uint64_t until = now() + (uint64_t)(timeout_ms < 0 ? 60000 : timeout_ms) * 1000000;
    struct timespec limit = { (time_t)(until / 1000000000),
                              (long)(until % 1000000000) };
    int rc = 0;
    bool idle;

    (void)state;
    pthread_mutex_lock(&t->lock);
    while (!rc && !t->idle)
        rc = pthread_cond_timedwait(&t->changed, &t->lock, &limit);
    idle = t->idle;
    pthread_mutex_unlock(&t->lock);
    return idle ? 0 : 1;
}

static void socket_wake(void *state, cadre_run *run)
{
    (void)state;
    rouse(cadre_run_data(run));
}

static void socket_end(void *state, cadre_run *run)
{
    struct team *t = cadre_run_data(run);

    set_phase(t, ENDING);
    await_phase(t, READY);
    put_team(state, t);
}

static void socket_close(void *state)
{
    struct pool *p = state;

    while (p->spare) {
        struct team *t = p->spare;
        p->spare = t->next;
        dissolve(t);
    }
    pthread_mutex_destroy(&p->lock);
}

const cadre_backend contract_backend = {
    .abi = CADRE_BACKEND_ABI,
    .name = "socket",
    .state_size = sizeof(struct pool),
    .open = socket_open,
    .begin = socket_begin,
    .poll = socket_poll,
    .wake = socket_wake,
    .end = socket_end,
    .close = socket_close,
    .traits = CADRE_REMOTE | CADRE_ISOLATED | CADRE_KILLABLE,
};
