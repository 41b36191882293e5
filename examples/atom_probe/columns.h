/* columns.h - the peak's ions as columns, from a pass over the file.
 * SPDX-License-Identifier: MIT
 */
#ifndef ATOM_PROBE_COLUMNS_H
#define ATOM_PROBE_COLUMNS_H

#include "pass.h"

struct ap_columns {
    unsigned has; /* bits of an enum ap_column */
    uint64_t n, room;
    struct ap_store column[4]; /* x, y, voltage, t */
};

/* folder: of the files; NULL: in memory, with room for so many ions. */
int ap_columns_open(struct ap_columns *c, unsigned has, uint64_t room,
                    const char *folder, cadre_error *err);
void ap_columns_close(struct ap_columns *c);

/* An ap_take for an AP_PASS_PEAK with the same columns; arg is the struct ap_columns. */
int ap_columns_take(void *arg, const void *bytes, size_t size, cadre_error *err);

/* The mean of a column, added up as NumPy does, block by block in parallel. */
int ap_columns_mean(double *mean, cadre_pool *pool, const struct ap_store *column,
                    uint64_t n, cadre_error *err);

#endif
