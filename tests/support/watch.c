/* watch.c - gates that tasks wait at, and what the threads of this process are doing.
 * SPDX-License-Identifier: MIT
 */
#include "watch.h"

#include <dirent.h>
#include <limits.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define THREADS   256
#define DEADLINE  20 /* seconds */
#define SETTLE_MS 10
#define WHILE_MS  150

/* ---- gates ---- */

struct gate *gate_begin(void)
{
    struct gate gate = { 0 };

    return shared_copy(&gate, sizeof gate);
}

void gate_end(struct gate *g)
{
    cadre_free_shared(g);
}

void gate_wait(struct gate *g)
{
    atomic_fetch_add(&g->arrived, 1);
    while (!atomic_load(&g->open))
        syscall(SYS_futex, &g->open, FUTEX_WAIT, 0, NULL, NULL, 0);
}

void gate_open(struct gate *g)
{
    atomic_store(&g->open, 1);
    syscall(SYS_futex, &g->open, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

/* ---- waiting ---- */

static bool is_late(time_t *give_up)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    if (!*give_up)
        *give_up = now.tv_sec + DEADLINE;
    sched_yield();
    return now.tv_sec > *give_up;
}

bool reaches(_Atomic int *word, int value)
{
    _Atomic int never = 0;

    return reaches_before(word, value, &never);
}

bool reaches_before(_Atomic int *word, int value, _Atomic int *over)
{
    time_t give_up = 0;

    while (atomic_load(word) < value)
        if (atomic_load(over) || is_late(&give_up))
            return false;
    return true;
}

int this_thread(void)
{
    return (int)syscall(SYS_gettid);
}

static size_t read_about(int thread, const char *what, char *text, size_t room)
{
    char path[64];
    FILE *f;
    size_t n;

    snprintf(path, sizeof path, "/proc/self/task/%d/%s", thread, what);
    f = fopen(path, "r");
    if (!f) {
        snprintf(path, sizeof path, "/proc/%d/%s", thread, what); /* a child */
        f = fopen(path, "r");
    }
    if (!f)
        return 0; /* it has ended */
    n = fread(text, 1, room - 1, f);
    text[n] = '\0';
    fclose(f);
    return n;
}

/* What follows the name in /proc/.../stat: the state, ...; NULL when it has ended. */
static const char *stat_of(int thread, char *text, size_t room)
{
    const char *end =
        read_about(thread, "stat", text, room) ? strrchr(text, ')') : NULL;

    return end ? end + 2 : NULL;
}

static bool is_asleep(int thread)
{
    char text[1024];
    const char *stat = stat_of(thread, text, sizeof text);

    return !stat || *stat == 'S';
}

bool falls_asleep(int thread)
{
    time_t give_up = 0;

    while (!is_asleep(thread))
        if (is_late(&give_up))
            return false;
    return true;
}

/* ---- watching ---- */

static int strangers[THREADS];
static size_t n_strangers;

/* The children of one thread, behind the n there are; returns how many then. */
static size_t list_children(int thread, int *threads, size_t n)
{
    char text[4096], *at = text, *end;

    if (read_about(thread, "children", text, sizeof text) == 0)
        return n;
    for (long pid; n < THREADS && (pid = strtol(at, &end, 10)) > 0; at = end)
        threads[n++] = (int)pid;
    return n;
}

/* Up to THREADS of this process, and its children. */
static size_t list_threads(int *threads)
{
    DIR *d = opendir("/proc/self/task");
    struct dirent *entry;
    size_t n = 0, own;

    assert_non_null(d);
    while ((entry = readdir(d)) && n < THREADS)
        if (entry->d_name[0] != '.')
            threads[n++] = atoi(entry->d_name);
    closedir(d);
    own = n;
    for (size_t i = 0; i < own; i++)
        n = list_children(threads[i], threads, n);
    return n;
}

static bool is_stranger(int thread)
{
    for (size_t i = 0; i < n_strangers; i++)
        if (strangers[i] == thread)
            return true;
    return thread == this_thread();
}

void watch_begin(void)
{
    int here = this_thread();
    size_t n = list_threads(strangers);

    n_strangers = 0;
    for (size_t i = 0; i < n; i++)
        if (strangers[i] != here)
            strangers[n_strangers++] = strangers[i];
}

static long number_after(const char *text, const char *name)
{
    const char *at = strstr(text, name);

    return at ? atol(at + strlen(name)) : 0;
}

/* Times it went on, and hundredths of a second of CPU it used, until now. */
static long activity(int thread)
{
    char text[4096];
    long switches = 0, user = 0, system = 0;
    const char *stat;

    if (read_about(thread, "status", text, sizeof text))
        switches = number_after(text, "\nvoluntary_ctxt_switches:") +
                   number_after(text, "\nnonvoluntary_ctxt_switches:");
    stat = stat_of(thread, text, sizeof text);
    if (stat && sscanf(stat, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %ld %ld",
                       &user, &system) != 2)
        abort();
    return switches + user + system;
}

static long activity_of_all(void)
{
    int threads[THREADS];
    size_t n = list_threads(threads);
    long sum = 0;

    for (size_t i = 0; i < n; i++)
        if (!is_stranger(threads[i]))
            sum += activity(threads[i]);
    return sum;
}

static bool all_fall_asleep(void)
{
    int threads[THREADS];
    size_t n = list_threads(threads);

    for (size_t i = 0; i < n; i++)
        if (!is_stranger(threads[i]) && !falls_asleep(threads[i]))
            return false;
    return true;
}

/* That nothing happens is no event to wait for: the one place where a time is waited for.
 * What is found in it is found surely. */
static long activity_during(int ms)
{
    long before = activity_of_all();

    poll(NULL, 0, ms);
    return activity_of_all() - before;
}

long watch_stirring(void)
{
    time_t give_up = 0;
    long least;

    do {
        if (!all_fall_asleep() || is_late(&give_up))
            return -1;
    } while (activity_during(SETTLE_MS) != 0); /* on their way to sleep */
    /* What is done once, such as to fork a worker in advance, is not done again. */
    least = activity_during(WHILE_MS);
    for (int more = 0; more < 2 && least > 0; more++) {
        long now = activity_during(WHILE_MS);
        least = now < least ? now : least;
    }
    return least;
}
