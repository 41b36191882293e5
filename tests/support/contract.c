/* contract.c - what the contract tests share.
 * SPDX-License-Identifier: MIT
 */
#include "contract.h"

#include <cadre/backend.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static pid_t test_process;

/* ---- a backend that is not cadre's ---- */

#define REGION_SIZE ((size_t)64 << 20)

/* Workers of such a backend may be forked before a test begins, and have nothing else that is
 * shared with it. */
static char *region;
static size_t region_used;

static const char *setting(const char *name, const char *otherwise)
{
    const char *value = getenv(name);

    return value && *value ? value : otherwise;
}

/* Workers that were not forked from the test have it of a file, at the same place. */
static char *map_region(void)
{
    const char *path = setting("CADRE_TEST_REGION", NULL);
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;

    if (!path)
        return mmap(NULL, REGION_SIZE, PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (fd < 0 || ftruncate(fd, REGION_SIZE))
        return MAP_FAILED;
    return mmap((void *)UINT64_C(0x610000000000), REGION_SIZE, PROT_READ | PROT_WRITE,
                MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0);
}

static const cadre_backend *loaded;

/* Where the file has one, a function is called once it is loaded: tasks may run in it. */
static void load(const char *path)
{
    void *file = dlopen(path, RTLD_NOW), *address;
    void (*start)(void);

    loaded = file ? dlsym(file, "contract_backend") : NULL;
    region = map_region();
    if (!loaded || region == MAP_FAILED) {
        print_error("%s\n", loaded ? strerror(errno) : dlerror());
        exit(1);
    }
    address = dlsym(file, "contract_start");
    memcpy(&start, &address, sizeof start);
    if (start)
        start();
}

/* That of a file (tests/outside), if CADRE_TEST_BACKEND is a path; else NULL. */
static const cadre_backend *custom_backend(void)
{
    const char *path = setting("CADRE_TEST_BACKEND", "");

    if (!loaded && strchr(path, '/'))
        load(path);
    return loaded;
}

bool contract_is_mapped(void)
{
    const cadre_backend *custom = custom_backend();

    return !custom || custom->traits & CADRE_MAPPED;
}

void *shared_zeros(size_t size)
{
    cadre_error err;
    void *memory;

    if (!contract_is_mapped()) {
        size_t at = region_used;
        region_used += (size + 127) / 128 * 128;
        if (region_used > REGION_SIZE)
            fail_msg("the region for tests is too small");
        return region + at;
    }
    memory = cadre_alloc_shared(size, &err);
    if (!memory)
        fail_msg("cadre_alloc_shared: %s", err.message);
    return memory;
}

bool contract_isolates(void)
{
    const cadre_backend *custom = custom_backend();

    return custom
               ? custom->traits & CADRE_ISOLATED
               : contract_backend_is("processes") || contract_backend_is("persistent");
}

bool contract_inherits(void)
{
    const cadre_backend *custom = custom_backend();

    return custom ? custom->traits & CADRE_INHERITS
                  : !contract_backend_is("persistent");
}

int contract_pool(cadre_pool **pool, const struct contract *c, cadre_options opt)
{
    const cadre_backend *custom = custom_backend();
    cadre_error err;
    int rc;

    *pool = NULL;
    if (!c->backend)
        return 0;
    opt.backend = c->backend;
    opt.workers = c->workers;
    opt.oversubscribe = true;
    opt.ignore_environment = true;
    if (custom) {
        opt.backend = NULL;
        opt.custom = custom;
    } else if (strcmp(c->backend, "persistent") == 0) {
        opt.backend = "processes";
        opt.persistent = true;
    }
    if (!opt.min_items)
        opt.min_items = 1;
    rc = cadre_open(pool, &opt, &err);
    if (rc)
        print_error("cadre_open: %s\n", err.message);
    return rc;
}

int contract_open(void **state)
{
    static struct contract c;

    custom_backend(); /* of which this process may be a worker, and come no further */
    test_process = getpid();
    c.backend = setting("CADRE_TEST_BACKEND", "threads");
    c.workers = atoi(setting("CADRE_TEST_WORKERS", "2"));
    c.chunk = (uint64_t)atoi(setting("CADRE_TEST_CHUNK", "0"));
    if (strcmp(c.backend, "null") == 0)
        c.backend = NULL;
    *state = &c;
    return contract_pool(&c.pool, &c, (cadre_options){ 0 });
}

bool contract_without(const char *backend)
{
    return strcmp(setting("CADRE_TEST_WITHOUT", ""), backend) == 0;
}

bool contract_backend_is(const char *name)
{
    return strcmp(setting("CADRE_TEST_BACKEND", "threads"), name) == 0;
}

unsigned contract_workers(void)
{
    void *state;
    unsigned workers = 0;

    if (contract_open(&state) == 0) {
        workers = cadre_workers(((struct contract *)state)->pool);
        contract_close(&state);
    }
    return workers;
}

int contract_run(const struct CMUnitTest *tests, size_t n)
{
    return _cmocka_run_group_tests("tests", tests, n, contract_open, contract_close);
}

int contract_close(void **state)
{
    struct contract *c = *state;

    cadre_close(c->pool);
    return 0;
}

/* A worker that was not forked from the test has been through nothing of it. */
cadre_pool *pool_here(cadre_pool *pool)
{
    return test_process && (contract_is_mapped() || getpid() == test_process) ? pool
                                                                              : NULL;
}

void map_ok(const struct contract *c, cadre_job job)
{
    cadre_error err;

    if (!job.chunk)
        job.chunk = c->chunk;
    if (cadre_map(c->pool, &job, &err))
        fail_msg("cadre_map: %s", err.message);
    assert_int_equal(err.code, CADRE_OK);
}

void reduce_ok(const struct contract *c, cadre_job job, cadre_combine *combine,
               void *out)
{
    cadre_error err;

    if (!job.chunk)
        job.chunk = c->chunk;
    if (cadre_reduce(c->pool, &job, combine, out, &err))
        fail_msg("cadre_reduce: %s", err.message);
}

void map_fails(const struct contract *c, cadre_job job, int code, cadre_error *err)
{
    int rc;

    memset(err, 0x55, sizeof *err);
    if (!job.chunk)
        job.chunk = c->chunk;
    rc = cadre_map(c->pool, &job, err);
    if (rc != code)
        fail_msg("cadre_map returned %d (%s), expected %d", rc,
                 rc ? err->message : "success", code);
    assert_int_equal(err->code, code);
}

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void *shared_copy(const void *bytes, size_t size)
{
    return memcpy(shared_zeros(size), bytes, size);
}

/* In a worker process, a failed assertion would jump into a copy of the test runner. */
static void fail_late(int is, int value)
{
    if (getpid() != test_process) {
        fprintf(stderr, "waited for 60 seconds: %d has not become %d\n", is, value);
        abort();
    }
    fail_msg("waited for 60 seconds: %d has not become %d", is, value);
}

void await(_Atomic int *word, int value)
{
    double give_up = seconds() + 60;

    while (atomic_load(word) < value) {
        if (seconds() > give_up)
            fail_late(atomic_load(word), value);
        sched_yield();
    }
}

void jitter(uint64_t seed)
{
    volatile double x = 1;

    seed = (seed + 1) * UINT64_C(0x9E3779B97F4A7C15);
    for (uint64_t i = seed >> 53; i > 0; i--)
        x = x * 1.0000001;
}

uint64_t fnv1a(const void *bytes, size_t size, uint64_t hash)
{
    const unsigned char *b = bytes;

    for (size_t i = 0; i < size; i++)
        hash = (hash ^ b[i]) * UINT64_C(0x100000001b3);
    return hash;
}

void assert_says(const cadre_error *err, const char *part)
{
    if (!strstr(err->message, part))
        fail_msg("no \"%s\" in: %s", part, err->message);
}

int never(cadre_task *t, const void *item, void *result)
{
    (void)item;
    (void)result;
    return cadre_task_fail(t, 99, "the caller's own kernel was run");
}

int never_range(cadre_task *t, uint64_t first, uint64_t count, const void *items,
                void *results)
{
    (void)first;
    (void)count;
    return never(t, items, results);
}

int never_combine(cadre_task *t, void *into, const void *from)
{
    return never(t, from, into);
}

int never_begin(cadre_task *t, void **state)
{
    return never(t, NULL, *state);
}

void never_end(void *state)
{
    fail_msg("the caller's own worker_end was run, for %p", state);
}
