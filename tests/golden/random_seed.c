/* random_seed.c - seed sequences: known answers, children, integers in text.
 * SPDX-License-Identifier: MIT
 */
#include "golden.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

static void assert_same_seed(const cadre_seed *a, const cadre_seed *b)
{
    assert_int_equal(a->pool_size, b->pool_size);
    assert_int_equal(a->hash, b->hash);
    assert_memory_equal(a->pool, b->pool, a->pool_size * sizeof a->pool[0]);
}

/* ---- known answers ---- */

/* The same seed from its entropy in text. */
static void check_text(struct golden *g, const json_t *c, const cadre_seed *seed)
{
    if (!golden_has(c, "in.entropy.int") || golden_count(g, c, "in.spawn_key") > 0)
        return;
    uint32_t words[40];
    const size_t n =
        cadre_seed_parse(words, LENGTH(words), golden_text(g, c, "in.entropy.int"));
    assert_in_range(n, 1, LENGTH(words));
    cadre_seed made;
    assert_true(cadre_seed_init_words(&made, words, n, seed->pool_size));
    assert_same_seed(&made, seed);
}

static void known_sequences(void **state)
{
    (void)state;
    struct golden g;
    golden_open(&g, "seedseq.json");
    const json_t *c;
    for (size_t i = 0; (c = golden_case(&g, "cases", i)); i++) {
        const cadre_seed seed = golden_seed(&g, c, "in");
        uint32_t word32[10];
        uint64_t word64[4];
        cadre_seed_state32(&seed, word32, 10);
        cadre_seed_state64(&seed, word64, 4);
        golden_is_u64(&g, c, "in.pool_size", seed.pool_size);
        golden_is_u32s(&g, c, "out.pool", seed.pool, seed.pool_size);
        golden_is_u32s(&g, c, "out.state_u32_10", word32, 10);
        golden_is_u64s(&g, c, "out.state_u64_4", word64, 4);
        check_text(&g, c, &seed);
    }
    golden_close(&g);
}

/* A tree of seeds as its file grows it: nodes called root, root/0, root/0/3, ... */
struct tree {
    cadre_seed entropy;
    size_t n;
    struct {
        const char *name;
        cadre_seed seed;
    } node[32];
};

static cadre_seed *node(struct tree *tree, const char *name)
{
    for (size_t i = 0; i < tree->n; i++)
        if (strcmp(tree->node[i].name, name) == 0)
            return &tree->node[i].seed;
    fail_msg("no node %s", name);
    return NULL;
}

static void add_node(struct golden *g, const json_t *entry, struct tree *tree,
                     const cadre_seed *seed)
{
    uint64_t words[4], draws[2];
    cadre_rng rng;
    const cadre_seed by_key = golden_child(g, entry, "spawn_key", tree->entropy);
    assert_same_seed(seed, &by_key);
    cadre_seed_state64(seed, words, 4);
    golden_is_u64s(g, entry, "state_u64_4", words, 4);
    cadre_rng_init(&rng, seed);
    draws[0] = cadre_rng_u64(&rng);
    draws[1] = cadre_rng_u64(&rng);
    golden_is_u64s(g, entry, "first_raw", draws, 2);
    assert_in_range(tree->n, 0, LENGTH(tree->node) - 1);
    tree->node[tree->n].name = golden_text(g, entry, "name");
    tree->node[tree->n++].seed = *seed;
}

/* Spawns as an entry of "ops" says: [name of the parent, how many]. The log has an
 * entry for each child and one more. Returns how far it was read. */
static size_t spawn(struct golden *g, const json_t *log, size_t at, struct tree *tree,
                    const json_t *op)
{
    cadre_seed children[8];
    cadre_seed *const parent = node(tree, golden_text(g, op, "0"));
    const uint64_t n = golden_u64(g, op, "1");
    assert_in_range(n, 0, LENGTH(children));
    cadre_seed_spawn(parent, children, n);
    const uint64_t spawned = parent->spawned;
    for (uint64_t i = 0; i < n; i++)
        add_node(g, json_array_get(log, at++), tree, &children[i]);
    golden_is_u64(g, json_array_get(log, at++), "n_children_spawned_after", spawned);
    return at;
}

static void known_trees(void **state)
{
    (void)state;
    struct golden g;
    golden_open(&g, "seedseq.json");
    const json_t *c;
    for (size_t i = 0; (c = golden_case(&g, "trees", i)); i++) {
        struct tree tree = { golden_entropy(&g, c, "in"),
                             1,
                             { { "root", golden_seed(&g, c, "in") } } };
        tree.node[0].seed.spawned = golden_u64(&g, c, "in.n_children_spawned");
        const json_t *const log = golden_at(&g, c, "out.log");
        const json_t *const ops = golden_at(&g, c, "in.ops");
        size_t at = 0;
        for (size_t k = 0; k < json_array_size(ops); k++)
            at = spawn(&g, log, at, &tree, json_array_get(ops, k));
        assert_int_equal(at, json_array_size(log));
    }
    golden_close(&g);
}

/* ---- seeds and children ---- */

static void pool_sizes(void **state)
{
    (void)state;
    const uint32_t words[] = { 1, 2, 3 };
    cadre_seed seed = { .hash = 99 };
    for (unsigned size = 1; size < CADRE_SEED_POOL; size++)
        assert_false(cadre_seed_init_words(&seed, words, 3, size));
    assert_false(cadre_seed_init_words(&seed, words, 3, CADRE_SEED_POOL_MAX + 1));
    assert_false(cadre_seed_init_words(&seed, words, 3, UINT32_MAX));
    assert_int_equal(seed.hash, 99);
    assert_true(cadre_seed_init_words(&seed, words, 3, 0));
    assert_int_equal(seed.pool_size, CADRE_SEED_POOL);
    for (unsigned size = CADRE_SEED_POOL; size <= CADRE_SEED_POOL_MAX; size++)
        assert_true(cadre_seed_init_words(&seed, words, 3, size));
}

/* A child's entropy is the padded words of its parent's and the key's. */
static void children_of_any_pool(void **state)
{
    (void)state;
    const uint64_t key = 0x500000007;
    for (unsigned size = CADRE_SEED_POOL; size <= CADRE_SEED_POOL_MAX; size++)
        for (size_t n = 0; n < 20; n++) {
            uint32_t words[24] = { 0 };
            for (uint32_t i = 0; i < n; i++)
                words[i] = i * i + 1;
            cadre_seed root, whole;
            assert_true(cadre_seed_init_words(&root, words, n, size));
            const cadre_seed child = cadre_seed_child(&root, key);
            const size_t padded = n < size ? size : n;
            words[padded] = 7;
            words[padded + 1] = 5;
            assert_true(cadre_seed_init_words(&whole, words, padded + 2, size));
            assert_same_seed(&child, &whole);
        }
}

static void counting_children(void **state)
{
    (void)state;
    cadre_seed seed, children[5];
    cadre_seed_init(&seed, 42);
    const cadre_seed third = cadre_seed_child(&seed, 3);
    assert_int_equal(seed.spawned, 0);
    cadre_seed_spawn(&seed, children, 2);
    cadre_seed_spawn(&seed, children + 2, 0);
    cadre_seed_spawn(&seed, children + 2, 3);
    assert_int_equal(seed.spawned, 5);
    assert_same_seed(&children[3], &third);
    cadre_seed_spawn(&children[1], children, 1);
    const cadre_seed grandchild = cadre_seed_child(&children[1], 1);
    assert_int_equal(children[1].spawned, 1);
    assert_int_equal(grandchild.spawned, 0);
}

static void zero_is_entropy_0(void **state)
{
    (void)state;
    cadre_seed zero = { .pool_size = 0 }, made, a[2], b[2];
    cadre_seed_init(&made, 0);
    cadre_seed_spawn(&zero, a, 2);
    cadre_seed_spawn(&made, b, 2);
    assert_same_seed(&a[1], &b[1]);
    assert_int_equal(zero.spawned, 2);
    uint64_t left[5], right[5];
    cadre_seed_state64(&zero, left, 5);
    cadre_seed_state64(&made, right, 5);
    assert_memory_equal(left, right, sizeof left);
    cadre_seed_state32(&zero, (uint32_t[1]){ 0 }, 1);
}

/* The 64-bit words are pairs of the 32-bit ones, for any number of them. */
static void state_words(void **state)
{
    (void)state;
    cadre_seed seed;
    assert_true(cadre_seed_init_words(&seed, (const uint32_t[]){ 9, 8 }, 2, 5));
    uint32_t small[22];
    uint64_t large[11];
    cadre_seed_state32(&seed, small, 22);
    cadre_seed_state64(&seed, large, 11);
    for (size_t i = 0; i < 11; i++)
        assert_int_equal(large[i], (uint64_t)small[2 * i + 1] << 32 | small[2 * i]);
}

/* ---- integers in text ---- */

static void parse_integers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t n;
        uint32_t words[5];
    } cases[] = {
        { "0", 1, { 0 } },
        { "000", 1, { 0 } },
        { "0x0", 1, { 0 } },
        { "42", 1, { 42 } },
        { "0000000000000000000000000000000000000042", 1, { 42 } },
        { "4294967295", 1, { 0xffffffff } },
        { "4294967296", 2, { 0, 1 } },
        { "18446744073709551615", 2, { 0xffffffff, 0xffffffff } },
        { "18446744073709551616", 3, { 0, 0, 1 } },
        { "340282366920938463463374607431768211457", 5, { 1, 0, 0, 0, 1 } },
        { "0x100000000", 2, { 0, 1 } },
        { "0xDeadBeef", 1, { 0xdeadbeef } },
        { "0X00000000000000000000000000000000000ff", 1, { 255 } },
        { "0x123456789abcdef0fedcba98", 3, { 0xfedcba98, 0x9abcdef0, 0x12345678 } },
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        uint32_t words[8];
        assert_int_equal(cadre_seed_parse(words, 8, cases[i].text), cases[i].n);
        assert_memory_equal(words, cases[i].words, cases[i].n * sizeof words[0]);
    }
}

static void refuse_other_text(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",      " ",    "x",   "0x",   "0xg", "-1",   "+1",           " 1",   "1 ",
        "1_000", "1.0",  "1e3", "0b1",  "12a", "a12",  "x12",          "0x 1", "0x-1",
        "0x0x1", "00x1", "1\n", "1\t2", "nan", "\xb2", "\xef\xbc\x91", "1,2",  "/",
        ":",     "0x@",  "0x`",
    };
    for (size_t i = 0; i < LENGTH(texts); i++) {
        uint32_t word = 77;
        if (cadre_seed_parse(&word, 1, texts[i]) != 0)
            fail_msg("\"%s\" was taken for an integer", texts[i]);
        assert_int_equal(word, 77);
    }
}

static void parse_into_little_room(void **state)
{
    (void)state;
    uint32_t words[] = { 1, 2, 3, 4 };
    assert_int_equal(cadre_seed_parse(NULL, 0, "12345678901234567890"), 2);
    assert_int_equal(cadre_seed_parse(words, 2, "0x0000000b0000000a000000090000000800"),
                     4);
    assert_int_equal(words[0], 0x800);
    assert_int_equal(words[1], 0x900);
    assert_int_equal(words[2], 3);
}

static void parse_long_numbers(void **state)
{
    (void)state;
    enum { MOST = 10000 };
    static char text[MOST + 4];
    static uint32_t words[1300];
    memset(text, '9', MOST);
    /* log2 of 10^10000 - 1 is 33219.28 */
    assert_int_equal(cadre_seed_parse(words, LENGTH(words), text), 1039);
    assert_true(words[1038] > 0);
    text[MOST] = '9';
    assert_int_equal(cadre_seed_parse(words, LENGTH(words), text), 0);
    memcpy(text, "0x", 2);
    memset(text + 2, 'f', MOST);
    assert_int_equal(cadre_seed_parse(words, LENGTH(words), text), MOST / 8);
    for (size_t i = 0; i < MOST / 8; i++)
        assert_int_equal(words[i], UINT32_MAX);
    text[MOST + 2] = 'f';
    assert_int_equal(cadre_seed_parse(words, LENGTH(words), text), 0);
}

/* What is written in decimal and in hexadecimal digits is the same. */
static void parse_powers_of_ten(void **state)
{
    (void)state;
    char decimal[64] = "1", hex[64];
    for (uint64_t power = 1; power <= UINT64_MAX / 10; power *= 10) {
        uint32_t a[3], b[3];
        snprintf(hex, sizeof hex, "0x%llx", (unsigned long long)power);
        const size_t n = cadre_seed_parse(a, 3, decimal);
        assert_int_equal(n, power >> 32 ? 2 : 1);
        assert_int_equal(cadre_seed_parse(b, 3, hex), n);
        assert_memory_equal(a, b, n * sizeof a[0]);
        strcat(decimal, "0");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_sequences),    cmocka_unit_test(known_trees),
        cmocka_unit_test(pool_sizes),         cmocka_unit_test(children_of_any_pool),
        cmocka_unit_test(counting_children),  cmocka_unit_test(zero_is_entropy_0),
        cmocka_unit_test(state_words),        cmocka_unit_test(parse_integers),
        cmocka_unit_test(refuse_other_text),  cmocka_unit_test(parse_into_little_room),
        cmocka_unit_test(parse_long_numbers), cmocka_unit_test(parse_powers_of_ten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
