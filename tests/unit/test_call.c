/* test_call.c - long preparations look now and then whether anybody wants them still.
 * SPDX-License-Identifier: MIT
 */
#include "core/run/call.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants the ones above first */
#include <cmocka.h>

#define SIZE ((size_t)100 << 20)

struct parts {
    _Atomic uint32_t cancelled;
    size_t n, end, cancel_at;
};

static void part(void *arg, size_t at, size_t size)
{
    struct parts *p = arg;

    assert_int_equal(at, p->end);
    assert_true(size > 0 && size < SIZE / 4);
    p->end = at + size;
    if (++p->n == p->cancel_at)
        atomic_fetch_add(&p->cancelled, 1);
}

static void test_parts(void **state)
{
    struct parts p = { .cancelled = 7 };
    struct cdr_call call;
    cadre_error err;

    (void)state;
    cdr_call_begin(&call, &p.cancelled, NULL);
    assert_true(cdr_call_in_parts(&call, SIZE, part, &p));
    assert_true(p.n > 4);
    assert_int_equal(p.end, SIZE);
    assert_int_equal(cdr_call_check(&call, &err), CADRE_OK);
    p = (struct parts){ .cancelled = 7, .cancel_at = 3 };
    assert_false(cdr_call_in_parts(&call, SIZE, part, &p));
    assert_int_equal(p.n, 3);
    assert_int_equal(cdr_call_check(&call, &err), CADRE_ECANCELLED);
    assert_string_equal(err.message, "cancelled before any task began");
    assert_true(cdr_call_in_parts(&call, 0, part, &p));
}

static void test_copy(void **state)
{
    struct cdr_call call;
    char *from = malloc(SIZE + 3), *to = malloc(SIZE + 3);

    (void)state;
    assert_non_null(from);
    assert_non_null(to);
    for (size_t i = 0; i < SIZE + 3; i++)
        from[i] = (char)(i * 7 >> 3);
    cdr_call_begin(&call, NULL, &(cadre_job){ .deadline_ms = 1000000 });
    assert_true(cdr_call_copy(&call, to, from, SIZE + 3));
    assert_memory_equal(to, from, SIZE + 3);
    free(from);
    free(to);
}

static void test_deadline(void **state)
{
    struct parts p = { 0 };
    struct cdr_call call;
    cadre_error err;

    (void)state;
    cdr_call_begin(&call, NULL, &(cadre_job){ .deadline_ms = 1 });
    while (cdr_now() < call.deadline)
        ;
    assert_false(cdr_call_in_parts(&call, SIZE, part, &p));
    assert_int_equal(p.n, 1);
    assert_int_equal(cdr_call_check(&call, &err), CADRE_ETIMEOUT);
    assert_string_equal(err.message,
                        "the deadline of 1 ms passed before any task began");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_copy),
        cmocka_unit_test(test_deadline),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
