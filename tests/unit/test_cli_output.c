/* test_cli_output.c - digits that read back, digits that an error leaves, columns.
 * SPDX-License-Identifier: MIT
 */
#include "cli/base/width.h"
#include "cli/output/clash.h"
#include "cli/output/digits.h"

#include <cadre/random.h>
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void test_shortest(void **state)
{
    static const struct {
        double value;
        const char *text;
    } cases[] = {
        { 0.95, "0.95" },
        { 0.1, "0.1" },
        { 1, "1" },
        { 0, "0" },
        { 1.0 / 3, "0.3333333333333333" },
        { 5e-324, "5e-324" },
        { 1e-310, "1e-310" },
        { 1e22, "1e+22" },
        { DBL_MAX, "1.7976931348623157e+308" },
        { 0.1 + 0.2, "0.30000000000000004" },
    };
    char text[CDR_DIGITS_ROOM];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(cdr_digits_shortest(text, cases[i].value), cases[i].text);
}

/* Significant ones. */
static size_t digits(const char *text)
{
    size_t n = 0;

    for (text += strspn(text, "-0."); *text && *text != 'e'; text++)
        n += *text >= '0' && *text <= '9';
    return n;
}

/* Any double, from random bits. */
static void test_read_back(void **state)
{
    char text[CDR_DIGITS_ROOM], fewer[CDR_DIGITS_ROOM];
    cadre_seed seed;
    cadre_rng rng;

    (void)state;
    cadre_seed_init(&seed, 3);
    cadre_rng_init(&rng, &seed);
    for (int i = 0; i < 20000; i++) {
        uint64_t bits = cadre_rng_u64(&rng);
        double value;

        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value))
            continue;
        cdr_digits_shortest(text, value);
        assert_true(strtod(text, NULL) == value);
        snprintf(fewer, sizeof fewer, "%.16g", value);
        assert_true(strtod(fewer, NULL) != value || digits(text) <= 16);
    }
}

/* Two digits of the error show, or three of the value where there is no error. */
static void test_precision(void **state)
{
    static const struct {
        double error, size, value;
        const char *text;
    } cases[] = {
        { 0.0123, 0.9, 0.91234, "0.912" },
        { 0.00123, 0.9, 0.91234, "0.9123" },
        { 0.15, 0.7, 0.71, "0.710" },
        { 1.5, 654, 654.32, "654.3" },
        { 14, 654, 654.32, "654" },
        { 0, 0.5, 0.5, "0.500" },
        { 0, 654, 654, "654.00" },
        { NAN, 0.5, 0.5, "0.500" },
        { 1e-17, 1, 1, "1.000" },
        { 1e-17, 1, 1e-17, "1.000e-17" },
        { 1e-9, 0.5, 0.5, "0.5000000000" },
        { 1.2e-12, 1e-11, 1.2345e-11, "1.23e-11" },
        { 1.2e-12, 1e-11, 1.2e-12, "1.2e-12" },
        { 1.2e-12, 1e-11, 0, "0" },
        { 1e-300, 1e-299, -1.26e-299, "-1.26e-299" },
        { 1.5e12, 1e13, 1.2345e13, "1.23e+13" },
        { 0, 3e-14, 3e-14, "3.000e-14" },
        { 0, 0.5, 0.0004, "4.000e-04" },
        { 0, 1, 0, "0.000" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cdr_precision p = cdr_precision_of(cases[i].error, cases[i].size);
        char text[CDR_DIGITS_ROOM];

        assert_string_equal(cdr_precision_write(text, cases[i].value, &p),
                            cases[i].text);
    }
}

static void test_width(void **state)
{
    static const struct {
        const char *text;
        size_t width;
    } cases[] = {
        { "", 0 },
        { "plain", 5 },
        { "\u00e9t\u00e9", 3 },
        { "e\u0301te\u0301", 3 },
        { "\u6e29\u5ea6", 4 },
        { "\ud55c\uae00", 4 },
        { "\u1112\u1161\u11ab", 2 }, /* the same put together */
        { "\uff21", 2 },             /* full width */
        { "\uff71", 1 },             /* half width */
        { "\u05e9\u05c1\u05b8", 1 }, /* Hebrew points */
        { "\u0e01\u0e34\u0e19", 2 }, /* Thai */
        { "\U0001f600", 2 },
        { "\u2764", 1 },
        { "\u2764\ufe0f", 2 },               /* as an emoji */
        { "\U0001f44d\U0001f3fd", 2 },       /* with a skin tone */
        { "\U0001f469\u200d\U0001f52c", 2 }, /* joined */
        { "\U0001f1e8\U0001f1ed", 2 },       /* a flag */
        { "\u200b", 0 },
        { "\U00020000", 2 },
        { "\U0010ffff", 1 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (cdr_width(cases[i].text) != cases[i].width)
            fail_msg("case %zu is %zu wide, not %zu", i, cdr_width(cases[i].text),
                     cases[i].width);
}

static int clash(const char *input, const char *output, const char *plot,
                 struct cdr_failure *why)
{
    const struct cdr_clash_file files[] = { { "the input", input, -1, false },
                                            { "other rows", input, -1, false },
                                            { "the output", output, -1, true },
                                            { "the plot (--plot)", plot, -1, true } };

    return cdr_clash_check(files, sizeof files / sizeof files[0], why);
}

static void test_clash(void **state)
{
    struct cdr_failure why = { 0 };

    (void)state;
    assert_int_equal(clash("/dev/null", "/dev/null", "/dev/null", &why), 0);
    assert_int_equal(clash("in.csv", "a.svg", "b.svg", &why), 0);
    assert_int_equal(clash("in.csv", "new", "./new", &why), CDR_EXIT_USAGE);
    assert_int_equal(clash("/absent/x", "/absent/x", NULL, &why), 0);
    assert_non_null(strstr(why.text, "--plot"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shortest),  cmocka_unit_test(test_read_back),
        cmocka_unit_test(test_precision), cmocka_unit_test(test_width),
        cmocka_unit_test(test_clash),
    };

    return cmocka_run_group_tests_name("cli_output", tests, NULL, NULL);
}
