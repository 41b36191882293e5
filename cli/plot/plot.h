/* plot.h - plots of results, as SVG or PNG.
 * SPDX-License-Identifier: MIT
 *
 * forest.c and differences.c draw, on a page.c, with what plot/ offers, in the program
 * cadre-plot. In cadre elsewhere.c starts that, or where cadre was built without cairo and
 * Pango none.c says so; nothing.c has the rest.
 */
#ifndef CDR_CLI_PLOT_H
#define CDR_CLI_PLOT_H

#include "cli/base/failure.h"
#include "cli/output/output.h"
#include <cadre/stats.h>
#include <stdbool.h>
#include <stddef.h>

/* Where a plot goes. */
struct cdr_plot {
    struct cdr_output output;
    bool svg; /* otherwise PNG */
};

/* A row of a forest plot, or a panel of a plot of differences. */
struct cdr_plot_row {
    const char *name;  /* the score column; not for differences */
    const char *group; /* of --by; NULL: there is none */
    int kind;          /* the metric */
    cadre_interval interval;
    const double *replicates; /* differences: of n resamples, NaN where degenerate */
    size_t n;
};

struct cdr_plot_text {
    const char *title;    /* what is shown: "95 % BCa intervals" */
    const char *file;     /* where it comes from */
    const char *footnote; /* and how: rows, resamples, seed */
    const char *a, *b;    /* differences: the two columns */
    double threshold;     /* what the metrics were told */
    unsigned bins;
    double level; /* 0: the metric's own */
    double
        prevalence; /* positives among the rows: what average precision is by chance */
};

/* Check the name's ending (CDR_EXIT_USAGE) and open the file. NULL: nothing is to be
 * drawn, and the calls below do nothing. */
int cdr_plot_open(struct cdr_plot *plot, const char *path, struct cdr_failure *why);

/* Before a long run: could a forest plot of so many scores and metrics be drawn? A PNG
 * has limits (CDR_EXIT_USAGE). */
int cdr_plot_check(const struct cdr_plot *plot, size_t scores, size_t metrics,
                   struct cdr_failure *why);

/* One panel a metric, one row a score: points and intervals on a common axis. */
int cdr_plot_forest(struct cdr_plot *plot, const struct cdr_plot_text *text,
                    const struct cdr_plot_row *rows, size_t n, struct cdr_failure *why);

/* One panel a metric: the distribution of the differences, the interval, zero. */
int cdr_plot_differences(struct cdr_plot *plot, const struct cdr_plot_text *text,
                         const struct cdr_plot_row *rows, size_t n,
                         struct cdr_failure *why);

/* Leave nothing, if the plot has not been completed. */
void cdr_plot_close(struct cdr_plot *plot);

#endif
