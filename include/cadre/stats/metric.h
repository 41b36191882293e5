/* metric.h - metrics of classifiers, and statistics of columns.
 * SPDX-License-Identifier: MIT
 *
 * Part of <cadre/stats.h>, which says what holds for all of it.
 */
#ifndef CADRE_STATS_METRIC_H
#define CADRE_STATS_METRIC_H

#include <cadre/cadre.h>

CADRE_BEGIN_DECLS

/* ---- metrics ---- */

/* Name as users type it, what it is, and whether scores must be probabilities. */
#define CADRE_METRICS(X)                                                               \
    X(MEAN, "mean", "mean of the scores", 0)                                           \
    X(ROC_AUC, "roc_auc", "area under the ROC curve", 0)                               \
    X(PR_AUC, "pr_auc", "average precision", 0)                                        \
    X(ACCURACY, "accuracy", "share of right predictions at the threshold", 0)          \
    X(PRECISION, "precision", "share of positives among predicted positives", 0)       \
    X(RECALL, "recall", "share of positives that are predicted", 0)                    \
    X(F1, "f1", "harmonic mean of precision and recall", 0)                            \
    X(BRIER, "brier", "mean squared error of the probability", 1)                      \
    X(LOG_LOSS, "log_loss", "mean negative log likelihood", 1)                         \
    X(ECE_WIDTH, "ece_equal_width", "expected calibration error, bins of equal width", \
      1)                                                                               \
    X(ECE_MASS, "ece_equal_mass", "expected calibration error, bins of equal size", 1)

enum cadre_metric_kind {
#define CADRE_METRIC_ENUM(kind, name, text, probability) CADRE_##kind,
    CADRE_METRICS(CADRE_METRIC_ENUM)
#undef CADRE_METRIC_ENUM
        CADRE_METRIC_COUNT
};

typedef struct cadre_metric {
    int kind;             /* an enum cadre_metric_kind */
    double threshold;     /* accuracy to f1: predicted positive is score >= threshold */
    unsigned bins;        /* ECE: how many, at least 2; 0: 10 */
    uint64_t reserved[4]; /* must be zero */
} cadre_metric;

/* The kind called `name`, or -1; its name; what it is. Texts are static, and NULL where
 * there is no such kind. */
CADRE_API int cadre_metric_find(const char *name);
CADRE_API const char *cadre_metric_name(int kind);
CADRE_API const char *cadre_metric_text(int kind);

/* The metric of n rows. labels may be NULL for the mean. CADRE_EDATA when it is not
 * defined for these rows (ROC-AUC and log loss of one class; fewer rows than bins of
 * equal size; an infinite sum). *out is NaN after a failure. Precision, recall and F1
 * are 0 where they divide by 0, and so is average precision without positives.
 * Allocates O(n + bins) while it runs. */
CADRE_API int cadre_metric_value(double *out, const cadre_metric *metric,
                                 const uint8_t *labels, const double *scores, size_t n,
                                 cadre_error *err);

CADRE_END_DECLS
#endif
