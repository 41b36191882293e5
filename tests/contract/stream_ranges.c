/* stream_ranges.c - sources that give several items a call.
 * SPDX-License-Identifier: MIT
 */
#include "contract.h"
#include "streams.h"

#define N 3000

/* 0, 1, 2, ... in ranges of ever other lengths. */
struct ranges {
    uint64_t next, end;
    uint64_t done_with; /* items given together with CADRE_DONE */
    uint64_t fail_at, calls;
    const uint64_t *taken; /* finished with: what was given beyond these ... */
    uint64_t window;       /* ... may be so much */
    bool exceeded, asked_for_none;
};

static int give_ranges(void *arg, void *items, uint64_t most, uint64_t *n,
                       cadre_error *err)
{
    struct ranges *r = arg;
    uint64_t wanted = 1 + r->calls++ * 7 % 13, left = r->end - r->next;
    uint64_t *to = items;

    r->asked_for_none |= most == 0;
    r->exceeded |= r->taken && r->next + most - *r->taken > r->window;
    wanted = wanted < most ? wanted : most;
    wanted = wanted < left ? wanted : left;
    for (*n = 0; *n < wanted; ++*n) {
        if (r->fail_at && r->next == r->fail_at)
            return cadre_source_fail(err, 78, "no item number %d", (int)r->next);
        to[*n] = r->next++;
    }
    return r->next == r->end && (wanted == 0 || wanted <= r->done_with) ? CADRE_DONE
                                                                        : CADRE_OK;
}

static int triple(cadre_task *t, const void *item, void *result)
{
    uint64_t x = *(const uint64_t *)item;

    if (x != cadre_task_index(t))
        return cadre_task_fail(t, 9, "item %d is %d", (int)cadre_task_index(t), (int)x);
    *(uint64_t *)result = 3 * x;
    return 0;
}

static cadre_job job_over(struct ranges *ranges, uint64_t window, bool unordered)
{
    return (cadre_job){ .fn = triple,
                        .range_source = give_ranges,
                        .source_arg = ranges,
                        .item_size = 8,
                        .result_size = 8,
                        .window = window,
                        .unordered = unordered };
}

static void test_every_item_once(void **state)
{
    for (int unordered = 0; unordered < 2; unordered++)
        for (uint64_t window = 0; window < 300; window = window * 5 + 1) {
            uint64_t taken = 0;
            struct ranges ranges = { .end = N, .done_with = window % 3 * 5 };
            cadre_stream *s = open_stream(*state, job_over(&ranges, window, unordered));
            bool seen[N] = { 0 };
            cadre_record r;
            cadre_error err;
            cadre_flow flow;
            int rc;

            cadre_stream_flow(s, &flow);
            ranges.taken = &taken;
            ranges.window = flow.window;
            while ((rc = cadre_stream_next(s, &r, &err)) == CADRE_OK) {
                assert_true(unordered || r.index == taken);
                assert_false(seen[r.index]);
                seen[r.index] = true;
                assert_int_equal(*(const uint64_t *)r.data, 3 * r.index);
                taken++;
            }
            assert_int_equal(rc, CADRE_DONE);
            assert_int_equal(taken, N);
            assert_false(ranges.exceeded);
            assert_false(ranges.asked_for_none);
            close_stream(s, 0);
        }
}

/* n bounds what is asked for. */
static void test_no_more_than_n(void **state)
{
    for (int unordered = 0; unordered < 2; unordered++) {
        struct ranges ranges = { .end = N };
        cadre_job job = job_over(&ranges, 0, unordered);
        cadre_error err;

        job.n = 1234;
        assert_int_equal(count_until_end(*state, job, CADRE_DONE, &err), 1234);
        assert_int_equal(ranges.next, 1234);
    }
}

static void test_items_before_a_failure(void **state)
{
    for (int unordered = 0; unordered < 2; unordered++) {
        struct ranges ranges = { .end = N, .fail_at = 701 };
        cadre_error err;

        assert_int_equal(count_until_end(*state, job_over(&ranges, 0, unordered),
                                         CADRE_ESOURCE, &err),
                         701);
        assert_int_equal(err.user, 78);
        assert_int_equal(err.item, 701);
        assert_string_equal(err.message, "item 701: no item number 701");
    }
}

/* ---- sources that count wrongly ---- */

static int gives_nothing(void *arg, void *items, uint64_t most, uint64_t *n,
                         cadre_error *err)
{
    (void)arg;
    (void)items;
    (void)most;
    (void)n;
    (void)err;
    return CADRE_OK;
}

static int gives_too_many(void *arg, void *items, uint64_t most, uint64_t *n,
                          cadre_error *err)
{
    gives_nothing(arg, items, most, n, err);
    *n = most + 1;
    return CADRE_OK;
}

static void test_wrong_counts(void **state)
{
    struct ranges ranges = { .end = N };
    cadre_job job = job_over(&ranges, 4, false);
    cadre_error err;

    job.range_source = gives_nothing;
    assert_int_equal(count_until_end(*state, job, CADRE_ESOURCE, &err), 0);
    assert_string_equal(
        err.message, "item 0: the range source returned CADRE_OK without an item; at "
                     "its end it returns CADRE_DONE");
    job.range_source = gives_too_many;
    assert_int_equal(count_until_end(*state, job, CADRE_ESOURCE, &err), 0);
    assert_string_equal(err.message, "item 0: the range source says it wrote 2 items "
                                     "where there was room for 1");
}

/* ---- what is refused ---- */

static void refuse(const struct contract *c, cadre_job job, const char *words)
{
    cadre_stream *s;
    cadre_error err;

    assert_int_equal(cadre_stream_open(&s, c->pool, &job, &err), CADRE_EINVAL);
    assert_non_null(strstr(err.message, words));
}

static int one(void *arg, void *item, cadre_error *err)
{
    (void)arg;
    (void)item;
    (void)err;
    return CADRE_DONE;
}

static void test_refused(void **state)
{
    const struct contract *c = *state;
    struct ranges ranges = { .end = N };
    cadre_job job = job_over(&ranges, 0, false);
    cadre_error err;

    job.source = one;
    refuse(c, job, "a job has a source or a range_source: only one");
    job = job_over(&ranges, 0, true);
    job.item_size = CADRE_BYTES;
    refuse(c, job, "for CADRE_BYTES, set source");
    job.item_size = 0;
    refuse(c, job, "range_source is set but item_size is 0");
    job = job_over(&ranges, 0, false);
    job.n = 10;
    assert_int_equal(cadre_map(c->pool, &job, &err), CADRE_EINVAL);
    assert_non_null(strstr(err.message, "range_source"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_item_once),
        cmocka_unit_test(test_no_more_than_n),
        cmocka_unit_test(test_items_before_a_failure),
        cmocka_unit_test(test_wrong_counts),
        cmocka_unit_test(test_refused),
    };

    return contract_run(tests, sizeof tests / sizeof tests[0]);
}
