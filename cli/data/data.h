/* data.h - the labels and score columns of a file.
 * SPDX-License-Identifier: MIT
 *
 * Only the columns that are wanted are kept; the file is read once, front to back. A
 * row is never left out: what cannot be read is an error that names file, line, column
 * and value.
 */
#ifndef CDR_CLI_DATA_H
#define CDR_CLI_DATA_H

#include "cli/base/failure.h"
#include "cli/data/groups.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Columns beside labels and scores: first those of numbers, then those of names. */
enum cdr_extra {
    CDR_OTHER,
    CDR_WEIGHT,
    CDR_NUMBER_COLUMNS,
    CDR_STRATUM = CDR_NUMBER_COLUMNS,
    CDR_CLUSTER,
    CDR_BLOCK,
    CDR_BY,
    CDR_CLASS, /* labels of --macro */
    CDR_EXTRAS
};

struct cdr_wanted {
    const char *label;
    const char *positive; /* the label that counts as 1, beside one other; NULL: labels
                             are 0 and 1 */
    bool against_rest;    /* any other label than `positive` is 0 */
    const char *extra[CDR_EXTRAS]; /* NULL: not wanted */
    const char *const *scores;
    size_t n_scores;
    bool per_class;   /* {} in a score's name stands for any text: all such columns */
    bool every_score; /* instead: every other column that has a name and whose first
                         value is a number, or missing (an error, then) */
    const char *probability_for; /* the metric whose scores must lie in [0, 1]; or
                                    NULL */
    char delimiter;              /* 0: a comma, or what a first line "sep=;" says */
    char decimal;                /* '.' or ','; 0: '.' */
    char comment;                /* lines that begin so do not count; 0: none */
};

struct cdr_column {
    const char *name; /* as in the header */
    double *values;   /* one a row */
};

struct cdr_data {
    size_t rows, positives;
    uint8_t *labels;
    struct cdr_column *scores; /* in the order asked for; every_score: of the file */
    size_t n_scores;
    double *numbers[CDR_NUMBER_COLUMNS]; /* one a row; NULL: not wanted */
    struct cdr_groups groups[CDR_EXTRAS - CDR_NUMBER_COLUMNS];
    const char **left_out; /* every_score: columns that are none */
    size_t n_left_out;
    size_t *nameless; /* every_score: columns without a name, counted from 1 */
    size_t n_nameless;
    char *negative; /* with `positive`: the other label, if there is one */
    char **header;
    size_t n_header;
};

/* "-" is standard input. On failure there is nothing to free. */
int cdr_data_read(struct cdr_data *data, const char *path,
                  const struct cdr_wanted *wanted, struct cdr_failure *why);
void cdr_data_free(struct cdr_data *data);

/* The header alone; the label and the scores wanted do not matter. */
int cdr_data_read_header(struct cdr_data *data, const char *path,
                         const struct cdr_wanted *wanted, struct cdr_failure *why);

#endif
