/* test_manifest.c - a run written down: opened as it was, or refused.
 * SPDX-License-Identifier: MIT
 */
#include "contract.h"
#include "core/lease/format.h"
#include "core/run/run.h"

#include <cadre/backend.h>

#include <fcntl.h>
#include <unistd.h>

/* ---- a manifest to look at ---- */

static cadre_packet packed;

/* A backend that writes the run down, and has no workers for it. */
static int write_down(void *state, cadre_run *run, cadre_error *err)
{
    int rc = cadre_manifest_pack(run, &packed, err);

    (void)state;
    return rc ? rc : CADRE_ECANCELLED;
}

static unsigned no_workers(void *state, cadre_run *run, int timeout_ms)
{
    (void)state;
    (void)run;
    (void)timeout_ms;
    return 0;
}

static void nothing(void *state, cadre_run *run)
{
    (void)state;
    (void)run;
}

static const cadre_backend writer = {
    .abi = CADRE_BACKEND_ABI,
    .name = "writer",
    .begin = write_down,
    .poll = no_workers,
    .wake = nothing,
    .end = nothing,
    .traits = CADRE_REMOTE,
};

static int copy_number(cadre_task *t, const void *item, void *result)
{
    (void)t;
    memcpy(result, item, sizeof(uint64_t));
    return 0;
}

static void pack(cadre_job job)
{
    cadre_options options = { .custom = &writer, .workers = 1, .min_items = 1 };
    cadre_pool *pool;
    cadre_error err;

    options.ignore_environment = true;
    assert_int_equal(cadre_open(&pool, &options, &err), CADRE_OK);
    assert_int_equal(cadre_map(pool, &job, &err), CADRE_ECANCELLED);
    cadre_close(pool);
}

/* One of 100 numbers, with a name and shared bytes. */
static int pack_numbers(void **state)
{
    static uint64_t x[100], y[100];

    (void)state;
    pack((cadre_job){ .fn = copy_number,
                      .name = "numbers",
                      .n = 100,
                      .items = x,
                      .item_size = sizeof *x,
                      .results = y,
                      .result_size = sizeof *y,
                      .shared = "shared",
                      .shared_size = 7,
                      .seed = 11 });
    return 0;
}

static int drop(void **state)
{
    (void)state;
    cadre_packet_free(&packed);
    return 0;
}

static struct cdr_manifest_head *head(void)
{
    return packed.data;
}

/* ---- tests ---- */

static void test_what_it_says(void **state)
{
    const struct cdr_manifest_head *m = head();

    (void)state;
    assert_int_equal(m->n, 100);
    assert_int_equal(m->grain, 1);
    assert_int_equal(m->item_stride, 8);
    assert_int_equal(m->result_size, 8);
    assert_int_equal(m->seed, 11);
    assert_int_equal(m->has, 1u << CDR_KERNEL);
    assert_string_equal((const char *)packed.data + m->name.at, "numbers");
    assert_string_equal((const char *)packed.data + m->shared.at, "shared");
    assert_int_equal(m->wire.size, packed.size);
}

static void test_opens(void **state)
{
    cadre_program *program;
    cadre_error err;

    (void)state;
    assert_int_equal(cadre_manifest_open(&program, packed.data, packed.size, &err),
                     CADRE_OK);
    cadre_program_close(program);
}

static void refused(const void *bytes, size_t size, int code, const char *why)
{
    cadre_program *program = (cadre_program *)packed.data;
    cadre_error err;

    assert_int_equal(cadre_manifest_open(&program, bytes, size, &err), code);
    assert_null(program);
    assert_non_null(strstr(err.message, why));
}

static void test_another_length(void **state)
{
    (void)state;
    refused(packed.data, packed.size - 16, CADRE_EINVAL, "another length than it says");
    refused(packed.data, 8, CADRE_EINVAL, "does not begin as one");
    refused((char *)packed.data + 8, packed.size - 8, CADRE_EINVAL,
            "boundary of 16 bytes");
}

static void test_another_version(void **state)
{
    (void)state;
    head()->wire.version++;
    refused(packed.data, packed.size, CADRE_EINVAL, "another version of cadre");
    head()->wire.version--;
    head()->wire.magic ^= 1;
    refused(packed.data, packed.size, CADRE_EINVAL, "does not begin as one");
}

static void test_parts_outside(void **state)
{
    (void)state;
    head()->shared.at = packed.size;
    refused(packed.data, packed.size, CADRE_EINVAL, "a part lies outside of it");
}

static void test_sizes_that_cannot_be(void **state)
{
    (void)state;
    head()->n = CDR_UNITS_MAX + 1;
    refused(packed.data, packed.size, CADRE_EINVAL, "more tasks than a run can have");
    head()->n = 100;
    head()->grain = 0;
    refused(packed.data, packed.size, CADRE_EINVAL, "units are of no size");
    head()->grain = 1;
    head()->flags |= CDR_FOLDS;
    refused(packed.data, packed.size, CADRE_EINVAL, "nothing to fold into");
}

static void test_a_kernel_that_is_not_there(void **state)
{
    (void)state;
    head()->code[CDR_KERNEL].id.bytes[0] ^= 1;
    refused(packed.data, packed.size, CADRE_ENOTSUP, "the kernel");
}

/* ---- a worker that shares memory with the caller ---- */

static void wake_nobody(void *arg)
{
    (void)arg;
}

/* A backend that joins the run as a worker would, and gives it up there. */
static int join_and_give_up(void *state, cadre_run *run, cadre_error *err)
{
    const cadre_error why = { .code = CADRE_ECRASH, .message = "the worker is lost" };
    int theirs[CADRE_RUN_FDS], fds[CADRE_RUN_FDS];
    unsigned n = cadre_run_descriptors(run, theirs);
    cadre_run *joined;

    (void)state;
    for (unsigned k = 0; k < n; k++)
        assert_true((fds[k] = fcntl(theirs[k], F_DUPFD_CLOEXEC, 0)) >= 0);
    assert_int_equal(
        cadre_run_join(&joined, cadre_run_manifest(run), fds, wake_nobody, NULL, err),
        CADRE_OK);
    assert_ptr_not_equal(joined->given_up, run->given_up);
    cadre_run_give_up(joined, &why);
    assert_true(cdr_run_is_given_up(joined));
    assert_string_equal(joined->given_up->message, why.message);
    cadre_run_leave(joined);
    return CADRE_ECANCELLED;
}

static int no_descriptor(void *state, cadre_run *run)
{
    (void)state;
    (void)run;
    return -1;
}

/* What a joined run says of its end goes to memory of its own: the caller's words are at an
 * address that means something else in a worker. */
static void test_given_up_by_a_worker(void **state)
{
    static const cadre_backend joiner = {
        .abi = CADRE_BACKEND_ABI,
        .name = "joiner",
        .begin = join_and_give_up,
        .poll = no_workers,
        .pollfd = no_descriptor,
        .wake = nothing,
        .end = nothing,
        .traits = CADRE_REMOTE | CADRE_MAPPED,
    };
    cadre_options options = { .custom = &joiner, .workers = 1, .min_items = 1 };
    uint64_t x[10] = { 0 }, y[10];
    cadre_job job = { .fn = copy_number,
                      .n = 10,
                      .items = x,
                      .item_size = sizeof *x,
                      .results = y,
                      .result_size = sizeof *y };
    cadre_pool *pool;
    cadre_error err;

    (void)state;
    options.ignore_environment = true;
    assert_int_equal(cadre_open(&pool, &options, &err), CADRE_OK);
    assert_int_equal(cadre_map(pool, &job, &err), CADRE_ECANCELLED);
    cadre_close(pool);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, pack_numbers, drop)
    const struct CMUnitTest tests[] = {
        CASE(test_what_it_says),
        CASE(test_opens),
        CASE(test_another_length),
        CASE(test_another_version),
        CASE(test_parts_outside),
        CASE(test_sizes_that_cannot_be),
        CASE(test_a_kernel_that_is_not_there),
        cmocka_unit_test(test_given_up_by_a_worker),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
