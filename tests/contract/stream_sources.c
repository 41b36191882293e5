/* stream_sources.c - sources that fail, and one that becomes slow.
 * SPDX-License-Identifier: MIT
 */
#include "contract.h"
#include "streams.h"

#include <unistd.h>

#define N 2000

static int keep(cadre_task *t, const void *item, void *result)
{
    (void)t;
    memcpy(result, item, sizeof(uint64_t));
    return 0;
}

static cadre_job numbers_from(cadre_source *source, void *arg)
{
    return (cadre_job){ .fn = keep,
                        .source = source,
                        .source_arg = arg,
                        .item_size = 8,
                        .result_size = 8 };
}

static void test_a_source_fails(void **state)
{
    for (int unordered = 0; unordered < 2; unordered++) {
        struct counter counter = { .end = N, .fail_at = 700 };
        cadre_job job = numbers_from(count_source, &counter);
        cadre_error err;

        job.unordered = unordered;
        assert_int_equal(count_until_end(*state, job, CADRE_ESOURCE, &err),
                         700); /* nothing before it is cut short */
        assert_string_equal(err.message, "item 700: no item number 700");
        assert_int_equal(err.user, 77);
        assert_int_equal(err.item, 700);
    }
}

static int wordless(void *arg, void *item, cadre_error *err)
{
    (void)arg;
    (void)item;
    (void)err;
    return -9;
}

static void test_a_source_fails_without_words(void **state)
{
    cadre_column column = { .source = wordless, .size = 8 };
    cadre_error err;

    assert_int_equal(
        count_until_end(*state,
                        (cadre_job){ .fn = keep, .source = wordless, .item_size = 8 },
                        CADRE_ESOURCE, &err),
        0);
    assert_string_equal(err.message, "item 0: the source returned -9");
    assert_int_equal(
        count_until_end(*state,
                        (cadre_job){ .fn = keep, .columns = &column, .n_columns = 1 },
                        CADRE_ESOURCE, &err),
        0);
}

/* Writes an error for each item that it gives, and none for the one that it does not. */
static int grumbles(void *arg, void *item, cadre_error *err)
{
    uint64_t *given = arg;

    assert_int_equal(err->code, CADRE_OK);
    assert_int_equal(err->message[0], '\0');
    if (*given == 700)
        return -9;
    memcpy(item, given, sizeof *given);
    ++*given;
    cadre_source_fail(err, 77, "given all the same");
    return CADRE_OK;
}

static void test_words_of_an_earlier_call_are_gone(void **state)
{
    uint64_t given = 0;
    cadre_error err;

    assert_int_equal(
        count_until_end(*state, numbers_from(grumbles, &given), CADRE_ESOURCE, &err),
        700);
    assert_string_equal(err.message, "item 700: the source returned -9");
    assert_int_equal(err.user, -9);
}

/* ---- a source that becomes slow ---- */

#define SLOW_US    2000
#define SLOW_ITEMS 100
#define MOST_HELD  40

/* In memory that workers share, if they can. */
struct tiring {
    _Atomic uint64_t run;       /* tasks that have run */
    uint64_t given, slow, held; /* held: calls in a row for which records had to wait */
    uint64_t taken, most_held;
    bool just_taken;
};

static int count_run(cadre_task *t, const void *item, void *result)
{
    struct tiring *tiring;

    memcpy(&tiring, item, sizeof tiring);
    if (contract_is_mapped())
        atomic_fetch_add(&tiring->run, 1);
    *(uint64_t *)result = cadre_task_index(t);
    return 0;
}

/* Quick at first, and slow from a call on for which the stream's caller had just taken a
 * record: so the stream expects many more of this one. */
static int tires(void *arg, void *item, cadre_error *err)
{
    struct tiring *tiring = arg;

    (void)err;
    if (tiring->slow == SLOW_ITEMS)
        return CADRE_DONE;
    if (tiring->slow > 0 || (tiring->given > N && tiring->just_taken)) {
        tiring->slow++;
        tiring->held = atomic_load(&tiring->run) > tiring->taken ? tiring->held + 1 : 0;
        if (tiring->held > tiring->most_held)
            tiring->most_held = tiring->held;
        usleep(SLOW_US);
    }
    tiring->just_taken = false;
    tiring->given++;
    memcpy(item, &tiring, sizeof tiring);
    return CADRE_OK;
}

/* Records that are there come before most of what the source takes long for. */
static void test_a_source_becomes_slow(void **state)
{
    struct tiring *tiring = shared_zeros(sizeof *tiring);
    cadre_stream *s = open_stream(*state, (cadre_job){ .fn = count_run,
                                                       .source = tires,
                                                       .source_arg = tiring,
                                                       .item_size = sizeof tiring,
                                                       .result_size = 8,
                                                       .unordered = true });
    cadre_record record;
    cadre_error err;
    int rc;

    while ((rc = cadre_stream_next(s, &record, &err)) == CADRE_OK) {
        tiring->taken++;
        tiring->held = 0;
        tiring->just_taken = true;
    }
    assert_int_equal(rc, CADRE_DONE);
    assert_int_equal(tiring->taken, tiring->given);
    assert_true(tiring->most_held < MOST_HELD);
    cadre_stream_close(s);
    cadre_free_shared(tiring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_source_fails),
        cmocka_unit_test(test_a_source_fails_without_words),
        cmocka_unit_test(test_words_of_an_earlier_call_are_gone),
        cmocka_unit_test(test_a_source_becomes_slow),
    };

    return contract_run(tests, sizeof tests / sizeof tests[0]);
}
