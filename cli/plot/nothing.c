/* nothing.c - what there is of plots where none can be open.
 * SPDX-License-Identifier: MIT
 *
 * With elsewhere.c or none.c, which have cdr_plot_open.
 */
#include "cli/plot/curves.h"

int cdr_plot_check(const struct cdr_plot *plot, size_t scores, size_t metrics,
                   struct cdr_failure *why)
{
    (void)plot;
    (void)scores;
    (void)metrics;
    (void)why;
    return 0;
}

int cdr_plot_forest(struct cdr_plot *plot, const struct cdr_plot_text *text,
                    const struct cdr_plot_row *rows, size_t n, struct cdr_failure *why)
{
    (void)plot;
    (void)text;
    (void)rows;
    (void)n;
    (void)why;
    return 0;
}

int cdr_plot_differences(struct cdr_plot *plot, const struct cdr_plot_text *text,
                         const struct cdr_plot_row *rows, size_t n,
                         struct cdr_failure *why)
{
    return cdr_plot_forest(plot, text, rows, n, why);
}

int cdr_plot_curves_check(const struct cdr_plot *plot, size_t n,
                          struct cdr_failure *why)
{
    return cdr_plot_check(plot, n, 1, why);
}

int cdr_plot_curves(struct cdr_plot *plot, const struct cdr_plot_text *text,
                    const struct cdr_plot_curves *curves, size_t n,
                    struct cdr_failure *why)
{
    (void)curves;
    return cdr_plot_forest(plot, text, NULL, n, why);
}

void cdr_plot_close(struct cdr_plot *plot)
{
    (void)plot;
}
