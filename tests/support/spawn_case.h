/* spawn_case.h - workers for the tests of the clean start: what they do, and asking them.
 * SPDX-License-Identifier: MIT
 */
#ifndef CLEAN_CASE_H
#define CLEAN_CASE_H

#include "backends/spawn/spawn.h"
#include "backends/spawn/message.h"

#include <stdint.h>

enum {
    PING,       /* pid, seat */
    CALL,       /* the kernel of that name, with the value */
    READ,       /* a variable of the environment */
    TITLE,      /* the worker's name for ps and top */
    COUNT_OPEN, /* how many descriptors it has */
    INPUT,      /* what it can read from stdin: bytes */
    FILL,       /* write the value to the memory whose descriptor is enclosed */
    NEST,       /* try to have spawned workers: the code */
    SLEEP,      /* answer, then sleep for ever */
    DIE,        /* by the signal `value` */
    SHOUT,      /* write the text to stderr */
};

struct message {
    int32_t kind, seat, pid, parent;
    int64_t value;
    struct cdr_code_id kernel;
    char text[320];
};

typedef int64_t clean_kernel(int64_t value);

/* The serve loop. */
void clean_serve(int socket, unsigned seat);

/* Send the message and wait for its answer, which takes its place. 0 or an errno value. */
int clean_ask(const struct cdr_spawn_worker *w, struct message *l, int fd);

unsigned clean_count_open(void);

#endif
