/* bootstrap.h - intervals by resampling.
 * SPDX-License-Identifier: MIT
 *
 * Part of <cadre/stats.h>, which says what holds for all of it. All of these block, use
 * the pool as cadre_map does, fail as it does, and may be called from any thread and from
 * inside a task. Memory: O(n) a worker, whatever the number of resamples, and once O(n)
 * and 8 bytes a resample.
 */
#ifndef CADRE_STATS_BOOTSTRAP_H
#define CADRE_STATS_BOOTSTRAP_H

#include <cadre/stats/metric.h>

CADRE_BEGIN_DECLS

/* Name as users type it, and what its bounds are. */
#define CADRE_INTERVAL_METHODS(X)                                                     \
    X(PERCENTILE, 0, "percentile", "quantiles of the replicates")                     \
    X(BASIC, 1, "basic", "the same, mirrored at the point")                           \
    X(BCA, 2, "bca", "quantiles corrected for bias and skewness")                     \
    X(NORMAL, 3, "normal", "normal quantiles, from bias and standard error")          \
    X(STUDENTIZED, 4, "studentized", "quantiles of replicates over their own errors") \
    X(BCA_IF_DEFINED, 5, "auto", "bca, or percentile where that is not defined")

enum cadre_interval_method {
#define CADRE_INTERVAL_METHOD_ENUM(kind, value, name, text) CADRE_##kind = value,
    CADRE_INTERVAL_METHODS(CADRE_INTERVAL_METHOD_ENUM)
#undef CADRE_INTERVAL_METHOD_ENUM
        CADRE_INTERVAL_METHOD_COUNT
};

/* The method called `name`, or -1; its name, or NULL. */
CADRE_API int cadre_interval_method_find(const char *name);
CADRE_API const char *cadre_interval_method_name(int method);

/* Which random stream resample b draws its row numbers from (all PCG64):
 * SPAWN   SeedSequence(seed).spawn(resamples)[b], cadre's contract: every resample on
 *         its own, in any order
 * SINGLE  one stream for all, one resample after another, as
 *         scipy.stats.bootstrap(rng=default_rng(seed)) does
 * DRAW63  SeedSequence(v[b]), v = default_rng(seed).integers(0, 2^63 - 1, resamples) */
enum cadre_seeding {
    CADRE_SEEDING_DEFAULT = 0, /* SINGLE for intervals by SciPy's methods (percentile,
                                  basic, BCa, normal) of rows that are drawn one by one;
                                  SPAWN for everything else */
    CADRE_SEEDING_SPAWN = 1,
    CADRE_SEEDING_SINGLE = 2,
    CADRE_SEEDING_DRAW63 = 3
};

/* Replicates first .. first + n - 1, in order, from the thread that called; NaN where
 * degenerate. Anything but 0 stops the run with CADRE_ECANCELLED. */
typedef int cadre_replicates(void *arg, uint64_t first, const double *values, size_t n);

/* What intervals and differences have in common. What is not needed may be NULL. */
typedef struct cadre_bootstrap {
    cadre_metric metric;
    const uint8_t *labels; /* n; may be NULL where the metric needs none */
    size_t n;              /* rows: at least 10, at most 2^32 - 1 */
    uint64_t resamples;    /* 0: 1000 */
    double confidence;     /* inside (0, 1); 0: 0.95 */
    uint64_t seed;
    int seeding;              /* an enum cadre_seeding */
    uint64_t chunk;           /* resamples per hand-out; 0: automatic */
    double *replicates;       /* room for each resample's metric, in order, NaN where
                           degenerate; with until_error room for most_resamples */
    cadre_progress *progress; /* in resamples */
    void *progress_arg;

    const double *other;   /* n: the second column of metrics of two */
    const double *weights; /* n: of the rows, finite and not negative */
    const uint32_t
        *class_of; /* n, below `classes`, instead of labels: the metric is the
                                 mean over classes, each against the rest, and scores has
                                 n values for each class, one class behind the other */
    unsigned classes;

    /* How rows are drawn. Without these one by one, from all. */
    const uint32_t *strata;   /* n: draw within each stratum, as many as it has */
    const uint32_t *clusters; /* n: draw whole clusters, with all of their rows */
    unsigned by_label; /* draw within label 0 (1), label 1 (2), either (3): of one
                                 that is not drawn within, all rows are in every resample.
                                 A cluster with rows of both labels is then two */
    const double *stratum_weights; /* the metric is a sum over strata, each with its
                                      weight, in ascending order of their numbers */
    size_t n_weights;              /* how many there are */
    uint64_t
        batch; /* SINGLE, several strata: draw so many resamples of the first, then of
                       the second, as SciPy does; 0: all of them */

    /* Degenerate resamples: what share of all is too much. 0: 0.05; negative: any. */
    double degenerate_most;

    /* When to stop: once the Monte Carlo standard error of both bounds is at most this, as
     * seen after `resamples`, twice as many, four times ..., at most most_resamples (0:
     * 1024 times as many). 0: after `resamples`. */
    double until_error;
    uint64_t most_resamples;

    uint64_t done; /* so many of `replicates`, and of `errors`, are there from before */
    double *errors;         /* studentized: room for each resample's standard error */
    cadre_replicates *each; /* gets all replicates, in order, as they come */
    void *each_arg;
    double null; /* what p_value tests the metric, or the difference, against */
    int method;  /* of differences, folds and operating points: an enum
                    cadre_interval_method */
    uint64_t reserved[8]; /* must be zero */
} cadre_bootstrap;

/* Why there is no BCa interval. */
enum cadre_bca_undefined {
    CADRE_BCA_DEFINED = 0,
    CADRE_BCA_ONE_SIDED = 1, /* all replicates are on one side of the point */
    CADRE_BCA_CONSTANT = 2,  /* the metric is the same whichever row is left out */
    CADRE_BCA_ROW = 3        /* it is not defined without some row */
};

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

    int method;        /* an enum cadre_interval_method: what low and high are */
    int bca_undefined; /* an enum cadre_bca_undefined, where BCa was asked for */
    double low_error,
        high_error; /* Monte Carlo standard errors of low and high; infinite
                                     where there are too few replicates to tell */
    double p_value; /* two-sided, of `null`: 1 - confidence of the widest interval that
                       does not have it */
    uint64_t reserved[4]; /* zero, for now */
} cadre_interval;

/* A confidence interval of the metric of one score column.
 *
 * Percentile, basic and BCa as in scipy.stats.bootstrap(paired=True) (B. Efron, 1987);
 * normal: 2 point - mean of the replicates -+ z standard_error; studentized: by each
 * resample's own jackknife. A resample whose metric is not defined is degenerate and left
 * out; more than 5 % of them is CADRE_EDATA, with the reason. So is BCa where it is not
 * defined; CADRE_BCA_IF_DEFINED gives the percentile interval there, and says so.
 *
 * SINGLE costs more than one worker an additional pass over the random stream, unless n
 * is a power of two. */
CADRE_API int cadre_bootstrap_interval(cadre_interval *out, cadre_pool *pool,
                                       const cadre_bootstrap *b, const double *scores,
                                       int method, cadre_error *err);

/* The difference metric(b) - metric(a) of two score columns on the same rows, with a
 * percentile interval (or b->method) over resamples that both share (quantiles as NumPy's). Where all
 * labels are the same, differences of calibration errors count as degenerate too, unless those
 * of all rows are the same. */
CADRE_API int cadre_bootstrap_difference(cadre_interval *out, cadre_pool *pool,
                                         const cadre_bootstrap *b,
                                         const double *scores_a, const double *scores_b,
                                         cadre_error *err);

/* A metric of a column of scores, or its difference between two columns. */
typedef struct cadre_quantity {
    cadre_metric metric;
    const double *scores;
    const double
        *scores_b;        /* NULL: the metric of `scores`; else its metric less that */
    double *replicates;   /* as in cadre_bootstrap */
    uint64_t reserved[4]; /* must be zero */
} cadre_quantity;

/* Intervals of n quantities by resamples that are drawn once: out[k] is what
 * cadre_bootstrap_interval, or cadre_bootstrap_difference, gives for quantities[k] alone. Of b,
 * metric and method do not count, and replicates, errors and each must be NULL. Single metrics
 * and differences, whose usual seedings differ, go together only where b->seeding says one.
 *
 * One that fails with CADRE_EDATA, or CADRE_EINVAL, is err->item, the first of them if there are
 * more. After CADRE_EDATA the intervals of those that do not fail are there. */
CADRE_API int cadre_bootstrap_intervals(cadre_interval *out, cadre_pool *pool,
                                        const cadre_bootstrap *b,
                                        const cadre_quantity *quantities, size_t n,
                                        int method, cadre_error *err);

/* The mean of k >= 2 folds' metrics, with a percentile interval (or b->method) over
 * resamples of the folds. Of b, what says what to measure and how rows are drawn does not
 * count. */
CADRE_API int cadre_bootstrap_folds(cadre_interval *out, cadre_pool *pool,
                                    const cadre_bootstrap *b, const double *values,
                                    size_t k, cadre_error *err);

/* ---- curves ---- */

/* A curve read at places between 0 and 1, with an interval at each; what
 * cadre_band_free frees. */
typedef struct cadre_band {
    size_t n;
    double *x, *y, *low, *high;
    uint64_t resamples, degenerate;
    uint64_t reserved[4]; /* zero, for now */
} cadre_band;

/* The curve of one score column at `points` places, 0 to 1 (0: 101 of them), with
 * percentile intervals at each: pointwise, so that the whole curve is less often within
 * all of them. It is read as by cadre_curve_at. Of b, metric and method do not count;
 * classes, sums over strata and stopping early are refused. Memory: 8 bytes a place and
 * resample. */
CADRE_API int cadre_bootstrap_curve(cadre_band *out, cadre_pool *pool,
                                    const cadre_bootstrap *b, const double *scores,
                                    int curve, size_t points, cadre_error *err);
CADRE_API void cadre_band_free(cadre_band *band);

/* ---- operating points ---- */

/* Rows to choose thresholds on, and rows to measure at them. */
typedef struct cadre_validation {
    size_t n; /* at least 10 */
    const uint8_t *labels;
    const double *scores_a, *scores_b; /* b may be NULL: then the metric of a */
} cadre_validation;

/* metric(b) - metric(a) on the test rows, each at the threshold that the selector chooses
 * for it on the validation rows; both sets of rows are drawn anew, and thresholds chosen
 * anew, in each resample. The metric is one with a threshold; b's labels and n are those
 * of the test rows. Half of the resamples may be degenerate. */
CADRE_API int cadre_bootstrap_operating_point(cadre_interval *out, cadre_pool *pool,
                                              const cadre_bootstrap *b,
                                              const cadre_selector *selector,
                                              const cadre_validation *validation,
                                              const double *test_a,
                                              const double *test_b, cadre_error *err);

/* ---- permutations ---- */

typedef struct cadre_permutation {
    double point;   /* the metric, or the difference, of the rows themselves */
    double p_value; /* two-sided: twice the share of permutations that are at least
                              as far out on the point's side, the point among them */
    uint64_t permutations; /* usable ones */
    uint64_t degenerate;
    uint64_t reserved[4]; /* zero, for now */
} cadre_permutation;

/* Tests by permuting what makes no difference if nothing does: the two scores of each
 * row, for the difference of two columns; the labels, for the metric of one (scores_b is
 * NULL); the other column, for metrics of two. Permutation k draws from
 * SeedSequence(seed).spawn(resamples)[k]. Of b, what says how rows are drawn, and how to
 * make an interval, does not count. */
CADRE_API int cadre_permutation_test(cadre_permutation *out, cadre_pool *pool,
                                     const cadre_bootstrap *b, const double *scores_a,
                                     const double *scores_b, cadre_error *err);

/* ---- statistics of your own ---- */

/* What a kernel is given: a resample, all rows, or all rows but one. */
typedef struct cadre_sample {
    size_t n;               /* rows in it */
    const uint32_t *rows;   /* their numbers, in the order drawn */
    const uint32_t *counts; /* how often each of the data's rows is in it */
    size_t n_data;          /* how many rows the data have */
    const void *data;       /* statistic.data, for reading */
    void *room;             /* statistic.room bytes, of any content, for the kernel */
} cadre_sample;

/* In a kernel of a statistic: its sample; NULL without memory, and the task fails. */
CADRE_API const cadre_sample *cadre_task_sample(cadre_task *task);

typedef struct cadre_statistic {
    cadre_fn
        *fn; /* writes a double: the statistic of cadre_task_sample(task), NaN where
                     it is not defined. item is NULL */
    const char *name; /* in messages; NULL: "statistic" */
    const void *data; /* of data_size bytes, which the kernel reads */
    size_t data_size;
    size_t room;          /* bytes of cadre_sample.room */
    uint64_t reserved[4]; /* must be zero */
} cadre_statistic;

/* cadre_bootstrap_interval of a statistic that a kernel computes; b's metric, labels,
 * other, weights and classes do not count. BCa and studentized call the kernel n times
 * more, the latter for each resample. A kernel that fails ends the run. */
CADRE_API int cadre_bootstrap_statistic(cadre_interval *out, cadre_pool *pool,
                                        const cadre_bootstrap *b,
                                        const cadre_statistic *statistic, int method,
                                        cadre_error *err);

CADRE_END_DECLS
#endif
