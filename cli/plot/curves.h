/* curves.h - a picture of ROC and precision-recall curves.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_PLOT_CURVES_H
#define CDR_CLI_PLOT_CURVES_H

#include "cli/plot/plot.h"

#define CDR_CURVES_MOST 8 /* that can be told apart by their colours */

/* One score's curves, with all that is to be shown of them. */
struct cdr_plot_curves {
    const char *name, *group; /* group: NULL without */
    const cadre_curve *roc, *pr;
    const cadre_band *roc_band, *pr_band;
    cadre_interval roc_area, pr_area;
    const cadre_operating_point *chosen; /* thresholds; their place on both curves */
    const double *chosen_fpr;            /* of each, its false positive rate */
    size_t n_chosen;
};

/* CDR_EXIT_USAGE for more curves than can be told apart. */
int cdr_plot_curves_check(const struct cdr_plot *plot, size_t n,
                          struct cdr_failure *why);

/* Two charts side by side, and below them what is what. */
int cdr_plot_curves(struct cdr_plot *plot, const struct cdr_plot_text *text,
                    const struct cdr_plot_curves *curves, size_t n,
                    struct cdr_failure *why);

#endif
