/* progress.c - how far a run is, on a terminal, for those who wait.
 * SPDX-License-Identifier: MIT
 */
#include "cli/output/progress.h"
#include "cli/base/interrupt.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE 1.0 /* seconds without a word */
#define PACE     0.1 /* seconds between two */

static double now(void)
{
    struct timespec t = { 0 };

    (void)clock_gettime(CLOCK_MONOTONIC, &t); /* always there on Linux */
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

void cdr_progress_begin(struct cdr_progress *p, int when)
{
    p->when = when;
    p->terminal = isatty(STDERR_FILENO);
    p->begun = now();
    p->next = p->begun + (when == CDR_PROGRESS_ALWAYS ? 0 : PATIENCE);
    if (when == CDR_PROGRESS_AUTO && !p->terminal)
        p->when = CDR_PROGRESS_NEVER;
}

void cdr_progress_part(struct cdr_progress *p, uint64_t part)
{
    p->part = part;
    p->part_begun = now();
}

/* This part's, as the library sees it, and as much for each one to come as those before
 * took; negative while unknown. */
static double time_left(const struct cdr_progress *p, const cadre_counts *counts,
                        double time)
{
    double one = time - p->part_begun + counts->left;

    if (counts->left < 0)
        return -1;
    if (p->part > 0)
        one = (p->part_begun - p->begun) / (double)p->part;
    return counts->left + one * (double)(p->parts - p->part - 1);
}

static void show(struct cdr_progress *p, double share, double left)
{
    fprintf(stderr, "%scadre: ", p->terminal ? "\r" : "");
    if (p->parts > 1)
        fprintf(stderr, "%" PRIu64 " of %" PRIu64 ", ", p->part + 1, p->parts);
    fprintf(stderr, "%.0f %%", 100 * share);
    if (left >= 0 && left < 120)
        fprintf(stderr, ", %.0f s left", left);
    else if (left >= 0)
        fprintf(stderr, ", %.0f min left", left / 60);
    fputs(p->terminal ? "\033[K" : "\n", stderr);
    p->shown = p->terminal;
}

void cdr_progress_report(void *arg, const cadre_counts *counts)
{
    struct cdr_progress *p = arg;
    double time = now(), share;

    if (cdr_interrupted())
        cadre_cancel(p->pool);
    if (p->when == CDR_PROGRESS_NEVER || counts->total == 0)
        return;
    if (time < p->next &&
        (p->when == CDR_PROGRESS_AUTO || counts->done < counts->total))
        return;
    share = (double)counts->done / (double)counts->total;
    if (p->parts > 1)
        share = ((double)p->part + share) / (double)p->parts;
    show(p, share, time_left(p, counts, time));
    p->next = time + PACE;
}

void cdr_progress_log(void *arg, int level, const char *text)
{
    cdr_progress_end(arg);
    if (level == CADRE_WARNING)
        fprintf(stderr, "cadre: warning: %s\n", text);
}

void cdr_progress_end(struct cdr_progress *p)
{
    if (p->shown)
        fputs("\r\033[K", stderr);
    p->shown = false;
}
