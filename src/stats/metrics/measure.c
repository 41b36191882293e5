/* measure.c - the metrics there are, and making one ready.
 * SPDX-License-Identifier: MIT
 */
#include "stats/metrics/measure.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name, *text;
    unsigned needs;
} metrics[] = {
#define METRIC(kind, name, text, needs) { name, text, needs },
    CADRE_METRICS(METRIC)
#undef METRIC
};

static bool is_metric(int kind)
{
    return kind >= 0 && kind < CADRE_METRIC_COUNT;
}

int cadre_metric_find(const char *name)
{
    for (int kind = 0; name && kind < CADRE_METRIC_COUNT; kind++)
        if (strcmp(name, metrics[kind].name) == 0)
            return kind;
    return -1;
}

const char *cadre_metric_name(int kind)
{
    return is_metric(kind) ? metrics[kind].name : NULL;
}

const char *cadre_metric_text(int kind)
{
    return is_metric(kind) ? metrics[kind].text : NULL;
}

unsigned cadre_metric_needs(int kind)
{
    return is_metric(kind) ? metrics[kind].needs : 0;
}

const struct cdr_family *cdr_family_of(int kind)
{
    switch (kind) {
    case CADRE_ROC_AUC:
    case CADRE_PR_AUC:
    case CADRE_PARTIAL_AUC:
    case CADRE_RECALL_AT:
    case CADRE_SPECIFICITY_AT: return &cdr_curves;
    case CADRE_ECE_WIDTH:
    case CADRE_ECE_MASS:
    case CADRE_ECE_TIES:
    case CADRE_ECE_L2:
    case CADRE_ECE_L2_DEBIASED:
    case CADRE_MCE:
    case CADRE_MCE_MASS: return &cdr_calibration;
    case CADRE_MEDIAN:
    case CADRE_QUANTILE:
    case CADRE_TRIMMED_MEAN:
    case CADRE_SPEARMAN: return &cdr_orders;
    case CADRE_MEAN:
    case CADRE_BRIER:
    case CADRE_LOG_LOSS: return &cdr_averages;
    default:
        return cadre_metric_needs(kind) & CADRE_NEEDS_THRESHOLD ? &cdr_decisions
                                                                : &cdr_moments;
    }
}

bool cdr_metric_weighs(int kind)
{
    return cdr_family_of(kind)->weighted && kind != CADRE_SPEARMAN &&
           kind != CADRE_ECE_L2_DEBIASED;
}

const struct cdr_omission *cdr_omission_of(const struct cdr_measure *m)
{
    if (m->weighs)
        return m->metric.kind == CADRE_PR_AUC
                   ? &cdr_precision_omission
                   : cdr_family_of(m->metric.kind)->weighted_omission;
    switch (m->metric.kind) {
    case CADRE_PARTIAL_AUC:
    case CADRE_RECALL_AT:
    case CADRE_SPECIFICITY_AT: return &cdr_partial_omission;
    case CADRE_ECE_TIES:
    case CADRE_MCE:
    case CADRE_MCE_MASS: return &cdr_calibration_sorted_omission;
    case CADRE_SPEARMAN: return &cdr_rank_omission;
    default: return cdr_family_of(m->metric.kind)->omission;
    }
}

static double default_level(int kind)
{
    switch (kind) {
    case CADRE_RECALL_AT:
    case CADRE_SPECIFICITY_AT: return 0.9;
    case CADRE_QUANTILE: return 0.5;
    default: return 0.1;
    }
}

bool cdr_measure_open(struct cdr_measure *m, const cadre_metric *metric,
                      const cadre_rows *rows)
{
    *m = (struct cdr_measure){ .family = cdr_family_of(metric->kind),
                               .metric = *metric,
                               .n = rows->n,
                               .labels = rows->labels,
                               .scores = rows->scores,
                               .other = rows->other,
                               .weights = rows->weights,
                               .weighs = rows->weights != NULL };
    if (m->metric.bins == 0)
        m->metric.bins = 10;
    if (m->metric.level == 0)
        m->metric.level = default_level(metric->kind);
    return !m->family->open || m->family->open(m);
}

void cdr_measure_close(struct cdr_measure *m)
{
    free(m->term);
    free(m->group);
    free(m->other_group);
    free(m->order);
    free(m->marks);
    free(m->near);
}
