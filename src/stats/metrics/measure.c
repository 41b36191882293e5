/* measure.c - the metrics there are, and making one ready.
 * SPDX-License-Identifier: MIT
 */
#include "stats/metrics/measure.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name, *text;
} metrics[] = {
#define METRIC(kind, name, text, probability) { name, text },
    CADRE_METRICS(METRIC)
#undef METRIC
};

int cadre_metric_find(const char *name)
{
    for (int kind = 0; name && kind < CADRE_METRIC_COUNT; kind++)
        if (strcmp(name, metrics[kind].name) == 0)
            return kind;
    return -1;
}

const char *cadre_metric_name(int kind)
{
    return kind >= 0 && kind < CADRE_METRIC_COUNT ? metrics[kind].name : NULL;
}

const char *cadre_metric_text(int kind)
{
    return kind >= 0 && kind < CADRE_METRIC_COUNT ? metrics[kind].text : NULL;
}

const struct cdr_family *cdr_family_of(int kind)
{
    switch (kind) {
    case CADRE_ROC_AUC:
    case CADRE_PR_AUC: return &cdr_curves;
    case CADRE_ACCURACY:
    case CADRE_PRECISION:
    case CADRE_RECALL:
    case CADRE_F1: return &cdr_decisions;
    case CADRE_ECE_WIDTH:
    case CADRE_ECE_MASS: return &cdr_calibration;
    default: return &cdr_averages;
    }
}

bool cdr_measure_open(struct cdr_measure *m, const cadre_metric *metric,
                      const uint8_t *labels, const double *scores, size_t n)
{
    *m = (struct cdr_measure){ .family = cdr_family_of(metric->kind),
                               .metric = *metric,
                               .n = n,
                               .labels = labels,
                               .scores = scores };
    if (m->metric.bins == 0)
        m->metric.bins = 10;
    return !m->family->open || m->family->open(m);
}

void cdr_measure_close(struct cdr_measure *m)
{
    free(m->term);
    free(m->group);
    free(m->order);
}
