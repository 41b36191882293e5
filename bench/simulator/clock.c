/* clock.c - the clock of a cluster that there is not, and what happens when.
 * SPDX-License-Identifier: MIT
 */
#include "simulator.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

uint64_t simulated_now = 1;

/* In place of the C library's, for the library and for all else in this program. */
CADRE_API int clock_gettime(clockid_t clock, struct timespec *t)
{
    (void)clock;
    t->tv_sec = (time_t)(simulated_now / 1000000000);
    t->tv_nsec = (long)(simulated_now % 1000000000);
    return 0;
}

double real_cpu_ns(void)
{
    struct timespec t = { 0 };

    syscall(SYS_clock_gettime, CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

double real_cpu_overhead(void)
{
    double least = 1e9;

    for (int i = 0; i < 1000; i++) {
        double began = real_cpu_ns(), took = real_cpu_ns() - began;
        least = took < least ? took : least;
    }
    return least;
}

void *have_memory(void *memory)
{
    if (!memory) {
        fprintf(stderr, "no memory for so many ranks\n");
        exit(1);
    }
    return memory;
}

static bool is_before(const struct event *a, const struct event *b)
{
    return a->at < b->at || (a->at == b->at && a->order < b->order);
}

static void swap(struct event *a, struct event *b)
{
    struct event c = *a;

    *a = *b;
    *b = c;
}

void events_add(struct events *e, uint64_t at, enum event_kind kind, unsigned seat,
                struct message *message)
{
    size_t i = e->n++;

    if (e->n > e->room) {
        e->room = e->room ? 2 * e->room : 1024;
        e->heap = have_memory(realloc(e->heap, e->room * sizeof *e->heap));
    }
    e->heap[i] = (struct event){ at, ++e->made, kind, seat, message };
    for (; i > 0 && is_before(&e->heap[i], &e->heap[(i - 1) / 2]); i = (i - 1) / 2)
        swap(&e->heap[i], &e->heap[(i - 1) / 2]);
}

bool events_take(struct events *e, struct event *first)
{
    size_t i = 0;

    if (e->n == 0)
        return false;
    *first = e->heap[0];
    e->heap[0] = e->heap[--e->n];
    for (;;) {
        size_t least = i;
        for (size_t k = 2 * i + 1; k <= 2 * i + 2 && k < e->n; k++)
            if (is_before(&e->heap[k], &e->heap[least]))
                least = k;
        if (least == i)
            return true;
        swap(&e->heap[i], &e->heap[least]);
        i = least;
    }
}

void events_free(struct events *e)
{
    free(e->heap);
    *e = (struct events){ 0 };
}
