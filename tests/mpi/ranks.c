/* ranks.c - pools of ranks: the same bytes, who is told what, and what goes wrong.
 * SPDX-License-Identifier: MIT
 *
 * usage: ranks [TEST]
 *
 * Started by an MPI launcher. Each test without a name on the command line is run; those of
 * the table's second part only by name, since they end the job or need to be started in a
 * way of their own. Rank 0 prints; it computes each answer alone, too.
 */
#include <cadre/backend.h>
#include <cadre/mpi.h>
#include <cadre/random.h>
#include <cadre/stream.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define N 3001

/* Two builds of the program differ in this. */
#define TEXT(name)  #name
#define QUOTE(name) TEXT(name)
static const char *const volatile build = QUOTE(BUILD);

static int points, failures;

static void point(bool good, const char *name)
{
    points++;
    failures += !good;
    printf("%sok %d - %s\n", good ? "" : "not ", points, name);
    fflush(stdout);
}

static void bail(const cadre_error *err)
{
    printf("Bail out! %s\n", err->message);
    exit(1);
}

static uint64_t hash(const void *bytes, size_t size)
{
    const unsigned char *b = bytes;
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < size; i++)
        h = (h ^ b[i]) * UINT64_C(0x100000001b3);
    return h;
}

/* ---- kernels ---- */

static int draw(cadre_task *t, const void *item, void *result)
{
    const double *shift = cadre_task_shared(t);
    double x = item ? *(const double *)item : 0;

    for (int i = 0; i < 10; i++)
        x += cadre_rng_uniform(cadre_task_rng(t));
    *(double *)result = x + (shift ? *shift : 0);
    return 0;
}

static int multiply(cadre_task *t, const void *item, void *result)
{
    (void)t;
    *(double *)result = CADRE_ARG(item, 0, double) * (double)CADRE_ARG(item, 1, int);
    return 0;
}

static int add(cadre_task *t, void *into, const void *from)
{
    (void)t;
    *(double *)into += *(const double *)from;
    return 0;
}

/* As many bytes as its index says. */
static int emit(cadre_task *t, const void *item, void *result)
{
    char bytes[5000];
    uint64_t index = cadre_task_index(t);

    (void)item, (void)result;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(index + i);
    return cadre_task_emit(t, bytes, (size_t)(index % 5000));
}

static int emit_much(cadre_task *t, const void *item, void *result)
{
    const size_t size = (size_t)20 << 20;
    unsigned char *bytes = malloc(size);
    int rc;

    (void)item, (void)result;
    if (!bytes)
        return 1;
    for (size_t i = 0; i < size; i++)
        bytes[i] = (unsigned char)(i * 7 + cadre_task_index(t));
    rc = cadre_task_emit(t, bytes, size);
    free(bytes);
    return rc;
}

static int hash_shared(cadre_task *t, const void *item, void *result)
{
    (void)item;
    *(uint64_t *)result =
        hash(cadre_task_shared(t), (size_t)9 << 20) + cadre_task_index(t);
    return 0;
}

static int fail_some(cadre_task *t, const void *item, void *result)
{
    uint64_t index = cadre_task_index(t);

    (void)item;
    *(double *)result = (double)index;
    return index == 1234 || index == 2000 || index == 2999
               ? cadre_task_fail(t, 5, "item of bad luck %d", (int)index)
               : 0;
}

static int tell_rank(cadre_task *t, const void *item, void *result)
{
    (void)t, (void)item;
    *(unsigned *)result = cadre_rank();
    return 0;
}

static int wait_a_little(cadre_task *t, const void *item, void *result)
{
    struct timespec ms = { 0, 20000000 };

    (void)t, (void)item, (void)result;
    nanosleep(&ms, NULL);
    return 0;
}

/* One of the tasks has its rank say nothing any more. */
static int fall_silent(cadre_task *t, const void *item, void *result)
{
    (void)item, (void)result;
    if (cadre_task_index(t) == 7)
        raise(SIGSTOP);
    return 0;
}

/* ---- the same bytes ---- */

static double items[N], expected[N], found[N];

static cadre_job basic(double *results)
{
    static double shift = 0.25;

    return (cadre_job){ .fn = draw,
                        .n = N,
                        .items = items,
                        .item_size = sizeof *items,
                        .results = results,
                        .result_size = sizeof *results,
                        .shared = &shift,
                        .shared_size = sizeof shift,
                        .seed = 42 };
}

static bool map_is_same(cadre_pool *pool, cadre_job job)
{
    cadre_error err;

    memset(found, 0, sizeof found);
    memset(expected, 0, sizeof expected);
    job.results = expected;
    if (cadre_map(NULL, &job, &err))
        bail(&err);
    job.results = found;
    if (cadre_map(pool, &job, &err))
        printf("# %s\n", err.message);
    return memcmp(expected, found, sizeof found) == 0;
}

static void test_maps(cadre_pool *pool)
{
    static int factors[N];
    cadre_column columns[2] = { { .data = items, .size = sizeof *items, .n = N },
                                { .data = factors, .size = sizeof *factors, .n = N } };
    cadre_job job = basic(NULL), starmap = { .fn = multiply,
                                             .columns = columns,
                                             .n_columns = 2,
                                             .result_size = sizeof(double) };

    for (int i = 0; i < N; i++)
        factors[i] = i % 17;
    point(map_is_same(pool, job), "a map has the same bytes");
    job.chunk = 1;
    point(map_is_same(pool, job), "and with chunks of one task");
    job.chunk = 100;
    point(map_is_same(pool, job), "and of a hundred");
    point(map_is_same(pool, starmap), "a starmap has the same bytes");
    job.n = 1;
    point(map_is_same(pool, job), "and a map of one task");
}

static void test_reduces(cadre_pool *pool)
{
    cadre_job job = basic(NULL);
    double alone = 0, sum = 0;
    cadre_error err;

    if (cadre_reduce(NULL, &job, add, &alone, &err))
        bail(&err);
    if (cadre_reduce(pool, &job, add, &sum, &err))
        printf("# %s\n", err.message);
    point(memcmp(&alone, &sum, sizeof sum) == 0, "a reduction has the same bytes");
}

static bool stream_is_same(cadre_pool *pool, uint64_t window, bool unordered)
{
    cadre_job job = basic(NULL);
    uint64_t next = 0;
    cadre_stream *s;
    cadre_record r;
    cadre_error err;

    memset(found, 0, sizeof found);
    job.window = window;
    job.unordered = unordered;
    if (cadre_stream_open(&s, pool, &job, &err))
        bail(&err);
    while (cadre_stream_next(s, &r, &err) == CADRE_OK) {
        if ((!unordered && r.index != next) || r.index >= N)
            break;
        memcpy(&found[r.index], r.data, sizeof *found);
        next++;
    }
    cadre_stream_close(s);
    return next == N && memcmp(expected, found, sizeof found) == 0;
}

static void test_streams(cadre_pool *pool)
{
    map_is_same(pool, basic(NULL)); /* what is expected */
    point(stream_is_same(pool, 0, false), "a stream has the same bytes");
    point(stream_is_same(pool, 7, false), "and with a window of seven");
    point(stream_is_same(pool, 0, true), "and out of order");
}

static void test_sizes(cadre_pool *pool)
{
    static cadre_bytes some[N], same[N];
    static cadre_bytes large[3];
    const size_t size = (size_t)9 << 20;
    unsigned char *shared = malloc(size);
    uint64_t hashes[6];
    cadre_job job = { .fn = emit, .n = N, .emitted = some };
    cadre_job much = { .fn = emit_much, .n = 3, .emitted = large };
    cadre_job wide = { .fn = hash_shared,
                       .n = 6,
                       .results = hashes,
                       .result_size = sizeof *hashes,
                       .shared = shared,
                       .shared_size = size };
    cadre_error err;
    bool good;

    if (!shared)
        exit(1);
    good = cadre_map(pool, &job, &err) == CADRE_OK;
    job.emitted = same;
    good = good && cadre_map(NULL, &job, &err) == CADRE_OK;
    for (int i = 0; i < N; i++)
        good = good && some[i].size == same[i].size &&
               (same[i].size == 0 ||
                memcmp(some[i].data, same[i].data, same[i].size) == 0);
    cadre_bytes_free(some, N);
    cadre_bytes_free(same, N);
    point(good, "results of any size are the same");

    good = cadre_map(pool, &much, &err) == CADRE_OK;
    for (size_t i = 0; i < 3; i++)
        good = good && large[i].size == (size_t)20 << 20 &&
               ((unsigned char *)large[i].data)[12345678] ==
                   (unsigned char)(12345678 * 7 + i);
    cadre_bytes_free(large, 3);
    point(good, "so are results of 20 MiB");

    for (size_t i = 0; i < size; i++)
        shared[i] = (unsigned char)(i * i >> 7);
    good = cadre_map(pool, &wide, &err) == CADRE_OK;
    for (uint64_t i = 0; i < 6; i++)
        good = good && hashes[i] == hash(shared, size) + i;
    free(shared);
    point(good, "shared bytes of 9 MiB get to all ranks");
}

/* ---- who is told what ---- */

static void test_failures(cadre_pool *pool)
{
    static double results[N];
    static int statuses[N];
    cadre_job job = {
        .fn = fail_some, .n = N, .results = results, .result_size = sizeof *results
    };
    cadre_error err;
    bool good = cadre_map(pool, &job, &err) == CADRE_EKERNEL && err.item == 1234 &&
                err.user == 5 && strstr(err.message, "item of bad luck 1234");

    for (int i = 0; i < 1234; i++)
        good = good && results[i] == i;
    point(good, "the lowest failure is told, and what is below it is complete");
    job.on_error = CADRE_KEEP_GOING;
    job.statuses = statuses;
    good = cadre_map(pool, &job, &err) == CADRE_EKERNEL && err.item == 1234;
    for (int i = 0; i < N; i++)
        good = good &&
               (statuses[i] == CADRE_EKERNEL) == (i == 1234 || i == 2000 || i == 2999);
    point(good, "with keep_going all others run");
}

static void test_ranks(cadre_pool *pool)
{
    unsigned seats[64] = { 0 }, workers = cadre_workers(pool);
    bool all = true;
    cadre_job job = { .fn = wait_a_little, .n = 64, .chunk = 1 };

    point(cadre_map(pool, &job, NULL) == CADRE_OK, "tasks that wait");
    job.fn = tell_rank;
    job.results = seats;
    job.result_size = sizeof *seats;
    if (cadre_map(pool, &job, NULL))
        all = false;
    for (int i = 0; i < 64; i++)
        all = all && seats[i] >= 1 && seats[i] <= workers;
    point(all, "tasks run on other ranks");
    point(!cadre_shares_memory(pool), "which share no memory");
    point(strcmp(cadre_backend_name(pool), "mpi") == 0, "the backend is mpi");
}

static void test_sharing(cadre_pool *pool)
{
    const char *names[] = { "mpi", NULL };

    for (int i = 0; i < 2; i++) {
        cadre_options opt = { .backend = names[i], .ignore_environment = true };
        cadre_pool *another = NULL;
        cadre_error err;
        bool good = cadre_open(&another, &opt, &err) == CADRE_OK;

        if (!good)
            printf("# %s\n", err.message);
        point(good && strcmp(cadre_backend_name(another), "mpi") == 0 &&
                  cadre_workers(another) == cadre_workers(pool) &&
                  map_is_same(another, basic(NULL)),
              i ? "auto is another pool of the same ranks" : "so is mpi by its name");
        cadre_close(another);
    }
}

static void run_all(cadre_pool *pool)
{
    test_maps(pool);
    test_reduces(pool);
    test_streams(pool);
    test_sizes(pool);
    test_failures(pool);
    test_ranks(pool);
    test_sharing(pool);
}

/* ---- started in a way of their own ---- */

/* Prints how opening ends, on every rank. */
static int only_open(const cadre_mpi_options *o)
{
    cadre_pool *pool;
    cadre_error err;
    int rc = cadre_mpi_open(&pool, MPI_COMM_WORLD, o, &err);

    if (rc == CADRE_OK)
        printf("opened: %s, %u\n", cadre_backend_name(pool), cadre_workers(pool));
    else if (rc < CADRE_OK)
        printf("failed: %s\n", err.message);
    if (rc == CADRE_OK)
        cadre_close(pool);
    return rc < CADRE_OK;
}

/* By name alone, twice: each is an open of its own for all ranks. */
static int by_name(void)
{
    static const cadre_options opt = { .ignore_environment = true };
    cadre_pool *pool;
    cadre_error err;

    for (int i = 0; i < 2; i++) {
        int rc = cadre_open(&pool, &opt, &err);
        if (rc == CADRE_DONE)
            continue;
        if (rc)
            bail(&err);
        point(strcmp(cadre_backend_name(pool), "mpi") == 0 &&
                  map_is_same(pool, basic(NULL)),
              i ? "and once more" : "auto under a launcher is a pool of its ranks");
        cadre_close(pool);
    }
    if (points > 0)
        printf("1..%d\n", points);
    return failures > 0;
}

/* Prints the error of the run that a rank's silence ends; the job ends with it. */
static int lose_rank(cadre_mpi_options o)
{
    cadre_job job = { .fn = fall_silent, .n = 100, .chunk = 1 };
    cadre_pool *pool;
    cadre_error err;
    int rc;

    o.silence_ms = 2000;
    rc = cadre_mpi_open(&pool, MPI_COMM_WORLD, &o, &err);
    if (rc)
        return rc < CADRE_OK;
    rc = cadre_map(pool, &job, &err);
    printf("%s: %s\n", rc == CADRE_ECRASH ? "lost" : "not lost", err.message);
    fflush(stdout);
    rc = cadre_map(pool, &job, &err);
    printf("%s: %s\n", rc == CADRE_ECRASH ? "then" : "not then", err.message);
    fflush(stdout);
    cadre_close(pool);
    return 1;
}

/* With MPI begun and ended by the program, at a level where only its main thread may speak. */
static int funneled(const cadre_mpi_options *o)
{
    cadre_pool *pool;
    cadre_error err;
    int level, rc;

    MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &level);
    rc = cadre_mpi_open(&pool, MPI_COMM_WORLD, o, &err);
    if (rc == CADRE_OK) {
        run_all(pool);
        cadre_close(pool);
        printf("1..%d\n", points);
    } else if (rc != CADRE_DONE) {
        bail(&err);
    }
    MPI_Finalize();
    return failures > 0;
}

int main(int argc, char **argv)
{
    const char *test = argc > 1 ? argv[1] : "", *workers = getenv("RANK_WORKERS");
    const char *kind = getenv("RANK_KIND");
    cadre_mpi_options o = { .rank_workers = workers ? (unsigned)atoi(workers) : 0,
                            .rank_kind = kind ? atoi(kind) : CADRE_RANK_AUTO,
                            .pool.ignore_environment = true,
                            .pool.min_items = 1 };
    cadre_pool *pool;
    cadre_error err;
    int rc;

    if (!build)
        return 1;
    for (int i = 0; i < N; i++)
        items[i] = i * 0.5;
    if (strcmp(test, "open") == 0)
        return only_open(&o);
    if (strcmp(test, "name") == 0)
        return by_name();
    if (strcmp(test, "lose") == 0)
        return lose_rank(o);
    if (strcmp(test, "funneled") == 0)
        return funneled(&o);
    rc = cadre_mpi_open(&pool, MPI_COMM_WORLD, &o, &err);
    if (rc == CADRE_DONE)
        return 0;
    if (rc)
        bail(&err);
    run_all(pool);
    cadre_close(pool);
    printf("1..%d\n", points);
    return failures > 0;
}
