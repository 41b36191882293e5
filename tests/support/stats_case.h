/* stats_case.h - what the statistics tests share: rows, and intervals on two pools.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_TESTS_STATS_CASE_H
#define CDR_TESTS_STATS_CASE_H

#include <cadre/random.h>
#include <cadre/stats.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants the ones above first */
#include <cmocka.h>

/* Zeroed, freed by the caller, never NULL. */
void *stats_array(size_t n, size_t size);

/* default_rng(seed) */
cadre_rng stats_stream(uint64_t seed);

/* Group set-up and tear-down: the three threads of stats_pool. */
int stats_open(void **state);
int stats_close(void **state);
cadre_pool *stats_pool(void);

/* cadre_bootstrap_interval and _difference on the NULL pool and on stats_pool; fail the
 * test unless code, message, *out and replicates come out with the same bytes. */
int stats_interval(cadre_interval *out, const cadre_bootstrap *b, const double *scores,
                   int method, cadre_error *err);
int stats_difference(cadre_interval *out, const cadre_bootstrap *b, const double *a,
                     const double *scores_b, cadre_error *err);

/* Fails the test, saying both, unless the bits are the same. */
void stats_same(double expected, double actual, const char *what);

/* Fails the test, saying both, unless they are at most that far apart. */
void stats_near(double expected, double actual, double distance);

#endif
