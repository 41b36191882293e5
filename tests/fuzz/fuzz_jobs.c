/* fuzz_jobs.c - random jobs on all kinds of pools, compared with a plain loop.
 * SPDX-License-Identifier: MIT
 *
 * Every round draws a pool and a case, runs it, and compares bytes, statuses, errors and
 * records with what the loop says. The first round that differs is printed, in numbers
 * that run it again.
 */
#include "case.h"

#include <pthread.h>
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
    { .name = "portable/2",
      .options = { FORKED(2), .portable = true },
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

/* ---- two at once ---- */

/* A thread with a pool of its own, and jobs of its own on it. */
struct side {
    uint64_t seed;
    struct common *common;
    struct fuzz_pool pool;
    struct verdict verdict;
    char text[1500];
    pthread_t thread;
};

static void side_case(struct side *s, uint64_t number)
{
    struct fuzz_case c, first = { 0 };

    case_draw(&c, &first, mix(s->seed, number), &s->pool);
    case_describe(s->text, sizeof s->text, mix(s->seed, number), &s->pool, &c, &first);
    memset(s->common, 0, sizeof *s->common);
    c.common = first.common = s->common;
    c.pool = first.pool = s->pool.persistent ? NULL : s->pool.pool;
    if (c.kind == MAP)
        check_map(&s->verdict, &c, s->pool.pool);
    else if (c.kind == REDUCTION)
        check_reduction(&s->verdict, &c, s->pool.pool);
    else
        check_stream(&s->verdict, &c, &first, s->pool.pool);
}

static void *side_main(void *arg)
{
    struct side *s = arg;
    cadre_error err;

    if (cadre_open(&s->pool.pool, &s->pool.options, &err)) {
        wrong(&s->verdict, "%s: cadre_open: %s", s->pool.name, err.message);
        return NULL;
    }
    for (uint64_t k = 0; k < 4 && !*s->verdict.text; k++)
        side_case(s, k);
    cadre_close(s->pool.pool);
    return NULL;
}

static void side_begin(struct side *s, uint64_t seed)
{
    static const struct fuzz_pool kinds[] = {
        { .name = "threads/2", .options = { THREADS(2), .min_items = 1 } },
        { .name = "forked/2", .options = { FORKED(2) }, .processes = true },
        { .name = "portable/2",
          .options = { FORKED(2), .portable = true },
          .processes = true,
          .persistent = true },
        { .name = "persistent/2",
          .options = { PERSISTENT(2) },
          .processes = true,
          .persistent = true },
    };

    s->seed = seed;
    s->pool = kinds[seed % (sizeof kinds / sizeof *kinds)];
    s->verdict.text[0] = s->text[0] = '\0';
    assert_int_equal(pthread_create(&s->thread, NULL, side_main, s), 0);
}

/* Two pools in two threads: neither sees anything of the other. */
static void test_two_at_once(void **state)
{
    struct side side[2] = { 0 };
    char text[100];
    int bad = 0;

    (void)state;
    for (int k = 0; k < 2; k++) {
        side[k].common = cadre_alloc_shared(sizeof *common, NULL);
        assert_non_null(side[k].common);
    }
    for (struct rounds r = rounds_begin(3); rounds_next(&r) && bad < 10;) {
        snprintf(text, sizeof text, "CADRE_FUZZ_ROUND=0x%llx",
                 (unsigned long long)r.round);
        watchdog(PATIENCE, text);
        for (uint64_t k = 0; k < 2; k++)
            side_begin(&side[k], mix(r.round, k));
        for (int k = 0; k < 2; k++)
            pthread_join(side[k].thread, NULL);
        watchdog(0, NULL);
        for (int k = 0; k < 2; k++)
            if (*side[k].verdict.text) {
                print_error("%s, thread %d: %s: %s\n", text, k, side[k].text,
                            side[k].verdict.text);
                bad++;
            }
    }
    for (int k = 0; k < 2; k++)
        cadre_free_shared(side[k].common);
    assert_int_equal(bad, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_jobs),
        /* Sanitizers' locks are held for ever in what is forked beside another thread. */
        cmocka_unit_test(test_two_at_once),
    };
    size_t n_tests = SLOWNESS > 1 ? 1 : 2;
    struct rlimit none = { 0, 0 };
    int rc;

    setrlimit(RLIMIT_CORE, &none); /* hundreds of core dumps help nobody */
    common = cadre_alloc_shared(sizeof *common, NULL);
    rc = common ? _cmocka_run_group_tests("fuzz-jobs", tests, n_tests, NULL, NULL) : 1;
    for (size_t k = 0; k < N_POOLS; k++)
        pool_close(&pools[k]);
    cadre_free_shared(common);
    return rc;
}
