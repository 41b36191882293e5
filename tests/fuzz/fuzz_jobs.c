/* fuzz_jobs.c - random jobs on all kinds of pools, compared with a plain loop.
 * SPDX-License-Identifier: MIT
 *
 * Every round draws a pool and a case, runs it, and compares bytes, statuses, errors and
 * records with what the loop says. The first round that differs is printed, in numbers
 * that run it again.
 */
#include "case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
/* cmocka wants the ones above first */
#include <cmocka.h>

#define PATIENCE (60 * SLOWNESS) /* seconds for one round */

#define COMMON        .ignore_environment = true, .oversubscribe = true
#define THREADS(n)    .backend = "threads", .workers = n, COMMON
#define FORKED(n)     .backend = "processes", .workers = n, COMMON
#define PERSISTENT(n) .persistent = true, FORKED(n)

static struct fuzz_pool pools[] = {
    { .name = "null", .none = true },
    { .name = "serial", .options = { .backend = "serial", COMMON } },
    { .name = "threads/1", .options = { THREADS(1), .min_items = 1 } },
    { .name = "threads/2", .options = { THREADS(2), .min_items = 1 } },
    { .name = "threads/3", .options = { THREADS(3), .min_items = 1 } },
    { .name = "threads/8", .options = { THREADS(8), .min_items = 1 } },
    { .name = "threads/2, measured", .options = { THREADS(2) } },
    { .name = "auto", .options = { .workers = 3, COMMON } },
    { .name = "auto, from the first",
      .options = { .workers = 3, .min_items = 1, COMMON } },
    { .name = "auto, isolated",
      .options = { .workers = 2, .isolate = true, COMMON },
      .processes = true },
    { .name = "forked/1", .options = { FORKED(1) }, .processes = true },
    { .name = "forked/2", .options = { FORKED(2) }, .processes = true },
    { .name = "forked/8", .options = { FORKED(8) }, .processes = true },
    { .name = "forked/3, renewed",
      .options = { FORKED(3), .retire_after = 20 },
      .processes = true },
    { .name = "persistent/1",
      .options = { PERSISTENT(1) },
      .processes = true,
      .persistent = true },
    { .name = "persistent/2",
      .options = { PERSISTENT(2) },
      .processes = true,
      .persistent = true },
    { .name = "persistent/8",
      .options = { PERSISTENT(8) },
      .processes = true,
      .persistent = true },
    { "persistent/3, renewed",
      { PERSISTENT(3), .retire_after = 20 },
      .processes = true,
      .persistent = true },
};
#define N_POOLS (sizeof pools / sizeof *pools)

static struct common *common;

static void pool_open(struct fuzz_pool *p)
{
    cadre_error err;

    if (!p->none && !p->pool && cadre_open(&p->pool, &p->options, &err))
        fail_msg("%s: cadre_open: %s", p->name, err.message);
}

static void pool_close(struct fuzz_pool *p)
{
    cadre_close(p->pool);
    p->pool = NULL;
}

static void case_prepare(struct fuzz_case *c, struct fuzz_case *first,
                         const struct fuzz_pool *p)
{
    memset(common, 0, sizeof *common);
    c->common = first->common = common;
    c->pool = first->pool = p->persistent ? NULL : p->pool;
}

static void run_case(struct verdict *v, struct fuzz_case *c, struct fuzz_case *first,
                     struct fuzz_pool *p)
{
    pool_open(p);
    case_prepare(c, first, p);
    v->text[0] = '\0';
    if (c->kind == MAP)
        check_map(v, c, p->pool);
    else if (c->kind == REDUCTION)
        check_reduction(v, c, p->pool);
    else
        check_stream(v, c, first, p->pool);
    if (++p->uses % 40 == 0)
        pool_close(p);
}

static struct fuzz_pool *pool_of(uint64_t round)
{
    const char *only = getenv("CADRE_FUZZ_POOL");
    size_t k = mix(round, 99) % N_POOLS;

    for (size_t i = 0; only && i < N_POOLS; i++)
        if (strcmp(pools[i].name, only) == 0)
            k = i;
    return &pools[k];
}

static void test_random_jobs(void **state)
{
    struct fuzz_case c, first = { 0 };
    struct verdict v;
    char text[1500];
    int bad = 0;

    (void)state;
    for (struct rounds r = rounds_begin(8); rounds_next(&r) && bad < 10;) {
        struct fuzz_pool *p = pool_of(r.round);
        case_draw(&c, &first, r.round, p);
        watchdog(PATIENCE, case_describe(text, sizeof text, r.round, p, &c, &first));
        run_case(&v, &c, &first, p);
        watchdog(0, NULL);
        if (*v.text) {
            print_error("%s: %s\n", text, v.text);
            bad++;
        }
    }
    assert_int_equal(bad, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_random_jobs) };
    struct rlimit none = { 0, 0 };
    int rc;

    setrlimit(RLIMIT_CORE, &none); /* hundreds of core dumps help nobody */
    common = cadre_alloc_shared(sizeof *common, NULL);
    rc = common ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
    for (size_t k = 0; k < N_POOLS; k++)
        pool_close(&pools[k]);
    cadre_free_shared(common);
    return rc;
}
