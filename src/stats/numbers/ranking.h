/* ranking.h - scores in order, in groups of equal ones.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_STATS_RANKING_H
#define CDR_STATS_RANKING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cdr_ranking {
    uint32_t *group; /* of each row; group 0 has the highest score; to be freed */
    uint32_t
        *order; /* the rows, group by group, each in the order given; to be freed */
    size_t groups;
};

/* n > 0 finite scores, -0.0 the same as 0.0. False when there is no memory. */
bool cdr_rank(struct cdr_ranking *out, const double *scores, size_t n);

#endif
