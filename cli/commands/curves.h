/* curves.h - what cadre roc finds out about one column of scores.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_CURVES_H
#define CDR_CLI_CURVES_H

#include "cli/commands/choices.h"
#include "cli/commands/part.h"
#include "cli/plot/curves.h"

struct cdr_point {
    cadre_operating_point at;
    double fpr, specificity;
    double recall_low, recall_high, specificity_low, specificity_high;
    double error;       /* of the recall: which digits to show */
    const char *method; /* of the intervals */
};

struct cdr_curves {
    const char *name, *group; /* group: NULL without --by */
    cadre_curve roc, pr;      /* of blocks: their mean, without thresholds */
    cadre_band roc_band, pr_band;
    cadre_interval roc_area, pr_area;
    bool delong; /* roc_area is DeLong's */
    struct cdr_point *points;
    double *fpr; /* the same of all points, for the picture */
    cadre_operating_point *chosen;
    size_t n_points;
    const struct cdr_choice *missed; /* after CDR_CURVES_NO_CHOICE */
};

#define CDR_CURVES_NO_CHOICE 1 /* no threshold is what was asked for */

/* 0, CDR_CURVES_NO_CHOICE or a code of the library, with *err; what is there is to be freed
 * in any case. */
int cdr_curves_find(struct cdr_curves *c, const struct cdr_part *part,
                    const struct cdr_choice *choices, size_t n_choices, size_t points,
                    cadre_error *err);
void cdr_curves_free(struct cdr_curves *c);

/* The mean over blocks at so many places, with a band. What is there is to be freed in any
 * case. */
int cdr_block_curve(cadre_curve *out, cadre_band *band, const struct cdr_part *part,
                    int curve, size_t points, cadre_error *err);

/* Results: one row an area, an operating point, a curve; of grids, one a place. False: no
 * memory. */
bool cdr_curves_add_areas(const struct cdr_curves *c, json_t *rows);
bool cdr_curves_add_points(const struct cdr_curves *c, const struct cdr_choice *choices,
                           json_t *rows);
bool cdr_curves_add_all(const struct cdr_curves *c, json_t *rows);
bool cdr_curves_add_grid(const struct cdr_curves *c, json_t *rows);

/* For the plot. */
struct cdr_plot_curves cdr_curves_picture(const struct cdr_curves *c);

#endif
