/* stream_later.c - sources that have nothing yet: records come all the same.
 * SPDX-License-Identifier: MIT
 */
#include "contract.h"
#include "streams.h"
#include "watch.h"

#include <pthread.h>

#define N 200

/* 0, 1, 2, ... as far as another thread allows. */
struct later {
    uint64_t next;        /* the source's */
    uint64_t end;         /* there are so many in all */
    _Atomic int allowed;  /* the source may give what is below */
    _Atomic int taken;    /* records that the test has */
    _Atomic int told;     /* how often the source has said that there is nothing */
    uint64_t step;        /* at most so many are ahead of what is taken */
    cadre_stream *stream; /* whose source it is */
    bool stopped_waiting; /* records did not come in time */
};

static int give_one(void *arg, void *item, cadre_error *err)
{
    struct later *l = arg;

    (void)err;
    if (l->next == l->end)
        return CADRE_DONE;
    if (l->next == (uint64_t)atomic_load(&l->allowed)) {
        atomic_fetch_add(&l->told, 1);
        return CADRE_LATER;
    }
    *(uint64_t *)item = l->next++;
    return CADRE_OK;
}

static int give_some(void *arg, void *items, uint64_t most, uint64_t *n,
                     cadre_error *err)
{
    uint64_t *to = items;
    int rc = CADRE_OK;

    for (*n = 0; rc == CADRE_OK && *n < most; *n += rc == CADRE_OK)
        rc = give_one(arg, &to[*n], err);
    return rc;
}

static int give_bytes(void *arg, void *item, cadre_error *err)
{
    static uint64_t number;
    int rc = give_one(arg, &number, err);

    if (rc == CADRE_OK)
        *(cadre_bytes *)item = (cadre_bytes){ &number, sizeof number };
    return rc;
}

/* Allows each item only when the record of the one `step` before it has come, and the first
 * when the source has been asked for it. */
static void *allow(void *arg)
{
    struct later *l = arg;

    for (uint64_t i = 0; i < l->end && !l->stopped_waiting; i++) {
        if (i == 0 ? !reaches(&l->told, 1)
                   : i >= l->step && !reaches(&l->taken, (int)(i + 1 - l->step)))
            l->stopped_waiting = true; /* and the rest comes at once */
        atomic_store(&l->allowed, (int)(l->stopped_waiting ? l->end : i + 1));
        cadre_stream_wake(l->stream);
    }
    cadre_stream_wake(l->stream); /* that it has ended is news, too */
    return NULL;
}

static int triple(cadre_task *t, const void *item, void *result)
{
    (void)t;
    *(uint64_t *)result = 3 * *(const uint64_t *)item;
    return 0;
}

static int triple_bytes(cadre_task *t, const void *item, void *result)
{
    return triple(t, ((const cadre_bytes *)item)->data, result);
}

enum kind { ONE, SOME, BYTES, KINDS };

static cadre_job job_of(struct later *l, enum kind kind, bool unordered)
{
    return (cadre_job){ .fn = kind == BYTES ? triple_bytes : triple,
                        .source = kind == ONE     ? give_one
                                  : kind == BYTES ? give_bytes
                                                  : NULL,
                        .range_source = kind == SOME ? give_some : NULL,
                        .source_arg = l,
                        .item_size = kind == BYTES ? CADRE_BYTES : 8,
                        .result_size = 8,
                        .unordered = unordered };
}

static void take_all(struct later *l, cadre_stream *last)
{
    bool seen[N] = { 0 };
    pthread_t thread;
    cadre_record r;
    cadre_error err;
    int rc;

    assert_int_equal(pthread_create(&thread, NULL, allow, l), 0);
    while ((rc = cadre_stream_next(last, &r, &err)) == CADRE_OK) {
        assert_true(r.index < l->end && !seen[r.index]);
        seen[r.index] = true;
        atomic_fetch_add(&l->taken, 1);
    }
    pthread_join(thread, NULL);
    assert_int_equal(rc, CADRE_DONE);
    assert_int_equal(atomic_load(&l->taken), l->end);
    assert_false(l->stopped_waiting);
    assert_true(atomic_load(&l->told) > 0);
}

/* Were the source to wait for its items, none of these would end. */
static void test_records_come_before_the_next_item(void **state)
{
    for (int kind = 0; kind < KINDS; kind++)
        for (int unordered = 0; unordered < 2; unordered++)
            for (uint64_t step = 1; step < 8; step += 4) {
                struct later l = { .end = N, .step = step };

                l.stream = open_stream(*state, job_of(&l, kind, unordered));
                take_all(&l, l.stream);
                close_stream(l.stream, 0);
            }
}

static void test_in_the_last_of_a_chain_too(void **state)
{
    struct later l = { .end = N, .step = 1 };
    cadre_job second = {
        .fn = triple, .source = cadre_stream_source, .item_size = 8, .result_size = 8
    };
    cadre_stream *last;

    l.stream = open_stream(*state, job_of(&l, ONE, false));
    second.source_arg = l.stream;
    last = open_stream(*state, second);
    take_all(&l, last);
    close_stream(last, 0);
    close_stream(l.stream, 0);
}

/* What it has with its last words comes before the end, and a failure's code is no word. */
static int fail_later(void *arg, void *item, cadre_error *err)
{
    struct later *l = arg;

    (void)item;
    return l->next++ ? cadre_source_fail(err, CADRE_LATER, "no more") : CADRE_DONE;
}

static void test_is_no_failure(void **state)
{
    struct later l = { .next = 1 };
    cadre_error err;

    assert_int_equal(count_until_end(*state,
                                     (cadre_job){ .fn = triple,
                                                  .source = fail_later,
                                                  .source_arg = &l,
                                                  .item_size = 8,
                                                  .result_size = 8 },
                                     CADRE_ESOURCE, &err),
                     0);
    assert_int_equal(err.user, CADRE_ESOURCE);
    cadre_stream_wake(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records_come_before_the_next_item),
        cmocka_unit_test(test_in_the_last_of_a_chain_too),
        cmocka_unit_test(test_is_no_failure),
    };

    return contract_run(tests, 3);
}
