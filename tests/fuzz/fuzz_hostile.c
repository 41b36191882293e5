/* fuzz_hostile.c - hostile kernels in maps and streams: only they pay for it.
 * SPDX-License-Identifier: MIT
 *
 * Each is tried in a program of its own, which then runs a job without one on the same
 * pool, and must have nothing left when the pool is closed.
 *
 * With CADRE_FUZZ_SHARE=N, a run of the test tries about one in N of them, in maps or
 * streams, and each exit status in steps of N; which is drawn (dice.h). So that many runs
 * try all, and one takes seconds.
 */
#include "dice.h"
#include "hostile.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
/* cmocka wants the ones above first */
#include <cmocka.h>

#define PATIENCE (60 * SLOWNESS) /* seconds for one program */
#define N        12
#define AT       5 /* the hostile item */

static const char *backend;
static struct dice dice;
static uint64_t share = 1; /* one in so many is tried */
static bool persistent;

#define REQUIRE(condition, ...)       \
    do {                              \
        if (!(condition)) {           \
            printf("# " __VA_ARGS__); \
            printf("\n");             \
            fflush(stdout);           \
            _exit(1);                 \
        }                             \
    } while (0)

/* ---- in a program ---- */

static bool is_fate(const struct hostile *h, int code)
{
    static const int codes[] = { [LIVES] = CADRE_OK,
                                 [DIES] = CADRE_ECRASH,
                                 [FAILS_ITSELF] = CADRE_EKERNEL,
                                 [TIMES_OUT] = CADRE_ETIMEOUT,
                                 [CANCELS] = CADRE_OK };

    if (h->fate == LIVES_OR_DIES)
        return code == CADRE_OK || code == CADRE_ECRASH;
    return code == codes[h->fate];
}

/* The run has been cancelled, and there is nothing else to see; unless everything else had run
 * by then: that run is as any other. */
static bool was_cancelled(const struct hostile *h, const struct hostility *shared,
                          int rc)
{
    if (h->fate != CANCELS || shared->at != AT || persistent || rc == CADRE_OK ||
        rc == CADRE_DONE)
        return false;
    REQUIRE(rc == CADRE_ECANCELLED, "cancelled, and rc is %d", rc);
    return true;
}

static void check_error(const struct hostile *h, const cadre_error *e)
{
    REQUIRE(is_fate(h, e->code) && e->item == AT, "\"%s\": code %d of item %d",
            e->message, e->code, (int)e->item);
    if (h->signal || h->status)
        REQUIRE(e->signal == h->signal && e->status == h->status,
                "\"%s\": signal %d, status %d", e->message, e->signal, e->status);
}

static cadre_job job_of(const struct hostile *h, struct hostility *shared)
{
    return (cadre_job){ .fn = hostile_kernel,
                        .n = N,
                        .shared = shared,
                        .shared_size = sizeof *shared,
                        .result_size = sizeof(uint64_t),
                        .on_error = CADRE_KEEP_GOING,
                        .grace_ms = 20,
                        .timeout_ms = h->fate == TIMES_OUT ? 300 * SLOWNESS : 0 };
}

static void run_map(const struct hostile *h, struct hostility *shared)
{
    cadre_job job = job_of(h, shared);
    uint64_t y[N] = { 0 };
    int statuses[N];
    cadre_error err;
    int rc;

    job.results = y;
    job.statuses = statuses;
    rc = cadre_map(hostile_pool, &job, &err);
    if (was_cancelled(h, shared, rc))
        return;
    REQUIRE(rc == CADRE_OK || shared->at == AT, "the next map: %s", err.message);
    if (rc)
        check_error(h, &err);
    for (uint64_t i = 0; i < N; i++) {
        REQUIRE(statuses[i] == CADRE_OK || (i == shared->at && statuses[i] == rc),
                "item %d: status %d", (int)i, statuses[i]);
        REQUIRE(statuses[i] != CADRE_OK || y[i] == hostile_result(i),
                "item %d is wrong", (int)i);
    }
    REQUIRE(shared->at != AT || is_fate(h, rc), "rc %d", rc);
}

static void run_stream(const struct hostile *h, struct hostility *shared)
{
    cadre_job job = job_of(h, shared);
    cadre_stream *s;
    cadre_record r;
    cadre_error err;
    uint64_t n = 0;
    int rc;

    REQUIRE(!cadre_stream_open(&s, hostile_pool, &job, &err), "%s", err.message);
    for (; (rc = cadre_stream_next(s, &r, &err)) == CADRE_OK; n++) {
        REQUIRE(r.index == n, "record %d comes as number %d", (int)r.index, (int)n);
        REQUIRE(r.index != shared->at || is_fate(h, r.error ? r.error->code : CADRE_OK),
                "its record is of another fate");
        if (r.error && r.index == shared->at)
            check_error(h, r.error);
        else
            REQUIRE(!r.error && *(const uint64_t *)r.data == hostile_result(n),
                    "record %d is wrong", (int)n);
    }
    if (was_cancelled(h, shared, rc)) {
        cadre_stream_close(s);
        return;
    }
    REQUIRE(rc == CADRE_DONE && n == N, "rc %d after %d records: %s", rc, (int)n,
            err.message);
    cadre_stream_close(s);
}

static cadre_options options(void)
{
    return (cadre_options){ .backend = backend,
                            .workers = 2,
                            .min_items = 1,
                            .persistent = persistent,
                            .oversubscribe = true,
                            .ignore_environment = true };
}

static void run_program(unsigned which, bool stream)
{
    void (*run)(const struct hostile *, struct hostility *) =
        stream ? run_stream : run_map;
    struct hostility hostile = { which, AT }, friendly = { which, CADRE_NO_ITEM };
    cadre_options opt = options();
    char text[200];
    cadre_error err;

    snprintf(text, sizeof text, "a kernel that %s", hostiles[which].name);
    watchdog(PATIENCE, text);
    REQUIRE(!cadre_open(&hostile_pool, &opt, &err), "%s", err.message);
    run(&hostiles[which], &hostile);
    run(&hostiles[which], &friendly);
    cadre_close(hostile_pool);
    REQUIRE(waitpid(-1, NULL, WNOHANG) == -1, "somebody is left");
    _exit(0);
}

/* ---- the test ---- */

/* Everybody whom the program has left is this process's child by now, and is gone soon. */
static bool nobody_stays(void)
{
    double give_up = seconds_now() + 20 * SLOWNESS;
    pid_t pid;

    while ((pid = waitpid(-1, NULL, WNOHANG)) >= 0)
        if (pid == 0 && seconds_now() > give_up)
            return false;
    return true;
}

static bool try_one(unsigned which, bool stream)
{
    int status = 0, quiet;
    pid_t pid;

    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        quiet = dup2(STDERR_FILENO, 100); /* what they shout is not wanted */
        if (quiet < 0 || !freopen("/dev/null", "w", stderr))
            _exit(1);
        run_program(which, stream);
    }
    if (pid > 0 && waitpid(pid, &status, 0) == pid && status == 0 && nobody_stays())
        return true;
    print_error("a kernel that %s, in a %s on %s: the program ended with status 0x%x\n",
                hostiles[which].name, stream ? "stream" : "map",
                persistent ? "persistent processes" : backend, (unsigned)status);
    return false;
}

static int try_all(const char *name, bool stay)
{
    int bad = 0;

    backend = name;
    persistent = stay;
    for (unsigned k = 0; k < n_hostiles; k++) {
        if (SLOWNESS > 1 && hostiles[k].without_sanitizer)
            continue;
        if (strcmp(name, "threads") == 0 && !hostiles[k].in_threads)
            continue;
        for (int stream = 0; stream < 2; stream++)
            if (dice_one_in(&dice, share))
                bad += !try_one(k, stream);
    }
    return bad;
}

static void test_threads(void **state)
{
    (void)state;
    assert_int_equal(try_all("threads", false), 0);
}

static void test_forked(void **state)
{
    (void)state;
    assert_int_equal(try_all("processes", false), 0);
}

static void test_persistent(void **state)
{
    (void)state;
    assert_int_equal(FORKS_BESIDE_A_THREAD ? 0 : try_all("processes", true), 0);
}

/* Each number that a process can exit with is told as it is. */
static void check_exits(void)
{
    uint64_t first = dice_below(&dice, share), n_exits = (255 - first) / share + 1;
    struct exits exits = { first, share };
    cadre_job job = { .fn = exits_with_index,
                      .n = n_exits,
                      .shared = &exits,
                      .shared_size = sizeof exits,
                      .on_error = CADRE_KEEP_GOING };
    cadre_options opt = options();
    cadre_stream *s;
    cadre_record r;
    cadre_error err;
    int n = 0;

    assert_int_equal(cadre_open(&hostile_pool, &opt, &err), CADRE_OK);
    assert_int_equal(cadre_stream_open(&s, hostile_pool, &job, &err), CADRE_OK);
    for (; cadre_stream_next(s, &r, &err) == CADRE_OK; n++) {
        assert_non_null(r.error);
        assert_int_equal(r.error->code, CADRE_ECRASH);
        assert_int_equal(r.error->item, n);
        assert_int_equal(r.error->signal, 0);
        assert_int_equal(r.error->status, first + share * (uint64_t)n);
    }
    assert_int_equal(n, n_exits);
    cadre_stream_close(s);
    cadre_close(hostile_pool);
    hostile_pool = NULL;
}

static void test_every_exit_status(void **state)
{
    (void)state;
    watchdog(4 * PATIENCE, "kernels that exit with 0 to 255");
    backend = "processes";
    persistent = false;
    check_exits();
    persistent = true;
    check_exits();
    watchdog(0, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_forked),
        cmocka_unit_test(test_persistent),
        cmocka_unit_test(test_every_exit_status),
    };
    struct rlimit none = { 0, 0 };
    const char *one_in = getenv("CADRE_FUZZ_SHARE");
    struct rounds r = rounds_begin(1);

    rounds_next(&r);
    dice.state = r.round;
    if (one_in && strtoull(one_in, NULL, 0) > 1)
        share = strtoull(one_in, NULL, 0);
    setrlimit(RLIMIT_CORE, &none); /* dozens of core dumps help nobody */
    if (prctl(PR_SET_CHILD_SUBREAPER, 1))
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
