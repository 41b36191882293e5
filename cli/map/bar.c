/* bar.c - --bar and --eta: how far the run is, in the last line of a terminal.
 * SPDX-License-Identifier: MIT
 */
#include "cli/map/bar.h"
#include "cli/base/thread.h"
#include "cli/map/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define PACE_NS  200000000 /* between two lines */
#define LINE_MAX 400
#define USUAL    80 /* columns of a terminal that does not say */

struct cdr_bar {
    struct cdr_bar_setting set;
    bool terminal[3]; /* which of the standard files are one */
    double began;
    pthread_t thread;
    pthread_mutex_t lock; /* guards what follows, and writing to the terminal */
    pthread_cond_t end;
    bool closing;
    bool shown;       /* a line that is to be erased */
    bool inside_line; /* jobs have left a line unfinished there */
};

/* ---- the line ---- */

static void add_time(char *line, size_t room, double seconds)
{
    size_t used = strlen(line);

    if (seconds < 120)
        snprintf(line + used, room - used, ", %.0f s left", seconds);
    else if (seconds < 7200)
        snprintf(line + used, room - used, ", %.0f min left", seconds / 60);
    else
        snprintf(line + used, room - used, ", %.1f h left", seconds / 3600);
}

static void add_rest(const struct cdr_bar *bar, const struct cdr_bar_counts *c,
                     char *line, size_t room)
{
    double took = cdr_monotonic() - bar->began;
    double rate = took > 0 ? (double)c->done / took : 0;
    size_t used = strlen(line);

    if (c->done > 0)
        snprintf(line + used, room - used, ", %.3g/s", rate);
    if (c->known && c->done > 0)
        add_time(line, room, (double)(c->total - c->before - c->done) / rate);
}

static double write_counts(const struct cdr_bar_counts *c, char *line, size_t room)
{
    uint64_t done = c->before + c->done;

    if (c->known)
        snprintf(line, room,
                 "%" PRIu64 " of %" PRIu64 " done, %" PRIu64 " failed, %" PRIu64
                 " running",
                 done, c->total, c->failed, c->running);
    else
        snprintf(line, room,
                 "%" PRIu64 " done, %" PRIu64 " failed, %" PRIu64
                 " running, how many there are is not known yet",
                 done, c->failed, c->running);
    return c->known && c->total > 0 ? (double)done / (double)c->total : 0;
}

static size_t columns(void)
{
    struct winsize size;

    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col
                                                                           : USUAL;
}

/* A third of the line, before the counts. */
static size_t write_graph(char *line, double share, size_t width)
{
    size_t cells = width / 3 < 60 ? width / 3 : 60,
           full = (size_t)(share * (double)cells);

    line[0] = '[';
    memset(line + 1, '#', full);
    memset(line + 1 + full, '.', cells - full);
    memcpy(line + 1 + cells, "] ", 2);
    return cells + 3;
}

/* Under the lock. The last column stays free, so that no terminal wraps. */
static void draw(struct cdr_bar *bar)
{
    size_t width = columns(), used = 0;
    char counts[LINE_MAX], line[2 * LINE_MAX];
    struct cdr_bar_counts c = { 0 };
    double share;

    bar->set.count(bar->set.arg, &c);
    if (c.total < c.before + c.done)
        c.total = c.before + c.done;
    share = write_counts(&c, counts, sizeof counts);
    add_rest(bar, &c, counts, sizeof counts);
    if (bar->set.graph && c.known)
        used = write_graph(line, share, width);
    snprintf(line + used, sizeof line - used, "%s", counts);
    fprintf(stderr, "\r%.*s\033[K", (int)(width - 1), line);
    bar->shown = true;
}

static void erase(struct cdr_bar *bar)
{
    if (bar->shown)
        fputs("\r\033[K", stderr);
    bar->shown = false;
}

/* ---- the thread ---- */

static void *show(void *arg)
{
    struct cdr_bar *bar = arg;
    struct timespec next;

    pthread_mutex_lock(&bar->lock);
    while (!bar->closing) {
        if (!bar->inside_line)
            draw(bar);
        next = cdr_time_after(PACE_NS);
        if (!bar->closing)
            pthread_cond_timedwait(&bar->end, &bar->lock, &next);
    }
    erase(bar);
    pthread_mutex_unlock(&bar->lock);
    return NULL;
}

int cdr_bar_open(struct cdr_bar **out, const struct cdr_bar_setting *set,
                 struct cdr_failure *why)
{
    struct cdr_bar *bar;
    int failed;

    *out = NULL;
    if (!isatty(STDERR_FILENO))
        return 0;
    bar = calloc(1, sizeof *bar);
    if (!bar)
        return cdr_fails_memory(why);
    bar->set = *set;
    bar->began = cdr_monotonic();
    bar->terminal[1] = isatty(STDOUT_FILENO);
    bar->terminal[2] = true;
    failed = pthread_mutex_init(&bar->lock, NULL);
    if (!failed)
        failed = pthread_cond_init(&bar->end, NULL);
    if (!failed)
        failed = cdr_thread_start(&bar->thread, show, bar);
    if (failed) {
        free(bar);
        return cdr_fails(why, CDR_EXIT_FAILED, "cannot start the thread of --bar: %s",
                         strerror(failed));
    }
    *out = bar;
    return 0;
}

void cdr_bar_close(struct cdr_bar *bar)
{
    if (!bar)
        return;
    pthread_mutex_lock(&bar->lock);
    bar->closing = true;
    pthread_cond_signal(&bar->end);
    pthread_mutex_unlock(&bar->lock);
    pthread_join(bar->thread, NULL);
    pthread_mutex_destroy(&bar->lock);
    pthread_cond_destroy(&bar->end);
    free(bar);
}

/* ---- others who write there ---- */

void cdr_bar_hold(struct cdr_bar *bar, int fd)
{
    if (!bar || !bar->terminal[fd])
        return;
    pthread_mutex_lock(&bar->lock);
    erase(bar);
}

void cdr_bar_release(struct cdr_bar *bar, int fd, char last)
{
    if (!bar || !bar->terminal[fd])
        return;
    bar->inside_line = last != '\n';
    pthread_mutex_unlock(&bar->lock);
}
