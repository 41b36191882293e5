/* classes.h - scores of many classes, each in a column of its own.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_CLASSES_H
#define CDR_CLI_CLASSES_H

#include "cli/commands/analysis.h"

/* Before the data are read: do names of scores stand for columns? CDR_EXIT_USAGE. */
int cdr_classes_check(const struct cdr_analysis *s, struct cdr_failure *why);

/* Then: the column of each score and class, into s->of_class. */
int cdr_classes_open(struct cdr_analysis *s, struct cdr_failure *why);

#endif
