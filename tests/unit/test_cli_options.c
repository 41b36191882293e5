/* test_cli_options.c - the option parser of the program, and its suggestions.
 * SPDX-License-Identifier: MIT
 */
#include "cli/commands/command.h"
#include "cli/base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

struct inner {
    uint64_t count;
    double real, share;
    bool has_count;
};

struct settings {
    bool flag;
    const char *text, *operand;
    struct cdr_texts list;
    int word, workers;
    char sign;
    struct inner inner;
};

#define AT(field) offsetof(struct settings, field)

static const struct cdr_option first[] = {
    { .kind = CDR_OPERAND, .name = "file", .value = "FILE", .offset = AT(operand) },
    { .kind = CDR_FLAG, .letter = 'q', .name = "flag", .offset = AT(flag) },
    { .kind = CDR_TEXT,
      .letter = 't',
      .name = "text",
      .value = "T",
      .offset = AT(text) },
    { .kind = CDR_LIST,
      .letter = 'l',
      .name = "list",
      .value = "L",
      .offset = AT(list),
      .initial = "one" },
    { .kind = CDR_WORD,
      .name = "word",
      .value = "red|green|blue",
      .offset = AT(word),
      .initial = "green" },
    { .kind = CDR_SIGN, .name = "sign", .value = "C", .offset = AT(sign) },
    { .kind = CDR_WORKERS, .name = "workers", .value = "W", .offset = AT(workers) },
    { .kind = CDR_END },
};

static const struct cdr_option second[] = {
    { .kind = CDR_COUNT,
      .letter = 'n',
      .name = "count",
      .value = "N",
      .offset = offsetof(struct inner, count),
      .initial = "7",
      .noted = offsetof(struct inner, has_count),
      .least = 2 },
    { .kind = CDR_REAL,
      .name = "real",
      .value = "R",
      .offset = offsetof(struct inner, real) },
    { .kind = CDR_SHARE,
      .name = "share",
      .value = "S",
      .offset = offsetof(struct inner, share) },
    { .kind = CDR_END },
};

static const struct cdr_group groups[] = {
    { "First", first, 0 },
    { "Second", second, AT(inner) },
    { .title = NULL },
};

static const struct cdr_command command = { .name = "try", .groups = groups };

static int parse(struct settings *s, struct cdr_failure *why, const char *const *argv)
{
    *s = (struct settings){ 0 };
    *why = (struct cdr_failure){ 0 };
    return cdr_options_parse(s, &command, argv, why);
}

#define PARSE(s, why, ...) parse(s, why, (const char *const[]){ __VA_ARGS__, NULL })

static void test_initial_values(void **state)
{
    struct cdr_failure why;
    struct settings s;

    (void)state;
    assert_int_equal(PARSE(&s, &why, "file"), 0);
    assert_string_equal(s.operand, "file");
    assert_null(s.text);
    assert_int_equal(s.word, 1);
    assert_int_equal(s.inner.count, 7);
    assert_int_equal(s.list.n, 1);
    assert_string_equal(s.list.at[0], "one");
    cdr_options_free(&s, &command);
    assert_int_equal(s.list.n, 0);
}

static void test_all_forms(void **state)
{
    struct cdr_failure why;
    struct settings s;

    (void)state;
    assert_int_equal(PARSE(&s, &why, "-ql", "a", "--list", "b", "--list=", "-t-x",
                           "--text=--y", "--word=blue", "-n0x10", "--real", "-1e3",
                           "--share", "0.5", "--workers", "-2", "--", "--flag"),
                     0);
    assert_true(s.flag);
    assert_int_equal(s.list.n, 3);
    assert_string_equal(s.list.at[1], "b");
    assert_string_equal(s.list.at[2], "");
    assert_string_equal(s.text, "--y");
    assert_int_equal(s.word, 2);
    assert_int_equal(s.inner.count, 16);
    assert_true(s.inner.real == -1000 && s.inner.share == 0.5);
    assert_int_equal(s.workers, -2);
    assert_string_equal(s.operand, "--flag");
    cdr_options_free(&s, &command);
}

static void test_wrong(void **state)
{
    static const struct {
        const char *argv[4], *says;
    } wrong[] = {
        { { "--flags" }, "did you mean --flag?" },
        { { "--text" }, "--text needs a value" },
        { { "--text", "--flag" }, "--text=--flag" },
        { { "-n1" }, "from 2 to" },
        { { "-n", "-3" }, "\"-3\"" },
        { { "-n", "18446744073709551616" }, "--count is" },
        { { "-n", "0x" }, "--count is" },
        { { "-n", "" }, "--count is" },
        { { "-n", "1.5" }, "--count is" },
        { { "-n", "1e-1" }, "--count is" },
        { { "-n", "2e19" }, "--count is" },
        { { "-n", "1__0" }, "--count is" },
        { { "--sign", "ab" }, "one character" },
        { { "--sign", "" }, "one character" },
        { { "--sign", "\"" }, "one character" },
        { { "--real", "nan" }, "expected a number" },
        { { "--real", " 1" }, "expected a number" },
        { { "--real", "1e999" }, "expected a number" },
        { { "--share", "1" }, "between 0 and 1" },
        { { "--share", "0" }, "between 0 and 1" },
        { { "--word", "gren" }, "did you mean green?" },
        { { "--word", "yellow" }, "red, green and blue" },
        { { "--word", "" }, "red, green and blue" },
        { { "--workers", "0" }, "use \"all\"" },
        { { "--workers", "-0" }, "use \"all\"" },
        { { "--workers", "99999999999" }, "auto, all, N or -N" },
        { { "--flag=1" }, "takes no value" },
        { { "-qz" }, "no option \"-qz\"" },
        { { "a", "b" }, "\"b\" is one argument too many" },
    };
    struct cdr_failure why;
    struct settings s;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(parse(&s, &why, wrong[i].argv), CDR_EXIT_USAGE);
        assert_int_equal(why.code, CDR_EXIT_USAGE);
        if (!strstr(why.text, wrong[i].says))
            fail_msg("\"%s\" does not say: %s", why.text, wrong[i].says);
        cdr_options_free(&s, &command);
    }
    assert_int_equal(PARSE(&s, &why, "--bad", "--help"), CDR_EXIT_USAGE);
    assert_int_equal(PARSE(&s, &why, "-h", "--bad"), CDR_WANTS_HELP);
}

static void test_counts(void **state)
{
    static const struct {
        const char *text;
        uint64_t value;
    } counts[] = {
        { "0", 0 },
        { "1e6", 1000000 },
        { "1E+6", 1000000 },
        { "2.5e3", 2500 },
        { "1000.0", 1000 },
        { "1_000_000", 1000000 },
        { "0e99", 0 },
        { "0xffFF", 65535 },
        { "18446744073709551615", UINT64_MAX },
        { "1.8446744073709551615e19", UINT64_MAX },
    };
    static const char *const none[] = { "",
                                        "e3",
                                        "1e",
                                        "1e+",
                                        "1e1.5",
                                        "1.",
                                        ".5",
                                        "1.5",
                                        "1e-1",
                                        "1_",
                                        "_1",
                                        "1e20",
                                        "-1",
                                        "+1",
                                        "0x",
                                        "0x1_0",
                                        "1 ",
                                        "1e_3",
                                        "1e4294967296000000000000" };
    uint64_t value;

    (void)state;
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        if (!cdr_parse_count(&value, counts[i].text))
            fail_msg("\"%s\" is none", counts[i].text);
        assert_int_equal(value, counts[i].value);
    }
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        if (cdr_parse_count(&value, none[i]))
            fail_msg("\"%s\" is %llu", none[i], (unsigned long long)value);
}

/* What was given is noted, what has its initial value is not. */
static void test_noted(void **state)
{
    struct cdr_failure why;
    struct settings s;

    (void)state;
    assert_int_equal(PARSE(&s, &why, "--sign", "tab"), 0);
    assert_int_equal(s.sign, '\t');
    assert_false(s.inner.has_count);
    cdr_options_free(&s, &command);
    assert_int_equal(PARSE(&s, &why, "-n7", "--sign=;"), 0);
    assert_int_equal(s.sign, ';');
    assert_true(s.inner.has_count);
    cdr_options_free(&s, &command);
}

static void test_nearest(void **state)
{
    static const char *const names[] = { "mean_radius", "mean_texture", "Age", "x",
                                         "" };
    static const struct {
        const char *text, *near;
    } cases[] = {
        { "mean_raduis", "mean_radius" },
        { "mean_tex", "mean_texture" },
        { "age", "Age" },
        { "AGE", "Age" },
        { "X", "x" },
        { "y", NULL },
        { "", NULL },
        { "probability", NULL },
        { "ag", "Age" },
        { "mean", "mean_radius" },
        { "MEAN_RADIUS", "mean_radius" },
        { "Mean_Raduis", "mean_radius" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *near = cdr_nearest(cases[i].text, names, 5);

        if (cases[i].near)
            assert_string_equal(near, cases[i].near);
        else
            assert_null(near);
    }
}

static void assert_text(char *got, const char *wanted)
{
    assert_string_equal(got, wanted);
    free(got);
}

static void test_printable(void **state)
{
    char shown[CDR_SHOWN], list[60];
    char most[400];

    (void)state;
    assert_text(cdr_printable("plain \xc3\xa9\xe2\x82\xac\xf0\x9f\x8c\x8d"),
                "plain \xc3\xa9\xe2\x82\xac\xf0\x9f\x8c\x8d");
    assert_text(cdr_printable("a\nb\tc\x1b[0m\x7f"), "a\\nb\\tc\\x1b[0m\\x7f");
    /* Overlong, cut off, a surrogate, too large, a stray byte, a C1 control. */
    assert_text(
        cdr_printable("\xc0\xaf|\xe2\x82|\xed\xa0\x80|\xf4\x90\x80\x80|\xff|\xc2\x85"),
        "\\xc0\\xaf|\\xe2\\x82|\\xed\\xa0\\x80|\\xf4\\x90\\x80\\x80|\\xff|\\xc2\\x85");
    memset(most, 0x1b, sizeof most - 1);
    most[sizeof most - 1] = '\0';
    assert_true(strlen(cdr_quote(shown, most)) < CDR_SHOWN);
    assert_string_equal(cdr_quote(shown, ""), "\"\"");
    assert_string_equal(
        cdr_list(list, sizeof list, (const char *const[]){ "a", "b", "c" }, 3),
        "\"a\", \"b\" and \"c\"");
    assert_string_equal(
        cdr_list(list, sizeof list,
                 (const char *const[]){ "abcdefgh", "bcdefghi", "cdefghij" }, 3),
        "\"abcdefgh\", \"bcdefghi\" and 1 more");
}

static void test_abridge(void **state)
{
    (void)state;
    assert_text(cdr_abridge("abcdefghij", 10), "abcdefghij");
    assert_text(cdr_abridge("abcdefghij", 9), "abcd\u2026ghij");
    assert_text(cdr_abridge("abcdefghij", 4), "ab\u2026j");
    assert_text(cdr_abridge("abc", 1), "\u2026");
    assert_text(cdr_abridge("\u00e9\u00e9\u00e9\u00e9\u00e9", 3), "\u00e9\u2026\u00e9");
    assert_text(cdr_abridge("ab", 1), "ab");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_initial_values), cmocka_unit_test(test_all_forms),
        cmocka_unit_test(test_wrong),          cmocka_unit_test(test_nearest),
        cmocka_unit_test(test_counts),         cmocka_unit_test(test_noted),
        cmocka_unit_test(test_printable),      cmocka_unit_test(test_abridge),
    };

    return cmocka_run_group_tests_name("cli_options", tests, NULL, NULL);
}
