/* curves.c - ROC-AUC, average precision, and single points of a curve.
 * SPDX-License-Identifier: MIT
 *
 * All go down the scores, over the points that steps.c or wide.c finds.
 */
#include "stats/metrics/areas.h"
#include "stats/numbers/ranking.h"

#include <stdlib.h>

static bool mark(struct cdr_measure *m)
{
    m->marks = calloc(m->n, sizeof *m->marks);
    for (size_t i = 0; m->marks && i < m->n; i++) {
        const uint32_t row = m->order[i];
        const bool ends = i + 1 == m->n || m->group[m->order[i + 1]] != m->group[row];
        m->marks[i] = (uint8_t)((ends ? CDR_GROUP_ENDS : 0) |
                                (m->labels[row] ? CDR_POSITIVE : 0));
    }
    return m->marks != NULL;
}

/* Behind the rows comes the last one that there can be, and is not drawn. */
static bool put_near(struct cdr_measure *m)
{
    if (m->n > CDR_NEAR_ROWS)
        return true;
    m->near = malloc(CDR_NEAR_ROWS);
    for (size_t i = 0; m->near && i < CDR_NEAR_ROWS; i++) {
        const uint32_t row = i < m->n ? m->order[i] : CDR_NEAR_ROWS - 1;
        m->near[i] = (uint8_t)(row | (i < m->n && m->labels[row] ? CDR_NEAR_ROWS : 0));
    }
    return m->near != NULL;
}

static bool open(struct cdr_measure *m)
{
    struct cdr_ranking r;

    if (!cdr_rank(&r, m->scores, m->n))
        return false;
    m->group = r.group;
    m->order = r.order;
    m->groups = r.groups;
    return mark(m) && put_near(m);
}

/* Of weights, two sums of each group. */
static size_t room_needed(const struct cdr_measure *m, size_t most)
{
    (void)most;
    return m->weighs ? (m->groups + 1) * 2 * sizeof(double) : cdr_points_room(m);
}

/* ---- single points of a curve of all steps ---- */

/* The highest recall with at least that specificity. */
static double recall_at(const struct cdr_curve *c, double specificity)
{
    size_t k = c->last;

    while (k > 0 &&
           (c->negatives - cdr_negative(c->points[k])) / c->negatives < specificity)
        k--;
    return cdr_positive(c->points[k]) / c->positives;
}

/* The highest specificity with at least that recall. */
static double specificity_at(const struct cdr_curve *c, double recall)
{
    size_t k = 0;

    while (k < c->last && cdr_positive(c->points[k]) / c->positives < recall)
        k++;
    return (c->negatives - cdr_negative(c->points[k])) / c->negatives;
}

/* ---- whole curves, at places ---- */

void cdr_curve_read(double *out, size_t n, const struct cdr_measure *m,
                    const struct cdr_sample *s, void *room)
{
    cdr_classes *const points = room;
    const size_t last = cdr_points_of(points, m, s, false);

    cdr_points_read(out, n, m->metric.kind, &(struct cdr_points){ .counts = points },
                    last);
}

/* ---- values ---- */

static double value_of_points(const struct cdr_measure *m, const struct cdr_sample *s,
                              void *room)
{
    cdr_classes *const points = room;
    const bool corners =
        m->metric.kind == CADRE_ROC_AUC || m->metric.kind == CADRE_PARTIAL_AUC;
    const struct cdr_curve c = { .points = points,
                                 .last = cdr_points_of(points, m, s, corners),
                                 .negatives = cdr_negative(s->classes),
                                 .positives = cdr_positive(s->classes) };

    switch (m->metric.kind) {
    case CADRE_ROC_AUC: return cdr_roc_auc(&c);
    case CADRE_PARTIAL_AUC: return cdr_partial_auc(&c, m->metric.level);
    case CADRE_RECALL_AT: return recall_at(&c, m->metric.level);
    case CADRE_SPECIFICITY_AT: return specificity_at(&c, m->metric.level);
    default: return cdr_average_precision(&c);
    }
}

static double value(const struct cdr_measure *m, const struct cdr_sample *s, void *room)
{
#ifdef CDR_WIDE
    double area;

    if (m->metric.kind == CADRE_ROC_AUC && cdr_steps_are_wide() &&
        cdr_roc_auc_wide(&area, m, s, room))
        return area;
#endif
    return value_of_points(m, s, room);
}

static void values(double out[2], const struct cdr_measure *a,
                   const struct cdr_measure *b, const struct cdr_sample *s, void *room)
{
#ifdef CDR_WIDE
    if (a->metric.kind == CADRE_ROC_AUC && cdr_steps_are_wide() && s->few && a->near &&
        a->groups == a->n && b->groups == b->n && cdr_roc_aucs_near(out, a, b, s))
        return;
#endif
    out[0] = value(a, s, room);
    out[1] = value(b, s, room);
}

const struct cdr_family cdr_curves = { .counts = true,
                                       .open = open,
                                       .room = room_needed,
                                       .value = value,
                                       .values = values,
                                       .weighted = cdr_curve_weighted,
                                       .omission = &cdr_curve_omission,
                                       .weighted_omission = &cdr_partial_omission };
