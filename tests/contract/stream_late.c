/* stream_late.c - in any order: items that take long are passed by, for many laps.
 * SPDX-License-Identifier: MIT
 */
#include "contract.h"
#include "streams.h"

#include <string.h>

#define N 300

/* One in seventeen takes as long as some hundred others, and so does one of the first. */
static void take_time(uint64_t x)
{
    for (uint64_t k = 0; k < (x == 2 ? 100 : x % 17 == 0 ? 10 : 0); k++)
        jitter(x + k);
}

static size_t size_of(uint64_t x)
{
    return 1 + x * 7919 % 700;
}

static int uneven(cadre_task *t, const void *item, void *result)
{
    uint64_t x = *(const uint64_t *)item;

    take_time(x);
    if (x % 29 == 5)
        return cadre_task_fail(t, 3, "not %d", (int)x);
    *(uint64_t *)result = 3 * x + 1;
    return 0;
}

static int uneven_bytes(cadre_task *t, const void *item, void *result)
{
    uint64_t x = *(const uint64_t *)item;
    char bytes[700];

    (void)result;
    take_time(x);
    if (x % 29 == 5)
        return cadre_task_fail(t, 3, "not %d", (int)x);
    memset(bytes, (int)(x & 0xFF), sizeof bytes);
    return cadre_task_emit(t, bytes, size_of(x));
}

static int give_some(void *arg, void *items, uint64_t most, uint64_t *n,
                     cadre_error *err)
{
    struct counter *c = arg;
    uint64_t *to = items;

    (void)err;
    for (*n = 0; *n < most && *n < 5 && c->next < c->end; ++*n)
        to[*n] = c->next++;
    return *n > 0 ? CADRE_OK : CADRE_DONE;
}

enum { ARRAY, SOURCE, RANGES, SORTS };

static void read_from(cadre_job *job, int sort, struct counter *counter,
                      const uint64_t *x)
{
    if (sort == ARRAY) {
        job->items = x;
        job->n = N;
        return;
    }
    job->source_arg = counter;
    if (sort == SOURCE)
        job->source = count_source;
    else
        job->range_source = give_some;
}

static void check_record(const cadre_job *job, const cadre_record *r)
{
    if (r->index % 29 == 5) {
        char text[20];
        snprintf(text, sizeof text, "not %d", (int)r->index);
        assert_non_null(r->error);
        assert_non_null(strstr(r->error->message, text));
        return;
    }
    assert_null(r->error);
    if (job->result_size) {
        assert_int_equal(*(const uint64_t *)r->data, 3 * r->index + 1);
        return;
    }
    assert_int_equal(r->size, size_of(r->index));
    for (uint64_t i = 0; i < r->size; i++)
        assert_int_equal(((const unsigned char *)r->data)[i], r->index & 0xFF);
}

/* Each record comes once, and is its item's. */
static void check_all(const struct contract *c, const cadre_job *job)
{
    cadre_stream *s = open_stream(c, *job);
    bool taken[N] = { false };
    cadre_record r;
    uint64_t n = 0;

    for (; cadre_stream_next(s, &r, NULL) == CADRE_OK; n++) {
        assert_in_range(r.index, 0, N - 1);
        assert_false(taken[r.index]);
        taken[r.index] = true;
        check_record(job, &r);
    }
    assert_int_equal(n, N);
    close_stream(s, job->memory_limit);
}

static void check_sorts(const struct contract *c, cadre_job job)
{
    static const uint64_t windows[] = { 2, 3, 8, 0 };
    uint64_t x[N];

    for (uint64_t i = 0; i < N; i++)
        x[i] = i;
    for (int w = 0; w < 4; w++)
        for (int sort = 0; sort < SORTS; sort++) {
            struct counter counter = { .end = N };
            cadre_job over = job;

            over.window = windows[w];
            read_from(&over, sort, &counter, x);
            check_all(c, &over);
        }
}

static void test_results(void **state)
{
    check_sorts(*state, (cadre_job){ .fn = uneven,
                                     .item_size = 8,
                                     .result_size = 8,
                                     .unordered = true,
                                     .on_error = CADRE_KEEP_GOING });
}

/* What workers emit lies in their arenas, each of which is emptied in the order it was filled:
 * there is so little room that one is full again and again. */
static void test_bytes(void **state)
{
    check_sorts(*state, (cadre_job){ .fn = uneven_bytes,
                                     .item_size = 8,
                                     .unordered = true,
                                     .memory_limit = 32 << 10,
                                     .on_error = CADRE_KEEP_GOING });
}

/* The failure comes after every record below it, though some of those are late. */
static void test_the_first_failure(void **state)
{
    const struct contract *c = *state;

    for (uint64_t window = 2; window < 20; window += 4) {
        struct counter counter = { .end = N };
        cadre_job job = { .fn = uneven,
                          .source = count_source,
                          .source_arg = &counter,
                          .item_size = 8,
                          .result_size = 8,
                          .window = window,
                          .unordered = true };
        cadre_stream *s = open_stream(c, job);
        bool taken[N] = { false };
        cadre_record r;
        cadre_error err;
        int rc;

        while ((rc = cadre_stream_next(s, &r, &err)) == CADRE_OK)
            taken[r.index] = true;
        assert_int_equal(rc, CADRE_EKERNEL);
        assert_int_equal(err.item, 5);
        for (uint64_t i = 0; i < N; i++)
            assert_true(i < 5 ? taken[i] : i > 5 || !taken[i]);
        cadre_stream_close(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_results),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_the_first_failure),
    };

    return contract_run(tests, sizeof tests / sizeof tests[0]);
}
