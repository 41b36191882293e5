/* stream_spill.c - items and results larger than a stream's memory limit allows.
 * SPDX-License-Identifier: MIT
 *
 * They lie in a file, and nobody who takes them can tell.
 */
#include "streams.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#define N      60
#define LIMIT  ((uint64_t)64 << 10) /* a piece in memory has at most a quarter of it */
#define PART   1000
#define VICTIM 33

/* Every third result is larger than memory may hold, some by far. */
static size_t size_of(uint64_t i)
{
    return i % 3 ? i * 10 : i % 2 ? (size_t)600 * 1000 : (size_t)17 * 1000 + i;
}

static void fill(char *bytes, size_t size, uint64_t i, size_t at)
{
    for (size_t k = 0; k < size; k++)
        bytes[k] = (char)(i * 31 + (at + k) * 7 % 251);
}

static bool is_right(const cadre_record *r)
{
    char part[PART];

    if (r->size != size_of(r->index))
        return false;
    for (size_t at = 0; at < r->size; at += PART) {
        size_t size = r->size - at < PART ? r->size - at : PART;
        fill(part, size, r->index, at);
        if (memcmp(part, (const char *)r->data + at, size) != 0)
            return false;
    }
    return true;
}

/* In parts, so that no buffer of that size is ever there. */
static int emit_parts(cadre_task *t, const void *item, void *result)
{
    uint64_t i = cadre_task_index(t);
    char part[PART];
    int rc = 0;

    (void)item;
    (void)result;
    for (size_t at = 0; at < size_of(i) && !rc; at += PART) {
        size_t size = size_of(i) - at < PART ? size_of(i) - at : PART;
        fill(part, size, i, at);
        rc = cadre_task_emit(t, part, size);
    }
    return rc;
}

static int emit_whole(cadre_task *t, const void *item, void *result)
{
    uint64_t i = cadre_task_index(t);
    char *bytes = cadre_task_scratch(t, size_of(i));

    (void)item;
    (void)result;
    if (!bytes && size_of(i) > 0)
        return 1;
    fill(bytes, size_of(i), i, 0);
    return cadre_task_emit(t, bytes, size_of(i));
}

static void drain(cadre_stream *s, bool ordered, uint64_t expected)
{
    bool seen[N] = { false };
    uint64_t n = 0;
    cadre_record r;
    cadre_error err;
    int rc;

    while ((rc = cadre_stream_next(s, &r, &err)) == CADRE_OK) {
        assert_true(r.index < N && !seen[r.index]);
        assert_true(!ordered || r.index == n);
        seen[r.index] = true;
        n++;
        if (r.error)
            assert_int_equal(r.index, VICTIM);
        else
            assert_true(is_right(&r));
    }
    if (rc != CADRE_DONE)
        fail_msg("%s", err.message);
    assert_int_equal(n, expected);
    close_stream(s, LIMIT);
}

static cadre_job job_of(cadre_fn *fn, bool unordered)
{
    return (
        cadre_job){ .fn = fn, .n = N, .unordered = unordered, .memory_limit = LIMIT };
}

static void test_results(void **state)
{
    for (int unordered = 0; unordered < 2; unordered++) {
        drain(open_stream(*state, job_of(emit_parts, unordered)), !unordered, N);
        drain(open_stream(*state, job_of(emit_whole, unordered)), !unordered, N);
    }
}

/* ---- items ---- */

static int give_babble(void *arg, void *item, cadre_error *err)
{
    uint64_t *next = arg;
    static char *bytes;
    size_t size = size_of(*next);

    (void)err;
    free(bytes);
    bytes = NULL;
    if (*next == N)
        return CADRE_DONE;
    bytes = malloc(size ? size : 1);
    assert_non_null(bytes);
    fill(bytes, size, *next, 0);
    *(cadre_bytes *)item = (cadre_bytes){ bytes, size };
    (*next)++;
    return CADRE_OK;
}

static int repeat(cadre_task *t, const void *item, void *result)
{
    const cadre_bytes *bytes = item;

    (void)result;
    return cadre_task_emit(t, bytes->data, bytes->size);
}

static void test_items(void **state)
{
    for (int unordered = 0; unordered < 2; unordered++) {
        uint64_t next = 0;
        cadre_job job = job_of(repeat, unordered);
        job.n = 0;
        job.source = give_babble;
        job.source_arg = &next;
        job.item_size = CADRE_BYTES;
        drain(open_stream(*state, job), !unordered, N);
    }
}

/* The records of one stream as the items of another: too large for either. */
static void test_a_chain(void **state)
{
    cadre_stream *up = open_stream(*state, job_of(emit_parts, false)), *s;
    cadre_job job = job_of(repeat, false);

    job.n = 0;
    job.source = cadre_stream_source;
    job.source_arg = up;
    job.item_size = CADRE_BYTES;
    s = open_stream(*state, job);
    drain(s, true, N);
    cadre_stream_close(up);
}

/* ---- ends ---- */

static int emit_and_fail(cadre_task *t, const void *item, void *result)
{
    int rc = emit_parts(t, item, result);

    return cadre_task_index(t) == VICTIM ? cadre_task_fail(t, 4, "after all") : rc;
}

static void test_a_failure_takes_it_back(void **state)
{
    for (int unordered = 0; unordered < 2; unordered++) {
        cadre_job job = job_of(emit_and_fail, unordered);
        cadre_error err;
        job.on_error = CADRE_KEEP_GOING;
        drain(open_stream(*state, job), !unordered, N);
        job.on_error = CADRE_STOP;
        assert_true(count_until_end(*state, job, CADRE_EKERNEL, &err) >= VICTIM);
        assert_int_equal(err.item, VICTIM);
        assert_string_equal(err.message, "item 33: after all");
    }
}

static void test_closed_early(void **state)
{
    for (uint64_t taken = 0; taken < 8; taken++) {
        cadre_stream *s = open_stream(*state, job_of(emit_parts, taken % 2));
        cadre_record r;
        for (uint64_t k = 0; k < taken; k++)
            assert_int_equal(cadre_stream_next(s, &r, NULL), CADRE_OK);
        cadre_stream_close(s);
    }
}

static int emit_and_die(cadre_task *t, const void *item, void *result)
{
    int rc = emit_parts(t, item, result);
    _Atomic int *dead = *(_Atomic int *const *)cadre_task_shared(t);

    if (cadre_task_index(t) == VICTIM && atomic_fetch_add(dead, 1) == 0)
        raise(SIGKILL);
    return rc;
}

static void test_a_death_in_the_middle(void **state)
{
    for (int unordered = 0; unordered < 2; unordered++) {
        _Atomic int *dead = cadre_alloc_shared(sizeof *dead, NULL);
        cadre_job job = job_of(emit_and_die, unordered);
        assert_non_null(dead);
        job.retries = 1;
        job.shared = &dead;
        job.shared_size = sizeof dead;
        drain(open_stream(*state, job), !unordered, N);
        assert_int_equal(*dead, 2);
        cadre_free_shared(dead);
    }
}

/* ---- no place for it ---- */

static void limit_files(rlim_t size)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = size;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* Beyond the limit, writing would raise a signal. */
static void test_files_are_limited(void **state)
{
    cadre_job job = job_of(emit_whole, false);
    struct rlimit old;
    cadre_error err;

    job.window = 1; /* one item in the file at a time: with more, another may not fit */
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    limit_files(300 * 1000);
    assert_int_equal(count_until_end(*state, job, CADRE_ENOMEM, &err), 3);
    assert_string_equal(err.message,
                        "item 3: 600000 emitted bytes do not fit in the stream's "
                        "memory_limit, nor in a file: File too large");
    limit_files(old.rlim_cur);
    drain(open_stream(*state, job_of(emit_whole, false)), true, N);
}

/* A directory that is not there is no reason to fail. */
static void test_no_directory(void **state)
{
    assert_int_equal(setenv("TMPDIR", "/nowhere/at/all", 1), 0);
    drain(open_stream(*state, job_of(emit_parts, false)), true, N);
    assert_int_equal(unsetenv("TMPDIR"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_results),
        cmocka_unit_test(test_items),
        cmocka_unit_test(test_a_chain),
        cmocka_unit_test(test_a_failure_takes_it_back),
        cmocka_unit_test(test_closed_early),
        cmocka_unit_test(test_no_directory),
        cmocka_unit_test(test_files_are_limited), /* workers have it from the caller */
        cmocka_unit_test(test_a_death_in_the_middle), /* worker processes */
    };
    bool forked = contract_backend_is("processes");
    bool persistent = contract_backend_is("persistent");
    size_t n = sizeof tests / sizeof tests[0];

    if (persistent)
        return contract_run(tests, n - 2);
    return contract_run(tests, forked ? n : n - 1);
}
