/* bridge.h - from rank 0 to workers of other ranks, and back.
 * SPDX-License-Identifier: MIT
 *
 * A thread keeps a stream going whose tasks run on the ranks, and which lasts as long as the
 * bridge. Anybody may hand it a request and wait for what comes back. It never waits for
 * requests, so that what has come back is handed over whether there are any or not.
 */
#ifndef CDR_CLI_MAP_BRIDGE_H
#define CDR_CLI_MAP_BRIDGE_H

#include "cli/map/bytes.h"
#include "cli/base/failure.h"
#include <cadre/cadre.h>
#include <stdatomic.h>

struct cdr_bridge;

struct cdr_bridge_setting {
    cadre_fn *kernel; /* items are CADRE_BYTES, and what it emits comes back */
    cadre_begin *begin;
    cadre_end *end;
    const char *name;
    const void *shared;
    size_t shared_size;
    uint32_t grace_ms; /* what a task that is not wanted any more may take to end */
    unsigned most;     /* errands at a time */
    /* The ranks can be used no more; once, from the bridge's thread. */
    void (*broken)(void *arg);
    void *arg;
};

enum cdr_errand_end {
    CDR_ERRAND_DONE,
    CDR_ERRAND_FAILED, /* see error */
    CDR_ERRAND_STOPPED
};

/* A request that is under way: in the hands of who waits for it, until it is done. */
struct cdr_errand {
    struct cdr_buffer request;
    int wake; /* an eventfd that is written to when it is done */

    /* Of the bridge's. */
    uint64_t index;
    struct cdr_errand *next, *queued;
    atomic_bool done; /* released when what follows is set */
    enum cdr_errand_end end;
    char *answer; /* what the kernel emitted: yours to free */
    size_t answer_size;
    cadre_error error;
};

/* Closed by cdr_bridge_close whether it fails or not. What is shared is copied. */
int cdr_bridge_open(struct cdr_bridge **out, const struct cdr_bridge_setting *set,
                    struct cdr_failure *why);

/* Send it. The request and the wake are the caller's, and stay until it is done. */
void cdr_bridge_send(struct cdr_bridge *bridge, struct cdr_errand *errand);

/* End all that are under way, and all that come. From any thread, any number of times. */
void cdr_bridge_stop(struct cdr_bridge *bridge);

/* Nothing may be under way. What broke it is noted, unless there is a reason already. */
int cdr_bridge_close(struct cdr_bridge *bridge, struct cdr_failure *why);

#endif
