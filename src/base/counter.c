/* counter.c - writes to lines of memory that CPUs share, counted.
 * SPDX-License-Identifier: MIT
 *
 * In memory that forked workers share with their caller: a row of counters for each CPU, so
 * that counting moves next to nothing itself, and beside them which CPU wrote a line last.
 * Lines whose addresses fall together there are told apart by a tag, and forgotten.
 */
#include "base/counter.h"

#include <inttypes.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>

#define CPUS  256
#define PLACE 4096
#define LINE  64

struct row {
    /* Of one CPU: threads that move meanwhile add to another's. Relaxed. */
    _Alignas(128) _Atomic uint64_t writes[CDR_COUNTERS_N];
    _Atomic uint64_t moved[CDR_COUNTERS_N];
};

static struct counts {
    struct row row[CPUS];
    struct {
        _Alignas(
            LINE) _Atomic uint64_t last; /* the line's number, and the CPU's. Relaxed */
    } place[PLACE];
} * counts;

/* Before anything is forked. Without memory nothing is counted. */
__attribute__((constructor)) static void get_ready(void)
{
    void *memory = mmap(NULL, sizeof *counts, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    counts = memory == MAP_FAILED ? NULL : memory;
}

static bool comes_from_another(const volatile void *word, unsigned cpu)
{
    uint64_t line = (uintptr_t)word / LINE, now = line << 8 | cpu, before;
    _Atomic uint64_t *last =
        &counts->place[line * UINT64_C(0x9E3779B97F4A7C15) >> 52].last;

    before = atomic_load_explicit(last, memory_order_relaxed);
    if (before == now)
        return false;
    atomic_store_explicit(last, now, memory_order_relaxed);
    return before >> 8 == line;
}

void cdr_counter_add(enum cdr_counter counter, const volatile void *word)
{
    int here = sched_getcpu();
    unsigned cpu = here < 0 ? 0 : (unsigned)here % CPUS;

    if (!counts)
        return;
    atomic_fetch_add_explicit(&counts->row[cpu].writes[counter], 1,
                              memory_order_relaxed);
    if (word && comes_from_another(word, cpu))
        atomic_fetch_add_explicit(&counts->row[cpu].moved[counter], 1,
                                  memory_order_relaxed);
}

static const char *const names[] = {
#define NAME(code, name) name,
    CDR_COUNTERS_ALL(NAME)
#undef NAME
};

bool cdr_counter_text(unsigned k, char *text, size_t size)
{
    uint64_t writes = 0, moved = 0;

    if (!counts || k >= CDR_COUNTERS_N)
        return false;
    for (unsigned cpu = 0; cpu < CPUS; cpu++) {
        const struct row *row = &counts->row[cpu];
        writes += atomic_load_explicit(&row->writes[k], memory_order_relaxed);
        moved += atomic_load_explicit(&row->moved[k], memory_order_relaxed);
    }
    snprintf(text, size, "%s %" PRIu64 " %" PRIu64, names[k], writes, moved);
    return true;
}
