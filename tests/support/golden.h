/* golden.h - known answers: reading tests/golden/, and comparing with it.
 * SPDX-License-Identifier: MIT
 *
 * How the files are written: a double is {"d": decimal, "h": C99 hexadecimal}, an
 * array of them the same with two arrays ("nan", "inf", "-inf" as text); only "h" is
 * read. An integer is a JSON integer, "123" or "0x7b", of any size. A field ending
 * in _fnv is an FNV-1a hash over 64-bit words.
 *
 * A path names a value from a case down: "out.init.state"; a step is a field or the
 * number of an array's element, and a field may have dots of its own. What cannot be
 * found, read or equalled fails the test at once, naming file, case and path.
 */
#ifndef CDR_TESTS_GOLDEN_H
#define CDR_TESTS_GOLDEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <jansson.h>
#include <cadre/random.h>

struct golden {
    const char *file; /* its name in tests/golden/ */
    json_t *root;
    char id[200];   /* of the case at hand */
    size_t checked; /* values compared so far; golden_close prints them */
};

void golden_open(struct golden *g, const char *file);
void golden_close(struct golden *g);

/* Case i of a list in the file, NULL behind the last; makes it the case at hand.
 *     for (size_t i = 0; (c = golden_case(&g, "cases", i)); i++) */
const json_t *golden_case(struct golden *g, const char *list, size_t i);

/* ---- reading ---- */

bool golden_has(const json_t *c, const char *path);
const json_t *golden_at(struct golden *g, const json_t *c, const char *path);
/* Elements of an array, or of an array of doubles. */
size_t golden_count(struct golden *g, const json_t *c, const char *path);
const char *golden_text(struct golden *g, const json_t *c, const char *path);
/* From -2^63 to 2^64 - 1, the negative ones as they are cast. Also false and true. */
uint64_t golden_u64(struct golden *g, const json_t *c, const char *path);
/* An integer of any size as n words, lowest first. */
void golden_wide(struct golden *g, const json_t *c, const char *path, uint64_t *words,
                 size_t n);
double golden_double(struct golden *g, const json_t *c, const char *path);
/* The caller frees these. */
uint64_t *golden_u64s(struct golden *g, const json_t *c, const char *path, size_t *n);
double *golden_doubles(struct golden *g, const json_t *c, const char *path, size_t *n);
/* The SeedSequence of {"entropy", "pool_size", "spawn_key"}; the last two may be
 * missing. golden_entropy leaves the key out, golden_child appends one. */
cadre_seed golden_seed(struct golden *g, const json_t *c, const char *path);
cadre_seed golden_entropy(struct golden *g, const json_t *c, const char *path);
cadre_seed golden_child(struct golden *g, const json_t *c, const char *path,
                        cadre_seed seed);

/* ---- comparing ---- */

/* Exactly; zeros of either sign are equal, and so are NaNs. */
void golden_is_u64(struct golden *g, const json_t *c, const char *path,
                   uint64_t actual);
void golden_is_u64s(struct golden *g, const json_t *c, const char *path,
                    const uint64_t *actual, size_t n);
void golden_is_u32s(struct golden *g, const json_t *c, const char *path,
                    const uint32_t *actual, size_t n);
void golden_is_wide(struct golden *g, const json_t *c, const char *path,
                    const uint64_t *words, size_t n);
void golden_is_double(struct golden *g, const json_t *c, const char *path,
                      double actual);
void golden_is_doubles(struct golden *g, const json_t *c, const char *path,
                       const double *actual, size_t n);

/* A PCG64 stream: {"state", "inc", "has_uint32", "uinteger"}. */
void golden_is_pcg64(struct golden *g, const json_t *c, const char *path,
                     const cadre_rng *rng);

/* Within `relative` times the larger magnitude. */
void golden_is_near(struct golden *g, const json_t *c, const char *path, double actual,
                    double relative);

/* FNV-1a, 64 bits, over the words' bytes, lowest first; doubles by their bits. */
uint64_t golden_fnv(const uint64_t *words, size_t n);
uint64_t golden_fnv_doubles(const double *values, size_t n);

#endif
