/* socket_team.h - the workers of a run, and what is said to them and by them.
 * SPDX-License-Identifier: MIT
 */
#ifndef OUTSIDE_SOCKET_TEAM_H
#define OUTSIDE_SOCKET_TEAM_H

#include "socket.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/types.h>

#define EVENT UINT64_C(0xFFFFFFFF) /* in the epoll descriptor: cadre_cancel ... */
#define WAKE  UINT64_C(0xFFFFFFFE) /* ... and the run's caller; else a seat */

struct mate {
    pid_t pid; /* 0: nobody is there */
    int fd;
    unsigned out;         /* leases */
    bool in_run, retired; /* it has the manifest */
    uint64_t expired;
    struct message *held; /* outcomes for which there is no room yet */
};

enum phase { STARTING, READY, BEGUN, RUNNING, ENDING, CLOSING };

struct team {
    struct team *next;
    struct pool *pool;
    pthread_t thread;
    int poll, wake;       /* what the thread sleeps on; an eventfd in it */
    pthread_mutex_t lock; /* guards the rest, which is the thread's in a run */
    pthread_cond_t changed;
    enum phase phase;
    cadre_run *run;
    bool idle;      /* nothing wanted is under way, and there is nothing to hand out */
    unsigned n;     /* seats 1 .. n are in the run */
    uint64_t limit; /* as workers know it */
    bool ending;
    cadre_packet manifest;
    cadre_lease lease;
    struct mate *mates;
};

struct pool {
    unsigned workers;
    pthread_mutex_t lock; /* guards `spare` */
    struct team *spare;
};

uint64_t now(void);
void watch(struct team *t, int fd, uint64_t what, int operation);

/* Fork a worker for the seat; collect one, killing it. */
bool start(struct team *t, unsigned seat);
void bury(struct team *t, unsigned seat, cadre_death *death);
void drop_held(struct mate *m);

/* Tell a worker of the run; all of them what is wanted of it still. */
void tell_manifest(struct team *t, unsigned seat);
void tell_limit(struct team *t);

/* Give what came, hand out what there is. */
void pump(struct team *t);

/* Sleep, and see to what has happened; returns with the lock held. */
void await(struct team *t, int timeout_ms);

/* Kill tasks that have had their time; returns how long to sleep. */
int look_at_limits(struct team *t, int timeout_ms);

unsigned busy(const struct team *t); /* workers that may do something wanted */
bool anybody(const struct team *t);  /* is in the run still */

#endif
