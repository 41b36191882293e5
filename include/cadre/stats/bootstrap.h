/* bootstrap.h - intervals by resampling.
 * SPDX-License-Identifier: MIT
 *
 * Part of <cadre/stats.h>, which says what holds for all of it.
 */
#ifndef CADRE_STATS_BOOTSTRAP_H
#define CADRE_STATS_BOOTSTRAP_H

#include <cadre/stats/metric.h>

CADRE_BEGIN_DECLS

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
