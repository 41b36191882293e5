/* stats.h - metrics of binary classifiers, and the bootstrap on top of cadre_map.
 * SPDX-License-Identifier: MIT
 *
 * Rows are labels (0 or 1, one byte each) and scores (double). Metrics and intervals
 * check their input: lengths, labels other than 0 and 1, scores that are not finite
 * (and, for metrics that need probabilities, not in [0, 1]); messages name the row,
 * counted from 0, and what is there: "labels: row 17 is 3, expected 0 or 1".
 *
 * Results do not depend on the pool, and agree bit for bit with the newest NumPy,
 * scikit-learn and SciPy where those differ between versions: sums as in NumPy >= 2.3,
 * F1 as in scikit-learn >= 1.4, quantiles in bootstrap intervals as in SciPy >= 1.17,
 * and a ROC-AUC over one class is no number but a degenerate resample. Exceptions:
 * log loss and BCa's acceleration depend on the C library's log and pow in their last
 * bits.
 *
 * Link with -lcadre-stats (pkg-config cadre-stats).
 */
#ifndef CADRE_STATS_H
#define CADRE_STATS_H

#include <cadre/cadre.h>

CADRE_BEGIN_DECLS

/* ---- sums and quantiles ---- */

/* NumPy's pairwise sum, and the mean it gives. Of no numbers the sum is 0, the mean
 * NaN. */
CADRE_API double cadre_sum(const double *x, size_t n);
CADRE_API double cadre_mean(const double *x, size_t n);

/* Variance and standard deviation with n - ddof in the denominator; NaN when that is
 * not positive. */
CADRE_API double cadre_variance(const double *x, size_t n, unsigned ddof);
CADRE_API double cadre_deviation(const double *x, size_t n, unsigned ddof);

enum cadre_quantile_rule {
    CADRE_QUANTILE_NUMPY = 0, /* numpy.quantile, method "linear" */
    CADRE_QUANTILE_SCIPY = 1  /* scipy.stats.quantile >= 1.17, same definition, other
                                 roundings: what its bootstrap uses */
};

/* The q-quantile of n values in ascending order. NaN when one is NaN (a NaN sorts
 * last), when q is outside of [0, 1] and when n is 0. */
CADRE_API double cadre_quantile(const double *sorted, size_t n, double q, int rule);

/* Ascending, NaN last. Working memory, if any, is the C library's qsort's. */
CADRE_API void cadre_sort(double *x, size_t n);

/* The standard normal distribution function, in the arithmetic of the Cephes library
 * (S. L. Moshier) that SciPy's norm.cdf uses. Its inverse is cadre_normal_quantile. */
CADRE_API double cadre_normal_cdf(double z);

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

/* ---- the bootstrap ---- */

/* Percentile: quantiles of the replicates. Basic: the same mirrored at the point. BCa:
 * quantiles whose levels are corrected for bias and skewness. */
enum cadre_interval_method { CADRE_PERCENTILE = 0, CADRE_BASIC = 1, CADRE_BCA = 2 };

/* Which random stream resample b draws its n row numbers from (all PCG64):
 * SPAWN   SeedSequence(seed).spawn(resamples)[b], cadre's contract: every resample on
 *         its own, in any order
 * SINGLE  one stream for all, resample b taking draws b n .. (b+1) n - 1, as
 *         scipy.stats.bootstrap(rng=default_rng(seed)) does
 * DRAW63  SeedSequence(v[b]), v = default_rng(seed).integers(0, 2^63 - 1, resamples) */
enum cadre_seeding {
    CADRE_SEEDING_DEFAULT = 0, /* SINGLE for intervals, SPAWN for differences */
    CADRE_SEEDING_SPAWN = 1,
    CADRE_SEEDING_SINGLE = 2,
    CADRE_SEEDING_DRAW63 = 3
};

/* What intervals and differences have in common. replicates and progress may be NULL;
 * replicates has room for `resamples` values. */
typedef struct cadre_bootstrap {
    cadre_metric metric;
    const uint8_t *labels; /* n; may be NULL for the mean */
    size_t n;              /* rows: at least 10, at most 2^32 - 1 */
    uint64_t resamples;    /* 0: 1000 */
    double confidence;     /* inside (0, 1); 0: 0.95 */
    uint64_t seed;
    int seeding;        /* an enum cadre_seeding */
    uint64_t chunk;     /* resamples per hand-out; 0: automatic */
    double *replicates; /* each resample's metric, in order, NaN where degenerate */
    cadre_progress *progress; /* in resamples */
    void *progress_arg;
    uint64_t reserved[7]; /* must be zero */
} cadre_bootstrap;

/* After a failure, what could not be computed is NaN: bounds always. */
typedef struct cadre_interval {
    double point; /* the metric (or difference) of the rows themselves */
    double low, high;
    double standard_error; /* deviation of the replicates, ddof 1 */
    uint64_t resamples;    /* usable ones */
    uint64_t degenerate;   /* those that were not */
    /* BCa only, else 0: */
    double bias; /* z0 */
    double acceleration;
    double low_level, high_level; /* the quantiles that low and high are */
    uint64_t reserved[8];         /* zero, for now */
} cadre_interval;

/* A confidence interval of the metric of one score column.
 *
 * Percentile, basic and BCa as in scipy.stats.bootstrap(paired=True) (B. Efron, 1987).
 * A resample whose metric is not defined is degenerate and left out; more than 5 % of
 * them is CADRE_EDATA, with the reason. BCa is CADRE_EDATA too where it is not defined
 * (every replicate on one side of the point; the metric the same whichever row is left
 * out, or not defined without some row). Blocks; uses the pool as cadre_map does, and
 * fails as it does. Memory: O(n + bins) a worker and O(n + bins + resamples).
 *
 * SINGLE costs more than one worker an additional pass over the random stream, unless n
 * is a power of two. */
CADRE_API int cadre_bootstrap_interval(cadre_interval *out, cadre_pool *pool,
                                       const cadre_bootstrap *b, const double *scores,
                                       int method, cadre_error *err);

/* The difference metric(b) - metric(a) of two score columns on the same rows, with a
 * percentile interval over resamples that both share (quantiles as NumPy's). Where all
 * labels are the same, differences of calibration errors count as degenerate too. */
CADRE_API int cadre_bootstrap_difference(cadre_interval *out, cadre_pool *pool,
                                         const cadre_bootstrap *b,
                                         const double *scores_a, const double *scores_b,
                                         cadre_error *err);

CADRE_END_DECLS
#endif
