/* golden.c - reading known answers, and comparing with them.
 * SPDX-License-Identifier: MIT
 */
#include "golden.h"

#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

__extension__ typedef unsigned __int128 u128;

#define FAIL(g, path, ...) fail_at(g, path, -1, __VA_ARGS__)

/* `i` is the element of an array, or -1. */
CADRE_PRINTF(4, 5)
static void fail_at(const struct golden *g, const char *path, long i,
                    const char *format, ...)
{
    char text[400], element[32] = "";
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (i >= 0)
        snprintf(element, sizeof element, "[%ld]", i);
    fail_msg("%s: %s: %s%s: %s", g->file, g->id, path, element, text);
}

void golden_open(struct golden *g, const char *file)
{
    *g = (struct golden){ .file = file, .id = "whole file" };
    char name[1000];
    json_error_t error;
    snprintf(name, sizeof name, "%s/%s", GOLDEN_DIR, file);
    g->root = json_load_file(name, 0, &error);
    if (!g->root)
        fail_msg("%s, line %d: %s", name, error.line, error.text);
}

void golden_close(struct golden *g)
{
    print_message("# %s: %zu values compared\n", g->file, g->checked);
    json_decref(g->root);
}

const json_t *golden_case(struct golden *g, const char *list, size_t i)
{
    const json_t *const cases = golden_at(g, g->root, list);
    if (json_array_size(cases) == 0)
        FAIL(g, list, "no cases");
    const json_t *const c = json_array_get(cases, i);
    const char *const id = json_string_value(json_object_get(c, "id"));
    if (id)
        snprintf(g->id, sizeof g->id, "%s", id);
    else
        snprintf(g->id, sizeof g->id, "%s[%zu]", list, i);
    return c;
}

/* ---- paths ---- */

static const json_t *child(const json_t *parent, const char *step)
{
    if (json_is_array(parent))
        return json_array_get(parent, strtoul(step, NULL, 10));
    return json_object_get(parent, step);
}

/* Tries ever longer first steps. */
static const json_t *find(const json_t *c, const char *path)
{
    char step[200];
    for (size_t n = 0; n < sizeof step; n++) {
        if (path[n] == '\0')
            return child(c, path);
        if (path[n] == '.') {
            snprintf(step, sizeof step, "%.*s", (int)n, path);
            const json_t *const parent = child(c, step);
            const json_t *const found = parent ? find(parent, path + n + 1) : NULL;
            if (found)
                return found;
        }
    }
    return NULL;
}

bool golden_has(const json_t *c, const char *path)
{
    return find(c, path) != NULL;
}

const json_t *golden_at(struct golden *g, const json_t *c, const char *path)
{
    const json_t *const found = find(c, path);
    if (!found)
        FAIL(g, path, "not there");
    return found;
}

/* ---- integers ---- */

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

/* words = words * base + digit; false when that is too big. */
static bool append(uint64_t *words, size_t n, unsigned base, unsigned next)
{
    u128 carry = next;
    for (size_t i = 0; i < n; i++) {
        carry += (u128)words[i] * base;
        words[i] = (uint64_t)carry;
        carry >>= 64;
    }
    return carry == 0;
}

/* A non-negative integer in text. */
static bool read_text(uint64_t *words, size_t n, const char *text)
{
    const bool hex = strncmp(text, "0x", 2) == 0;
    const int base = hex ? 16 : 10;
    memset(words, 0, n * sizeof *words);
    text += hex ? 2 : 0;
    bool good = *text != '\0';
    for (; good && *text; text++)
        good = digit(*text) < base &&
               append(words, n, (unsigned)base, (unsigned)digit(*text));
    return good;
}

static bool read_u64(uint64_t *out, const json_t *value)
{
    if (json_is_boolean(value))
        *out = json_is_true(value);
    else if (json_is_integer(value))
        *out = (uint64_t)json_integer_value(value);
    else if (json_is_string(value)) {
        const char *const text = json_string_value(value);
        const bool minus = text[0] == '-';
        if (!read_text(out, 1, text + minus))
            return false;
        *out = minus ? -*out : *out;
    } else
        return false;
    return true;
}

uint64_t golden_u64(struct golden *g, const json_t *c, const char *path)
{
    uint64_t word = 0;
    if (!read_u64(&word, golden_at(g, c, path)))
        FAIL(g, path, "not an integer of 64 bits");
    return word;
}

void golden_wide(struct golden *g, const json_t *c, const char *path, uint64_t *words,
                 size_t n)
{
    if (!read_text(words, n, golden_text(g, c, path)))
        FAIL(g, path, "not an integer of %zu words", n);
}

const char *golden_text(struct golden *g, const json_t *c, const char *path)
{
    const char *const text = json_string_value(golden_at(g, c, path));
    if (!text)
        FAIL(g, path, "not a string");
    return text;
}

size_t golden_count(struct golden *g, const json_t *c, const char *path)
{
    const json_t *value = golden_at(g, c, path);
    if (json_is_object(value))
        value = json_object_get(value, "h");
    if (!json_is_array(value))
        FAIL(g, path, "not an array");
    return json_array_size(value);
}

static void *allocate(size_t n, size_t size)
{
    void *const memory = calloc(n ? n : 1, size);
    assert_non_null(memory);
    return memory;
}

uint64_t *golden_u64s(struct golden *g, const json_t *c, const char *path, size_t *n)
{
    const json_t *const list = golden_at(g, c, path);
    *n = golden_count(g, c, path);
    uint64_t *const words = allocate(*n, sizeof *words);
    for (size_t i = 0; i < *n; i++)
        if (!read_u64(&words[i], json_array_get(list, i)))
            fail_at(g, path, (long)i, "not an integer of 64 bits");
    return words;
}

/* ---- doubles ---- */

static bool read_double(double *out, const json_t *hex)
{
    const char *const text = json_string_value(hex);
    char *end = NULL;
    if (text)
        *out = strtod(text, &end);
    return end && end != text && *end == '\0';
}

double golden_double(struct golden *g, const json_t *c, const char *path)
{
    double value = 0;
    if (!read_double(&value, json_object_get(golden_at(g, c, path), "h")))
        FAIL(g, path, "not a double");
    return value;
}

double *golden_doubles(struct golden *g, const json_t *c, const char *path, size_t *n)
{
    const json_t *const list = json_object_get(golden_at(g, c, path), "h");
    *n = golden_count(g, c, path);
    double *const values = allocate(*n, sizeof *values);
    for (size_t i = 0; i < *n; i++)
        if (!read_double(&values[i], json_array_get(list, i)))
            fail_at(g, path, (long)i, "not a double");
    return values;
}

/* ---- seeds ---- */

enum { WORDS_MAX = 100 };

struct words {
    size_t n;
    uint32_t word[WORDS_MAX];
};

/* The 32-bit words of an integer: none of the zeros at its top, but one for 0. */
static void add_words(struct golden *g, const json_t *value, struct words *words)
{
    uint64_t wide[20] = { 0 };
    if (!(json_is_string(value) && read_text(wide, 20, json_string_value(value))) &&
        !(json_is_integer(value) && read_u64(wide, value)))
        FAIL(g, "seed", "not an integer");
    size_t n = 40;
    while (n > 1 && (uint32_t)(wide[(n - 1) / 2] >> (n - 1) % 2 * 32) == 0)
        n--;
    assert_true(words->n + n <= WORDS_MAX);
    for (size_t i = 0; i < n; i++)
        words->word[words->n++] = (uint32_t)(wide[i / 2] >> i % 2 * 32);
}

cadre_seed golden_entropy(struct golden *g, const json_t *c, const char *path)
{
    const json_t *const in = golden_at(g, c, path);
    struct words entropy = { 0 };
    if (golden_has(in, "entropy.int"))
        add_words(g, golden_at(g, in, "entropy.int"), &entropy);
    else
        for (size_t i = 0; i < golden_count(g, in, "entropy.list"); i++)
            add_words(g, json_array_get(golden_at(g, in, "entropy.list"), i), &entropy);
    const json_int_t pool = json_integer_value(json_object_get(in, "pool_size"));
    cadre_seed seed;
    if (!cadre_seed_init_words(&seed, entropy.word, entropy.n, (unsigned)pool))
        FAIL(g, path, "refused as a seed");
    return seed;
}

cadre_seed golden_child(struct golden *g, const json_t *c, const char *path,
                        cadre_seed seed)
{
    size_t n;
    uint64_t *const keys = golden_u64s(g, c, path, &n);
    for (size_t i = 0; i < n; i++)
        seed = cadre_seed_child(&seed, keys[i]);
    free(keys);
    return seed;
}

cadre_seed golden_seed(struct golden *g, const json_t *c, const char *path)
{
    const cadre_seed seed = golden_entropy(g, c, path);
    const json_t *const in = golden_at(g, c, path);
    return golden_has(in, "spawn_key") ? golden_child(g, in, "spawn_key", seed) : seed;
}

/* ---- comparing ---- */

static void compare_words(struct golden *g, const char *path, long i, uint64_t expected,
                          uint64_t actual)
{
    g->checked++;
    if (expected != actual)
        fail_at(g, path, i,
                "expected %#" PRIx64 " (%" PRIu64 "), got %#" PRIx64 " (%" PRIu64 ")",
                expected, expected, actual, actual);
}

static void compare_doubles(struct golden *g, const char *path, long i, double expected,
                            double actual, double relative)
{
    g->checked++;
    const double larger = fmax(fabs(expected), fabs(actual));
    const bool equal = expected == actual || (isnan(expected) && isnan(actual)) ||
                       (isfinite(larger) &&
                        fabs(expected - actual) <= relative * larger && relative > 0);
    if (!equal)
        fail_at(g, path, i, "expected %.17g (%a), got %.17g (%a)", expected, expected,
                actual, actual);
}

static void compare_counts(struct golden *g, const char *path, size_t expected,
                           size_t actual)
{
    if (expected != actual)
        FAIL(g, path, "expected %zu elements, got %zu", expected, actual);
}

void golden_is_u64(struct golden *g, const json_t *c, const char *path, uint64_t actual)
{
    compare_words(g, path, -1, golden_u64(g, c, path), actual);
}

void golden_is_u64s(struct golden *g, const json_t *c, const char *path,
                    const uint64_t *actual, size_t n)
{
    size_t count;
    uint64_t *const expected = golden_u64s(g, c, path, &count);
    compare_counts(g, path, count, n);
    for (size_t i = 0; i < n; i++)
        compare_words(g, path, (long)i, expected[i], actual[i]);
    free(expected);
}

void golden_is_u32s(struct golden *g, const json_t *c, const char *path,
                    const uint32_t *actual, size_t n)
{
    uint64_t *const wider = allocate(n, sizeof *wider);
    for (size_t i = 0; i < n; i++)
        wider[i] = actual[i];
    golden_is_u64s(g, c, path, wider, n);
    free(wider);
}

void golden_is_wide(struct golden *g, const json_t *c, const char *path,
                    const uint64_t *words, size_t n)
{
    uint64_t *const expected = allocate(n, sizeof *expected);
    golden_wide(g, c, path, expected, n);
    for (size_t i = 0; i < n; i++)
        if (expected[i] != words[i])
            fail_at(g, path, -1, "expected word %zu %#" PRIx64 ", got %#" PRIx64, i,
                    expected[i], words[i]);
    g->checked++;
    free(expected);
}

void golden_is_pcg64(struct golden *g, const json_t *c, const char *path,
                     const cadre_rng *rng)
{
    static const char *const fields[] = { "state", "inc", "has_uint32", "uinteger" };
    char at[4][100];
    for (int i = 0; i < 4; i++)
        snprintf(at[i], sizeof at[i], "%s.%s", path, fields[i]);
    golden_is_wide(g, c, at[0], rng->state, 2);
    golden_is_wide(g, c, at[1], rng->state + 2, 2);
    golden_is_u64(g, c, at[2], rng->has_half);
    golden_is_u64(g, c, at[3], rng->half);
}

void golden_is_near(struct golden *g, const json_t *c, const char *path, double actual,
                    double relative)
{
    compare_doubles(g, path, -1, golden_double(g, c, path), actual, relative);
}

void golden_is_double(struct golden *g, const json_t *c, const char *path,
                      double actual)
{
    golden_is_near(g, c, path, actual, 0);
}

void golden_is_doubles(struct golden *g, const json_t *c, const char *path,
                       const double *actual, size_t n)
{
    size_t count;
    double *const expected = golden_doubles(g, c, path, &count);
    compare_counts(g, path, count, n);
    for (size_t i = 0; i < n; i++)
        compare_doubles(g, path, (long)i, expected[i], actual[i], 0);
    free(expected);
}

/* ---- hashes ---- */

uint64_t golden_fnv(const uint64_t *words, size_t n)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < n; i++)
        for (unsigned shift = 0; shift < 64; shift += 8)
            hash = (hash ^ (words[i] >> shift & 0xff)) * 0x100000001b3u;
    return hash;
}

uint64_t golden_fnv_doubles(const double *values, size_t n)
{
    uint64_t *const words = allocate(n, sizeof *words);
    memcpy(words, values, n * sizeof *words);
    const uint64_t hash = golden_fnv(words, n);
    free(words);
    return hash;
}
