/* test_read.c - numbers, and texts that are shown.
 * SPDX-License-Identifier: MIT
 */
#include "machine/read.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void test_numbers(void **state)
{
    static const struct {
        const char *text;
        uint64_t max, number;
        bool good;
    } cases[] = {
        { "0", 0, 0, true },
        { "1", 0, 0, false },
        { "7", 5, 0, false },
        { "5", 5, 5, true },
        { "10", 9, 0, false },
        { "007", 7, 7, true },
        { "18446744073709551615", UINT64_MAX, UINT64_MAX, true },
        { "18446744073709551616", UINT64_MAX, 0, false },
        { "18446744073709551620", UINT64_MAX, 0, false },
        { "4294967295", UINT32_MAX, UINT32_MAX, true },
        { "4294967296", UINT32_MAX, 0, false },
        { "", 9, 0, false },
        { "-1", 9, 0, false },
        { "+1", 9, 0, false },
        { " 1", 9, 0, false },
        { "1 ", 9, 0, false },
        { "0x1", 9, 0, false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t n = 42;

        assert_true(cdr_parse_number(&n, cases[i].text, cases[i].max) == cases[i].good);
        if (cases[i].good)
            assert_true(n == cases[i].number);
    }
}

static void test_a_number_moves_the_text_on(void **state)
{
    const char *text = "12,x", *c = text;
    uint64_t n;

    (void)state;
    assert_true(cdr_take_number(&n, &c, 99));
    assert_int_equal(n, 12);
    assert_ptr_equal(c, text + 2);
    assert_false(cdr_take_number(&n, &c, 99));
    assert_ptr_equal(c, text + 2);
    c = text;
    assert_false(cdr_take_number(&n, &c, 11));
    assert_ptr_equal(c, text);
}

static void test_shown_texts(void **state)
{
    char out[16];

    (void)state;
    assert_string_equal(cdr_show(out, sizeof out, ""), "");
    assert_string_equal(cdr_show(out, sizeof out, "a\tb\033\177"), "a?b??");
    assert_string_equal(cdr_show(out, sizeof out, "123456789012345"),
                        "123456789012345");
    assert_string_equal(cdr_show(out, sizeof out, "1234567890123456"),
                        "123456...123456");
    assert_string_equal(cdr_show(out, 8, "1234567890123456"), "12...56");
}

/* Of a character in UTF-8 all bytes are shown, or none. */
static void test_characters_are_not_cut(void **state)
{
    char out[16];

    (void)state;
    assert_string_equal(cdr_show(out, sizeof out,
                                 "12345\xe2\x82\xac-------\xe2\x82\xac"
                                 "12345"),
                        "12345...12345");
    memset(out, 0, sizeof out);
    assert_string_equal(cdr_show(out, sizeof out,
                                 "\x80\x80\x80\x80\x80\x80\x80\x80\x80"
                                 "\x80\x80\x80\x80\x80\x80\x80\x80"),
                        "...");
}

/* Zero bytes are bytes as others, and what lies behind the end is not looked at. */
static void test_shown_bytes(void **state)
{
    static const char zeros[20] = "a\0b";
    char out[16], *exact = malloc(16);

    (void)state;
    assert_non_null(exact);
    assert_string_equal(cdr_show_bytes(out, sizeof out, "a\0b\n", 4), "a?b?");
    assert_string_equal(cdr_show_bytes(out, sizeof out, zeros, 20), "a?b???...??????");
    assert_string_equal(cdr_show_bytes(out, sizeof out, zeros, 0), "");
    memset(exact, '\x80', 16); /* a sanitizer sees who reads on */
    assert_string_equal(cdr_show_bytes(out, sizeof out, exact, 16), "...");
    free(exact);
}

static void test_sizes(void **state)
{
    static const struct {
        uint64_t bytes;
        const char *text;
    } cases[] = {
        { 0, "0 B" },
        { 1023, "1023 B" },
        { 1024, "1.0 KiB" },
        { 1535, "1.4 KiB" },
        { 1536, "1.5 KiB" },
        { 1048575, "1023.9 KiB" },
        { 1048576, "1.0 MiB" },
        { UINT64_C(8589934592), "8.0 GiB" },
        { UINT64_C(1) << 40, "1.0 TiB" },
        { UINT64_MAX, "15.9 EiB" },
    };
    char out[CDR_SHOWN_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(cdr_show_size(out, cases[i].bytes), cases[i].text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_a_number_moves_the_text_on),
        cmocka_unit_test(test_shown_texts),
        cmocka_unit_test(test_characters_are_not_cut),
        cmocka_unit_test(test_shown_bytes),
        cmocka_unit_test(test_sizes),
    };

    return cmocka_run_group_tests_name("read", tests, NULL, NULL);
}
