/* random_choice.c - orders and choices, and all draws on one stream.
 * SPDX-License-Identifier: MIT
 */
#include "golden.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define TWO_TO_32 (UINT64_C(1) << 32)

static cadre_rng stream(uint64_t entropy)
{
    cadre_seed seed;
    cadre_rng rng;
    cadre_seed_init(&seed, entropy);
    cadre_rng_init(&rng, &seed);
    return rng;
}

static void assert_same_stream(const cadre_rng *a, const cadre_rng *b)
{
    assert_memory_equal(a, b, sizeof *a);
}

static void *array(size_t n, size_t size)
{
    void *const memory = calloc(n ? n : 1, size);
    assert_non_null(memory);
    return memory;
}

/* ---- known answers: calls one after another on one stream ---- */

static void run_doubles(struct golden *g, const json_t *step, cadre_rng *rng)
{
    double values[8];
    const size_t n = golden_u64(g, step, "op.1");
    assert_in_range(n, 0, 8);
    cadre_rng_uniforms(rng, values, n);
    golden_is_doubles(g, step, "values", values, n);
}

static void choose_weighted(struct golden *g, const json_t *step, cadre_rng *rng,
                            uint64_t *values, size_t n)
{
    const json_t *const weights = golden_at(g, step, "op.1");
    const size_t n_weights = json_array_size(weights);
    double p[8];
    assert_in_range(n_weights, 1, 8);
    for (size_t i = 0; i < n_weights; i++)
        p[i] = json_number_value(json_array_get(weights, i));
    assert_true(cadre_rng_choice_weighted(rng, values, n_weights, n, p));
}

/* Fills `values` as the operation [name, argument, argument] says. */
static size_t run_operation(struct golden *g, const json_t *step, cadre_rng *rng,
                            uint64_t values[32])
{
    const char *const name = golden_text(g, step, "op.0");
    const size_t n = golden_u64(g, step, golden_has(step, "op.2") ? "op.2" : "op.1");
    assert_in_range(n, 0, 32);
    if (strcmp(name, "choice_p") == 0) {
        choose_weighted(g, step, rng, values, n);
        return n;
    }
    const uint64_t from = golden_u64(g, step, "op.1");
    if (strcmp(name, "raw") == 0)
        for (size_t i = 0; i < n; i++)
            values[i] = cadre_rng_u64(rng);
    else if (strcmp(name, "permutation") == 0)
        cadre_rng_permutation(rng, values, n);
    else if (strcmp(name, "choice_noreplace") == 0)
        assert_true(cadre_rng_choice(rng, values, from, n, true));
    else if (strcmp(name, "choice_noreplace_noshuffle") == 0)
        assert_true(cadre_rng_choice(rng, values, from, n, false));
    else if (strcmp(name, "integers") == 0 || strcmp(name, "choice_replace") == 0)
        assert_true(cadre_rng_integers(rng, (int64_t *)values, n, 0, (int64_t)from));
    else
        fail_msg("%s: %s: no operation called %s", g->file, g->id, name);
    return n;
}

static void run_step(struct golden *g, const json_t *step, cadre_rng *rng)
{
    uint64_t values[32];
    if (strcmp(golden_text(g, step, "op.0"), "random") == 0)
        run_doubles(g, step, rng);
    else
        golden_is_u64s(g, step, "values", values, run_operation(g, step, rng, values));
    golden_is_pcg64(g, step, "state_after", rng);
}

/* The script "normal_optional" is left out: it has NumPy's normal deviates, which are
 * drawn by another method than cadre's. */
static void known_scripts(void **state)
{
    (void)state;
    struct golden g;
    golden_open(&g, "integers.json");
    const json_t *c;
    size_t run = 0;
    for (size_t i = 0; (c = golden_case(&g, "scripts", i)); i++) {
        if (strcmp(g.id, "normal_optional") == 0)
            continue;
        cadre_rng rng = stream(golden_u64(&g, c, "in.seed"));
        const json_t *const steps = golden_at(&g, c, "out.steps");
        for (size_t k = 0; k < json_array_size(steps); k++, run++)
            run_step(&g, json_array_get(steps, k), &rng);
    }
    assert_int_equal(run, 14);
    golden_close(&g);
}

static void known_orders(void **state)
{
    (void)state;
    struct golden g;
    golden_open(&g, "integers.json");
    const json_t *c;
    for (size_t i = 0; (c = golden_case(&g, "perm_big", i)); i++) {
        const uint64_t n = golden_u64(&g, c, "in.n"),
                       seed = golden_u64(&g, c, "in.seed");
        const uint64_t k = golden_u64(&g, c, "in.choice_size");
        uint64_t *const values = array(n, sizeof *values);
        cadre_rng rng = stream(seed);
        cadre_rng_permutation(&rng, values, n);
        golden_is_u64(&g, c, "out.permutation_fnv", golden_fnv(values, n));
        golden_is_u64s(&g, c, "out.permutation_head", values, 6);
        rng = stream(seed);
        assert_true(cadre_rng_choice(&rng, values, n, k, true));
        golden_is_u64(&g, c, "out.choice_fnv", golden_fnv(values, k));
        golden_is_u64s(&g, c, "out.choice_head", values, 6);
        free(values);
    }
    golden_close(&g);
}

/* ---- orders ---- */

/* Elements of every size are moved as the permutation's numbers are. */
static void shuffle_of_any_size(void **state)
{
    (void)state;
    enum { N = 50, SIZE = 200 };
    for (size_t size = 1; size <= SIZE; size++) {
        cadre_rng a = stream(size), b = a;
        uint64_t order[N];
        unsigned char bytes[N * SIZE];
        for (size_t i = 0; i < N * size; i++)
            bytes[i] = (unsigned char)(i / size + i % size * 3);
        cadre_rng_permutation(&a, order, N);
        cadre_rng_shuffle(&b, bytes, N, size);
        for (size_t i = 0; i < N * size; i++)
            assert_int_equal(bytes[i], (unsigned char)(order[i / size] + i % size * 3));
        assert_same_stream(&a, &b);
    }
}

static void shuffle_of_little(void **state)
{
    (void)state;
    cadre_rng rng = stream(4);
    const cadre_rng before = rng;
    char one = 'x';
    cadre_rng_shuffle(&rng, NULL, 0, 8);
    cadre_rng_shuffle(&rng, &one, 1, 1);
    cadre_rng_permutation(&rng, NULL, 0);
    assert_int_equal(one, 'x');
    assert_same_stream(&rng, &before);
}

/* ---- choices without repeats ---- */

/* Where one way of choosing takes over from the other. The hashes were worked out
 * apart from this library, in integers of any size. */
static void choices_on_both_sides(void **state)
{
    (void)state;
    static const struct {
        uint64_t n, k;
        bool shuffle;
        uint64_t fnv;
    } cases[] = {
        { 10000, 201, true, 0x5d37688744d544b2 },
        { 10000, 201, false, 0x71bdfa2864bb963e },
        { 10001, 200, true, 0xf832b7996a1b216a },
        { 10001, 200, false, 0x43c55d65409dbe3a },
        { 10001, 201, true, 0x409839015599c19f },
        { 10001, 201, false, 0xccc5cedbfb726436 },
        { 10001, 500, true, 0xaa5bd040c8b12d6e },
        { 10001, 500, false, 0x8ab299a642f30265 },
        { 10001, 501, true, 0x1c7527afd9942e1a },
        { 10001, 501, false, 0x1c7527afd9942e1a },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t values[501];
        cadre_rng rng = stream(42);
        assert_true(
            cadre_rng_choice(&rng, values, cases[i].n, cases[i].k, cases[i].shuffle));
        assert_int_equal(golden_fnv(values, cases[i].k), cases[i].fnv);
    }
}

static int compare_u64(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void assert_distinct(uint64_t *values, size_t k, uint64_t n)
{
    qsort(values, k, sizeof *values, compare_u64);
    for (size_t i = 0; i < k; i++) {
        assert_true(values[i] < n);
        assert_true(i == 0 || values[i] > values[i - 1]);
    }
}

static void choices_are_distinct(void **state)
{
    (void)state;
    static const struct {
        uint64_t n, k;
    } cases[] = {
        { 0, 0 },
        { 1, 0 },
        { 1, 1 },
        { 10, 10 },
        { 1000, 999 },
        { 10000, 10000 },
        { 10001, 200 },
        { 10001, 201 },
        { 10001, 500 },
        { 10001, 501 },
        { 10001, 10001 },
        { 100000, 2000 },
        { 100000, 2001 },
        { UINT64_MAX, 100 },
        { TWO_TO_32, 1000 },
        { 20000, 20000 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (uint64_t seed = 0; seed < 16; seed++) {
            cadre_rng rng = stream(seed);
            uint64_t *const values = array(cases[i].k, sizeof *values);
            assert_true(
                cadre_rng_choice(&rng, values, cases[i].n, cases[i].k, seed % 2));
            assert_distinct(values, cases[i].k, cases[i].n);
            free(values);
        }
}

static void choices_refused(void **state)
{
    (void)state;
    cadre_rng rng = stream(5);
    const cadre_rng before = rng;
    uint64_t value = 77;
    assert_false(cadre_rng_choice(&rng, &value, 0, 1, true));
    assert_false(cadre_rng_choice(&rng, &value, 9, 10, true));
    assert_false(cadre_rng_choice(&rng, &value, UINT64_MAX, UINT64_MAX / 2, true));
    assert_false(cadre_rng_choice(&rng, &value, UINT64_MAX, UINT64_MAX / 30, false));
    assert_int_equal(value, 77);
    assert_same_stream(&rng, &before);
}

/* ---- choices by weight ---- */

static void weights_refused(void **state)
{
    (void)state;
    static const double bad[][3] = {
        { 0.5, 0.6, -0.1 },   { 0.5, 0.5, NAN },       { 0.5, 0.5, INFINITY },
        { 0.5, 0.4, 0.0999 }, { 0.5, 0.5, 0x1.1p-26 }, { 0, 0, 0 },
        { -0.5, 1, 0.5 },     { NAN, NAN, NAN },       { INFINITY, -INFINITY, 1 },
    };
    cadre_rng rng = stream(6);
    const cadre_rng before = rng;
    uint64_t value = 77;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(cadre_rng_choice_weighted(&rng, &value, 3, 1, bad[i]));
    assert_false(cadre_rng_choice_weighted(&rng, &value, 0, 1, bad[0]));
    assert_false(cadre_rng_choice_weighted(&rng, &value, UINT64_MAX, 1, bad[0]));
    assert_int_equal(value, 77);
    assert_same_stream(&rng, &before);
}

static void weights_taken(void **state)
{
    (void)state;
    const double p[6] = { 0, 0.25, 0, 0.75 + 0x1.fp-27, -0.0, 0 };
    enum { N = 40000 };
    uint64_t values[N], seen[6] = { 0 };
    cadre_rng rng = stream(7);
    assert_true(cadre_rng_choice_weighted(&rng, values, 6, 0, p));
    assert_true(cadre_rng_choice_weighted(&rng, values, 6, N, p));
    for (size_t i = 0; i < N; i++) {
        assert_in_range(values[i], 0, 5);
        seen[values[i]]++;
    }
    assert_int_equal(seen[1] + seen[3], N);
    assert_true(fabs((double)seen[1] - 0.25 * N) < 5 * sqrt(N * 0.1875));
}

/* A choice by weight is the first running total above one uniform. */
static void weights_are_totals(void **state)
{
    (void)state;
    enum { N = 1000 };
    double p[N], total[N], sum = 0;
    for (int i = 0; i < N; i++)
        p[i] = (i * 7919 % N + 0.5) / (N * N / 2.0);
    for (int i = 0; i < N; i++)
        total[i] = sum += p[i];
    cadre_rng rng = stream(8), uniforms = rng;
    uint64_t values[500];
    assert_true(cadre_rng_choice_weighted(&rng, values, N, 500, p));
    for (int i = 0; i < 500; i++) {
        const double u = cadre_rng_uniform(&uniforms);
        uint64_t first = 0;
        while (total[first] / sum <= u)
            first++;
        assert_int_equal(values[i], first);
    }
    assert_same_stream(&rng, &uniforms);
}

/* The choice of a draw of 64 bits, by way of Philox's buffer. */
static uint64_t choice_of(uint64_t draw, const double *p, uint64_t n)
{
    cadre_rng rng = { .kind = CADRE_PHILOX,
                      .position = 3,
                      .buffer = { 0, 0, 0, draw } };
    uint64_t chosen = UINT64_MAX;
    assert_true(cadre_rng_choice_weighted(&rng, &chosen, n, 1, p));
    return chosen;
}

static void weights_at_the_edges(void **state)
{
    (void)state;
    const double halves[] = { 0, 0.5, 0, 0.5, 0 }, low[] = { 0.5, 0.5 - 0x1.fp-27 };
    assert_int_equal(choice_of(0, halves, 5), 1);
    assert_int_equal(choice_of((UINT64_C(1) << 63) - 1, halves, 5), 1);
    assert_int_equal(choice_of(UINT64_C(1) << 63, halves, 5), 3);
    assert_int_equal(choice_of(UINT64_MAX, halves, 5), 3);
    assert_int_equal(choice_of(UINT64_MAX, low, 2), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_scripts),         cmocka_unit_test(known_orders),
        cmocka_unit_test(shuffle_of_any_size),   cmocka_unit_test(shuffle_of_little),
        cmocka_unit_test(choices_on_both_sides), cmocka_unit_test(choices_are_distinct),
        cmocka_unit_test(choices_refused),       cmocka_unit_test(weights_refused),
        cmocka_unit_test(weights_taken),         cmocka_unit_test(weights_are_totals),
        cmocka_unit_test(weights_at_the_edges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
