/* forkserver.c - who starts a rank's worker processes.
 * SPDX-License-Identifier: MIT
 */
#include "forkserver.h"
#include "frame.h"
#include "message.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- in the forkserver ---- */

/* What a worker has of its place, inherited. */
struct place {
    int socket;
    uint64_t life;
};

static int live(cadre_task *task, const void *item, void *result)
{
    const struct place *p = cadre_task_shared(task);

    (void)item, (void)result;
    cdr_mpi_process_serve(p->socket, p->life);
}

/* True: something was said, and nobody there has read it. False: the rank has closed. */
static bool is_wanted(int socket)
{
    struct pollfd what = { .fd = socket, .events = POLLIN };
    char byte;

    while (poll(&what, 1, -1) < 0 && errno == EINTR)
        ;
    return recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

/* One life after another. The task never returns: each ends as a death. */
static void keep(struct place *p)
{
    cadre_options opt = { .backend = "processes",
                          .workers = 1,
                          .ignore_environment = true,
                          .min_items = 1,
                          .name = "cadre-rank" };
    cadre_job job = { .fn = live, .n = 1, .shared = p, .shared_size = sizeof *p };
    struct cdr_mpi_message died = { .kind = CDR_MPI_WORKER_DIED };
    cadre_pool *pool = NULL;
    cadre_error err;
    int rc = cadre_open(&pool, &opt, &err);

    died.size = sizeof err;
    while (is_wanted(p->socket)) {
        p->life++;
        if (pool)
            rc = cadre_map(pool, &job, &err);
        if (!cdr_mpi_message_send(p->socket, died, &err, -1) || (rc && !pool))
            break;
    }
    cadre_close(pool);
}

static void *keeper(void *arg)
{
    struct place *p = arg;

    keep(p);
    close(p->socket);
    free(p);
    return NULL;
}

/* The socket is the place's from now on; where it cannot be, it is closed, which the rank
 * hears. */
static void begin_place(int socket)
{
    struct place *p = calloc(1, sizeof *p);
    pthread_t thread;

    if (p)
        p->socket = socket;
    if (p && pthread_create(&thread, NULL, keeper, p) == 0) {
        pthread_detach(thread);
        return;
    }
    free(p);
    close(socket);
}

/* Until the rank is gone, or needs it no more. */
static _Noreturn void tend(int socket, pid_t rank)
{
    struct cdr_mpi_inbox in = { 0 };
    struct cdr_mpi_message head;
    sigset_t all;
    void *body;
    int fd;

    sigfillset(&all); /* the program's handlers are the rank's */
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != rank)
        _exit(1);
    prctl(PR_SET_NAME, "cadre-forksrv"); /* only a name: may fail */
    while (cdr_mpi_message_receive(socket, &in, &head, &body, &fd)) {
        free(body);
        if (fd >= 0)
            begin_place(fd);
    }
    _exit(0);
}

/* ---- in the rank ---- */

int cdr_mpi_forkserver_open(struct cdr_mpi_forkserver *n, cadre_error *err)
{
    pid_t rank = getpid(), pid;
    int ends[2];

    *n = (struct cdr_mpi_forkserver){ 0, -1 };
    if (!cdr_mpi_message_pair(ends))
        return cdr_mpi_fail(err, CADRE_ESYS, "no socket for worker processes: %s",
                            strerror(errno));
    pid = fork();
    if (pid == 0) {
        close(ends[0]);
        tend(ends[1], rank);
    }
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return cdr_mpi_fail(err, CADRE_ESYS, "worker processes cannot be forked: %s",
                            strerror(errno));
    }
    *n = (struct cdr_mpi_forkserver){ pid, ends[0] };
    return CADRE_OK;
}

int cdr_mpi_forkserver_place(const struct cdr_mpi_forkserver *n)
{
    struct cdr_mpi_message head = { .kind = CDR_MPI_WORKER_START };
    int ends[2];
    bool good;

    if (!cdr_mpi_message_pair(ends))
        return -1;
    good = cdr_mpi_message_send(n->socket, head, NULL, ends[1]);
    close(ends[1]);
    if (good)
        return ends[0];
    close(ends[0]);
    return -1;
}

void cdr_mpi_forkserver_close(struct cdr_mpi_forkserver *n)
{
    if (n->pid <= 0)
        return;
    close(n->socket);
    while (waitpid(n->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    *n = (struct cdr_mpi_forkserver){ 0, -1 };
}
