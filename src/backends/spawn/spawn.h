/* spawn.h - workers that are fresh processes of the same program, or of another.
 * SPDX-License-Identifier: MIT
 *
 * For the story see spawn.c. What is here is used by a pool's caller, from one thread at a
 * time, but for cdr_is_spawned_worker.
 */
#ifndef CDR_BACKENDS_SPAWN_SPAWN_H
#define CDR_BACKENDS_SPAWN_SPAWN_H

#include "code/code_id.h"

#include <stdbool.h>
#include <sys/types.h>

/* What a worker does for all its life, before main: read messages from the socket until the
 * other side has closed it. When it returns, its process ends. */
typedef void cdr_spawn_main(int socket, unsigned seat);

/* Zero is the common choice, but for serve. */
struct cdr_spawn_plan {
    cdr_spawn_main *serve;
    const char *name;           /* in messages, and with the seat in ps and top */
    unsigned threads;           /* that BLAS, OpenMP, ... may use in each; 0: 1 */
    unsigned deadline_ms;       /* for getting ready; 0: 30 000 */
    const char *const *command; /* another program: its arguments; copied. Else NULL */
};

/* `seat` and `stderr_fd` are the caller's to set before the start, the rest is set by it.
 * The socket is ours, and does not block. */
struct cdr_spawn_worker {
    unsigned seat;
    int stderr_fd; /* becomes its stderr, and stays open here; 0: it has ours */
    pid_t pid;     /* 0: there is none */
    int pidfd;     /* readable once it is dead */
    int socket;
};

struct cdr_spawn; /* all that is needed to start them */

/* Find out whether spawned workers can be had, and get ready to start them: what is not
 * possible is known from here on. CADRE_ENOTSUP: they cannot, and why. Reads the
 * environment, which no other thread may change meanwhile; the workers will have it as it
 * is now. */
int cdr_spawn_open(struct cdr_spawn **out, const struct cdr_spawn_plan *plan,
                   cadre_error *err);
void cdr_spawn_close(struct cdr_spawn *c); /* NULL is fine */

/* Start n workers, and wait until all are ready to serve, no longer than the deadline. On
 * failure none of them is left. */
int cdr_spawn_start(struct cdr_spawn *c, struct cdr_spawn_worker *workers, unsigned n,
                    cadre_error *err);

/* Kill what is left of the workers, wait until they are gone, and close what is ours. */
void cdr_spawn_end(struct cdr_spawn_worker *workers, unsigned n);

/* Whether this process is such a worker. */
bool cdr_is_spawned_worker(void);

/* In the program that a command starts, from its main: be the worker that it was started
 * as, of that seat, with the socket at CDR_SPAWN_SOCKET. CADRE_EINVAL: it was not started as
 * one. */
int cdr_spawn_arrive(unsigned *seat, cadre_error *err);

/* ---- between spawn.c, start.c and entry.c ---- */

#define CDR_SPAWN_ABOVE \
    10 /* our descriptors, so that the worker's do not lie on them */

struct cdr_spawn {
    struct cdr_code_id serve;
    char name[16];
    unsigned deadline_ms;
    int program, library; /* library: -1, or that from which libcadre is preloaded */
    struct cdr_env *env;
    char argument[256]; /* the program's argv[0] */
    char **command;     /* the same of another program, or NULL; from malloc */
};

#define CDR_SPAWN_VARIABLE "CADRE_WORKER" /* <descriptor>:<nonce, 16 hexadecimals> */
#define CDR_SPAWN_MAGIC    UINT64_C(0x6472616365726461)
#define CDR_SPAWN_PROTOCOL 2

/* A worker's descriptors before it has closed what it does not need. */
#define CDR_SPAWN_SOCKET  3
#define CDR_SPAWN_PROGRAM 4 /* unless it was started by a command */
#define CDR_SPAWN_LIBRARY 5 /* only if it is loaded from there */
#define CDR_SPAWN_END     6
#define CDR_SPAWN_PRELOAD "/proc/self/fd/5"

/* Both begin the same way in every version of cadre, so that each can refuse another. */
struct cdr_spawn_greeting { /* in the socket before the worker starts */
    uint64_t magic;
    uint32_t protocol, size;
    uint64_t nonce;
    int32_t parent;
    uint32_t seat;
    int32_t death_signal; /* when the parent, or the thread that started it, is gone */
    uint32_t by_command;  /* its main calls cadre_worker_main, and then it serves */
    char name[16];
    struct cdr_code_id serve; /* else it does so before main, by this function */
};

struct cdr_spawn_hello { /* the worker is ready, or says why not */
    uint64_t magic;
    uint32_t protocol, size;
    uint64_t nonce;
    int32_t pid;
    uint32_t seat;
    cadre_error error;
};

/* The environment of workers (env.c). */
struct cdr_env;

/* `threads`: see above; preload: the library is to be loaded from its descriptor. NULL:
 * no memory. */
struct cdr_env *cdr_env_make(unsigned threads, bool preload);
void cdr_env_free(struct cdr_env *s);

/* The environment for the worker with that nonce; until the next call. */
char **cdr_env_for(struct cdr_env *s, uint64_t nonce);

#endif
