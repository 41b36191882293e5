/* contract.h - what the contract tests share: one pool, as the environment says.
 * SPDX-License-Identifier: MIT
 *
 * The contract suite uses public headers only and runs unchanged on every backend:
 * CADRE_TEST_BACKEND ("null" is the NULL pool, "persistent" processes that stay),
 * CADRE_TEST_WORKERS, CADRE_TEST_CHUNK. A path as the backend is a file that has one of its
 * own, `const cadre_backend contract_backend` (tests/outside). Tests that go through the backends by themselves
 * leave out the one that CADRE_TEST_WITHOUT names, where a machine cannot have it.
 */
#ifndef CADRE_TESTS_CONTRACT_H
#define CADRE_TESTS_CONTRACT_H

#include <cadre/cadre.h>
#include <cadre/random.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants the ones above first */
#include <cmocka.h>

struct contract {
    const char *backend; /* NULL: the NULL pool */
    int workers;
    uint64_t chunk;
    cadre_pool *pool;
};

/* Group set-up and tear-down: state is a struct contract. */
int contract_open(void **state);
int contract_close(void **state);

/* Before the tests: what of them applies. */
bool contract_backend_is(const char *name); /* as CADRE_TEST_BACKEND has it */
unsigned contract_workers(void);            /* that a pool will have */
bool contract_isolates(void); /* a crashing kernel costs a task, not the program */
bool contract_is_mapped(
    void); /* workers share memory with the test, if they are processes */
bool contract_inherits(void); /* workers have what the test had when the run began */

bool contract_without(const char *backend); /* CADRE_TEST_WITHOUT is this backend */

/* The first n of the tests, in a pool as the environment says. */
int contract_run(const struct CMUnitTest *tests, size_t n);

/* A pool as the contract's, with other options beside; min_items is 1, so that workers
 * come in however short the job is. */
int contract_pool(cadre_pool **pool, const struct contract *c, cadre_options opt);

/* In a task: the contract's pool, or NULL in a process that does not have it. */
cadre_pool *pool_here(cadre_pool *pool);

/* cadre_map and cadre_reduce on the contract's pool, with its chunk; a failure fails
 * the test with the message. */
void map_ok(const struct contract *c, cadre_job job);
void reduce_ok(const struct contract *c, cadre_job job, cadre_combine *combine,
               void *out);

/* cadre_map that must fail with `code`; *err is its error. */
void map_fails(const struct contract *c, cadre_job job, int code, cadre_error *err);

/* A copy of it in memory that workers share wherever they are; give it back with
 * cadre_free_shared. What kernels and the test tell each other lies in such. */
void *shared_copy(const void *bytes, size_t size);

/* The same, all zero. */
void *shared_zeros(size_t size);

/* Yield until *word >= value; fails the test after 60 seconds. */
void await(_Atomic int *word, int value);

/* Some work whose length depends on `seed`, up to about 20 microseconds. */
void jitter(uint64_t seed);

/* The message has this in it. */
void assert_says(const cadre_error *err, const char *part);

/* A job's functions that are not to be run: workers know others by the names. Each fails its
 * task, or the test. */
int never(cadre_task *t, const void *item, void *result);
int never_range(cadre_task *t, uint64_t first, uint64_t count, const void *items,
                void *results);
int never_combine(cadre_task *t, void *into, const void *from);
int never_begin(cadre_task *t, void **state);
void never_end(void *state);

uint64_t fnv1a(const void *bytes, size_t size, uint64_t hash);
#define FNV_BEGIN UINT64_C(0xcbf29ce484222325)

#endif
