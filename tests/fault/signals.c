/* signals.c - what somebody else does to a program and its workers: kill, stop, collect.
 * SPDX-License-Identifier: MIT
 *
 * This test is started again as workers. Linked with libcadre's own parts, it can die in
 * those at two points before they are ready.
 */
#include "rough.h"

#include <cadre/stream.h>
#include <errno.h>
#include <link.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- workers that are killed while they are being started ---- */

#define DEATHS "CADRE_TEST_DEATHS" /* where: the beginning of the names of files */

/* Each file allows one death at that point. */
static void die_if_wanted(char point)
{
    const char *where = getenv(DEATHS);
    char path[200];

    for (int k = 0; where && k < 20; k++) {
        snprintf(path, sizeof path, "%s%c%d", where, point, k);
        if (unlink(path) == 0)
            kill(getpid(), SIGKILL);
    }
}

__attribute__((constructor(101))) static void begin(void)
{
    if (getenv("CADRE_WORKER"))
        die_if_wanted('a');
}

/* After it has said hello, before it is told what to do. */
void __real_cdr_persistent_main(int socket, unsigned seat);
void __wrap_cdr_persistent_main(int socket, unsigned seat);

void __wrap_cdr_persistent_main(int socket, unsigned seat)
{
    die_if_wanted('b');
    __real_cdr_persistent_main(socket, seat);
}

static char where[] = "/tmp/cadre-test-XXXXXX";

static void allow_deaths(char point, int n)
{
    char path[200];

    for (int k = 0; k < n; k++) {
        snprintf(path, sizeof path, "%s/%c%d", where, point, k);
        FILE *f = fopen(path, "w");
        rough_must(f, "%s", path);
        fclose(f);
    }
}

static int deaths_left(void)
{
    char path[200];
    int n = 0;

    for (char point = 'a'; point <= 'b'; point++)
        for (int k = 0; k < 20; k++) {
            snprintf(path, sizeof path, "%s/%c%d", where, point, k);
            n += unlink(path) == 0;
        }
    return n;
}

static void set_place(void)
{
    char path[200];

    snprintf(path, sizeof path, "%s/", where);
    setenv(DEATHS, path, 1);
}

static void open_among_deaths(const void *arg)
{
    const char *point = arg;
    cadre_pool *pool;

    set_place();
    allow_deaths(*point, 3);
    pool = rough_pool("persistent", (cadre_options){ 0 });
    rough_must(deaths_left() == 0, "not all have died");
    rough_work(pool);
    cadre_close(pool);
}

static int dies_once(cadre_task *t, const void *item, void *result)
{
    (void)item;
    (void)result;
    die_if_wanted('c');
    return cadre_task_index(t) > 1000;
}

/* The worker dies in a task, and those that take its place while they are being started. */
static void replace_among_deaths(const void *arg)
{
    const char *point = arg;
    int statuses[40];
    cadre_job job = { .fn = dies_once,
                      .n = 40,
                      .retries = 3,
                      .statuses = statuses,
                      .on_error = CADRE_KEEP_GOING };
    cadre_pool *pool;
    cadre_error err;

    set_place();
    pool = rough_pool("persistent", (cadre_options){ 0 });
    allow_deaths(*point, 3);
    allow_deaths('c', 1);
    rough_must(cadre_map(pool, &job, &err) == 0, "%s", err.message);
    rough_must(deaths_left() == 0, "not all have died");
    cadre_close(pool);
}

static void open_in_vain(const void *arg)
{
    const char *point = arg;
    cadre_pool *pool;
    cadre_error err;
    int rc;

    set_place();
    allow_deaths(*point, 20);
    rc = rough_open(&pool, "persistent", (cadre_options){ 0 }, &err);
    rough_must(rc == CADRE_ECRASH && err.code == rc, "%d: %s", rc, err.message);
    rough_must(strstr(err.message, "worker"), "%s", err.message);
    deaths_left();
}

static void test_workers_killed_while_being_started(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(where));
    for (const char *point = "ab"; *point; point++) {
        rough_case("opening", open_among_deaths, point);
        rough_case("replacing", replace_among_deaths, point);
        rough_case("in vain", open_in_vain, point);
    }
    assert_int_equal(rmdir(where), 0);
}

/* ---- programs that do not leave dead children to us ---- */

enum reaper { IGNORES, COLLECTS, REAPERS };

static void collect(int number)
{
    int before = errno;

    (void)number;
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
    errno = before;
}

struct reaping {
    const char *kind;
    enum reaper reaper;
};

static int crash_at_3(cadre_task *t, const void *item, void *result)
{
    (void)item;
    (void)result;
    if (cadre_task_index(t) == 3)
        abort();
    return 0;
}

static void work_beside_a_reaper(const void *arg)
{
    const struct reaping *r = arg;
    struct rlimit none = { 0, 0 };
    cadre_pool *pool;
    int statuses[20];
    cadre_job job = {
        .fn = crash_at_3, .n = 20, .statuses = statuses, .on_error = CADRE_KEEP_GOING
    };
    cadre_error err;
    int rc;

    setrlimit(RLIMIT_CORE, &none);
    signal(SIGCHLD, r->reaper == IGNORES ? SIG_IGN : collect);
    pool = rough_pool(r->kind, (cadre_options){ .retire_after = 20 });
    for (int round = 0; round < 2; round++)
        rough_work(pool);
    rc = cadre_map(pool, &job, &err);
    rough_must(rc == CADRE_ECRASH && err.item == 3, "%d: %s", rc, err.message);
    cadre_close(pool);
}

static void test_foreign_reapers(void **state)
{
    (void)state;
    for (int k = ROUGH_PROCESSES; k < ROUGH_KINDS; k++)
        for (enum reaper reaper = 0; reaper < REAPERS; reaper++) {
            struct reaping r = { rough_kinds[k], reaper };
            char name[80];
            snprintf(name, sizeof name, "%s, reaper %d", r.kind, (int)reaper);
            rough_case(name, work_beside_a_reaper, &r);
        }
}

/* ---- workers that are stopped ---- */

enum { MANY = 40 };

static int who(cadre_task *t, const void *item, void *result)
{
    (void)t;
    (void)item;
    *(pid_t *)result = getpid();
    return poll(NULL, 0, 1); /* so that both workers get some */
}

static void ask_who(cadre_pool *pool, pid_t *pids)
{
    cadre_job job = { .fn = who,
                      .n = MANY,
                      .chunk = 1,
                      .timeout_ms = 2000,
                      .results = pids,
                      .result_size = sizeof *pids };
    cadre_error err;

    rough_must(cadre_map(pool, &job, &err) == 0, "%s", err.message);
}

static void stop(pid_t pid)
{
    siginfo_t info;

    kill(pid, SIGSTOP);
    rough_must(waitid(P_PID, (id_t)pid, &info, WSTOPPED | WNOWAIT) == 0, "%s",
               strerror(errno));
}

static void stop_idle_workers(const void *arg)
{
    cadre_pool *pool = rough_pool("persistent", (cadre_options){ 0 });
    pid_t before[MANY], pids[MANY];

    (void)arg;
    for (int all = 0; all < 2; all++) {
        ask_who(pool, before);
        for (int i = 0; i < MANY; i++)
            if ((all || before[i] == before[0]) &&
                waitpid(before[i], NULL, WNOHANG) == 0)
                stop(before[i]);
        ask_who(pool, pids);
        for (int i = 0; i < MANY; i++)
            rough_must(pids[i] != before[0], "task %d was run by it", i);
        rough_must(kill(before[0], 0), "it is there still");
        rough_work(pool);
    }
    cadre_close(pool);
}

static void test_idle_workers_are_stopped(void **state)
{
    (void)state;
    rough_case("stopped", stop_idle_workers, NULL);
}

/* ---- all of the program is stopped, and continued ---- */

struct halt {
    _Atomic int begun, continued;
};

static int is_halted(cadre_task *t, const void *item, void *result)
{
    struct halt *halt = *(struct halt *const *)cadre_task_shared(t);

    (void)item;
    (void)result;
    atomic_fetch_add(&halt->begun, 1);
    while (!atomic_load(&halt->continued))
        poll(NULL, 0, 1);
    return 0;
}

/* Out of the group, stop it as a shell does for longer than a task's time. */
static void halt_group(struct halt *halt, pid_t group)
{
    setpgid(0, 0);
    while (atomic_load(&halt->begun) < 2)
        sched_yield();
    kill(-group, SIGSTOP);
    poll(NULL, 0, 3000); /* it is the time itself that must not count */
    kill(-group, SIGCONT);
    poll(NULL, 0, 100);
    atomic_store(&halt->continued, 1);
    _exit(0);
}

static void halt_program(const void *kind)
{
    struct halt none = { 0 }, *halt;
    cadre_pool *pool;
    cadre_job job = { .fn = is_halted,
                      .n = 2,
                      .chunk = 1,
                      .timeout_ms = 1500,
                      .shared = &halt,
                      .shared_size = sizeof halt };
    cadre_error err;
    pid_t group;

    setpgid(0, 0);
    group = getpgrp();
    pool = rough_pool(kind, (cadre_options){ 0 });
    halt = shared_copy(&none, sizeof none);
    if (fork() == 0)
        halt_group(halt, group);
    rough_must(cadre_map(pool, &job, &err) == 0, "%s", err.message);
    cadre_close(pool);
    wait(NULL);
    cadre_free_shared(halt);
}

static void test_the_program_is_stopped(void **state)
{
    (void)state;
    for (int k = ROUGH_PROCESSES; k < ROUGH_KINDS; k++)
        rough_case(rough_kinds[k], halt_program, rough_kinds[k]);
}

/* ---- beside other threads ---- */

static void *wait_for_ever(void *arg)
{
    (void)arg;
    for (;;)
        pause();
    return NULL;
}

static void fall_back_to_forking(const void *arg)
{
    struct rlimit limit = { 1024, 1024 };
    cadre_options opt = { .portable = true };
    pthread_t other;
    cadre_pool *pool;

    (void)arg;
    rough_must(pthread_create(&other, NULL, wait_for_ever, NULL) == 0, "thread");
    rough_must(setrlimit(RLIMIT_FSIZE, &limit) == 0, "%s", strerror(errno));
    pool = rough_pool("processes", opt);
    for (int round = 0; round < 3; round++)
        rough_work(pool);
    rough_must(strstr(rough_log, "forked processes all the same"), "%s", rough_log);
    rough_must(strstr(rough_log, "forking with 1 other thread"), "%s", rough_log);
    cadre_close(pool);
}

static void test_portable_where_nothing_else_is(void **state)
{
    (void)state;
    rough_case("portable", fall_back_to_forking, NULL);
}

static _Atomic int inside;

static int stay(struct dl_phdr_info *info, size_t size, void *arg)
{
    (void)info;
    (void)size;
    atomic_store(&inside, 1);
    return wait_for_ever(arg) != NULL;
}

static void *hold_the_linker(void *arg)
{
    dl_iterate_phdr(stay, arg);
    return NULL;
}

/* In a child that was forked while another thread was inside the dynamic linker. */
static void open_in_child(const void *kind)
{
    pthread_t other;
    cadre_pool *pool;
    cadre_error err;
    int status, rc;
    pid_t pid;

    rough_must(pthread_create(&other, NULL, hold_the_linker, NULL) == 0, "thread");
    while (!atomic_load(&inside))
        sched_yield();
    pid = fork();
    rough_must(pid >= 0, "%s", strerror(errno));
    if (pid > 0) {
        waitpid(pid, &status, 0);
        _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
    }
    alarm(20);
    rc = rough_open(&pool, kind, (cadre_options){ .portable = true }, &err);
    if (kind && strcmp(kind, "persistent") == 0) {
        rough_must(rc == CADRE_ENOTSUP && err.code == rc, "%d: %s", rc, err.message);
        rough_must(strstr(err.message, "forked from one with several threads"), "%s",
                   err.message);
        _exit(0);
    }
    rough_must(rc == 0, "%s", err.message);
    rough_work(pool);
    cadre_close(pool);
    _exit(0);
}

static void test_pools_in_a_forked_child(void **state)
{
    (void)state;
    for (int k = 0; k < ROUGH_KINDS; k++)
        rough_case(rough_kinds[k] ? rough_kinds[k] : "NULL", open_in_child,
                   rough_kinds[k]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_workers_killed_while_being_started),
        cmocka_unit_test(test_foreign_reapers),
        cmocka_unit_test(test_idle_workers_are_stopped),
        cmocka_unit_test(test_the_program_is_stopped),
        cmocka_unit_test(test_portable_where_nothing_else_is),
        cmocka_unit_test(test_pools_in_a_forked_child),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
