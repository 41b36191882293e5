/* refused.c - system calls that Linux refuses, one by one, and limits.
 * SPDX-License-Identifier: MIT
 *
 * A filter of the case's own refuses one call, as a sandbox or an old Linux does. On every
 * kind of pool all works then, or what cannot be is refused with the call's name, where it
 * is first known: by cadre_open, where workers need it.
 */
#include "rough.h"

#include <cadre/stream.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define MACHINE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define MACHINE AUDIT_ARCH_AARCH64
#endif

/* ---- the filter ---- */

/* Linux has several calls for some of the library's. */
struct call {
    const char *name; /* as errors have it */
    int numbers[2];
    const char *fails_on; /* kinds of pools, where it does; else all works */
    bool streams;         /* streams fail without it, whatever the pool */
};

static const struct call calls[] = {
    { "pidfd_open", { SYS_pidfd_open, -1 }, "", false },
    { "pidfd_send_signal", { SYS_pidfd_send_signal, -1 }, "", false },
    { "memfd_create", { SYS_memfd_create, -1 }, "persistent", false },
    { "getrandom", { SYS_getrandom, -1 }, "", false },
    { "membarrier", { SYS_membarrier, -1 }, "", false },
    { "eventfd", { SYS_eventfd2, -1 }, "processes persistent", true },
    { "epoll_create1", { SYS_epoll_create1, -1 }, "processes persistent", false },
    { "epoll_ctl", { SYS_epoll_ctl, -1 }, "processes persistent", false },
#ifdef SYS_epoll_wait
    { "epoll_wait",
      { SYS_epoll_wait, SYS_epoll_pwait },
      "processes persistent",
      false },
#else
    { "epoll_wait", { SYS_epoll_pwait, -1 }, "processes persistent", false },
#endif
    { "socketpair", { SYS_socketpair, -1 }, "persistent", false },
};

#define CALLS (sizeof calls / sizeof calls[0])

static void refuse(const struct call *call, int number)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MACHINE, 0, 4),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call->numbers[0], 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call->numbers[1], 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)number),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = { sizeof code / sizeof *code, code };

    rough_must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "%s", strerror(errno));
    rough_must(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0, "%s",
               strerror(errno));
}

/* ---- what is to be seen ---- */

struct refusal {
    const char *kind;
    const struct call *call;
    int number;
};

static bool is_among(const char *kind, const char *kinds)
{
    return kind && strstr(kinds, kind);
}

static void must_name(const cadre_error *err, int rc, const char *call)
{
    rough_must(rc == err->code, "%d is not %d: %s", rc, err->code, err->message);
    rough_must(strstr(err->message, call), "no %s in: %s", call, err->message);
}

/* Its item 3 crashes, or does not end. */
static int is_rough(cadre_task *t, const void *item, void *result)
{
    const bool *crash = cadre_task_shared(t);

    (void)item;
    (void)result;
    if (cadre_task_index(t) == 3 && *crash)
        kill(getpid(), SIGKILL);
    while (cadre_task_index(t) == 3)
        pause();
    return 0;
}

/* Dead workers are noticed, and those that do not end are ended. */
static void must_survive(cadre_pool *pool)
{
    cadre_error err;

    for (int crash = 0; crash < 2; crash++) {
        bool shared = crash;
        int statuses[20];
        cadre_job job = { .fn = is_rough,
                          .n = 20,
                          .on_error = CADRE_KEEP_GOING,
                          .statuses = statuses,
                          .timeout_ms = crash ? 0 : 100,
                          .grace_ms = 10,
                          .shared = &shared,
                          .shared_size = sizeof shared };
        int code = crash ? CADRE_ECRASH : CADRE_ETIMEOUT;
        int rc = cadre_map(pool, &job, &err);
        rough_must(rc == code && err.code == code, "%d: %s", rc, err.message);
        rough_must(err.item == 3, "%s", err.message);
    }
}

static void must_fail_in_streams(cadre_pool *pool, const char *call)
{
    cadre_job job = { .fn = is_rough, .n = 3, .result_size = 8 };
    cadre_stream *s;
    cadre_error err;
    int rc = cadre_stream_open(&s, pool, &job, &err);

    rough_must(rc, "it needs no %s", call);
    must_name(&err, rc, call);
}

static void work_without(const void *arg)
{
    const struct refusal *r = arg;
    bool processes = is_among(r->kind, "processes persistent");
    cadre_pool *pool;
    cadre_error err;
    int rc;

    refuse(r->call, r->number);
    rc = rough_open(&pool, r->kind, (cadre_options){ 0 }, &err);
    if (is_among(r->kind, r->call->fails_on)) {
        rough_must(rc, "it needs no %s", r->call->name);
        must_name(&err, rc, r->call->name);
        return;
    }
    rough_must(rc == 0, "%s", err.message);
    if (r->call->streams) {
        must_fail_in_streams(pool, r->call->name);
    } else {
        for (int round = 0; round < 3; round++)
            rough_work(pool);
    }
    if (processes)
        must_survive(pool);
    cadre_close(pool);
}

static void test_calls_refused_one_by_one(void **state)
{
    static const int numbers[] = { ENOSYS, EPERM };

    (void)state;
    for (unsigned c = 0; c < CALLS; c++)
        for (int k = 0; k < ROUGH_KINDS; k++)
            for (int n = 0; n < 2; n++) {
                struct refusal r = { rough_kinds[k], &calls[c], numbers[n] };
                char name[120];
                snprintf(name, sizeof name, "%s without %s (%s)",
                         r.kind ? r.kind : "NULL", r.call->name, strerror(r.number));
                rough_case(name, work_without, &r);
            }
}

/* ---- a limit on the size of files ---- */

static void work_with_small_files(const void *kind)
{
    struct rlimit limit = { 1024, 1024 };
    cadre_pool *pool;
    cadre_error err;
    int rc;

    rough_must(setrlimit(RLIMIT_FSIZE, &limit) == 0, "%s", strerror(errno));
    rc = rough_open(&pool, kind, (cadre_options){ 0 }, &err);
    if (is_among(kind, "persistent")) {
        must_name(&err, rc, "ulimit -f");
        return;
    }
    rough_must(rc == 0, "%s", err.message);
    rough_work(pool);
    cadre_close(pool);
}

static void test_a_limit_on_files(void **state)
{
    (void)state;
    for (int k = 0; k < ROUGH_KINDS; k++)
        rough_case(rough_kinds[k] ? rough_kinds[k] : "NULL", work_with_small_files,
                   rough_kinds[k]);
}

/* ---- no pidfds, and dead children that somebody else collects ---- */

static void work_without_both(const void *kind)
{
    cadre_pool *pool;

    signal(SIGCHLD, SIG_IGN);
    refuse(&calls[0], ENOSYS);
    pool = rough_pool(kind, (cadre_options){ .retire_after = 20 });
    for (int round = 0; round < 2; round++)
        rough_work(pool);
    must_survive(pool);
    cadre_close(pool);
}

static void test_nothing_is_left_to_know_deaths_by(void **state)
{
    (void)state;
    for (int k = ROUGH_PROCESSES; k < ROUGH_KINDS; k++)
        rough_case(rough_kinds[k], work_without_both, rough_kinds[k]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_calls_refused_one_by_one),
        cmocka_unit_test(test_a_limit_on_files),
        cmocka_unit_test(test_nothing_is_left_to_know_deaths_by),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
