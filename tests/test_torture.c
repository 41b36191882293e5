/* test_torture.c - fail each allocation and each thread creation in turn.
 * SPDX-License-Identifier: MIT
 *
 * The linker puts the functions below in the place of the C library's in every call
 * that libcadre makes. A scenario is run with the first call failing, then with the
 * second, ... until it runs through. Each time it must end, with an error that is
 * worded or with the right results, and nothing may be left allocated or running.
 */
#include "contract.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void __real_free(void *p);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr,
                          void *(*start)(void *), void *arg);
int __real_pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attr);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
void __wrap_free(void *p);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr,
                          void *(*start)(void *), void *arg);
int __wrap_pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attr);

static _Atomic long calls, failing; /* the call to fail, counted from 1 */
static _Atomic long allocated;      /* blocks that are not freed */

static bool fails(void)
{
    return atomic_fetch_add(&calls, 1) + 1 == atomic_load(&failing);
}

static void *counted(void *p)
{
    if (p)
        atomic_fetch_add(&allocated, 1);
    return p;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : counted(__real_malloc(size));
}

void *__wrap_calloc(size_t n, size_t size)
{
    return fails() ? NULL : counted(__real_calloc(n, size));
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return fails() ? NULL : counted(__real_aligned_alloc(alignment, size));
}

void *__wrap_realloc(void *old, size_t size)
{
    void *p;

    if (fails())
        return NULL;
    p = __real_realloc(old, size);
    return old ? p : counted(p);
}

void __wrap_free(void *p)
{
    if (p)
        atomic_fetch_sub(&allocated, 1);
    __real_free(p);
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr,
                          void *(*start)(void *), void *arg)
{
    return fails() ? EAGAIN : __real_pthread_create(thread, attr, start, arg);
}

int __wrap_pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attr)
{
    return fails() ? ENOMEM : __real_pthread_mutex_init(mutex, attr);
}

/* ---- scenarios: 0, or the code of a failure that *err words ---- */

typedef int scenario(const char *backend, cadre_error *err);

static int busy(cadre_task *t, const void *item, void *result)
{
    uint64_t i = cadre_task_index(t);
    uint64_t *scratch = cadre_task_scratch(t, 64 + 8 * (i % 100));

    (void)item;
    if (!scratch)
        return cadre_task_fail(t, 1, "no scratch memory");
    if (cadre_task_emit(t, &i, 1 + i % 8))
        return 2;
    jitter(i);
    *(uint64_t *)result = cadre_rng_u64(cadre_task_rng(t));
    return 0;
}

static int map_with_everything(const char *backend, cadre_error *err)
{
    enum { MANY = 60 };
    uint64_t x[MANY] = { 0 }, y[MANY];
    cadre_bytes emitted[MANY] = { { NULL, 0 } };
    cadre_column column = { .data = x, .size = sizeof *x, .n = MANY };
    cadre_pool *pool;
    int rc = cadre_open(&pool,
                        &(cadre_options){ .backend = backend,
                                          .workers = 3,
                                          .oversubscribe = true,
                                          .ignore_environment = true,
                                          .min_items = 1 },
                        err);

    if (rc)
        return rc;
    rc = cadre_map(pool,
                   &(cadre_job){ .fn = busy,
                                 .columns = &column,
                                 .n_columns = 1,
                                 .results = y,
                                 .result_size = sizeof *y,
                                 .emitted = emitted,
                                 .seed = 5 },
                   err);
    for (uint64_t i = 0; i < MANY && !rc; i++)
        assert_int_equal(emitted[i].size, 1 + i % 8);
    cadre_bytes_free(emitted, MANY);
    cadre_close(pool);
    return rc;
}

static int one(cadre_task *t, const void *item, void *result)
{
    (void)t;
    (void)item;
    *(uint64_t *)result = 1;
    return 0;
}

static int add(cadre_task *t, void *into, const void *from)
{
    (void)t;
    *(uint64_t *)into += *(const uint64_t *)from;
    return 0;
}

static int reduce(const char *backend, cadre_error *err)
{
    uint64_t sum = 0;
    cadre_pool *pool;
    int rc = cadre_open(&pool,
                        &(cadre_options){ .backend = backend,
                                          .workers = 4,
                                          .oversubscribe = true,
                                          .ignore_environment = true,
                                          .min_items = 1 },
                        err);

    if (rc)
        return rc;
    rc = cadre_reduce(pool,
                      &(cadre_job){ .fn = one, .n = 3000, .result_size = sizeof sum },
                      add, &sum, err);
    if (!rc)
        assert_int_equal(sum, 3000);
    cadre_close(pool);
    return rc;
}

/* ---- the torture ---- */

static void torture(scenario *run, const char *backend)
{
    cadre_error err;
    long before = atomic_load(&allocated);
    int rc = CADRE_ENOMEM, survived = 0, k;

    for (k = 1; k < 10000; k++) {
        memset(&err, 0x55, sizeof err);
        atomic_store(&calls, 0);
        atomic_store(&failing, k);
        rc = run(backend, &err);
        atomic_store(&failing, 0);
        assert_int_equal(atomic_load(&allocated), before);
        if (rc) {
            assert_int_equal(err.code, rc);
            assert_true(strlen(err.message) > 10);
        } else if (atomic_load(&calls) < k) {
            break; /* ran through without meeting the failure */
        } else {
            survived++;
        }
    }
    assert_int_equal(rc, CADRE_OK);
    print_message("# %s: %d failures, %d of them without harm\n", backend, k - 1,
                  survived);
}

static void test_map_on_threads(void **state)
{
    (void)state;
    torture(map_with_everything, "threads");
}

static void test_map_on_auto(void **state)
{
    (void)state;
    torture(map_with_everything, "auto");
}

static void test_map_in_series(void **state)
{
    (void)state;
    torture(map_with_everything, "serial");
}

static void test_reduce(void **state)
{
    (void)state;
    torture(reduce, "threads");
    torture(reduce, "auto");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_map_on_threads),
        cmocka_unit_test(test_map_on_auto),
        cmocka_unit_test(test_map_in_series),
        cmocka_unit_test(test_reduce),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
