/* columns.h - --colsep and --trim: a value taken apart.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_MAP_COLUMNS_H
#define CDR_CLI_MAP_COLUMNS_H

#include "cli/map/args.h"
#include "cli/base/failure.h"
#include <regex.h>

enum cdr_trim { CDR_TRIM_NONE = 0, CDR_TRIM_LEFT, CDR_TRIM_RIGHT, CDR_TRIM_BOTH };

struct cdr_columns {
    bool split;
    regex_t separator;
    int trim; /* an enum cdr_trim */
};

/* colsep: an extended regular expression, in which \t, \s and \d may be used; NULL: one
 * column. */
int cdr_columns_open(struct cdr_columns *columns, const char *colsep, int trim,
                     struct cdr_failure *why);
void cdr_columns_close(struct cdr_columns *columns);

/* Each value is one column, as it is. */
bool cdr_columns_are_values(const struct cdr_columns *columns);

/* Append the columns of the value. False: there is no memory. */
bool cdr_columns_add(const struct cdr_columns *columns, struct cdr_args *to,
                     const char *value, size_t size);

#endif
