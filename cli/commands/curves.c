/* curves.c - what cadre roc finds out about one column of scores.
 * SPDX-License-Identifier: MIT
 *
 * DeLong's interval of the area is exact for rows that are independent, and needs no
 * resamples. Where whole clusters are drawn rows are not, and the bootstrap gives it.
 */
#include "cli/commands/curves.h"

#include <math.h>
#include <stdlib.h>

/* ---- operating points ---- */

struct counts {
    uint64_t tp, fp, fn, tn;
};

static struct counts count(const struct cdr_part *part, double threshold)
{
    struct counts c = { 0 };

    for (size_t row = 0; row < part->n; row++) {
        const bool yes = part->scores[0][row] >= threshold, is = part->labels[row];
        c.tp += yes && is;
        c.fp += yes && !is;
        c.fn += !yes && is;
        c.tn += !yes && !is;
    }
    return c;
}

/* Wilson's intervals of two shares. */
static int measure(struct cdr_point *p, const struct counts *c, double confidence,
                   cadre_error *err)
{
    const double positives = (double)(c->tp + c->fn);
    int rc = cadre_proportion_interval(&p->recall_low, &p->recall_high, c->tp,
                                       c->tp + c->fn, confidence, err);

    p->fpr = (double)c->fp / (double)(c->fp + c->tn);
    p->specificity = (double)c->tn / (double)(c->fp + c->tn);
    p->error = sqrt(p->at.recall * (1 - p->at.recall) / positives);
    return rc ? rc
              : cadre_proportion_interval(&p->specificity_low, &p->specificity_high,
                                          c->tn, c->fp + c->tn, confidence, err);
}

static int choose(struct cdr_curves *c, const struct cdr_part *part,
                  const struct cdr_choice *choices, size_t n, cadre_error *err)
{
    const double confidence = part->analysis->set->confidence;

    c->points = calloc(n ? n : 1, sizeof *c->points);
    c->chosen = calloc(n ? n : 1, sizeof *c->chosen);
    c->fpr = calloc(n ? n : 1, sizeof *c->fpr);
    if (!c->points || !c->chosen || !c->fpr) {
        *err = (cadre_error){ .code = CADRE_ENOMEM, .message = "out of memory" };
        return CADRE_ENOMEM;
    }
    for (size_t k = 0; k < n; k++) {
        struct cdr_point *const p = &c->points[k];
        int rc = cadre_select_threshold(&p->at, &choices[k].selector, part->labels,
                                        part->scores[0], part->n, err);
        c->missed = &choices[k];
        if (rc == CADRE_EDATA)
            return CDR_CURVES_NO_CHOICE;
        const struct counts counts = count(part, p->at.threshold);
        if (!rc)
            rc = measure(p, &counts, confidence, err);
        if (rc)
            return rc;
        c->chosen[k] = p->at;
        c->fpr[k] = p->fpr;
        c->n_points++;
    }
    return CADRE_OK;
}

/* ---- areas ---- */

static int find_areas(struct cdr_curves *c, const struct cdr_part *part,
                      cadre_error *err)
{
    struct cdr_finding finding;
    int rc = cdr_part_run(&finding, part, CADRE_ROC_AUC,
                          part->clusters ? CADRE_BCA : CDR_METHOD_DELONG, c->name, NULL,
                          err);

    c->delong = !part->clusters;
    c->roc_area = finding.interval;
    if (!rc)
        rc = cdr_part_run(&finding, part, CADRE_PR_AUC, CADRE_BCA, c->name, NULL, err);
    c->pr_area = finding.interval;
    return rc;
}

/* ---- all of it ---- */

int cdr_curves_find(struct cdr_curves *c, const struct cdr_part *part,
                    const struct cdr_choice *choices, size_t n_choices, size_t points,
                    cadre_error *err)
{
    const uint8_t *const labels = part->labels;
    const double *const scores = part->scores[0];
    const cadre_bootstrap b = cdr_part_bootstrap(part, CADRE_ROC_AUC, CADRE_PERCENTILE);
    cadre_pool *const pool = part->analysis->pool;
    int rc = find_areas(c, part, err);

    if (!rc)
        rc = cadre_roc_curve(&c->roc, labels, scores, part->n, err);
    if (!rc)
        rc = cadre_pr_curve(&c->pr, labels, scores, part->n, err);
    if (!rc)
        rc = choose(c, part, choices, n_choices, err);
    if (!rc)
        rc = cadre_bootstrap_curve(&c->roc_band, pool, &b, scores, CADRE_CURVE_ROC,
                                   points, err);
    if (!rc)
        rc = cadre_bootstrap_curve(&c->pr_band, pool, &b, scores, CADRE_CURVE_PR,
                                   points, err);
    return rc;
}

void cdr_curves_free(struct cdr_curves *c)
{
    cadre_curve_free(&c->roc);
    cadre_curve_free(&c->pr);
    cadre_band_free(&c->roc_band);
    cadre_band_free(&c->pr_band);
    free(c->points);
    free(c->chosen);
    free(c->fpr);
}

struct cdr_plot_curves cdr_curves_picture(const struct cdr_curves *c)
{
    return (struct cdr_plot_curves){ .name = c->name,
                                     .group = c->group,
                                     .roc = &c->roc,
                                     .pr = &c->pr,
                                     .roc_band = &c->roc_band,
                                     .pr_band = &c->pr_band,
                                     .roc_area = c->roc_area,
                                     .pr_area = c->pr_area,
                                     .chosen = c->chosen,
                                     .chosen_fpr = c->fpr,
                                     .n_chosen = c->n_points };
}
