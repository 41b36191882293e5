/* steps.c - the points of a curve, from a sample.
 * SPDX-License-Identifier: MIT
 *
 * A step of the curve is a group of equal scores that the sample has rows of: so many
 * negative, so many positive. Its points are the running sums of the steps, the first being
 * (0, 0). Steps and points are worked out in the same array, and no branch depends on the
 * data: which rows are in a sample is chance, and a mispredicted branch costs more than
 * ten steps. Going down the scores means reading counts from all over the place, so that
 * those are bytes, and what is known of a row beside its count lies in the order of the
 * scores.
 *
 * ROC-AUC drops every inner point between two equal steps, as scikit-learn does:
 * a straight line needs no point, but with one more or less the sum would be rounded
 * otherwise. The point after the first step always stays.
 */
#include "stats/metrics/areas.h"

/* ---- steps ---- */

/* One of `few` and `counted` is NULL, which the compiler is to know. */
static inline __attribute__((always_inline)) size_t
make_steps(cdr_classes *restrict steps, const struct cdr_measure *m,
           const uint8_t *restrict few, const uint32_t *restrict counted, bool ties)
{
    const uint32_t *restrict const order = m->order;
    const uint8_t *restrict const marks = m->marks;
    const size_t rows = m->n;
    cdr_classes step = 0;
    size_t n = 0;

    for (size_t i = 0; i < rows; i++) {
        const cdr_classes times = few ? few[order[i]] : counted[order[i]];
        const cdr_classes ends = marks[i] & CDR_GROUP_ENDS;
        step += times << (marks[i] & CDR_POSITIVE);
        steps[n] = step;
        n += ties ? ends & (step != 0) : step != 0;
        step &= ties ? ends - 1 : 0;
    }
    return n;
}

static size_t steps_of(cdr_classes *steps, const struct cdr_measure *m,
                       const struct cdr_sample *s)
{
    if (!s->few)
        return make_steps(steps, m, NULL, s->counted, true);
    return m->groups < m->n ? make_steps(steps, m, s->few, NULL, true)
                            : make_steps(steps, m, s->few, NULL, false);
}

/* ---- points ---- */

/* `points` holds the steps from 1 on, and gets the points from 0 on. */
static size_t points_of_all(cdr_classes *points, size_t steps)
{
    points[0] = 0;
    for (size_t k = 1; k <= steps; k++)
        points[k] += points[k - 1];
    return steps;
}

static size_t points_at_corners(cdr_classes *points, size_t steps)
{
    cdr_classes sum = points[1];
    size_t n = 2;

    points[0] = 0;
    points[steps + 1] = 0;
    for (size_t k = 2; k <= steps; k++) {
        const cdr_classes step = points[k], next = points[k + 1];
        sum += step;
        points[n] = sum;
        n += step != next;
    }
    return n - 1;
}

size_t cdr_points_narrow(cdr_classes *points, const struct cdr_measure *m,
                         const struct cdr_sample *s, bool corners)
{
    const size_t steps = steps_of(points + 1, m, s);

    return corners ? points_at_corners(points, steps) : points_of_all(points, steps);
}

size_t cdr_points_of(cdr_classes *points, const struct cdr_measure *m,
                     const struct cdr_sample *s, bool corners)
{
#ifdef CDR_WIDE
    if (s->few && cdr_is_wide())
        return cdr_points_wide(points, m, s, corners);
#endif
    return cdr_points_narrow(points, m, s, corners);
}

/* A point before the steps, and an empty step behind them; the wide ways write whole vectors,
 * and one has all counts behind them. */
size_t cdr_points_room(const struct cdr_measure *m)
{
    const size_t points = (m->groups + 2) * sizeof(cdr_classes);

#ifdef CDR_WIDE
    return points + CDR_WIDE_SPARE * sizeof(cdr_classes) + m->n + CDR_STEPS_SPARE;
#else
    return points;
#endif
}
