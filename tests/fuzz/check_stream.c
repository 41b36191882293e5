/* check_stream.c - run a stream of a case, and compare its records with the loop.
 * SPDX-License-Identifier: MIT
 */
#include "case.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct walk {
    struct fuzz_case *c, *first;
    cadre_stream *s, *before; /* before: the stage that s has its items from */
    uint64_t end;             /* items below this come, unless one fails */
    struct outcome last;      /* what the source does then; OK: nothing is left */
    uint64_t lowest;          /* the item that ends it: end, or where to stop */
    unsigned char *seen;
    uint64_t records;
};

/* Where the source ends, and how. */
static uint64_t end_of_source(const struct fuzz_case *c, const struct fuzz_case *first,
                              struct outcome *o)
{
    uint64_t end = c->n;

    *o = (struct outcome){ 0 };
    if (c->source_fails_at <= c->n) {
        end = c->source_fails_at;
        *o = (struct outcome){ CADRE_ESOURCE, 55, 0, 0, "the source is dry" };
    }
    if (c->input == CHAIN) {
        end = end_of_source(first, NULL, o);
        if (!first->keep_going) {
            uint64_t lowest = loop_lowest(first, NULL, end);
            if (lowest < end)
                *o = outcome_of(first, NULL, lowest);
            end = lowest;
        }
    }
    return end;
}

/* ---- records ---- */

static bool data_is(struct verdict *v, const struct walk *w, const cadre_record *r)
{
    static _Thread_local unsigned char result[BYTES_MAX + 8192], emitted[3 * BYTES_MAX];
    size_t size = loop_task(w->c, w->first, r->index, result, emitted);
    const unsigned char *data = emitted;

    if (w->c->result_size) {
        size = w->c->result_size;
        data = result;
    }
    if (r->size == size && !r->data == !size && (!size || !memcmp(r->data, data, size)))
        return true;
    return !wrong(v, "record %" PRIu64 " has %zu bytes; expected %zu, or others",
                  r->index, r->size, size);
}

static bool record_is(struct verdict *v, struct walk *w, const cadre_record *r)
{
    struct outcome o;

    if (!w->c->unordered && r->index != w->records)
        return !wrong(v, "record %" PRIu64 " comes as number %" PRIu64, r->index,
                      w->records);
    if (w->c->endless && r->index >= w->end)
        return true; /* who is to end it has not had the CPU yet */
    if (r->index >= w->end || w->seen[r->index]++)
        return !wrong(v, "record %" PRIu64 " of %" PRIu64 " comes, or comes again",
                      r->index, w->end);
    o = outcome_of(w->c, w->first, r->index);
    if (w->c->ending == STRUCK && r->error && r->error->code == CADRE_ECRASH)
        return true;
    if (!o.code)
        return r->error
                   ? !wrong(v, "record %" PRIu64 ": %s", r->index, r->error->message)
                   : data_is(v, w, r);
    if (!w->c->keep_going || !r->error || r->data || r->size)
        return !wrong(v, "record %" PRIu64 " ought to have failed with %d", r->index,
                      o.code);
    return error_is(v, r->error, r->error->code, &o, r->index);
}

/* ---- the end ---- */

static void check_end(struct verdict *v, struct walk *w, int rc, const cadre_error *err)
{
    struct outcome o = w->last;
    uint64_t lowest = w->c->keep_going ? w->end : w->lowest;

    if (lowest < w->end)
        o = outcome_of(w->c, w->first, lowest);
    if (!o.code ? rc != CADRE_DONE : !error_is(v, err, rc, &o, lowest)) {
        wrong(v, "rc %d (%s) after %" PRIu64 " of %" PRIu64 " records", rc,
              err->message, w->records, w->end);
        return;
    }
    for (uint64_t i = 0; i < lowest; i++)
        if (!w->seen[i])
            wrong(v, "record %" PRIu64 " is missing", i);
}

/* Somebody ended it, or it had come to its end by itself. */
static void check_ended(struct verdict *v, struct walk *w, int rc,
                        const cadre_error *err)
{
    enum ending how = w->c->ending;

    if (how == STOPPED && rc == CADRE_DONE)
        return;
    if (how == CANCELLED && rc == CADRE_ECANCELLED && err->item == CADRE_NO_ITEM)
        return;
    if (how == PAST_DEADLINE && rc == CADRE_ETIMEOUT && err->item == CADRE_NO_ITEM)
        return;
    check_end(v, w, rc, err);
}

static void check_again(struct verdict *v, struct walk *w, int rc,
                        const cadre_error *err)
{
    cadre_error again;
    cadre_record r;
    int rc_again;

    memset(&again, 0x77, sizeof again);
    rc_again = cadre_stream_next(w->s, &r, &again);
    if (rc_again != rc || (rc < 0 && strcmp(again.message, err->message)))
        wrong(v, "rc %d (%s), and then %d (%s)", rc, err->message, rc_again,
              again.message);
}

static void check_flow(struct verdict *v, const struct walk *w)
{
    cadre_flow f;

    cadre_stream_flow(w->s, &f);
    if (f.most_items > f.window || (w->c->window && f.window != w->c->window))
        wrong(v, "%" PRIu64 " items held, the window is %" PRIu64, f.most_items,
              f.window);
    if (f.most_bytes > f.memory_limit && f.memory_limit > 16384)
        wrong(v, "%" PRIu64 " bytes held, the limit is %" PRIu64, f.most_bytes,
              f.memory_limit);
    if (f.taken != w->records || f.fed < f.taken)
        wrong(v, "fed %" PRIu64 ", taken %" PRIu64 " of %" PRIu64, f.fed, f.taken,
              w->records);
}

/* ---- running ---- */

static void take_all(struct verdict *v, struct walk *w)
{
    bool by_thread = w->c->ending == STOPPED && w->c->seed % 2;
    bool by_us = w->c->ending == CLOSED || (w->c->ending == STOPPED && !by_thread);
    cadre_error err;
    cadre_record r;
    int rc = CADRE_OK;

    memset(&err, 0x55, sizeof err);
    while (!*v->text) {
        if (by_us && w->records == w->c->end_at) {
            if (w->c->ending == CLOSED)
                return;
            cadre_stream_stop(w->s);
            if (!cadre_stream_stopped(w->s))
                wrong(v, "stopped, and says it is not");
        }
        rc = cadre_stream_next(w->s, &r, &err);
        if (rc || !record_is(v, w, &r))
            break;
        w->records++;
    }
    if (*v->text)
        return;
    if (w->c->ending == RUNS_OUT || w->c->ending == STRUCK)
        check_end(v, w, rc, &err);
    else
        check_ended(v, w, rc, &err);
    check_again(v, w, rc, &err);
    check_flow(v, w);
}

static bool open_first(struct verdict *v, struct walk *w, struct material *m,
                       cadre_job *job, cadre_pool *pool)
{
    cadre_error err;
    cadre_job first;

    material_make(m, w->first, &first);
    if (cadre_stream_open(&w->before, pool, &first, &err))
        return !wrong(v, "cadre_stream_open, first stage: %s", err.message);
    job->source = cadre_stream_source;
    job->source_arg = w->before;
    job->item_size = w->c->item_size ? w->c->item_size : CADRE_BYTES;
    return true;
}

static void run(struct verdict *v, struct walk *w, const cadre_job *job,
                cadre_pool *pool)
{
    bool by_thread = w->c->ending == STOPPED && w->c->seed % 2;
    struct canceller *k = NULL;
    cadre_error err;

    if (cadre_stream_open(&w->s, pool, job, &err)) {
        if (w->c->ending == PAST_DEADLINE && err.code == CADRE_ETIMEOUT)
            return; /* it passed before anything was ready */
        wrong(v, "cadre_stream_open: %s", err.message);
        return;
    }
    if (by_thread || w->c->ending == CANCELLED)
        k = canceller_begin(w->c->common, pool, by_thread ? w->s : NULL);
    take_all(v, w);
    if (k)
        canceller_end(k);
    cadre_stream_close(w->s);
}

void check_stream(struct verdict *v, struct fuzz_case *c, struct fuzz_case *first,
                  cadre_pool *pool)
{
    struct walk w = { .c = c, .first = first };
    struct material m, m_first = { 0 };
    cadre_job job;

    w.end = end_of_source(c, first, &w.last);
    w.lowest = loop_lowest(c, first, w.end);
    w.seen = calloc(w.end + 1, 1);
    material_make(&m, c, &job);
    if (c->input != CHAIN || open_first(v, &w, &m_first, &job, pool))
        run(v, &w, &job, pool);
    cadre_stream_close(w.before);
    if (m_first.c)
        material_free(&m_first);
    material_free(&m);
    free(w.seen);
}
