/* gate.c - when a job may begin: in order, so many at a time, not too soon after another.
 * SPDX-License-Identifier: MIT
 */
#include "cli/map/gate.h"
#include "cli/map/clock.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOK 1.0 /* seconds between two looks at load and memory */

int cdr_gate_open(struct cdr_gate *g, unsigned slots, struct cdr_failure *why)
{
    *g = (struct cdr_gate){ .next = 1, .slots = slots, .over = -1, .last = -1 };
    g->used = calloc(slots + 1, sizeof *g->used);
    if (!g->used || pthread_mutex_init(&g->lock, NULL) != 0 ||
        pthread_cond_init(&g->changed, NULL) != 0)
        return cdr_fails_memory(why);
    return 0;
}

void cdr_gate_close(struct cdr_gate *g)
{
    if (!g->used)
        return;
    pthread_mutex_destroy(&g->lock);
    pthread_cond_destroy(&g->changed);
    free(g->used);
    g->used = NULL;
}

bool cdr_gate_pause(const struct cdr_gate *g, double seconds)
{
    double until = cdr_monotonic() + seconds;

    for (;;) {
        double left = until - cdr_monotonic();
        struct pollfd over = { .fd = g->over, .events = POLLIN };
        int ms = left > 60 ? 60000 : left > 0 ? (int)(left * 1000) + 1 : 0;

        if (poll(&over, 1, ms) > 0)
            return false;
        if (left <= 0)
            return true;
    }
}

/* ---- the state of the machine ---- */

static bool too_loaded(const struct cdr_gate *g)
{
    double load;

    return g->load > 0 && getloadavg(&load, 1) == 1 && load > g->load;
}

static uint64_t available(void)
{
    FILE *file = fopen("/proc/meminfo", "re");
    unsigned long long kib = UINT64_MAX / 1024;
    char line[200];

    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "MemAvailable: %llu kB", &kib) == 1)
            break;
    if (file)
        fclose(file);
    return kib * 1024;
}

static bool too_little_memory(const struct cdr_gate *g)
{
    return g->memory > 0 && available() < g->memory;
}

/* ---- entering ---- */

static bool is_over(const struct cdr_gate *g)
{
    struct pollfd over = { .fd = g->over, .events = POLLIN };

    return poll(&over, 1, 0) > 0;
}

/* Its turn has come: nobody else enters meanwhile, whatever it waits for. */
static bool wait_for_machine(struct cdr_gate *g)
{
    double since = g->last < 0 ? 0 : g->last + g->delay - cdr_monotonic();
    bool go_on = true;

    if (since > 0 && g->delay > 0)
        go_on = cdr_gate_pause(g, since);
    while (go_on && (too_loaded(g) || too_little_memory(g)))
        go_on = cdr_gate_pause(g, LOOK);
    return go_on;
}

static unsigned take_slot(struct cdr_gate *g)
{
    unsigned slot = 1;

    while (slot < g->slots && g->used[slot])
        slot++;
    g->used[slot] = true;
    g->running++;
    return slot;
}

unsigned cdr_gate_enter(struct cdr_gate *g, uint64_t seq)
{
    bool waits = g->delay > 0 || g->load > 0 || g->memory > 0;
    unsigned slot = 0;

    pthread_mutex_lock(&g->lock);
    while (g->next != seq || (g->running == g->slots && !is_over(g)))
        pthread_cond_wait(&g->changed, &g->lock);
    pthread_mutex_unlock(&g->lock);
    if (!is_over(g) && (!waits || wait_for_machine(g)))
        slot = 1;
    pthread_mutex_lock(&g->lock);
    if (slot) {
        slot = take_slot(g);
        g->last = cdr_monotonic();
    }
    g->next++;
    pthread_cond_broadcast(&g->changed);
    pthread_mutex_unlock(&g->lock);
    return slot;
}

void cdr_gate_keep_near(struct cdr_gate *g, uint64_t seq, uint64_t ahead)
{
    pthread_mutex_lock(&g->lock);
    while (seq > g->next + ahead)
        pthread_cond_wait(&g->changed, &g->lock);
    pthread_mutex_unlock(&g->lock);
}

unsigned cdr_gate_running(struct cdr_gate *g)
{
    unsigned n;

    pthread_mutex_lock(&g->lock);
    n = g->running;
    pthread_mutex_unlock(&g->lock);
    return n;
}

void cdr_gate_leave(struct cdr_gate *g, unsigned slot)
{
    pthread_mutex_lock(&g->lock);
    g->used[slot] = false;
    g->running--;
    pthread_cond_broadcast(&g->changed);
    pthread_mutex_unlock(&g->lock);
}
