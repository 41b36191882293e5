/* lease.c - manifests, leases and outcomes that were changed on the way break nobody.
 * SPDX-License-Identifier: MIT
 *
 * A job runs on a backend that is its own worker. Byte 0 says which; each five bytes after it
 * change one byte of the first manifest (0), lease (1) or outcome (2), or end it there: which
 * packet, what to do, where (two bytes), what with. A changed manifest may be opened, and a
 * changed lease run, but by a worker that is thrown away; a changed outcome is given to the
 * run, which then may say what it likes. Where none was given, the results are right.
 */
#include "target.h"

#include <cadre/backend.h>
#include <stdbool.h>
#include <string.h>

enum packet { MANIFEST, LEASE, OUTCOME };

#define N 40

static struct {
    const uint8_t *changes;
    size_t size;
    bool done[3], lied; /* each is changed once; an outcome was */
} script;

/* ---- changing ---- */

/* A copy of just that size, so that a sanitizer sees a byte too many; NULL: as it was. */
static void *changed(enum packet which, const cadre_packet *packet, size_t *size)
{
    char *copy;
    bool any = false;

    *size = packet->size;
    if (script.done[which])
        return NULL;
    script.done[which] = true;
    for (size_t k = 0; k + 5 <= script.size; k += 5)
        if (script.changes[k] % 3 == which && script.changes[k + 1] % 4 == 3 && *size)
            *size =
                (size_t)(script.changes[k + 2] | script.changes[k + 3] << 8) % *size;
    copy = malloc(*size ? *size : 1);
    HOLDS(copy);
    memcpy(copy, packet->data, *size);
    for (size_t k = 0; k + 5 <= script.size && *size > 0; k += 5) {
        const uint8_t *c = script.changes + k;
        size_t at = (size_t)(c[2] | c[3] << 8) % *size;

        if (c[0] % 3 != which)
            continue;
        any = true;
        copy[at] = (char)(c[1] % 4 == 0   ? c[4]
                          : c[1] % 4 == 1 ? copy[at] ^ c[4]
                          : c[1] % 4 == 2 ? copy[at] + c[4]
                                          : copy[at]);
    }
    if (any)
        return copy;
    free(copy);
    return NULL;
}

/* ---- the worker ---- */

static cadre_packet manifest;
static cadre_worker *worker;

/* A worker of the moment runs it to its end. */
static void try_lease(const void *lease, size_t size)
{
    cadre_worker *another = cadre_worker_open();
    cadre_packet outcome = { 0 };
    cadre_program *program;
    cadre_error error;
    int rc;

    HOLDS(another);
    HOLDS(cadre_manifest_open(&program, manifest.data, manifest.size, &error) ==
          CADRE_OK);
    do
        rc = cadre_lease_run(another, program, lease, size, 0, &outcome, &error);
    while (rc == CADRE_OK);
    HOLDS(rc == CADRE_DONE || rc == CADRE_EINVAL || rc == CADRE_ENOMEM);
    cadre_packet_free(&outcome);
    cadre_program_close(program);
    cadre_worker_close(another);
}

static void try_manifest(const void *bytes, size_t size)
{
    cadre_program *program;
    cadre_error error;
    int rc = cadre_manifest_open(&program, bytes, size, &error);

    HOLDS(rc == CADRE_OK || rc == CADRE_EINVAL || rc == CADRE_ENOMEM ||
          rc == CADRE_ENOTSUP);
    HOLDS((program != NULL) == (rc == CADRE_OK));
    cadre_program_close(program);
}

static int give(cadre_run *run, const cadre_packet *outcome)
{
    cadre_error error;
    size_t size;
    void *copy = changed(OUTCOME, outcome, &size);
    int rc = CADRE_EINVAL;

    if (copy)
        rc = cadre_lease_give(run, 1, copy, size, &error);
    free(copy);
    HOLDS(rc == CADRE_OK || rc == CADRE_DONE || rc == CADRE_EBUSY ||
          rc == CADRE_EINVAL || rc == CADRE_ENOMEM);
    if (rc != CADRE_EINVAL) {
        script.lied = true;
        return rc;
    }
    rc = cadre_lease_give(run, 1, outcome->data, outcome->size, &error);
    HOLDS(script.lied || rc == CADRE_OK || rc == CADRE_DONE);
    return rc;
}

static void run_lease(cadre_run *run, cadre_program *program, const cadre_lease *lease)
{
    cadre_packet outcome = { 0 };
    cadre_error error;
    int rc, given = CADRE_OK;

    while ((rc = cadre_lease_run(worker, program, lease->packet.data,
                                 lease->packet.size, 3, &outcome, &error)) == CADRE_OK)
        given = given == CADRE_OK ? give(run, &outcome) : given;
    HOLDS(rc == CADRE_DONE);
    HOLDS(script.lied || given == CADRE_DONE);
    if (given != CADRE_DONE)
        cadre_lease_return(run, 1, lease->id);
    cadre_packet_free(&outcome);
}

/* ---- the backend ---- */

static int begin(void *state, cadre_run *run, cadre_error *err)
{
    size_t size;
    void *copy;
    int rc = cadre_manifest_pack(run, &manifest, err);

    (void)state;
    HOLDS(rc == CADRE_OK);
    copy = changed(MANIFEST, &manifest, &size);
    if (copy)
        try_manifest(copy, size);
    free(copy);
    worker = cadre_worker_open();
    HOLDS(worker);
    return CADRE_OK;
}

static unsigned poll_all(void *state, cadre_run *run, int timeout_ms)
{
    cadre_program *program;
    cadre_lease lease = { 0 };
    cadre_error error;
    size_t size;
    void *copy;

    (void)state;
    (void)timeout_ms;
    HOLDS(cadre_manifest_open(&program, manifest.data, manifest.size, &error) ==
          CADRE_OK);
    while (cadre_lease_take(run, 1, 0, &lease, &error) == CADRE_OK) {
        copy = changed(LEASE, &lease.packet, &size);
        if (copy)
            try_lease(copy, size);
        free(copy);
        run_lease(run, program, &lease);
    }
    cadre_packet_free(&lease.packet);
    cadre_program_close(program);
    return 0;
}

static void wake(void *state, cadre_run *run)
{
    (void)state;
    (void)run; /* who waits is the one who would be woken */
}

static void end(void *state, cadre_run *run)
{
    (void)state;
    (void)run;
    cadre_worker_close(worker);
    cadre_packet_free(&manifest);
}

static const cadre_backend itself = {
    .abi = CADRE_BACKEND_ABI,
    .name = "itself",
    .begin = begin,
    .poll = poll_all,
    .wake = wake,
    .end = end,
    .traits = CADRE_REMOTE,
};

/* ---- the jobs ---- */

static int twice(cadre_task *t, const void *item, void *result)
{
    *(uint64_t *)result = 2 * *(const uint64_t *)item;
    return cadre_task_index(t) % 16 == 15 && cadre_task_shared(t);
}

static int emit_some(cadre_task *t, const void *item, void *result)
{
    char bytes[N];

    (void)item;
    (void)result;
    memset(bytes, 'a', sizeof bytes);
    return cadre_task_emit(t, bytes, cadre_task_index(t));
}

static int product(cadre_task *t, const void *item, void *result)
{
    (void)t;
    *(uint64_t *)result = CADRE_ARG(item, 0, uint64_t) * CADRE_ARG(item, 1, uint64_t);
    return 0;
}

static int fold(cadre_task *t, uint64_t first, uint64_t count, const void *items,
                void *into)
{
    (void)t;
    (void)first;
    for (uint64_t i = 0; i < count; i++)
        *(uint64_t *)into += ((const uint64_t *)items)[i];
    return 0;
}

static int add(cadre_task *t, void *into, const void *from)
{
    (void)t;
    *(uint64_t *)into += *(const uint64_t *)from;
    return 0;
}

static void run_map(cadre_pool *pool, cadre_job job, const uint64_t *x, uint64_t factor)
{
    uint64_t y[N] = { 0 };
    int statuses[N], rc;
    cadre_error error;

    job.results = job.emitted ? NULL : y;
    job.result_size = job.emitted ? 0 : sizeof *y;
    job.statuses = statuses;
    rc = cadre_map(pool, &job, &error);
    if (script.lied)
        return;
    HOLDS(rc == (job.shared ? CADRE_EKERNEL : CADRE_OK));
    for (uint64_t i = 0; i < N; i++) {
        bool fails = job.shared && i % 16 == 15;
        HOLDS(statuses[i] == (fails ? CADRE_EKERNEL : CADRE_OK));
        HOLDS(job.emitted ? job.emitted[i].size == i : fails || y[i] == factor * x[i]);
    }
}

static void run_job(cadre_pool *pool, unsigned which)
{
    static const uint64_t five = 5;
    uint64_t x[N], sum = 0, want = 0;
    cadre_bytes emitted[N];
    cadre_column columns[] = {
        { .data = x, .size = sizeof *x, .n = N },
        { .data = &five, .size = sizeof five, .same = true },
    };
    cadre_job job = {
        .fn = twice, .n = N, .items = x, .item_size = sizeof *x, .chunk = 7
    };
    int rc;

    for (uint64_t i = 0; i < N; i++)
        want += x[i] = i * i;
    if (which == 0) {
        run_map(pool, job, x, 2);
    } else if (which == 1) {
        job.shared = "fails";
        job.shared_size = 6;
        job.on_error = CADRE_KEEP_GOING;
        run_map(pool, job, x, 2);
    } else if (which == 2) {
        job.fn = emit_some;
        job.emitted = emitted;
        run_map(pool, job, x, 0);
        cadre_bytes_free(emitted, N);
    } else if (which == 3) {
        job.fn = product;
        job.items = NULL;
        job.columns = columns;
        job.n_columns = 2;
        run_map(pool, job, x, 5);
    } else {
        job.fn = NULL;
        job.fold = fold;
        job.result_size = sizeof sum;
        rc = cadre_reduce(pool, &job, add, &sum, NULL);
        HOLDS(script.lied || (rc == CADRE_OK && sum == want));
    }
}

/* Under AddressSanitizer, memory that there is not is NULL as elsewhere. */
__attribute__((visibility("default"))) const char *__asan_default_options(void);
__attribute__((visibility("default"))) const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cadre_options options = {
        .custom = &itself, .workers = 1, .min_items = 1, .ignore_environment = true
    };
    cadre_pool *pool;

    if (size == 0)
        return 0;
    memset(&script, 0, sizeof script);
    script.changes = data + 1;
    script.size = size - 1;
    HOLDS(cadre_open(&pool, &options, NULL) == CADRE_OK);
    run_job(pool, data[0] % 5);
    cadre_close(pool);
    return 0;
}
