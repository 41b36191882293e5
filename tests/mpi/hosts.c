/* hosts.c - a pool whose ranks are on two hosts, and one whose hosts lose each other.
 * SPDX-License-Identifier: MIT
 *
 * usage: hosts FOLDER [lose]
 *
 * A task leaves a file in the folder, which both hosts see, by the name of its host.
 */
#include <cadre/mpi.h>
#include <cadre/random.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define N           600
#define DEADLINE_MS 20000

static const char *const hosts[] = { "near", "far" };
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

/* ---- kernels: the shared bytes are the folder's name ---- */

static void wait_ms(long ms)
{
    struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

    nanosleep(&t, NULL);
}

static bool is_there(const char *folder, const char *host)
{
    char path[4096];

    snprintf(path, sizeof path, "%s/%s", folder, host);
    return access(path, F_OK) == 0;
}

static bool leave_file(const char *folder)
{
    char path[4096], host[64] = "";
    int fd;

    if (gethostname(host, sizeof host - 1))
        return false;
    snprintf(path, sizeof path, "%s/%s", folder, host);
    fd = open(path, O_WRONLY | O_CREAT, 0600);
    return fd >= 0 && close(fd) == 0;
}

/* Each of two tasks ends once both have begun: on different hosts, then. */
static int meet(cadre_task *t, const void *item, void *result)
{
    const char *folder = cadre_task_shared(t);

    (void)item, (void)result;
    if (!leave_file(folder))
        return cadre_task_fail(t, 1, "no file can be left");
    for (int ms = 0; ms < DEADLINE_MS; ms++) {
        if (is_there(folder, hosts[0]) && is_there(folder, hosts[1]))
            return 0;
        wait_ms(1);
    }
    return cadre_task_fail(t, 2, "nothing has begun on the other host");
}

/* Up to 64 KiB, so that messages of all sizes cross. */
static int emit(cadre_task *t, const void *item, void *result)
{
    static const size_t most = 65536;
    uint64_t *bytes = malloc(most);
    size_t size = (size_t)(cadre_task_index(t) * 997 % most);
    int rc;

    (void)item, (void)result;
    if (!bytes)
        return 1;
    for (size_t i = 0; i < most / sizeof *bytes; i++)
        bytes[i] = cadre_rng_u64(cadre_task_rng(t));
    rc = cadre_task_emit(t, bytes, size);
    free(bytes);
    return rc;
}

static int go_on(cadre_task *t, const void *item, void *result)
{
    (void)item;
    *(uint64_t *)result = cadre_task_index(t);
    if (!leave_file(cadre_task_shared(t)))
        return cadre_task_fail(t, 1, "no file can be left");
    wait_ms(5);
    return 0;
}

/* ---- tests ---- */

static void test_hosts(cadre_pool *pool, const char *folder)
{
    cadre_job job = { .fn = meet,
                      .n = 2,
                      .chunk = 1,
                      .shared = folder,
                      .shared_size = strlen(folder) + 1 };
    cadre_error err;
    int rc = cadre_map(pool, &job, &err);

    if (rc)
        printf("# %s\n", err.message);
    point(rc == CADRE_OK, "tasks run on both hosts at the same time");
}

static void test_bytes(cadre_pool *pool)
{
    static cadre_bytes alone[N], across[N];
    cadre_job job = { .fn = emit, .n = N, .seed = 5, .emitted = alone };
    cadre_error err;
    bool same = true;

    if (cadre_map(NULL, &job, &err))
        bail(&err);
    job.emitted = across;
    if (cadre_map(pool, &job, &err))
        bail(&err);
    for (int i = 0; i < N; i++)
        same = same && alone[i].size == across[i].size &&
               (across[i].size == 0 ||
                !memcmp(alone[i].data, across[i].data, across[i].size));
    cadre_bytes_free(alone, N);
    cadre_bytes_free(across, N);
    point(same, "the bytes are those of one process");
}

/* Until the link between the hosts is cut. */
static int lose_host(cadre_pool *pool, const char *folder)
{
    static uint64_t results[1000000];
    cadre_job job = { .fn = go_on,
                      .n = 1000000,
                      .chunk = 1,
                      .results = results,
                      .result_size = sizeof *results,
                      .shared = folder,
                      .shared_size = strlen(folder) + 1 };
    cadre_error err;
    int rc = cadre_map(pool, &job, &err);

    printf("%s: %s\n", rc == CADRE_ECRASH ? "lost" : "not lost", err.message);
    fflush(stdout);
    cadre_close(pool);
    return 1;
}

int main(int argc, char **argv)
{
    bool lose = argc > 2 && strcmp(argv[2], "lose") == 0;
    cadre_mpi_options o = { .silence_ms = lose ? 1500 : 0,
                            .pool.ignore_environment = true };
    cadre_pool *pool;
    cadre_error err;
    int rc;

    if (argc < 2)
        return 64;
    rc = cadre_mpi_open(&pool, MPI_COMM_WORLD, &o, &err);
    if (rc == CADRE_DONE)
        return 0;
    if (rc) {
        printf("failed: %s\n", err.message);
        return 1;
    }
    if (lose)
        return lose_host(pool, argv[1]);
    test_hosts(pool, argv[1]);
    test_bytes(pool);
    cadre_close(pool);
    printf("1..%d\n", points);
    return failures > 0;
}
