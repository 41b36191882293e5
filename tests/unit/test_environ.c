/* test_environ.c - CADRE_WORKERS, CADRE_BACKEND and the text of a worker count.
 * SPDX-License-Identifier: MIT
 */
#include "machine/environ.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

struct variables {
    const char *workers, *backend;
};

static const char *find(void *arg, const char *name)
{
    const struct variables *v = arg;

    if (strcmp(name, "CADRE_WORKERS") == 0)
        return v->workers;
    return strcmp(name, "CADRE_BACKEND") == 0 ? v->backend : NULL;
}

static int read_these(struct cdr_environ *out, struct variables v, cadre_error *err)
{
    const struct cdr_view view = { .getenv = find, .arg = &v };

    return cdr_environ_read(out, &view, err);
}

static void test_counts(void **state)
{
    static const struct {
        const char *text;
        int workers;
    } good[] = {
        { "auto", 0 },
        { "all", -1 },
        { "0", 1 },
        { "1", 1 },
        { "2", 2 },
        { "08", 8 },
        { "-1", -1 },
        { "-2", -2 },
        { "2147483647", INT_MAX },
        { "-2147483647", -INT_MAX },
    };
    cadre_error err = { .code = 7 };
    int workers;

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct cdr_environ e;

        assert_int_equal(cdr_parse_workers(&workers, good[i].text, &err), CADRE_OK);
        assert_int_equal(workers, good[i].workers);
        assert_int_equal(read_these(&e, (struct variables){ good[i].text, NULL }, &err),
                         CADRE_OK);
        assert_true(e.has_workers);
        assert_int_equal(e.workers, good[i].workers);
        assert_null(e.backend);
    }
    assert_int_equal(err.code, 7);
}

static void test_nonsense(void **state)
{
    static const char *const bad[] = {
        "",
        "many",
        "Auto",
        "ALL",
        "-",
        "--1",
        "-0",
        "+4",
        " 4",
        "4 ",
        "4\n",
        "2147483648",
        "-2147483648",
        "1e",
        "1.5",
        "0x",
        "1,2",
        "autoall",
        "all ",
        "\xff",
        "99999999999999999999",
    };
    char expected[128];
    cadre_error err;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct cdr_environ e;
        int workers = 42;

        assert_int_equal(cdr_parse_workers(&workers, bad[i], &err), CADRE_EINVAL);
        assert_int_equal(workers, 42);
        assert_int_equal(cdr_parse_workers(&workers, bad[i], NULL), CADRE_EINVAL);
        assert_int_equal(read_these(&e, (struct variables){ bad[i], "x" }, &err),
                         CADRE_EINVAL);
        assert_int_equal(err.code, CADRE_EINVAL);
        snprintf(expected, sizeof expected,
                 "CADRE_WORKERS is \"%s\": expected auto, all, n or -n",
                 strcmp(bad[i], "4\n") == 0 ? "4?" : bad[i]);
        assert_string_equal(err.message, expected);
    }
    assert_int_equal(cdr_parse_workers(&(int){ 0 }, "many", &err), CADRE_EINVAL);
    assert_string_equal(
        err.message, "\"many\" is no number of workers: expected auto, all, n or -n");
}

static void test_long_nonsense_is_cut(void **state)
{
    static char text[100000];
    struct cdr_environ e;
    cadre_error err;

    (void)state;
    memset(text, '7', sizeof text - 1);
    assert_int_equal(read_these(&e, (struct variables){ text, NULL }, &err),
                     CADRE_EINVAL);
    assert_true(strlen(err.message) < 160);
    assert_non_null(strstr(err.message, "...777"));
    assert_non_null(strstr(err.message, "\": expected auto, all, n or -n"));
}

static void test_backend(void **state)
{
    struct cdr_environ e;
    cadre_error err;

    (void)state;
    assert_int_equal(read_these(&e, (struct variables){ NULL, NULL }, &err), CADRE_OK);
    assert_false(e.has_workers);
    assert_int_equal(e.workers, 0);
    assert_null(e.backend);
    assert_int_equal(read_these(&e, (struct variables){ NULL, "any" }, &err), CADRE_OK);
    assert_string_equal(e.backend, "any");
    assert_int_equal(read_these(&e, (struct variables){ "3", "" }, &err), CADRE_EINVAL);
    assert_string_equal(err.message,
                        "CADRE_BACKEND is \"\": expected the name of a backend");
}

static void test_the_environment_itself(void **state)
{
    const struct cdr_view zero = { 0 };
    struct cdr_environ e;

    (void)state;
    assert_int_equal(setenv("CADRE_WORKERS", "-3", 1), 0);
    assert_int_equal(setenv("CADRE_BACKEND", "threads", 1), 0);
    assert_int_equal(cdr_environ_read(&e, NULL, NULL), CADRE_OK);
    assert_int_equal(e.workers, -3);
    assert_int_equal(cdr_environ_read(&e, &zero, NULL), CADRE_OK);
    assert_string_equal(e.backend, "threads");
    assert_int_equal(unsetenv("CADRE_WORKERS"), 0);
    assert_int_equal(unsetenv("CADRE_BACKEND"), 0);
    assert_int_equal(cdr_environ_read(&e, NULL, NULL), CADRE_OK);
    assert_false(e.has_workers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_nonsense),
        cmocka_unit_test(test_long_nonsense_is_cut),
        cmocka_unit_test(test_backend),
        cmocka_unit_test(test_the_environment_itself),
    };

    return cmocka_run_group_tests_name("environ", tests, NULL, NULL);
}
