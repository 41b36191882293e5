/* hostile.c - kernels that do what no kernel should.
 * SPDX-License-Identifier: MIT
 */
#include "hostile.h"
#include "hostile_descriptors.h"
#include "dice.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

cadre_pool *hostile_pool;

/* ---- processes ---- */

static void fork_and_exit_child(void)
{
    int status;
    pid_t pid = fork();

    if (pid == 0)
        _exit(7);
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        _exit(97);
}

/* As a kernel that forgot that it is in the child. */
static void fork_and_return_twice(void)
{
    if (fork() == 0)
        exit(0);
}

static void leave_a_zombie(void)
{
    if (fork() == 0)
        _exit(0);
}

static void leave_a_child_behind(void)
{
    pid_t worker = getpid();

    if (fork() == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        while (getppid() == worker)
            pause();
        _exit(0);
    }
}

static void wait_for_any_child(void)
{
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
}

static void run_a_program(void)
{
    execl("/bin/true", "true", (char *)NULL);
    _exit(97);
}

static void run_a_command(void)
{
    if (system("exit 3") == -1)
        _exit(97);
}

static void start_a_session(void)
{
    setsid();
}

static void lower_priority(void)
{
    setpriority(PRIO_PROCESS, 0, 19);
}

static void change_directory(void)
{
    if (chdir("/"))
        _exit(97);
}

static void change_mask_and_name(void)
{
    umask(0777);
    prctl(PR_SET_NAME, "something else");
}

static void clear_the_environment(void)
{
    clearenv();
}

/* ---- ends ---- */

static void exit_0(void)
{
    exit(0);
}

static void exit_255(void)
{
    exit(255);
}

static void leave_at_once(void)
{
    _exit(42);
}

static void exit_within_exit(void)
{
    atexit(leave_at_once);
    exit(1);
}

static void *exit_from_there(void *arg)
{
    (void)arg;
    _exit(5);
}

static void exit_from_a_thread(void)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, exit_from_there, NULL) == 0)
        pthread_join(thread, NULL);
}

static void end_the_thread(void)
{
    pthread_exit(NULL);
}

/* ---- signals ---- */

static void raise_deadly(int number)
{
    signal(number, SIG_DFL); /* that of a sanitizer would report it */
    raise(number);
}

static void raise_ignored(void)
{
    raise(SIGCHLD);
    raise(SIGWINCH);
    raise(SIGURG);
    raise(SIGCONT);
}

static void stop_itself(void)
{
    raise(SIGSTOP);
}

static void block_all_signals(void)
{
    sigset_t all;

    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
}

static void ignore_all_signals(void)
{
    for (int number = 1; number < 65; number++)
        signal(number, SIG_IGN);
}

static void set_an_alarm(void)
{
    struct itimerval soon = { .it_value = { .tv_usec = 1000 } };

    setitimer(ITIMER_REAL, &soon, NULL);
    pause();
}

/* ---- memory and limits ---- */

static void read_null(void)
{
    volatile const int *nowhere = NULL;

    signal(SIGSEGV, SIG_DFL); /* that of a sanitizer would report it */
    (void)*nowhere;
}

static void write_to_constants(void)
{
    static const char constant[64] = "lies where nobody may write";
    volatile char *there = (volatile char *)(uintptr_t)constant;

    signal(SIGSEGV, SIG_DFL);
    there[5] = 'x';
}

static volatile int depth;

static int recurse(int n)
{
    volatile char room[4096];

    room[n % 4096] = (char)n;
    return depth >= 0 ? recurse(n + 1) + room[0] : 0;
}

static void overflow_the_stack(void)
{
    recurse(0);
}

static void limit_addresses(void)
{
    struct rlimit little = { 64 << 20, 64 << 20 };

    setrlimit(RLIMIT_AS, &little);
}

static void allocate_without_end(void)
{
    limit_addresses();
    for (;;) {
        char *bytes = malloc(1 << 20);
        if (!bytes)
            abort();
        memset(bytes, 1, 1 << 20);
    }
}

static void limit_file_size(void)
{
    struct rlimit none = { 0, 0 };

    setrlimit(RLIMIT_FSIZE, &none);
}

static void limit_processes(void)
{
    struct rlimit none = { 0, 0 };

    setrlimit(RLIMIT_NPROC, &none);
    setrlimit(RLIMIT_CORE, &none);
}

static void lock_memory(void)
{
    mlockall(MCL_CURRENT); /* may fail */
}

/* ---- cadre ---- */

static int twice(cadre_task *t, const void *item, void *result)
{
    (void)item;
    *(uint64_t *)result = 2 * cadre_task_index(t);
    return 0;
}

static void map_inside(void)
{
    uint64_t y[10];
    cadre_job job = { .fn = twice, .n = 10, .results = y, .result_size = sizeof *y };

    if (cadre_map(hostile_pool, &job, NULL) || y[9] != 18)
        _exit(97);
}

static void open_a_pool_inside(void)
{
    cadre_options opt = { .backend = "threads", .workers = 2, .oversubscribe = true };
    uint64_t y[10];
    cadre_job job = { .fn = twice, .n = 10, .results = y, .result_size = sizeof *y };
    cadre_pool *pool;

    if (cadre_open(&pool, &opt, NULL) || cadre_map(pool, &job, NULL) || y[9] != 18)
        _exit(97);
    cadre_close(pool);
}

static void cancel_from_the_worker(void)
{
    cadre_cancel(hostile_pool);
}

static void do_nothing(void)
{
}

/* ---- time ---- */

static void spin(void)
{
    volatile uint64_t n = 0;

    for (;;)
        n++;
}

static void wait_deaf(void)
{
    block_all_signals();
    for (;;)
        pause();
}

/* ---- jumps ---- */

static void jump_within(void)
{
    jmp_buf here;

    if (!setjmp(here))
        longjmp(here, 1);
}

static jmp_buf outside;

static int dive(int levels)
{
    if (levels > 0)
        return dive(levels - 1) + depth;
    if (depth >= 0)
        longjmp(outside, 1);
    return 0;
}

static void jump_over_calls(void)
{
    if (!setjmp(outside))
        depth = dive(50);
}

static sigjmp_buf rescue;

static void on_fault(int number)
{
    siglongjmp(rescue, number);
}

/* As programs do that would rather go on. */
static void jump_out_of_a_fault(void)
{
    signal(SIGSEGV, on_fault);
    if (!sigsetjmp(rescue, 1))
        raise(SIGSEGV);
    signal(SIGSEGV, SIG_DFL);
}

#define DIES_BY(number) .fate = DIES, .signal = (number)
#define RAISES(number)                                               \
    {                                                                \
        .name = "raises " #number, .raises = number, DIES_BY(number) \
    }

const struct hostile hostiles[] = {
    { "closes stderr", close_stderr, .fate = LIVES },
    { "closes stdout", close_stdout, .fate = LIVES },
    { "closes stdin", close_stdin, .fate = LIVES },
    { "closes the first three", close_the_first_three, .fate = LIVES },
    { "replaces stderr", replace_stderr, .fate = LIVES },
    { "reopens stderr", reopen_stderr, .fate = LIVES },
    { "closes all descriptors", close_all, .fate = LIVES_OR_DIES },
    { "uses up descriptors", use_up_descriptors, .fate = LIVES_OR_DIES },
    { "shouts", shout, .fate = LIVES },
    { "shouts and does not wait", make_stderr_nonblocking, .fate = LIVES },
    { "forks a child", fork_and_exit_child, .fate = LIVES },
    { "forks and exits there", fork_and_return_twice, .fate = LIVES },
    { "leaves a zombie", leave_a_zombie, .fate = LIVES },
    { "leaves a child behind", leave_a_child_behind, .fate = LIVES },
    { "waits for any child", wait_for_any_child, .fate = LIVES },
    { "runs another program", run_a_program, .fate = DIES },
    { "runs a command", run_a_command, .fate = LIVES },
    { "starts a session", start_a_session, .fate = LIVES },
    { "lowers its priority", lower_priority, .fate = LIVES },
    { "changes directory", change_directory, .fate = LIVES },
    { "changes mask and name", change_mask_and_name, .fate = LIVES },
    { "clears the environment", clear_the_environment, .fate = LIVES },
    { "exits with 0", exit_0, .fate = DIES },
    { "exits with 255", exit_255, .fate = DIES, .status = 255 },
    { "exits while it exits", exit_within_exit, .fate = DIES, .status = 42 },
    { "exits from a thread", exit_from_a_thread, .fate = DIES, .status = 5 },
    { "ends its thread", end_the_thread, .fate = DIES },
    RAISES(SIGKILL),
    RAISES(SIGSEGV),
    RAISES(SIGABRT),
    RAISES(SIGFPE),
    RAISES(SIGBUS),
    RAISES(SIGILL),
    RAISES(SIGTERM),
    RAISES(SIGPIPE),
    RAISES(SIGALRM),
    RAISES(SIGUSR1),
    RAISES(SIGXCPU),
    RAISES(SIGHUP),
    { "raises what does nothing", raise_ignored, .fate = LIVES },
    { "stops itself", stop_itself, .fate = TIMES_OUT },
    { "blocks all signals", block_all_signals, .fate = LIVES },
    { "ignores all signals", ignore_all_signals, .fate = LIVES },
    { "sets an alarm", set_an_alarm, DIES_BY(SIGALRM) },
    { "reads NULL", read_null, DIES_BY(SIGSEGV), .without_sanitizer = true },
    { "writes to constants", write_to_constants, DIES_BY(SIGSEGV),
      .without_sanitizer = true },
    { "overflows the stack", overflow_the_stack, .fate = DIES },
    { "limits addresses", limit_addresses, .fate = LIVES_OR_DIES,
      .without_sanitizer = true },
    { "allocates without end", allocate_without_end, .fate = DIES,
      .without_sanitizer = true },
    { "limits file sizes", limit_file_size, .fate = LIVES },
    { "limits processes", limit_processes, .fate = LIVES },
    { "locks memory", lock_memory, .fate = LIVES },
    { "maps inside", map_inside, .fate = LIVES, .in_threads = true },
    { "opens a pool inside", open_a_pool_inside, .fate = LIVES, .in_threads = true },
    { "cancels from a worker", cancel_from_the_worker, .fate = CANCELS,
      .in_threads = true },
    { "fails with the least number", do_nothing, .fate = FAILS_ITSELF,
      .in_threads = true },
    { "spins", spin, .fate = TIMES_OUT },
    { "waits and is deaf", wait_deaf, .fate = TIMES_OUT },
    { "jumps within itself", jump_within, .fate = LIVES, .in_threads = true },
    { "jumps over calls", jump_over_calls, .fate = LIVES },
    { "jumps out of a fault", jump_out_of_a_fault, .fate = LIVES,
      .without_sanitizer = true },
};
const unsigned n_hostiles = sizeof hostiles / sizeof *hostiles;

uint64_t hostile_result(uint64_t index)
{
    return mix(77, index);
}

int hostile_kernel(cadre_task *t, const void *item, void *result)
{
    const struct hostility *h = cadre_task_shared(t);
    uint64_t i = cadre_task_index(t);

    (void)item;
    if (i == h->at) {
        if (hostiles[h->which].act)
            hostiles[h->which].act();
        else
            raise_deadly(hostiles[h->which].raises);
        if (hostiles[h->which].fate == FAILS_ITSELF)
            return cadre_task_fail(t, INT_MIN, "%s", "");
    }
    *(uint64_t *)result = hostile_result(i);
    return 0;
}

int exits_with_index(cadre_task *t, const void *item, void *result)
{
    const struct exits *e = cadre_task_shared(t);

    (void)item;
    (void)result;
    exit((int)(e->first + e->step * cadre_task_index(t)));
}
