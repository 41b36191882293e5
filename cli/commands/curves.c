/* curves.c - what cadre roc finds out about one column of scores.
 * SPDX-License-Identifier: MIT
 *
 * DeLong's interval of the area, and Wilson's of shares at a threshold, are for rows that
 * are independent and count alike; they need no resamples. Where rows have weights, or
 * whole clusters or blocks are drawn, the bootstrap gives all intervals.
 */
#include "cli/commands/curves.h"

#include <math.h>
#include <stdlib.h>

static bool is_plain(const struct cdr_part *part)
{
    return !part->weights && !part->clusters && !part->blocks;
}

static cadre_rows rows_of(const struct cdr_part *part)
{
    return (cadre_rows){ .n = part->n,
                         .labels = part->labels,
                         .scores = part->scores[0],
                         .weights = part->weights };
}

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
static int measure(struct cdr_point *p, const struct cdr_part *part, cadre_error *err)
{
    const double confidence = part->analysis->set->confidence;
    const struct counts c = count(part, p->at.threshold);
    const double positives = (double)(c.tp + c.fn);
    int rc = cadre_proportion_interval(&p->recall_low, &p->recall_high, c.tp,
                                       c.tp + c.fn, confidence, err);

    p->method = "wilson";
    p->fpr = (double)c.fp / (double)(c.fp + c.tn);
    p->specificity = (double)c.tn / (double)(c.fp + c.tn);
    p->error = sqrt(p->at.recall * (1 - p->at.recall) / positives);
    return rc ? rc
              : cadre_proportion_interval(&p->specificity_low, &p->specificity_high,
                                          c.tn, c.fp + c.tn, confidence, err);
}

/* A metric at the point's threshold, of the part as it is drawn. */
static int resample(cadre_interval *out, const struct cdr_point *p,
                    const struct cdr_part *part, int kind, const char *name,
                    cadre_error *err)
{
    struct cdr_part at = *part;
    struct cdr_finding finding;
    int rc;

    at.has_threshold = true;
    at.threshold = p->at.threshold;
    rc = cdr_part_run(&finding, &at, kind, CADRE_PERCENTILE, name, NULL, err);
    *out = finding.interval;
    return rc;
}

/* The same by resampling; of blocks, means over them. */
static int measure_drawn(struct cdr_point *p, const struct cdr_part *part,
                         const char *name, cadre_error *err)
{
    cadre_interval recall, specificity, precision, f1;
    int rc = resample(&recall, p, part, CADRE_RECALL, name, err);

    if (!rc)
        rc = resample(&specificity, p, part, CADRE_SPECIFICITY, name, err);
    if (!rc && part->blocks)
        rc = resample(&precision, p, part, CADRE_PRECISION, name, err);
    if (!rc && part->blocks)
        rc = resample(&f1, p, part, CADRE_F1, name, err);
    if (rc)
        return rc;
    p->method = "percentile";
    p->at.recall = recall.point;
    p->recall_low = recall.low;
    p->recall_high = recall.high;
    p->error = recall.standard_error;
    p->specificity = specificity.point;
    p->specificity_low = specificity.low;
    p->specificity_high = specificity.high;
    p->fpr = 1 - specificity.point;
    if (part->blocks) {
        p->at.precision = precision.point;
        p->at.f1 = f1.point;
    }
    return CADRE_OK;
}

static int choose(struct cdr_curves *c, const struct cdr_part *part,
                  const struct cdr_choice *choices, size_t n, cadre_error *err)
{
    const cadre_rows rows = rows_of(part);

    c->points = calloc(n ? n : 1, sizeof *c->points);
    c->chosen = calloc(n ? n : 1, sizeof *c->chosen);
    c->fpr = calloc(n ? n : 1, sizeof *c->fpr);
    if (!c->points || !c->chosen || !c->fpr)
        return cdr_part_no_memory(err);
    for (size_t k = 0; k < n; k++) {
        struct cdr_point *const p = &c->points[k];
        int rc = cadre_select_threshold_of(&p->at, &choices[k].selector, &rows, err);
        c->missed = &choices[k];
        if (rc == CADRE_EDATA)
            return CDR_CURVES_NO_CHOICE;
        if (!rc)
            rc = is_plain(part) ? measure(p, part, err)
                                : measure_drawn(p, part, c->name, err);
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
    int rc;

    c->delong = is_plain(part);
    rc = cdr_part_run(&finding, part, CADRE_ROC_AUC,
                      c->delong ? CDR_METHOD_DELONG : CADRE_BCA, c->name, NULL, err);
    c->roc_area = finding.interval;
    if (!rc)
        rc = cdr_part_run(&finding, part, CADRE_PR_AUC, CADRE_BCA, c->name, NULL, err);
    c->pr_area = finding.interval;
    return rc;
}

/* ---- all of it ---- */

static int find_curve(cadre_curve *out, cadre_band *band, const struct cdr_part *part,
                      int curve, size_t points, cadre_error *err)
{
    const cadre_rows rows = rows_of(part);
    const cadre_bootstrap b = cdr_part_bootstrap(part, CADRE_ROC_AUC, CADRE_PERCENTILE);
    int rc;

    if (part->blocks)
        return cdr_block_curve(out, band, part, curve, points, err);
    rc = cadre_curve_of(out, curve, &rows, err);
    return rc ? rc
              : cadre_bootstrap_curve(band, part->analysis->pool, &b, rows.scores,
                                      curve, points, err);
}

int cdr_curves_find(struct cdr_curves *c, const struct cdr_part *part,
                    const struct cdr_choice *choices, size_t n_choices, size_t points,
                    cadre_error *err)
{
    int rc = find_areas(c, part, err);

    if (!rc)
        rc = choose(c, part, choices, n_choices, err);
    if (!rc)
        rc = find_curve(&c->roc, &c->roc_band, part, CADRE_CURVE_ROC, points, err);
    if (!rc)
        rc = find_curve(&c->pr, &c->pr_band, part, CADRE_CURVE_PR, points, err);
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
