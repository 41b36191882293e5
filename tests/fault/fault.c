/* fault.c - worker processes that die where the test wants it.
 * SPDX-License-Identifier: MIT
 */
#include "fault.h"

#include <dirent.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define PLACE "CADRE_TEST_FAULT"

struct fault *fault;

void fault_open(void)
{
    struct rlimit none = { 0, 0 };
    char place[40];

    setrlimit(RLIMIT_CORE, &none); /* hundreds of core dumps help nobody */
    fault = cadre_alloc_shared(sizeof *fault, NULL);
    assert_non_null(fault);
    fault->parent = getpid();
    snprintf(place, sizeof place, "%p", (void *)fault);
    setenv(PLACE, place, 1);
}

/* A worker that was not forked has it at the same address all the same. */
static void find_fault(void)
{
    const char *place = getenv(PLACE);
    void *memory = NULL;

    if (!fault && place && sscanf(place, "%p", &memory) == 1)
        fault = memory;
}

bool fault_is_persistent(void)
{
    const char *backend = getenv("CADRE_TEST_BACKEND");

    return backend && strcmp(backend, "persistent") == 0;
}

cadre_options fault_options(int workers)
{
    return (cadre_options){ .backend = "processes",
                            .workers = workers,
                            .persistent = fault_is_persistent(),
                            .oversubscribe = true,
                            .ignore_environment = true };
}

void fault_arm(enum fault_how how, long k, int deaths, long again)
{
    fault->how = how;
    fault->again = again;
    atomic_store(&fault->deaths, deaths - 1);
    atomic_store(&fault->died, 0);
    atomic_store(&fault->victim, CADRE_NO_ITEM);
    atomic_store(&fault->countdown, k);
}

bool fault_unused(void)
{
    assert_true(atomic_load(&fault->said)); /* or else this is any other libcadre */
    return atomic_load(&fault->died) == 0;
}

void fault_must_have_hit(void)
{
    if (fault_unused())
        fail_msg("nobody has died: the run had fewer steps");
}

long fault_stride(void)
{
    const char *stride = getenv("CADRE_TEST_STRIDE");

    return stride && atol(stride) > 1 ? atol(stride) : 1;
}

long fault_before_first(void)
{
    static long runs;

    return runs++ % fault_stride() + 1 - fault_stride();
}

static void die(void)
{
    switch (fault->how) {
    case FAULT_KILL: kill(getpid(), SIGKILL); break;
    case FAULT_SEGV:
        signal(SIGSEGV, SIG_DFL); /* that of a sanitizer would report it */
        raise(SIGSEGV);
        break;
    case FAULT_ABORT: abort();
    case FAULT_EXIT_0: exit(0);
    case FAULT_EXIT_3: exit(3);
    case FAULT_EXIT_14: exit(14);
    default: kill(getpid(), SIGSTOP); break;
    }
}

static void step(uint64_t item)
{
    find_fault();
    if (!fault || getpid() == fault->parent ||
        atomic_fetch_sub(&fault->countdown, 1) != 1)
        return;
    atomic_store(&fault->victim, item);
    atomic_fetch_add(&fault->died, 1);
    if (atomic_fetch_sub(&fault->deaths, 1) > 0)
        atomic_store(&fault->countdown, fault->again);
    die();
}

void fault_step(void)
{
    step(CADRE_NO_ITEM);
    if (fault)
        atomic_store(&fault->said, true);
}

void fault_in_kernel(uint64_t item)
{
    step(item);
}

/* ---- holdings ---- */

static int count_entries(const char *path)
{
    DIR *d = opendir(path);
    int n = 0;

    assert_non_null(d);
    while (readdir(d))
        n++;
    closedir(d);
    return n;
}

static int count_lines(const char *path)
{
    FILE *f = fopen(path, "r");
    int n = 0, c;

    assert_non_null(f);
    while ((c = getc(f)) != EOF)
        n += c == '\n';
    fclose(f);
    return n;
}

static bool has_children(void)
{
    siginfo_t info;

    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

struct holdings count_holdings(void)
{
    return (struct holdings){ .descriptors = count_entries("/proc/self/fd"),
                              .mappings = count_lines("/proc/self/maps"),
                              .children = has_children() };
}

void assert_no_more(const struct holdings *before)
{
    struct holdings now = count_holdings();

    /* A persistent worker that died has gone with its descriptors. */
    assert_in_range(now.descriptors, fault_is_persistent() ? 0 : before->descriptors,
                    before->descriptors);
    assert_in_range(now.children, 0, fault_is_persistent());
#ifndef __SANITIZE_ADDRESS__ /* whose own mappings come and go */
    /* So do those of the heap, a little; what leaks, leaks every time. */
    assert_in_range(now.mappings, 0, before->mappings + 8);
#endif
}
