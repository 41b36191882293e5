/* stream_sources.c - sources that fail.
 * SPDX-License-Identifier: MIT
 */
#include "contract.h"
#include "streams.h"

#define N 2000

static int keep(cadre_task *t, const void *item, void *result)
{
    (void)t;
    memcpy(result, item, sizeof(uint64_t));
    return 0;
}

static void test_a_source_fails(void **state)
{
    for (int unordered = 0; unordered < 2; unordered++) {
        struct counter counter = { .end = N, .fail_at = 700 };
        cadre_error err;

        assert_int_equal(count_until_end(*state,
                                         (cadre_job){ .fn = keep,
                                                      .source = count_source,
                                                      .source_arg = &counter,
                                                      .item_size = 8,
                                                      .result_size = 8,
                                                      .unordered = unordered },
                                         CADRE_ESOURCE, &err),
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

    assert_int_equal(count_until_end(*state,
                                     (cadre_job){ .fn = keep,
                                                  .source = grumbles,
                                                  .source_arg = &given,
                                                  .item_size = 8,
                                                  .result_size = 8 },
                                     CADRE_ESOURCE, &err),
                     700);
    assert_string_equal(err.message, "item 700: the source returned -9");
    assert_int_equal(err.user, -9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_source_fails),
        cmocka_unit_test(test_a_source_fails_without_words),
        cmocka_unit_test(test_words_of_an_earlier_call_are_gone),
    };

    return contract_run(tests, sizeof tests / sizeof tests[0]);
}
