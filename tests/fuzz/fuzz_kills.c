/* fuzz_kills.c - workers that somebody kills or stops, and programs that are killed.
 * SPDX-License-Identifier: MIT
 *
 * The jobs are those of the random-job test, without deaths of their own. Nothing may
 * be lost that is retried, nothing blamed that did not die, and nobody and nothing is left.
 */
#include "case.h"
#include "killer.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
/* cmocka wants the ones above first */
#include <cmocka.h>

#define PATIENCE (60 * SLOWNESS) /* seconds for one round */
#define ROGUE    99              /* exit status of a worker that comes to main */
#define STRIKES  3               /* fewer than the deaths in a row that fail a run */

static struct common *common;
static pid_t killer;

/* ---- what must not stay ---- */

struct held {
    int descriptors, shared, children;
};

static int count_shared(void)
{
    FILE *f = fopen("/proc/self/maps", "r");
    char line[400], access[8];
    int n = 0;

    while (f && fgets(line, sizeof line, f))
        n += sscanf(line, "%*s %7s", access) == 1 && access[3] == 's';
    if (f)
        fclose(f);
    return n;
}

static struct held count_held(void)
{
    struct held h = { .shared = count_shared() };
    DIR *d = opendir("/proc/self/fd");
    char path[64];
    int pid;
    FILE *f;

    while (d && readdir(d))
        h.descriptors++;
    if (d)
        closedir(d);
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    f = fopen(path, "r");
    while (f && fscanf(f, "%d", &pid) == 1)
        h.children++;
    if (f)
        fclose(f);
    return h;
}

static void check_held(struct verdict *v, const struct held *before)
{
    struct held now = count_held();

    if (now.descriptors != before->descriptors || now.shared != before->shared ||
        now.children != before->children)
        wrong(v,
              "%d descriptors, %d shared mappings, %d children; before there were %d, "
              "%d, %d",
              now.descriptors, now.shared, now.children, before->descriptors,
              before->shared, before->children);
}

/* ---- workers are struck ---- */

/* Forked, persistent, or either as the run finds the program; and how many. */
static struct fuzz_pool draw_pool(struct dice *d)
{
    struct fuzz_pool p = { .name = "forked", .processes = true };

    p.options = (cadre_options){ .backend = "processes",
                                 .workers = (int)DICE_PICK(d, 1, 2, 3, 8),
                                 .oversubscribe = true,
                                 .ignore_environment = true };
    if (dice_one_in(d, 4)) {
        p.name = "portable";
        p.options.portable = true;
    } else if (dice_one_in(d, 2)) {
        p.name = "persistent";
        p.persistent = p.options.persistent = true;
    }
    return p;
}

/* Each record goes from one process to another and back: on a machine that does something
 * else, that is thousands of waits for a CPU, seconds in which nothing else is tried. */
static bool is_long(const struct fuzz_case *c)
{
    return c->kind == STREAM && c->n > 200;
}

static void draw(struct dice *d, struct fuzz_case *c, struct fuzz_case *first,
                 const struct fuzz_pool *p)
{
    do
        case_draw(c, first, dice_u64(d), p);
    while (c->n == 0 || c->endless || c->conducts >> KILLED || is_long(c) ||
           (c->input == CHAIN && is_long(first)) ||
           (c->input == CHAIN && first->conducts >> KILLED));
    c->retries = first->retries = 100;
    if (c->kind != REDUCTION && c->keep_going && c->ending == RUNS_OUT &&
        c->input != CHAIN && dice_one_in(d, 2)) {
        c->retries = 0;
        c->ending = STRUCK;
    }
    c->work = c->n < 300 ? 1 + dice_below(d, 4) : 1;
    memset(common, 0, sizeof *common);
    c->common = first->common = common;
    c->pool = first->pool = NULL;
}

static void run(struct verdict *v, struct fuzz_case *c, struct fuzz_case *first,
                cadre_pool *pool)
{
    if (c->kind == MAP)
        check_map(v, c, pool);
    else if (c->kind == REDUCTION)
        check_reduction(v, c, pool);
    else
        check_stream(v, c, first, pool);
}

/* Workers that are stopped for good are found out by the time that tasks may take. Not those
 * that are being started for a run: those are waited for, and fail it. */
static bool limit_time(struct fuzz_case *c, struct fuzz_case *first,
                       const struct fuzz_pool *p)
{
    if (p->persistent || p->options.portable || c->ending == STRUCK ||
        c->ending == PAST_DEADLINE)
        return false;
    c->timeout_ms = first->timeout_ms = 300 * SLOWNESS;
    c->grace_ms = first->grace_ms = 20;
    return true;
}

/* A pool that has lost workers is as good as new. */
static void strike_round(struct verdict *v, struct dice *d, struct fuzz_case *c,
                         struct fuzz_case *first, struct fuzz_pool *p)
{
    struct held before = count_held();
    cadre_error err;

    board->strikes = STRIKES;
    board->stops = dice_one_in(d, 3);
    board->at_steps = dice_one_in(d, 3);
    board->for_good = board->stops && dice_one_in(d, 2) && limit_time(c, first, p);
    signal(SIGCHLD, dice_one_in(d, 8) ? SIG_IGN : SIG_DFL);
    if (cadre_open(&p->pool, &p->options, &err)) {
        wrong(v, "cadre_open: %s", err.message);
        return;
    }
    killer_wake(dice_u64(d));
    run(v, c, first, p->pool);
    killer_rest();
    if (c->ending == STRUCK)
        c->ending = RUNS_OUT;
    memset(common, 0, sizeof *common);
    if (!*v->text && dice_one_in(d, 4))
        run(v, c, first, p->pool);
    cadre_close(p->pool);
    signal(SIGCHLD, SIG_DFL);
    check_held(v, &before);
}

static void test_workers_are_struck(void **state)
{
    struct fuzz_case c, first = { 0 };
    struct rounds r = rounds_begin(5);
    int bad = 0, struck = 0;
    char text[1500];

    (void)state;
    atomic_store(&board->program, getpid());
    killer = killer_begin();
    while (bad < 10 && rounds_next(&r)) {
        struct dice d = { r.round };
        struct fuzz_pool p = draw_pool(&d);
        struct verdict v = { "" };
        draw(&d, &c, &first, &p);
        watchdog(PATIENCE, case_describe(text, sizeof text, r.round, &p, &c, &first));
        strike_round(&v, &d, &c, &first, &p);
        watchdog(0, NULL);
        struck += atomic_load(&board->struck);
        if (*v.text) {
            print_error("%s: %s\n", text, v.text);
            bad++;
        }
    }
    killer_end(killer);
    printf("# struck %d times\n", struck);
    assert_true(struck > 0 || r.n < 10); /* a few may be too short to be hit */
    assert_true(atomic_load(&board->steps) > 0);
    assert_int_equal(bad, 0);
}

/* ---- the program is killed ---- */

/* Runs jobs until it is killed. */
static void run_program(uint64_t round)
{
    struct fuzz_case c, first = { 0 };
    struct dice d = { round };
    struct fuzz_pool p = draw_pool(&d);
    struct verdict v = { "" };

    atomic_store(&board->program, getpid());
    for (;;) {
        cadre_error err;
        if (cadre_open(&p.pool, &p.options, &err)) {
            print_error("cadre_open: %s\n", err.message);
            _exit(1);
        }
        for (int k = 0; k < 3; k++) {
            draw(&d, &c, &first, &p);
            run(&v, &c, &first, p.pool);
        }
        cadre_close(p.pool);
    }
}

/* Whoever had them, they are this process's children now. */
static void await_orphans(struct verdict *v)
{
    double give_up = seconds_now() + 20 * SLOWNESS;
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) >= 0) {
        if (pid == 0 && seconds_now() > give_up) {
            wrong(v, "a worker has outlived its program");
            return;
        }
        if (pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == ROGUE)
            wrong(v, "a worker has become the program");
        sched_yield();
    }
}

static void kill_program(struct verdict *v, uint64_t round)
{
    struct dice d = { mix(round, 3) };
    pid_t pid = fork();
    int status = 0;

    if (pid == 0)
        run_program(round);
    if (dice_one_in(&d, 2))
        await_step(1 + (int64_t)dice_below(&d, 3000), 200000 * SLOWNESS);
    else
        await_step(0, 1 + (long)dice_below(&d, 20000));
    if (kill(pid, SIGKILL) || waitpid(pid, &status, 0) != pid || !WIFSIGNALED(status))
        wrong(v, "the program has ended by itself, with %d", status);
    await_orphans(v);
}

static void test_the_program_is_killed(void **state)
{
    int bad = 0;

    (void)state;
    if (FORKS_BESIDE_A_THREAD)
        return;
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    for (struct rounds r = rounds_begin(3); bad < 10 && rounds_next(&r);) {
        struct verdict v = { "" };
        char text[100];
        snprintf(text, sizeof text, "CADRE_FUZZ_ROUND=0x%" PRIx64, r.round);
        watchdog(PATIENCE, text);
        kill_program(&v, r.round);
        watchdog(0, NULL);
        if (*v.text) {
            print_error("%s: %s\n", text, v.text);
            bad++;
        }
    }
    assert_int_equal(bad, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            test_the_program_is_killed), /* first: there are no threads yet */
        cmocka_unit_test(test_workers_are_struck),
    };
    struct rlimit none = { 0, 0 };

    if (board_is_there()) /* a worker that took itself for the program */
        return ROGUE;
    setrlimit(RLIMIT_CORE, &none); /* hundreds of core dumps help nobody */
    board_open();
    common = cadre_alloc_shared(sizeof *common, NULL);
    return common ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
