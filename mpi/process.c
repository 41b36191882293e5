/* process.c - the worker process of a hand, as the rank has it.
 * SPDX-License-Identifier: MIT
 */
#include "process.h"
#include "serve.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- signals ---- */

static int open_pid(pid_t pid)
{
#ifdef SYS_pidfd_open
    return (int)syscall(SYS_pidfd_open, pid, 0);
#else
    (void)pid;
    return -1;
#endif
}

static void kill_with(const struct cdr_mpi_process *p, int signal)
{
    if (p->pid == 0)
        return;
#ifdef SYS_pidfd_send_signal
    if (p->pidfd >= 0) {
        syscall(SYS_pidfd_send_signal, p->pidfd, signal, NULL, 0);
        return;
    }
#endif
    kill(p->pid, signal);
}

void cdr_mpi_process_expire(struct cdr_mpi_process *p, uint64_t item, uint64_t grace)
{
    if (p->pid == 0)
        return;
    p->expired = item;
    p->grace = grace;
    p->term_at = cdr_mpi_now();
}

void cdr_mpi_process_hurry(struct cdr_mpi_process *p, uint64_t grace)
{
    p->grace = grace;
    if (!p->term_at && !p->kill_at)
        p->term_at = cdr_mpi_now() + grace;
}

void cdr_mpi_process_look(struct cdr_mpi_process *p, const struct cdr_mpi_served *run,
                          uint64_t now)
{
    if (p->halt_due)
        cdr_mpi_process_halt(p, run);
    if (p->term_at && now >= p->term_at) {
        p->term_at = 0;
        p->kill_at = now + p->grace;
        kill_with(p, SIGTERM);
    } else if (p->kill_at && now >= p->kill_at) {
        p->kill_at = 0;
        kill_with(p, SIGKILL);
    }
}

void cdr_mpi_process_halt(struct cdr_mpi_process *p, const struct cdr_mpi_served *run)
{
    struct cdr_mpi_message head = { .kind = CDR_MPI_WORKER_HALT,
                                    .run = p->run,
                                    .number = run ? run->limit : 0 };

    p->halt_due = false;
    if (run && p->run == run->id)
        p->halt_due = !cdr_mpi_message_try(p->socket, head);
}

/* ---- saying and hearing ---- */

static bool say(struct cdr_mpi_hand *h, struct cdr_mpi_message head, const void *body,
                int fd)
{
    if (h->run)
        head.run = h->run->id;
    return cdr_mpi_message_send(h->process.socket, head, body, fd);
}

static bool hear(struct cdr_mpi_hand *h, struct cdr_mpi_message *head, void **body)
{
    int fd;

    if (!cdr_mpi_message_receive(h->process.socket, &h->process.in, head, body, &fd))
        return false;
    if (fd >= 0)
        close(fd);
    return true;
}

/* It is there no more. With the lock held. */
static void bury(struct cdr_mpi_process *p)
{
    if (p->pidfd >= 0)
        close(p->pidfd);
    p->alive = p->open = p->halt_due = false;
    p->pid = 0;
    p->pidfd = -1;
    p->run = 0;
    p->term_at = p->kill_at = 0;
}

/* ---- deaths ---- */

/* What the worker wrote last stands at the end of the message. */
static void copy_tail(char *to, size_t size, const char *message)
{
    static const char before[] = "; it wrote last: ";
    const char *tail = strstr(message, before);

    *to = '\0';
    if (tail)
        snprintf(to, size, "%s", tail + strlen(before));
}

static void tell_death(struct cdr_mpi_hand *h, unsigned seat, uint64_t expired,
                       const cadre_error *how)
{
    struct cdr_mpi_frame frame = { .kind = CDR_MPI_LOST,
                                   .run = h->run->id,
                                   .seat = seat };
    struct cdr_mpi_lost *lost = calloc(1, sizeof *lost);

    if (lost) {
        *lost = (struct cdr_mpi_lost){ .pid = how->pid,
                                       .signal = how->signal,
                                       .status = how->status,
                                       .flags = how->flags,
                                       .peak_kib = how->peak_kib,
                                       .expired = expired };
        copy_tail(lost->tail, sizeof lost->tail, how->message);
        frame.size = sizeof *lost;
    }
    cdr_mpi_hand_post(h->server, frame, lost);
}

static unsigned seat_of(const struct cdr_mpi_hand *h, const struct cdr_mpi_job *job)
{
    return job->frame.seat ? job->frame.seat : (unsigned)h->server->rank;
}

/* Nobody waits for what it was in once the run is over. */
static void died(struct cdr_mpi_hand *h, const struct cdr_mpi_job *job,
                 const cadre_error *how)
{
    struct cdr_mpi_process *p = &h->process;
    uint64_t expired;
    bool told;

    pthread_mutex_lock(&h->server->lock);
    bury(p);
    expired = p->expired;
    p->expired = CADRE_NO_ITEM;
    told = !h->run->leaving && how->code == CADRE_ECRASH;
    if (told) {
        p->deaf = true;
        cdr_mpi_hand_take_leases(h, NULL, SIZE_MAX);
    }
    pthread_mutex_unlock(&h->server->lock);
    if (told)
        tell_death(h, seat_of(h, job), expired, how);
    else if (how->code != CADRE_ECRASH)
        cdr_mpi_hand_refuse(h->server, job, how);
}

static void lost_forkserver(struct cdr_mpi_hand *h, const struct cdr_mpi_job *job)
{
    cadre_error err;

    cdr_mpi_fail(&err, CADRE_ECRASH,
                 "the process that starts worker processes is gone");
    pthread_mutex_lock(&h->server->lock);
    bury(&h->process);
    pthread_mutex_unlock(&h->server->lock);
    cdr_mpi_hand_refuse(h->server, job, &err);
}

/* The answer to what was said; outcomes on the way are passed on. False: there is none, and
 * that is seen to. */
static bool answer(struct cdr_mpi_hand *h, const struct cdr_mpi_job *job,
                   struct cdr_mpi_message *head, void **body)
{
    struct cdr_mpi_frame outcome = { .kind = CDR_MPI_OUTCOME,
                                     .run = job->run->id,
                                     .seat = job->frame.seat,
                                     .number = job->frame.number };

    while (hear(h, head, body)) {
        if (head->kind == CDR_MPI_WORKER_OUTCOME) {
            outcome.size = head->size;
            cdr_mpi_hand_post(h->server, outcome, *body);
            continue;
        }
        if (head->kind != CDR_MPI_WORKER_DIED)
            return true;
        died(h, job, *body);
        free(*body);
        *body = NULL;
        return false;
    }
    lost_forkserver(h, job);
    return false;
}

/* ---- runs ---- */

/* What is told of the run's limit before this is in the message, and afterwards comes of
 * itself. */
static bool tell_run(struct cdr_mpi_hand *h, const struct cdr_mpi_job *job)
{
    struct cdr_mpi_message head = { .kind = CDR_MPI_WORKER_OPEN };

    pthread_mutex_lock(&h->server->lock);
    h->process.run = job->run->id;
    h->process.expired = CADRE_NO_ITEM;
    head.number = job->run->limit;
    pthread_mutex_unlock(&h->server->lock);
    return say(h, head, NULL, job->run->shared);
}

static void note_ready(struct cdr_mpi_hand *h, uint64_t pid)
{
    struct cdr_mpi_process *p = &h->process;

    p->open = true;
    pthread_mutex_lock(&h->server->lock);
    if (p->pid == 0) {
        p->pidfd = open_pid((pid_t)pid);
        p->pid = (int)pid;
    }
    pthread_mutex_unlock(&h->server->lock);
}

static bool start(struct cdr_mpi_hand *h)
{
    struct cdr_mpi_message head = { .kind = CDR_MPI_WORKER_START };

    if (h->process.alive)
        return true;
    head.number = ++h->process.life;
    h->process.alive = true;
    return say(h, head, NULL, -1);
}

bool cdr_mpi_process_open(struct cdr_mpi_hand *h, const struct cdr_mpi_job *job)
{
    struct cdr_mpi_message head;
    void *body = NULL;

    if (h->process.open)
        return true;
    if (!start(h) || !tell_run(h, job)) {
        lost_forkserver(h, job);
        return false;
    }
    if (!answer(h, job, &head, &body))
        return false;
    if (head.kind == CDR_MPI_WORKER_READY)
        note_ready(h, head.number);
    else
        cdr_mpi_hand_refuse(h->server, job, body);
    free(body);
    return h->process.open;
}

/* It has served or grown enough, and ends by itself. */
static void await_end(struct cdr_mpi_hand *h)
{
    struct cdr_mpi_message head = { 0 };
    void *body;

    while (head.kind != CDR_MPI_WORKER_DIED && hear(h, &head, &body))
        free(body);
    pthread_mutex_lock(&h->server->lock);
    bury(&h->process);
    h->process.expired = CADRE_NO_ITEM;
    pthread_mutex_unlock(&h->server->lock);
}

void cdr_mpi_process_run(struct cdr_mpi_hand *h, const struct cdr_mpi_job *job)
{
    struct cdr_mpi_message head = { .kind = CDR_MPI_WORKER_LEASE,
                                    .size = job->frame.size };
    void *body = NULL;

    if (!cdr_mpi_process_open(h, job))
        return;
    if (!say(h, head, job->body, -1)) {
        lost_forkserver(h, job);
        return;
    }
    if (!answer(h, job, &head, &body))
        return;
    if (head.kind == CDR_MPI_WORKER_REFUSED)
        cdr_mpi_hand_refuse(h->server, job, body);
    else if (head.number)
        await_end(h);
    free(body);
}

void cdr_mpi_process_leave(struct cdr_mpi_hand *h, const struct cdr_mpi_job *job)
{
    struct cdr_mpi_message head = { .kind = CDR_MPI_WORKER_LEAVE };
    struct cdr_mpi_process *p = &h->process;
    void *body = NULL;

    if (p->open && say(h, head, NULL, -1))
        answer(h, job, &head, &body);
    free(body);
    p->open = false;
    pthread_mutex_lock(&h->server->lock);
    p->run = 0;
    p->deaf = p->halt_due = false;
    p->term_at = p->kill_at = 0;
    p->expired = CADRE_NO_ITEM;
    pthread_mutex_unlock(&h->server->lock);
}

void cdr_mpi_process_close(struct cdr_mpi_hand *h)
{
    struct cdr_mpi_message head = { .kind = CDR_MPI_WORKER_CLOSE };

    if (h->process.alive && say(h, head, NULL, -1))
        await_end(h);
    close(h->process.socket);
    cdr_mpi_inbox_free(&h->process.in);
}

/* ---- manifests ---- */

int cdr_mpi_process_share(const void *bytes, size_t size)
{
    int fd = memfd_create("cadre-run", MFD_CLOEXEC);
    size_t at = 0;

    while (fd >= 0 && at < size) {
        ssize_t n = write(fd, (const char *)bytes + at, size - at);
        if (n < 0 && errno != EINTR) {
            close(fd);
            return -1;
        }
        at += n > 0 ? (size_t)n : 0;
    }
    return fd;
}
