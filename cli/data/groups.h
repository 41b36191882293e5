/* groups.h - a column of names as numbers: which rows belong together.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_GROUPS_H
#define CDR_CLI_GROUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cdr_groups {
    uint32_t *of_row; /* one a row; the caller makes room */
    char **names;     /* n: of each group */
    size_t n;
    uint32_t *table; /* by hash: the group and 1, or 0 */
    size_t room;     /* of the table; a power of two */
};

/* The number of the group called `name`, a new one if there is none. False: no memory. */
bool cdr_groups_take(struct cdr_groups *g, uint32_t *out, const char *name);

/* Number the groups of so many rows in ascending order of their names: as numbers if all
 * of them are, else by bytes. False: no memory. */
bool cdr_groups_sort(struct cdr_groups *g, size_t rows);

void cdr_groups_free(struct cdr_groups *g);

#endif
