/* scheme.h - which rows can be drawn together: strata and clusters.
 * SPDX-License-Identifier: MIT
 *
 * What is drawn are units: rows, or clusters with all of their rows. They are drawn
 * within parts, as many as the part has: all rows, strata, labels. The rows of a resample
 * are those of the first part's units in the order drawn, then of the second's.
 */
#ifndef CDR_STATS_SCHEME_H
#define CDR_STATS_SCHEME_H

#include <cadre/cadre.h>

struct cdr_part {
    uint32_t first, units; /* the units first .. first + units - 1 */
    uint32_t fixed;        /* 1: all of them are in every resample */
};

struct cdr_scheme {
    size_t n;     /* rows */
    size_t units; /* in all parts */
    size_t parts;
    struct cdr_part *part;
    uint32_t
        *begin; /* units + 1: where in `row` a unit begins; NULL: unit u is row u */
    uint32_t *row;
};

/* What to draw from, all of n; NULL: there are none. */
struct cdr_grouping {
    size_t n;
    const uint8_t *labels; /* NULL: not within labels */
    unsigned by_label;     /* as in cadre_bootstrap */
    const uint32_t *strata, *clusters;
};

/* Strata, and labels within, are parts in ascending order of their numbers, and so are
 * clusters within a part. False: no memory. */
bool cdr_scheme_open(struct cdr_scheme *s, const struct cdr_grouping *g);
void cdr_scheme_close(struct cdr_scheme *s); /* also after a failed open */

static inline bool cdr_scheme_is_plain(const struct cdr_scheme *s)
{
    return !s->begin && s->parts == 1;
}

/* How many rows the drawn units have; `drawn` has s->units of them, numbered within their
 * part. SIZE_MAX: more than 2^32 - 1. */
size_t cdr_scheme_count(const struct cdr_scheme *s, const uint32_t *drawn);
void cdr_scheme_rows(const struct cdr_scheme *s, const uint32_t *drawn, uint32_t *rows);

/* All rows but those of a unit; returns how many. */
size_t cdr_scheme_without(const struct cdr_scheme *s, size_t unit, uint32_t *rows);

#endif
