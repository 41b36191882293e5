/* resampling_options.c - how rows are drawn, when to stop, and what is tested.
 * SPDX-License-Identifier: MIT
 */
#include "cli/commands/resampling.h"

#define AT(field) offsetof(struct cdr_resampling, field)

const struct cdr_option cdr_rows_options[] = {
    { .kind = CDR_TEXT,
      .name = "class",
      .value = "VALUE",
      .offset = AT(only_class),
      .help = "labels are more than two: this one counts as 1, all others as 0" },
    { .kind = CDR_TEXT,
      .name = "weight",
      .value = "COL",
      .offset = AT(weight),
      .suggest = CDR_COLUMNS,
      .help =
          "a column of the rows' weights, as if a row of weight 2 were there twice" },
    { .kind = CDR_TEXT,
      .name = "stratify",
      .value = "COL",
      .offset = AT(stratify),
      .suggest = CDR_COLUMNS,
      .help = "draw within the groups of this column, as many rows as each has" },
    { .kind = CDR_TEXT,
      .name = "cluster",
      .value = "COL",
      .offset = AT(cluster),
      .suggest = CDR_COLUMNS,
      .help = "draw whole groups of this column, with all of their rows" },
    { .kind = CDR_TEXT,
      .name = "block",
      .value = "COL",
      .offset = AT(block),
      .suggest = CDR_COLUMNS,
      .help = "metrics, and curves, are means over the groups of this column, such as "
              "folds, which are drawn" },
    { .kind = CDR_TEXT,
      .name = "by",
      .value = "COL",
      .offset = AT(by),
      .suggest = CDR_COLUMNS,
      .help = "a result for each group of this column" },
    { .kind = CDR_END },
};

const struct cdr_option cdr_resampling_options[] = {
    { .kind = CDR_WORD,
      .name = "degenerate",
      .value = "leave-out|refuse",
      .offset = AT(degenerate),
      .initial = "leave-out",
      .help = "resamples that the metric is not defined for: leave out up to 5 %, or "
              "refuse any, as SciPy" },
    { .kind = CDR_REAL,
      .name = "until-error",
      .value = "E",
      .offset = AT(until_error),
      .initial = "0",
      .noted = AT(has_until),
      .help =
          "go on, doubling the resamples, until the Monte Carlo error of both bounds "
          "is at most E" },
    { .kind = CDR_COUNT,
      .name = "most-resamples",
      .value = "N",
      .offset = AT(most),
      .initial = "0",
      .help =
          "with --until-error: stop there at the latest; 0 is 1024 times --resamples" },
    { .kind = CDR_TEXT,
      .name = "replicates",
      .value = "FILE",
      .offset = AT(replicates),
      .suggest = CDR_FILES,
      .help = "write the metric of every resample there, as CSV" },
    { .kind = CDR_TEXT,
      .name = "extend",
      .value = "FILE",
      .offset = AT(extend),
      .suggest = CDR_FILES,
      .help = "go on from what --replicates has written, with the same data, seed and "
              "options and more resamples" },
    { .kind = CDR_END },
};

const struct cdr_option cdr_testing_options[] = {
    { .kind = CDR_REAL,
      .name = "null",
      .value = "X",
      .offset = AT(null),
      .initial = "0",
      .noted = AT(has_null),
      .help = "the value that p-values test against" },
    { .kind = CDR_WORD,
      .name = "test",
      .value = "interval|permutation",
      .offset = AT(test),
      .initial = "interval",
      .help = "p-values by the interval that just excludes the value, or by exchanging "
              "scores or labels" },
    { .kind = CDR_WORD,
      .name = "adjust",
      .value = "none|bonferroni|holm|bh",
      .offset = AT(adjust),
      .initial = "none",
      .help = "p-values for the number of results" },
    { .kind = CDR_SHARE,
      .name = "power",
      .value = "P",
      .offset = AT(power),
      .noted = AT(has_power),
      .help =
          "also show the smallest effect that such an interval would find with this "
          "power" },
    { .kind = CDR_END },
};
