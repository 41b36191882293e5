/* check_map.c - run a map or a reduction of a case, and compare it with the loop.
 * SPDX-License-Identifier: MIT
 */
#include "case.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static _Thread_local unsigned char wanted[BYTES_MAX + 8192],
    wanted_emitted[3 * BYTES_MAX];

static bool message_is(const cadre_error *err, const struct outcome *o, uint64_t item)
{
    bool whole = o->code == CADRE_EKERNEL || o->code == CADRE_ESOURCE;
    char expected[200];

    snprintf(expected, sizeof expected, "%sitem %" PRIu64 ": %s",
             o->code == CADRE_ESOURCE ? "" : "fuzz: ", item, o->text);
    return whole ? !strcmp(err->message, expected)
                 : !strncmp(err->message, expected, strlen(expected));
}

bool error_is(struct verdict *v, const cadre_error *err, int rc,
              const struct outcome *o, uint64_t item)
{
    if (rc == o->code && err->code == rc && err->item == item && err->user == o->user &&
        err->signal == o->signal && err->status == o->status &&
        message_is(err, o, item))
        return true;
    wrong(v,
          "rc %d, error %d item %" PRIu64 " user %d signal %d status %d \"%s\"; "
          "expected %d item %" PRIu64 " user %d signal %d status %d \"%s\"",
          rc, err->code, err->item, err->user, err->signal, err->status, err->message,
          o->code, item, o->user, o->signal, o->status, o->text);
    return false;
}

/* ---- maps ---- */

static bool is_there(struct verdict *v, struct material *m, uint64_t i)
{
    const struct fuzz_case *c = m->c;
    size_t emitted = loop_task(c, NULL, i, wanted, wanted_emitted);

    if (m->results &&
        memcmp((char *)m->results + i * c->result_size, wanted, c->result_size))
        return !wrong(v, "the result of item %" PRIu64 " is wrong", i);
    if (m->emitted &&
        (m->emitted[i].size != emitted ||
         (emitted && memcmp(m->emitted[i].data, wanted_emitted, emitted))))
        return !wrong(v, "item %" PRIu64 " emitted %zu bytes; expected %zu, or others",
                      i, m->emitted[i].size, emitted);
    return true;
}

static void check_task(struct verdict *v, struct material *m, uint64_t i, int status,
                       int expected)
{
    if (status != expected)
        wrong(v, "the status of item %" PRIu64 " is %d; expected %d", i, status,
              expected);
    else if (status == CADRE_OK)
        is_there(v, m, i);
    else if (m->emitted && (m->emitted[i].size || m->emitted[i].data))
        wrong(v, "item %" PRIu64 " has status %d, and %zu emitted bytes", i, status,
              m->emitted[i].size);
}

/* What the status of item i has to be in a run that nobody ended. */
static int status_of(const struct fuzz_case *c, uint64_t i, uint64_t lowest)
{
    return i > lowest && !c->keep_going ? CADRE_ECANCELLED
                                        : outcome_of(c, NULL, i).code;
}

static void check_tasks(struct verdict *v, struct material *m, uint64_t lowest)
{
    const struct fuzz_case *c = m->c;

    for (uint64_t i = 0; i < c->n && !*v->text; i++) {
        int expected = status_of(c, i, lowest);
        check_task(v, m, i, m->statuses ? m->statuses[i] : expected, expected);
    }
}

static bool is_end_of(const struct fuzz_case *c, int rc, const cadre_error *err)
{
    int code = c->ending == CANCELLED ? CADRE_ECANCELLED : CADRE_ETIMEOUT;

    return c->ending != RUNS_OUT && rc == code && err->item == CADRE_NO_ITEM;
}

static void check_ended(struct verdict *v, struct material *m, int rc,
                        const cadre_error *err)
{
    const struct fuzz_case *c = m->c;
    int missing = c->ending == STRUCK ? CADRE_ECRASH : CADRE_ECANCELLED;
    struct outcome o = { 0 };

    if (c->ending == STRUCK && rc == CADRE_ECRASH)
        o.code = rc;
    else if (rc && !is_end_of(c, rc, err)) {
        o = outcome_of(c, NULL, err->item);
        error_is(v, err, rc, &o, err->item);
    }
    for (uint64_t i = 0; i < c->n && !*v->text; i++) {
        int expected = outcome_of(c, NULL, i).code, status = m->statuses[i];
        bool may_be_missing = rc && !(rc == o.code && i < err->item);
        if (status == missing && may_be_missing)
            expected = status;
        check_task(v, m, i, status, expected);
    }
}

static void check_progress(struct verdict *v, const struct material *m, int rc)
{
    if (m->went_back)
        wrong(v, "progress went back");
    if (!rc && m->c->progress && m->c->n && m->reported != m->c->n)
        wrong(v, "progress ended at %" PRIu64, m->reported);
}

void check_map(struct verdict *v, struct fuzz_case *c, cadre_pool *pool)
{
    uint64_t lowest = loop_lowest(c, NULL, c->n);
    struct canceller *k = NULL;
    struct outcome o = { 0 };
    struct material m;
    cadre_error err;
    cadre_job job;
    int rc;

    memset(&err, 0x55, sizeof err);
    material_make(&m, c, &job);
    if (c->ending == CANCELLED)
        k = canceller_begin(c->common, pool, NULL);
    rc = cadre_map(pool, &job, &err);
    if (k)
        canceller_end(k);
    if (lowest < c->n)
        o = outcome_of(c, NULL, lowest);
    if (c->ending != RUNS_OUT)
        check_ended(v, &m, rc, &err);
    else if (o.code ? error_is(v, &err, rc, &o, lowest)
                    : !rc || !wrong(v, "rc %d: %s", rc, err.message))
        check_tasks(v, &m, lowest);
    check_progress(v, &m, rc);
    material_free(&m);
}

/* ---- reductions ---- */

struct partial {
    bool any;
    unsigned char *bytes;
};

/* As cadre_reduce(3) says: blocks from left to right, then pairs of neighbours. */
static bool loop_reduce(const struct fuzz_case *c, void *out)
{
    uint64_t grain = (c->n + 1023) / 1024, blocks = (c->n + grain - 1) / grain;
    unsigned char *all = malloc(blocks * c->result_size);
    bool *any = calloc(blocks, sizeof *any), some;

    for (uint64_t i = 0; i < c->n; i++) {
        unsigned char *into = all + i / grain * c->result_size;
        if (outcome_of(c, NULL, i).code)
            continue;
        loop_task(c, NULL, i, wanted, wanted_emitted);
        if (any[i / grain])
            combined(c->fails_one_in ? 0 : i, into, wanted, c->result_size);
        else
            memcpy(into, wanted, c->result_size);
        any[i / grain] = true;
    }
    for (uint64_t step = 1; step < blocks; step *= 2)
        for (uint64_t left = 0; left + step < blocks; left += 2 * step) {
            unsigned char *into = all + left * c->result_size;
            unsigned char *from = into + step * c->result_size;
            if (any[left] && any[left + step])
                combined(c->fails_one_in ? 0 : (left + step) * grain, into, from,
                         c->result_size);
            else if (any[left + step])
                memcpy(into, from, c->result_size);
            any[left] |= any[left + step];
        }
    some = blocks && any[0];
    if (some)
        memcpy(out, all, c->result_size);
    free(all);
    free(any);
    return some;
}

static void check_reduced(struct verdict *v, struct material *m, int rc,
                          const cadre_error *err)
{
    const struct fuzz_case *c = m->c;
    uint64_t lowest = loop_lowest(c, NULL, c->n);
    struct outcome o = { 0 };

    if (lowest < c->n)
        o = outcome_of(c, NULL, lowest);
    if (c->combine_fails_at != UINT64_MAX) {
        o = (struct outcome){ CADRE_EKERNEL, 77, 0, 0, "will not be combined" };
        lowest = c->combine_fails_at;
    }
    if (is_end_of(c, rc, err))
        return;
    if (c->ending != RUNS_OUT && rc && rc != CADRE_EKERNEL) {
        o = outcome_of(c, NULL, err->item);
        lowest = err->item;
    }
    if (o.code ? !error_is(v, err, rc, &o, lowest)
               : rc && wrong(v, "rc %d: %s", rc, err->message))
        return;
    if (c->ending == RUNS_OUT && c->combine_fails_at == UINT64_MAX && m->statuses)
        for (uint64_t i = 0; i < c->n && !*v->text; i++)
            if (m->statuses[i] != status_of(c, i, lowest))
                wrong(v, "the status of item %" PRIu64 " is %d; expected %d", i,
                      m->statuses[i], status_of(c, i, lowest));
}

void check_reduction(struct verdict *v, struct fuzz_case *c, cadre_pool *pool)
{
    static _Thread_local unsigned char out[BYTES_MAX + 8192],
        expected[BYTES_MAX + 8192];
    struct canceller *k = NULL;
    struct material m;
    cadre_error err;
    cadre_job job;
    bool ended;
    int rc;

    memset(&err, 0x55, sizeof err);
    memset(out, 0x33, c->result_size);
    memset(expected, 0x33, c->result_size);
    material_make(&m, c, &job);
    if (c->ending == CANCELLED)
        k = canceller_begin(c->common, pool, NULL);
    rc = cadre_reduce(pool, &job, fuzz_combine, out, &err);
    if (k)
        canceller_end(k);
    check_reduced(v, &m, rc, &err);
    ended = is_end_of(c, rc, &err) || (rc && !c->keep_going) ||
            c->combine_fails_at != UINT64_MAX;
    if (!ended && c->n)
        loop_reduce(c, expected);
    if (!*v->text && memcmp(out, expected, c->result_size))
        wrong(v, "rc %d, and the result is %s", rc, ended ? "touched" : "wrong");
    check_progress(v, &m, rc);
    material_free(&m);
}
