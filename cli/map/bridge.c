/* bridge.c - from rank 0 to workers of other ranks, and back.
 * SPDX-License-Identifier: MIT
 *
 * Errands wait in a queue, which is the source of the stream: it says that there is none yet,
 * and is woken for the next. The indexes of the stream's records are the errands', as both
 * number them in the order in which they come.
 */
#include "cli/map/bridge.h"
#include "cli/base/thread.h"

#include <cadre/stream.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct cdr_bridge {
    struct cdr_bridge_setting set;
    char *shared;
    cadre_pool *pool;
    pthread_t thread;
    bool has_thread;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    cadre_stream *stream; /* while it may be woken or stopped; or NULL */
    bool ready, closing, ended, stopped;
    cadre_error error;             /* what broke it; code 0: nothing did */
    uint64_t sent;                 /* errands so far */
    struct cdr_errand *first;      /* the queue */
    struct cdr_errand **last;      /* where the next one goes */
    struct cdr_errand **under_way; /* queued or on a rank: n_places lists, by index */
    size_t n_places;
};

/* ---- errands ---- */

static struct cdr_errand **place_of(struct cdr_bridge *b, uint64_t index)
{
    struct cdr_errand **at = &b->under_way[index % b->n_places];

    while (*at && (*at)->index != index)
        at = &(*at)->next;
    return at;
}

/* From here on it is not ours any more. */
static void finish(struct cdr_errand *e, enum cdr_errand_end end)
{
    uint64_t one = 1;
    int wake = e->wake;

    e->end = end;
    atomic_store_explicit(&e->done, true, memory_order_release);
    if (write(wake, &one, sizeof one) < 0)
        return; /* it was woken before, and has not looked yet */
}

static struct cdr_errand *take(struct cdr_bridge *b, uint64_t index)
{
    struct cdr_errand **at, *e;

    pthread_mutex_lock(&b->lock);
    at = place_of(b, index);
    e = *at;
    if (e)
        *at = e->next;
    pthread_mutex_unlock(&b->lock);
    return e;
}

static void hand_over(struct cdr_bridge *b, const cadre_record *r)
{
    struct cdr_errand *e = take(b, r->index);

    if (!e)
        return;
    if (r->error) {
        e->error = *r->error;
        finish(e, CDR_ERRAND_FAILED);
        return;
    }
    e->answer = malloc(r->size > 0 ? r->size : 1);
    if (!e->answer) {
        e->error = (cadre_error){ .code = CADRE_ENOMEM, .message = "out of memory" };
        finish(e, CDR_ERRAND_FAILED);
        return;
    }
    if (r->size > 0)
        memcpy(e->answer, r->data, r->size);
    e->answer_size = r->size;
    finish(e, CDR_ERRAND_DONE);
}

/* Nothing comes back any more. */
static void finish_rest(struct cdr_bridge *b)
{
    struct cdr_errand *e;

    pthread_mutex_lock(&b->lock);
    b->ended = true;
    for (size_t i = 0; i < b->n_places; i++)
        while ((e = b->under_way[i])) {
            b->under_way[i] = e->next;
            e->error = b->error;
            finish(e, b->error.code ? CDR_ERRAND_FAILED : CDR_ERRAND_STOPPED);
        }
    pthread_mutex_unlock(&b->lock);
}

/* Under the lock. */
static void enlist(struct cdr_bridge *b, struct cdr_errand *e)
{
    struct cdr_errand **first;

    e->index = b->sent++;
    first = &b->under_way[e->index % b->n_places];
    e->next = *first;
    *first = e;
    e->queued = NULL;
    *b->last = e;
    b->last = &e->queued;
    cadre_stream_wake(b->stream);
}

void cdr_bridge_send(struct cdr_bridge *b, struct cdr_errand *e)
{
    bool ended;

    atomic_store_explicit(&e->done, false, memory_order_relaxed);
    e->answer = NULL;
    pthread_mutex_lock(&b->lock);
    ended = b->ended;
    if (ended)
        e->error = b->error;
    else
        enlist(b, e);
    pthread_mutex_unlock(&b->lock);
    if (ended)
        finish(e, e->error.code ? CDR_ERRAND_FAILED : CDR_ERRAND_STOPPED);
}

/* The stream's source: never waits. An errand that was given is in the hands of who waits for
 * it, and may be gone with its answer. */
static int next_request(void *arg, void *item, cadre_error *err)
{
    struct cdr_bridge *b = arg;
    int rc = CADRE_OK;

    (void)err;
    pthread_mutex_lock(&b->lock);
    if (b->first) {
        const struct cdr_buffer *request = &b->first->request;

        *(cadre_bytes *)item =
            (cadre_bytes){ .data = request->data, .size = request->size };
        b->first = b->first->queued;
        if (!b->first)
            b->last = &b->first;
    } else {
        rc = b->closing ? CADRE_DONE : CADRE_LATER;
    }
    pthread_mutex_unlock(&b->lock);
    return rc;
}

void cdr_bridge_stop(struct cdr_bridge *b)
{
    pthread_mutex_lock(&b->lock);
    b->stopped = true;
    cadre_stream_stop(b->stream);
    pthread_mutex_unlock(&b->lock);
}

/* ---- the stream, in a thread of its own ---- */

/* With a limit, of 49 days, processes tell of each task as it begins: so they pay for the
 * death of one at once, where a task would be run again to find out whether it was that. */
static int open_stream(struct cdr_bridge *b, cadre_stream **out, cadre_error *err)
{
    cadre_job job = { .fn = b->set.kernel,
                      .name = b->set.name,
                      .item_size = CADRE_BYTES,
                      .shared = b->shared,
                      .shared_size = b->set.shared_size,
                      .worker_begin = b->set.begin,
                      .worker_end = b->set.end,
                      .chunk = 1,
                      .prefetch = 1,
                      .on_error = CADRE_KEEP_GOING,
                      .timeout_ms = UINT32_MAX,
                      .grace_ms = b->set.grace_ms,
                      .source = next_request,
                      .source_arg = b,
                      .window = b->set.most,
                      .unordered = true,
                      .caller_waits = true };

    return cadre_stream_open(out, b->pool, &job, err);
}

/* For who opens the bridge; or it is too late, and `stream` is NULL. */
static void tell(struct cdr_bridge *b, cadre_stream *stream, const cadre_error *err)
{
    pthread_mutex_lock(&b->lock);
    b->stream = stream;
    b->ready = true;
    if (err && !b->stopped)
        b->error = *err;
    pthread_cond_signal(&b->changed);
    pthread_mutex_unlock(&b->lock);
}

static void *run(void *arg)
{
    struct cdr_bridge *b = arg;
    cadre_stream *stream = NULL;
    cadre_record record;
    cadre_error err;
    int rc = open_stream(b, &stream, &err);
    bool opened = !rc;

    if (opened)
        tell(b, stream, NULL);
    while (!rc && (rc = cadre_stream_next(stream, &record, &err)) == CADRE_OK)
        hand_over(b, &record);
    tell(b, NULL, rc == CADRE_DONE ? NULL : &err);
    cadre_stream_close(stream); /* waits for what runs to end */
    finish_rest(b);
    if (opened && b->error.code)
        b->set.broken(b->set.arg);
    return NULL;
}

/* ---- open and close ---- */

static int open_pool(struct cdr_bridge *b, struct cdr_failure *why)
{
    cadre_options options = { .backend = "mpi",
                              .ignore_environment = true,
                              .name = b->set.name };
    cadre_error err;
    int rc = cadre_open(&b->pool, &options, &err);

    return rc ? cdr_fails_in_library(why, NULL, &err) : 0;
}

static int start(struct cdr_bridge *b, struct cdr_failure *why)
{
    int failed = cdr_thread_start(&b->thread, run, b);
    cadre_error err;

    if (failed)
        return cdr_fails(why, CDR_EXIT_FAILED, "there is no thread for the ranks: %s",
                         strerror(failed));
    b->has_thread = true;
    pthread_mutex_lock(&b->lock);
    while (!b->ready)
        pthread_cond_wait(&b->changed, &b->lock);
    err = b->error;
    pthread_mutex_unlock(&b->lock);
    return err.code ? cdr_fails_in_library(why, NULL, &err) : 0;
}

int cdr_bridge_open(struct cdr_bridge **out, const struct cdr_bridge_setting *set,
                    struct cdr_failure *why)
{
    struct cdr_bridge *b = calloc(1, sizeof *b);

    *out = b;
    if (!b)
        return cdr_fails_memory(why);
    b->set = *set;
    b->last = &b->first;
    b->n_places = set->most;
    b->under_way = calloc(b->n_places, sizeof *b->under_way);
    b->shared = malloc(set->shared_size);
    if (!b->under_way || !b->shared || pthread_mutex_init(&b->lock, NULL) != 0 ||
        pthread_cond_init(&b->changed, NULL) != 0)
        return cdr_fails_memory(why);
    memcpy(b->shared, set->shared, set->shared_size);
    if (open_pool(b, why) || start(b, why))
        return why->code;
    return 0;
}

static void end_requests(struct cdr_bridge *b)
{
    pthread_mutex_lock(&b->lock);
    b->closing = true;
    cadre_stream_wake(b->stream);
    pthread_mutex_unlock(&b->lock);
}

int cdr_bridge_close(struct cdr_bridge *b, struct cdr_failure *why)
{
    int rc = 0;

    if (!b)
        return 0;
    if (b->has_thread) {
        end_requests(b);
        pthread_join(b->thread, NULL);
    }
    if (b->has_thread && b->error.code && !why->text[0])
        rc = cdr_fails_in_library(why, NULL, &b->error);
    cadre_close(b->pool);
    pthread_mutex_destroy(&b->lock);
    pthread_cond_destroy(&b->changed);
    free(b->under_way);
    free(b->shared);
    free(b);
    return rc;
}
