/* metric.h - metrics of classifiers, statistics of columns, curves and thresholds.
 * SPDX-License-Identifier: MIT
 *
 * Part of <cadre/stats.h>, which says what holds for all of it.
 */
#ifndef CADRE_STATS_METRIC_H
#define CADRE_STATS_METRIC_H

#include <cadre/cadre.h>

CADRE_BEGIN_DECLS

/* What the rows of a metric have, beside scores and labels. */
enum cadre_metric_needs {
    CADRE_NEEDS_PROBABILITIES = 1, /* scores are in [0, 1] */
    CADRE_NEEDS_NO_LABELS = 2,     /* labels may be NULL */
    CADRE_NEEDS_OTHER = 4,         /* a second column, `other` */
    CADRE_NEEDS_THRESHOLD = 8,     /* cadre_metric.threshold says what is predicted */
    CADRE_NEEDS_BINS = 16,         /* cadre_metric.bins */
    CADRE_NEEDS_LEVEL = 32         /* cadre_metric.level */
};

/* Name as users type it, what it is, and what it needs, of enum cadre_metric_needs. */
#define CADRE_METRICS(X)                                                               \
    X(MEAN, "mean", "mean of the scores", 2)                                           \
    X(ROC_AUC, "roc_auc", "area under the ROC curve", 0)                               \
    X(PR_AUC, "pr_auc", "average precision", 0)                                        \
    X(ACCURACY, "accuracy", "share of right predictions at the threshold", 8)          \
    X(PRECISION, "precision", "share of positives among predicted positives", 8)       \
    X(RECALL, "recall", "share of positives that are predicted", 8)                    \
    X(F1, "f1", "harmonic mean of precision and recall", 8)                            \
    X(BRIER, "brier", "mean squared error of the probability", 1)                      \
    X(LOG_LOSS, "log_loss", "mean negative log likelihood", 1)                         \
    X(ECE_WIDTH, "ece_equal_width", "expected calibration error, bins of equal width", \
      17)                                                                              \
    X(ECE_MASS, "ece_equal_mass", "expected calibration error, bins of equal size",    \
      17)                                                                              \
    X(ECE_TIES, "ece_tie_safe", "expected calibration error, equal scores in one bin", \
      17)                                                                              \
    X(ECE_L2, "ece_l2", "root mean squared calibration error, bins of equal size", 17) \
    X(ECE_L2_DEBIASED, "ece_l2_debiased",                                              \
      "squared calibration error less what chance adds", 17)                           \
    X(MCE, "mce", "largest calibration error, bins of equal width", 17)                \
    X(MCE_MASS, "mce_equal_mass", "largest calibration error, bins of equal size", 17) \
    X(BALANCED_ACCURACY, "balanced_accuracy", "mean of recall and specificity", 8)     \
    X(SPECIFICITY, "specificity", "share of negatives that are not predicted", 8)      \
    X(NPV, "npv", "share of negatives among predicted negatives", 8)                   \
    X(FPR, "fpr", "share of negatives that are predicted", 8)                          \
    X(FNR, "fnr", "share of positives that are not predicted", 8)                      \
    X(MCC, "mcc", "Matthews correlation of labels and predictions", 8)                 \
    X(KAPPA, "kappa", "Cohen's kappa of labels and predictions", 8)                    \
    X(PARTIAL_AUC, "partial_auc", "area up to a false positive rate, standardised",    \
      32)                                                                              \
    X(RECALL_AT, "recall_at", "recall at a given specificity", 32)                     \
    X(SPECIFICITY_AT, "specificity_at", "specificity at a given recall", 32)           \
    X(MEDIAN, "median", "median of the scores", 2)                                     \
    X(QUANTILE, "quantile", "a quantile of the scores", 34)                            \
    X(TRIMMED_MEAN, "trimmed_mean", "mean without a share of either tail", 34)         \
    X(DEVIATION, "sd", "standard deviation of the scores", 2)                          \
    X(VARIANCE, "variance", "variance of the scores", 2)                               \
    X(MEAN_DIFFERENCE, "mean_difference",                                              \
      "mean of the scores less that of the other column", 6)                           \
    X(MEAN_RATIO, "mean_ratio", "mean of the scores over that of the other column", 6) \
    X(GROUP_DIFFERENCE, "group_difference", "mean where the label is 1, less where 0", \
      0)                                                                               \
    X(GROUP_RATIO, "group_ratio", "mean where the label is 1, over where 0", 0)        \
    X(PEARSON, "pearson", "correlation of the scores and the other column", 6)         \
    X(SPEARMAN, "spearman", "rank correlation of the scores and the other column", 6)  \
    X(SLOPE, "slope", "slope of the regression of the other column", 6)

enum cadre_metric_kind {
#define CADRE_METRIC_ENUM(kind, name, text, needs) CADRE_##kind,
    CADRE_METRICS(CADRE_METRIC_ENUM)
#undef CADRE_METRIC_ENUM
        CADRE_METRIC_COUNT
};

typedef struct cadre_metric {
    int kind;         /* an enum cadre_metric_kind */
    double threshold; /* predicted positive is score >= threshold */
    unsigned bins;    /* calibration: how many, at least 2; 0: 10 */
    double level;     /* inside (0, 1). partial_auc: up to which false positive rate;
                             recall_at: which specificity; specificity_at: which recall;
                             quantile: which; trimmed_mean: the share to leave out at
                             either end, below 0.5. 0: 0.1, 0.9, 0.9, 0.5, 0.1 */
    uint64_t reserved[3]; /* must be zero */
} cadre_metric;

/* Rows. What a metric does not need may be NULL. */
typedef struct cadre_rows {
    size_t n; /* at most 2^32 - 1 */
    const uint8_t *labels;
    const double *scores;
    const double *other;
    const double *weights; /* of each row, finite and not negative; NULL: all 1. As if a
                              row of weight 2 were there twice */
    uint64_t reserved[2];  /* must be zero */
} cadre_rows;

/* The kind called `name`, or -1; its name; what it is; what it needs. Texts are static.
 * NULL, and 0 for needs, where there is no such kind. */
CADRE_API int cadre_metric_find(const char *name);
CADRE_API const char *cadre_metric_name(int kind);
CADRE_API const char *cadre_metric_text(int kind);
CADRE_API unsigned cadre_metric_needs(int kind);

/* The metric of n rows. labels may be NULL where they are not needed. CADRE_EDATA when it
 * is not defined for these rows (ROC-AUC and log loss of one class; fewer rows than bins
 * of equal size; an infinite sum). *out is NaN after a failure. Precision, recall and
 * their like are 0 where they divide by 0, and so is average precision without
 * positives. Allocates O(n + bins) while it runs. */
CADRE_API int cadre_metric_value(double *out, const cadre_metric *metric,
                                 const uint8_t *labels, const double *scores, size_t n,
                                 cadre_error *err);

/* The same of rows that may have more than labels and scores. */
CADRE_API int cadre_metric_of(double *out, const cadre_metric *metric,
                              const cadre_rows *rows, cadre_error *err);

/* ---- curves ---- */

/* Points of a curve; what cadre_curve_free frees. */
typedef struct cadre_curve {
    size_t n;
    double *x, *y;
    double *threshold; /* predicted positive is score >= that; of a point without any
                          predicted positive it is infinite */
} cadre_curve;

/* False against true positive rate, from (0, 0), where nothing is predicted, to (1, 1),
 * without points inside of straight lines. A rate is NaN without rows of its class. */
CADRE_API int cadre_roc_curve(cadre_curve *out, const uint8_t *labels,
                              const double *scores, size_t n, cadre_error *err);

/* Recall (x) against precision (y), from the lowest threshold to (0, 1). Recall is 1
 * without positives. */
CADRE_API int cadre_pr_curve(cadre_curve *out, const uint8_t *labels,
                             const double *scores, size_t n, cadre_error *err);
CADRE_API void cadre_curve_free(cadre_curve *curve);

enum cadre_curve_kind {
    CADRE_CURVE_ROC = 0, /* x: false positive rate, y: true positive rate */
    CADRE_CURVE_PR = 1,  /* x: recall, y: precision */
    CADRE_CURVE_COUNT
};

/* One of the two of rows that may have weights; those of weight 0 make no point. */
CADRE_API int cadre_curve_of(cadre_curve *out, int curve, const cadre_rows *rows,
                             cadre_error *err);

/* The same curve at `places` places, at least 2, from 0 to 1, into y: a ROC curve is read
 * on the straight lines between its points, the highest at a step; precision at the highest
 * threshold with that recall. CADRE_EDATA without rows, or weights, of both classes. */
CADRE_API int cadre_curve_at(double *y, size_t places, int curve,
                             const cadre_rows *rows, cadre_error *err);

/* ---- choosing a threshold ---- */

/* Name as users type it, and what it chooses. */
#define CADRE_SELECTORS(X)                                                        \
    X(MAX_F1, "max_f1", "the highest F1, of equal ones the lowest threshold")     \
    X(TARGET_RECALL, "recall", "the highest threshold with at least that recall") \
    X(TARGET_PRECISION, "precision", "the lowest with at least that precision")   \
    X(TARGET_FPR, "fpr", "the lowest with at most that false positive rate")      \
    X(YOUDEN, "youden", "the highest recall less false positive rate")

enum cadre_selector_kind {
#define CADRE_SELECTOR_ENUM(kind, name, text) CADRE_##kind,
    CADRE_SELECTORS(CADRE_SELECTOR_ENUM)
#undef CADRE_SELECTOR_ENUM
        CADRE_SELECTOR_COUNT
};

typedef struct cadre_selector {
    int kind;             /* an enum cadre_selector_kind */
    double target;        /* recall, precision, fpr: in [0, 1], the first two above 0 */
    uint64_t reserved[2]; /* must be zero */
} cadre_selector;

CADRE_API int cadre_selector_find(const char *name); /* or -1 */

typedef struct cadre_operating_point {
    double threshold, precision, recall, f1; /* with that threshold */
} cadre_operating_point;

/* The threshold that the selector chooses for these rows. CADRE_EDATA where none
 * fulfils it. */
CADRE_API int cadre_select_threshold(cadre_operating_point *out,
                                     const cadre_selector *selector,
                                     const uint8_t *labels, const double *scores,
                                     size_t n, cadre_error *err);

/* The same of rows that may have weights. */
CADRE_API int cadre_select_threshold_of(cadre_operating_point *out,
                                        const cadre_selector *selector,
                                        const cadre_rows *rows, cadre_error *err);

/* ---- calibration in parts ---- */

typedef struct cadre_calibration {
    double brier;
    double reliability, resolution, uncertainty; /* its parts, in bins of equal size */
    double debiased; /* ece_equal_mass less what it would be were the scores the true
                        probabilities, but at least 0 */
} cadre_calibration;

/* bins: 0 is 10. sweeps: how often labels are drawn anew for `debiased`, with the random
 * numbers of default_rng(seed); at least 10, or 0: not at all, and debiased is NaN. */
CADRE_API int cadre_calibration_of(cadre_calibration *out, const uint8_t *labels,
                                   const double *scores, size_t n, unsigned bins,
                                   unsigned sweeps, uint64_t seed, cadre_error *err);

CADRE_END_DECLS
#endif
