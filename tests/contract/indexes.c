/* indexes.c - tasks whose index is not their position: a job that was begun is gone on with.
 * SPDX-License-Identifier: MIT
 *
 * Of a job of FULL tasks some are finished. The rest, run by itself under its own indexes,
 * gives what the full job gave there: results, random numbers, messages, errors.
 */
#include "contract.h"

#include <cadre/stream.h>
#include <signal.h>

#define FULL   900
#define KNOWN  600 /* from here on no task is finished */
#define VICTIM 401

/* Each item is its index, so that kernels can tell when the two do not belong together. */
static uint64_t indexes[FULL], items[FULL];
static uint64_t n_indexes, n;

static bool is_finished(uint64_t index)
{
    return index < KNOWN && index != VICTIM && index * 2654435761u % 7 < 4;
}

static int choose(void **state)
{
    n = n_indexes = 0;
    for (uint64_t i = 0; i < FULL; i++) {
        if (is_finished(i))
            continue;
        items[n++] = i;
        if (i <= KNOWN) /* the last of them, KNOWN, says where the others go on */
            indexes[n_indexes++] = i;
    }
    return contract_open(state);
}

static uint64_t expected(uint64_t index)
{
    cadre_seed root, seed;
    cadre_rng rng;

    cadre_seed_init(&root, 5);
    seed = cadre_seed_child(&root, index);
    cadre_rng_init(&rng, &seed);
    return index * 1000003 ^ cadre_rng_u64(&rng);
}

static int draw(cadre_task *t, const void *item, void *result)
{
    uint64_t index = *(const uint64_t *)item;

    if (cadre_task_index(t) != index)
        return cadre_task_fail(t, 99, "this is task %d", (int)cadre_task_index(t));
    jitter(index);
    *(uint64_t *)result = index * 1000003 ^ cadre_rng_u64(cadre_task_rng(t));
    return 0;
}

static cadre_job job_of(uint64_t *results)
{
    return (cadre_job){ .fn = draw,
                        .n = n,
                        .items = items,
                        .item_size = sizeof *items,
                        .indexes = indexes,
                        .n_indexes = n_indexes,
                        .results = results,
                        .result_size = sizeof *results,
                        .seed = 5 };
}

static void check_results(const uint64_t *y, uint64_t end)
{
    for (uint64_t k = 0; k < end; k++)
        assert_int_equal(y[k], expected(items[k]));
}

/* ---- maps ---- */

static void test_map(void **state)
{
    uint64_t y[FULL] = { 0 };

    map_ok(*state, job_of(y));
    check_results(y, n);
}

/* Ranges never go over a gap: items are neighbours by their indexes. */
static int draws(cadre_task *t, uint64_t first, uint64_t count, const void *in,
                 void *out)
{
    const uint64_t *x = in;
    uint64_t *y = out;

    for (uint64_t i = 0; i < count; i++)
        if (x[i] != first + i || cadre_task_at(t, first + i) || draw(t, &x[i], &y[i]))
            return 1;
    return 0;
}

static void test_range_map(void **state)
{
    uint64_t y[FULL] = { 0 };
    cadre_job job = job_of(y);

    job.fn = NULL;
    job.range_fn = draws;
    map_ok(*state, job);
    check_results(y, n);
}

static int draw_argument(cadre_task *t, const void *item, void *result)
{
    return draw(t, &CADRE_ARG(item, 0, uint64_t), result);
}

static void test_columns(void **state)
{
    uint64_t y[FULL] = { 0 };
    cadre_column column = { .data = items, .size = sizeof *items, .n = n };
    cadre_job job = job_of(y);

    job.fn = draw_argument;
    job.items = NULL;
    job.n = 0;
    job.columns = &column;
    job.n_columns = 1;
    map_ok(*state, job);
    check_results(y, n);
}

static int emit_it(cadre_task *t, const void *item, void *result)
{
    uint64_t y;
    int rc = draw(t, item, &y);

    (void)result;
    return rc ? rc : cadre_task_emit(t, &y, sizeof y);
}

static void test_emitted(void **state)
{
    cadre_bytes bytes[FULL];
    cadre_job job = job_of(NULL);

    job.fn = emit_it;
    job.emitted = bytes;
    map_ok(*state, job);
    for (uint64_t k = 0; k < n; k++) {
        uint64_t wanted = expected(items[k]);
        assert_int_equal(bytes[k].size, sizeof wanted);
        assert_memory_equal(bytes[k].data, &wanted, sizeof wanted);
    }
    cadre_bytes_free(bytes, n);
}

static int mix(cadre_task *t, void *into, const void *from)
{
    (void)t;
    *(uint64_t *)into = *(uint64_t *)into * 31 + *(const uint64_t *)from;
    return 0;
}

static void test_reduce(void **state)
{
    struct contract alone = { 0 };
    uint64_t here = 0, there = 0;
    cadre_job job = job_of(NULL);

    reduce_ok(&alone, job, mix, &here);
    reduce_ok(*state, job, mix, &there);
    assert_int_equal(here, there);
}

/* ---- failures ---- */

static int draw_to_victim(cadre_task *t, const void *item, void *result)
{
    int rc = draw(t, item, result);

    return rc ? rc : cadre_task_index(t) >= VICTIM ? 7 : 0;
}

static uint64_t position_of(uint64_t index)
{
    uint64_t k = 0;

    while (items[k] != index)
        k++;
    return k;
}

static void test_the_error_names_the_index(void **state)
{
    uint64_t y[FULL] = { 0 }, at = position_of(VICTIM);
    int statuses[FULL];
    cadre_job job = job_of(y);
    cadre_error err;

    job.fn = draw_to_victim;
    job.statuses = statuses;
    map_fails(*state, job, CADRE_EKERNEL, &err);
    assert_int_equal(err.item, VICTIM);
    assert_string_equal(err.message, "item 401: the kernel returned 7");
    check_results(y, at);
    for (uint64_t k = 0; k < n; k++)
        assert_int_equal(statuses[k], k < at    ? CADRE_OK
                                      : k == at ? CADRE_EKERNEL
                                                : CADRE_ECANCELLED);
}

static int fall_sometimes(cadre_task *t, const void *item, void *result)
{
    int rc = draw(t, item, result);

    if (cadre_task_index(t) % 100 == 1)
        return cadre_task_fail(t, 3, "%d fell", (int)cadre_task_index(t));
    return rc;
}

static void test_keep_going(void **state)
{
    uint64_t y[FULL] = { 0 };
    int statuses[FULL];
    cadre_job job = job_of(y);
    cadre_error err;
    uint64_t first = 0;

    while (items[first] % 100 != 1)
        first++;
    job.fn = fall_sometimes;
    job.statuses = statuses;
    job.on_error = CADRE_KEEP_GOING;
    map_fails(*state, job, CADRE_EKERNEL, &err);
    assert_int_equal(err.item, items[first]);
    for (uint64_t k = 0; k < n; k++)
        assert_int_equal(statuses[k], items[k] % 100 == 1 ? CADRE_EKERNEL : CADRE_OK);
}

static int die_at_victim(cadre_task *t, const void *item, void *result)
{
    if (cadre_task_index(t) == VICTIM)
        raise(SIGKILL);
    return draw(t, item, result);
}

static void test_a_death_costs_its_index(void **state)
{
    uint64_t y[FULL] = { 0 };
    int statuses[FULL];
    cadre_job job = job_of(y);
    cadre_error err;

    job.fn = die_at_victim;
    job.statuses = statuses;
    job.on_error = CADRE_KEEP_GOING;
    map_fails(*state, job, CADRE_ECRASH, &err);
    assert_int_equal(err.item, VICTIM);
    assert_non_null(strstr(err.message, "item 401: worker"));
    for (uint64_t k = 0; k < n; k++) {
        assert_int_equal(statuses[k], items[k] == VICTIM ? CADRE_ECRASH : CADRE_OK);
        assert_true(items[k] == VICTIM || y[k] == expected(items[k]));
    }
}

/* ---- streams ---- */

static void check_stream(const struct contract *c, cadre_job job, bool emits)
{
    bool seen[FULL] = { false };
    uint64_t records = 0;
    cadre_stream *s;
    cadre_record r;
    cadre_error err;
    int rc;

    job.results = NULL;
    job.chunk = c->chunk;
    job.result_size = emits ? 0 : sizeof(uint64_t);
    if (cadre_stream_open(&s, c->pool, &job, &err))
        fail_msg("%s", err.message);
    while ((rc = cadre_stream_next(s, &r, &err)) == CADRE_OK) {
        uint64_t wanted = expected(r.index);
        assert_true(r.index < FULL && !seen[r.index]);
        assert_true(job.unordered || r.index == items[records]);
        assert_int_equal(r.size, sizeof wanted);
        assert_memory_equal(r.data, &wanted, sizeof wanted);
        seen[r.index] = true;
        records++;
    }
    if (rc != CADRE_DONE)
        fail_msg("%s", err.message);
    assert_int_equal(records, n);
    cadre_stream_close(s);
}

static int give_item(void *arg, void *item, cadre_error *err)
{
    uint64_t *next = arg;

    (void)err;
    if (*next == n)
        return CADRE_DONE;
    *(uint64_t *)item = items[(*next)++];
    return CADRE_OK;
}

static void test_streams(void **state)
{
    for (int unordered = 0; unordered < 2; unordered++) {
        uint64_t next = 0;
        cadre_job job = job_of(NULL);
        job.unordered = unordered;
        check_stream(*state, job, false);
        job.fn = emit_it;
        check_stream(*state, job, true);
        job.items = NULL;
        job.n = 0; /* the source alone knows */
        job.source = give_item;
        job.source_arg = &next;
        check_stream(*state, job, true);
    }
}

static int give_and_fail(void *arg, void *item, cadre_error *err)
{
    uint64_t *next = arg;

    if (items[*next] == VICTIM)
        return cadre_source_fail(err, 31, "no more of it");
    return give_item(arg, item, err);
}

static void check_end(const struct contract *c, cadre_job job, int code,
                      const char *message)
{
    cadre_stream *s;
    cadre_record r;
    cadre_error err;
    int rc;

    job.results = NULL;
    assert_int_equal(cadre_stream_open(&s, c->pool, &job, &err), CADRE_OK);
    while ((rc = cadre_stream_next(s, &r, &err)) == CADRE_OK)
        assert_true(r.index < VICTIM);
    assert_int_equal(rc, code);
    assert_int_equal(err.item, VICTIM);
    assert_string_equal(err.message, message);
    cadre_stream_close(s);
}

static void test_streams_end_at_the_index(void **state)
{
    for (int unordered = 0; unordered < 2; unordered++) {
        uint64_t next = 0;
        cadre_job job = job_of(NULL);
        job.unordered = unordered;
        job.fn = draw_to_victim;
        check_end(*state, job, CADRE_EKERNEL, "item 401: the kernel returned 7");
        job.fn = draw;
        job.items = NULL;
        job.source = give_and_fail;
        job.source_arg = &next;
        check_end(*state, job, CADRE_ESOURCE, "item 401: no more of it");
    }
}

/* ---- refused ---- */

static void refused(const struct contract *c, cadre_job job, const char *message)
{
    cadre_error err;

    assert_int_equal(cadre_map(c->pool, &job, &err), CADRE_EINVAL);
    assert_string_equal(err.message, message);
}

static void test_refused(void **state)
{
    static const uint64_t twice[] = { 3, 3 }, beyond[] = { CADRE_NO_ITEM - 1 };
    uint64_t y[2];
    cadre_job job = { .fn = draw, .n = 2, .results = y, .result_size = sizeof *y };

    job.indexes = twice;
    refused(*state, job, "indexes is set but n_indexes is 0");
    job.n_indexes = 3;
    refused(*state, job, "n_indexes is 3, but there are 2 tasks");
    job.n_indexes = 2;
    refused(*state, job, "indexes[1] is 3, but the one before it is 3: they must grow");
    job.indexes = beyond;
    job.n_indexes = 1;
    refused(*state, job,
            "indexes[0] is 18446744073709551614: at most 18446673704965373951");
    job.indexes = NULL;
    refused(*state, job, "n_indexes is set but indexes is NULL");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_map),
        cmocka_unit_test(test_range_map),
        cmocka_unit_test(test_columns),
        cmocka_unit_test(test_emitted),
        cmocka_unit_test(test_reduce),
        cmocka_unit_test(test_the_error_names_the_index),
        cmocka_unit_test(test_keep_going),
        cmocka_unit_test(test_streams),
        cmocka_unit_test(test_streams_end_at_the_index),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_a_death_costs_its_index), /* processes alone */
    };
    bool remote = contract_isolates();

    return _cmocka_run_group_tests("tests", tests,
                                   sizeof tests / sizeof tests[0] - !remote, choose,
                                   contract_close);
}
