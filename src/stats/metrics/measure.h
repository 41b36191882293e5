/* measure.h - a metric, made ready for one column of scores.
 * SPDX-License-Identifier: MIT
 *
 * What can be known of each row is worked out once; the value for a sample of the rows
 * then takes no sort and no allocation. Metrics come in families, by what they look at:
 *
 *   averages      sum something over the sample, in the order drawn
 *   curves        go down the scores, counting either class
 *   decisions     count right and wrong sides of a threshold
 *   calibration   deal the sample into bins, keeping the order drawn in each
 *   moments       means, variances and products of columns, in the order drawn
 *   orders        go up the scores, counting rows: quantiles and ranks
 */
#ifndef CDR_STATS_MEASURE_H
#define CDR_STATS_MEASURE_H

#include <cadre/stats.h>

#include <math.h>

/* Two counts in a word: negative rows in its lower half, positive ones in the upper. A
 * sum of such words sums both, since neither exceeds the 2^32 - 1 rows there can be. */
typedef uint64_t cdr_classes;

static inline uint32_t cdr_negative(cdr_classes c)
{
    return (uint32_t)c;
}

static inline uint32_t cdr_positive(cdr_classes c)
{
    return (uint32_t)(c >> 32);
}

static inline cdr_classes cdr_one(uint8_t label)
{
    return (cdr_classes)1 << 32 * label;
}

/* Points of a curve: of each, the rows down to some score, or what they weigh. */
struct cdr_points {
    const cdr_classes *counts; /* NULL: there are weights */
    const double *negative, *positive;
};

static inline double cdr_negative_at(const struct cdr_points *p, size_t k)
{
    return p->counts ? cdr_negative(p->counts[k]) : p->negative[k];
}

static inline double cdr_positive_at(const struct cdr_points *p, size_t k)
{
    return p->counts ? cdr_positive(p->counts[k]) : p->positive[k];
}

struct cdr_sample {
    size_t n;
    const uint32_t *rows;    /* in the order drawn */
    const uint32_t *counted; /* families that tally: how often each row was drawn */
    const uint8_t *few;      /* families that count: the same in bytes, which caches
                                 hold more of; NULL where a row was drawn more than 255
                                 times, and `counted` has it */
    cdr_classes classes;     /* of the sample: for families that count, and where a
                                 sample of one class is not defined */
};

struct cdr_measure;

/* Shares of a weight that are closer to each other are the same: 0.1 + 0.2 is 0.3, although
 * it is not in doubles. Whether shares are the same is then also the same for sums in any
 * order, unless it is about as close as this; `cdr_is_unsure` says so, of a difference. */
#define CDR_SAME_SHARE 0x1p-32

static inline bool cdr_is_unsure(double difference)
{
    return fabs(fabs(difference) - CDR_SAME_SHARE) < CDR_SAME_SHARE / 2;
}

/* The value without one row of the data, in much less time than `value` takes. What
 * `open` makes is only read until it is closed. An infinite value says that this cannot
 * tell, and that the value is to be worked out of the rows that are left: that may be so for
 * a few rows only. */
struct cdr_omission {
    void *(*open)(const struct cdr_measure *m); /* NULL: no memory */
    double (*without)(const void *opened, size_t row);
    void (*close)(void *opened);
};

struct cdr_family {
    bool counts;  /* looks at few or counted, not at rows: row order means nothing, and
                    two rows of the same class and group are alike */
    bool tallies; /* looks at counted, not at rows, and not at labels */
    bool (*open)(struct cdr_measure *m); /* false: no memory */
    /* Bytes that `value` works in, for a sample of at most so many rows. NULL: none. */
    size_t (*room)(const struct cdr_measure *m, size_t most);
    double (*value)(const struct cdr_measure *m, const struct cdr_sample *s,
                    void *room);
    /* The values of two columns, which may take less time together. NULL: they do not. */
    void (*values)(double out[2], const struct cdr_measure *a,
                   const struct cdr_measure *b, const struct cdr_sample *s, void *room);
    /* The value for rows of these weights: one for each row of the data. NULL: there is
     * none. */
    double (*weighted)(const struct cdr_measure *m, const double *weight, void *room);
    const struct cdr_omission *omission;          /* NULL: there is no such way */
    const struct cdr_omission *weighted_omission; /* the same for rows of weights */
};

extern const struct cdr_family cdr_averages, cdr_curves, cdr_decisions, cdr_calibration,
    cdr_moments, cdr_orders;

/* Of some metrics of curves, calibration and orders, in files of their own. */
extern const struct cdr_omission cdr_partial_omission, cdr_calibration_sorted_omission,
    cdr_rank_omission, cdr_precision_omission, cdr_order_weighted_omission;

enum { CDR_GROUP_ENDS = 1, CDR_POSITIVE = 32 /* by how much its count is shifted */ };

enum { CDR_NEAR_ROWS = 128 };

struct cdr_measure {
    const struct cdr_family *family;
    cadre_metric metric;
    size_t n; /* rows of the data */
    const uint8_t *labels;
    const double *scores, *other;
    const double *weights; /* NULL: all 1 */
    bool weighs;           /* there are weights: values are `weighted` ones */
    /* For the family to set; groups and what is owned: */
    size_t groups, other_groups;
    double *term;          /* averages: what is summed of each row; NULL: the scores.
                        orders: of each group, its score */
    uint32_t *group;       /* of each row. curves: of equal scores, the highest first;
                        decisions: 1 predicted positive; calibration: its bin, or of
                        equal scores, the lowest first; orders: the lowest first */
    uint32_t *other_group; /* spearman: the same of the other column */
    uint32_t *order;       /* curves: the rows, the highest score first */
    uint8_t *marks; /* curves: of each of those, CDR_POSITIVE and CDR_GROUP_ENDS */
    uint8_t *near;  /* curves: `order` in bytes, CDR_NEAR_ROWS of them, to which so many
                       are added for positive rows; NULL: there are more rows */
};

/* In [-1, 1], whatever the roundings were; NaN where a column does not vary. */
static inline double cdr_correlation(double xy, double xx, double yy)
{
    const double r = xy / (sqrt(xx) * sqrt(yy));

    return r > 1 ? 1 : r < -1 ? -1 : r;
}

/* All has been checked, and stays where it is. False: no memory. */
bool cdr_measure_open(struct cdr_measure *m, const cadre_metric *metric,
                      const cadre_rows *rows);
void cdr_measure_close(struct cdr_measure *m); /* also after a failed open */

/* Families find theirs by kind: in another process they may lie elsewhere. */
const struct cdr_family *cdr_family_of(int kind);

static inline size_t cdr_measure_room(const struct cdr_measure *m, size_t most)
{
    const struct cdr_family *const family = cdr_family_of(m->metric.kind);

    return family->room ? family->room(m, most) : 0;
}

/* The sample has rows of both classes, and enough for the metric's bins. */
static inline double cdr_measure_value(const struct cdr_measure *m,
                                       const struct cdr_sample *s, void *room)
{
    return cdr_family_of(m->metric.kind)->value(m, s, room);
}

static inline double cdr_measure_weighted(const struct cdr_measure *m,
                                          const double *weight, void *room)
{
    return cdr_family_of(m->metric.kind)->weighted(m, weight, room);
}

/* How to leave a row out in less time than working out the value anew, or NULL. */
const struct cdr_omission *cdr_omission_of(const struct cdr_measure *m);

/* Whether a metric has a value for rows of weights. */
bool cdr_metric_weighs(int kind);

#endif
