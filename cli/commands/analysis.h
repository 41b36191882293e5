/* analysis.h - what cadre bootstrap and cadre compare share: options, data, pool, output.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_ANALYSIS_H
#define CDR_CLI_ANALYSIS_H

#include "cli/commands/choices.h"
#include "cli/commands/resampling.h"
#include "cli/data/data.h"
#include "cli/data/replicates.h"
#include "cli/options/options.h"
#include "cli/output/output.h"
#include "cli/plot/plot.h"
#include "cli/output/progress.h"
#include "cli/output/records.h"
#include "cli/options/pool_options.h"
#include <cadre/stats.h>

struct cdr_analysis_settings {
    const char *file;
    const char *label;
    const char *positive;
    char delimiter, decimal, comment; /* 0: not given */
    struct cdr_texts scores, metrics;
    double threshold;
    bool has_threshold; /* given */
    uint64_t bins;
    bool has_bins;
    uint64_t resamples;
    double confidence;
    uint64_t seed;
    int seeding; /* as in the option's words, which are enum cadre_seeding's order */
    int format;  /* an enum cdr_format */
    const char *output;
    const char *plot;
    int method; /* an enum cadre_interval_method as far as words go, then: */
#define CDR_METHOD_DELONG 5
#define CDR_METHOD_CLT    6
    bool explain;
    int progress;
    struct cdr_resampling drawing;
    struct cdr_pool_options pool;
};

/* Tables for a command's groups, with offsets into struct cdr_analysis_settings. */
extern const struct cdr_option cdr_analysis_data_options[];
extern const struct cdr_option cdr_analysis_score_options[];
extern const struct cdr_option cdr_analysis_metric_options[];
extern const struct cdr_option cdr_analysis_bootstrap_options[];
extern const struct cdr_option cdr_analysis_output_options[];

/* --method, whose default is the command's own. */
#define CDR_METHOD_OPTION(usual)                                                       \
    {                                                                                  \
        .kind = CDR_WORD, .name = "method",                                            \
        .value = "percentile|basic|bca|normal|studentized|delong|clt",                 \
        .offset = offsetof(struct cdr_analysis_settings, method), .initial = usual,    \
        .help = "how to make the interval: from the resamples (where bca is not "      \
                "defined, percentile stands in for it, marked), by DeLong's variance " \
                "of roc_auc, or by the central limit theorem over --block"             \
    }

/* Columns of CSV and table: facts about all results, and what intervals have. */
#define CDR_FIELDS_OF_ALL                                                             \
    { .key = "file" }, { .key = "label" }, { .key = "rows" }, { .key = "positives" }, \
        { .key = "method" }, { .key = "confidence" }, { .key = "seed" },              \
        { .key = "seeding" },                                                         \
    {                                                                                 \
        .key = "resamples"                                                            \
    }
#define CDR_FIELDS_OF_METRIC                                                        \
    { .key = "metric", .title = "metric" },                                         \
        { .key = "threshold", .title = "threshold", .rare = true, .plain = true },  \
        { .key = "bins", .title = "bins", .rare = true },                           \
    {                                                                               \
        .key = "level", .late = true, .title = "level", .rare = true, .plain = true \
    }
#define CDR_FIELDS_OF_ERROR                                                          \
    { .key = "instead", .late = true, .title = "by", .rare = true },                 \
    {                                                                                \
        .key = "monte_carlo_error", .late = true, .title = "MC error", .rare = true, \
        .plain = true, .brief = true                                                 \
    }
#define CDR_FIELD_ADJUSTED                                                            \
    {                                                                                 \
        .key = "adjusted_p_value", .late = true, .title = "adjusted p", .rare = true, \
        .plain = true, .brief = true                                                  \
    }
#define CDR_FIELDS_AT_END                                                        \
    { .key = "detectable", .late = true, .title = "detectable", .rare = true },  \
        { .key = "select", .late = true }, { .key = "low_error", .late = true }, \
        { .key = "high_error", .late = true },                                   \
        { .key = "bca_undefined", .late = true },                                \
    {                                                                            \
        .key = "positive", .late = true                                          \
    }

struct cdr_analysis {
    const struct cdr_analysis_settings *set;
    struct cdr_wanted wanted; /* the scores are set before cdr_analysis_open */
    struct cdr_data data, validation;
    struct cdr_choice choice;          /* --select */
    const double **of_class;           /* --macro: the column of each score and class */
    struct cdr_replicate_file earlier; /* --extend */
    size_t warned;                     /* how often */
    const char *group; /* of --by, whose rows are at work; NULL: there are none */
    bool by_label;     /* --stratify names the column of labels */
    int *kinds;        /* of the metrics */
    size_t n_kinds;
    cadre_pool *pool;
    struct cdr_progress progress;
    struct cdr_output output;
    struct cdr_output replicates; /* --replicates */
    struct cdr_plot plot;
};

/* Check the settings, as far as that goes without data: the metrics into kinds, what is
 * to be read into wanted. */
int cdr_analysis_check(struct cdr_analysis *s, const char *command,
                       struct cdr_failure *why);

/* The part of it on options that do not go together; the choice of --select. */
int cdr_analysis_check_together(struct cdr_analysis *s, struct cdr_failure *why);

/* --score says which columns; before cdr_analysis_open. */
int cdr_analysis_want_scores(struct cdr_analysis *s,
                             const struct cdr_analysis_settings *set,
                             struct cdr_failure *why);

/* How many results each score and metric has: the groups of --by, or 1; and the name of
 * one, NULL without --by. */
size_t cdr_analysis_groups(const struct cdr_analysis *s);
const char *cdr_analysis_group(const struct cdr_analysis *s, size_t i);

/* Columns of scores, with --macro one for all classes. */
size_t cdr_analysis_scores(const struct cdr_analysis *s);
const char *cdr_analysis_score(const struct cdr_analysis *s, size_t i);

/* How many replicates a run can have. */
uint64_t cdr_analysis_most(const struct cdr_analysis *s);

/* Check what can be checked first, so that a long run does not fail at its end; then
 * read the data. also on failure the analysis is to be closed. */
int cdr_analysis_open(struct cdr_analysis *s, const struct cdr_analysis_settings *set,
                      const char *command, struct cdr_failure *why);
void cdr_analysis_close(struct cdr_analysis *s);

/* Everything of a bootstrap except what differs from row to row. */
cadre_bootstrap cdr_analysis_bootstrap(struct cdr_analysis *s, int kind);

/* Note why the library failed on a score (NULL: on both). What the data do not allow is
 * CDR_EXIT_INPUT, with the labels and a remedy named. */
int cdr_analysis_fails(const struct cdr_analysis *s, int kind, const char *score,
                       const cadre_error *err, struct cdr_failure *why);

/* Before a run: 0, or interrupted. */
int cdr_analysis_next(struct cdr_analysis *s, uint64_t part, struct cdr_failure *why);

/* What came of one result besides its interval. */
struct cdr_outcome {
    const char *group; /* NULL: all rows */
    double p_value, adjusted;
    double threshold[2]; /* of either column, with --validation */
};

/* The facts that all results share, with the names of the columns a and b if there are
 * such; then comes `results`, an empty array. NULL without memory. */
json_t *cdr_analysis_records(const struct cdr_analysis *s, const char *command,
                             int seeding, const char *a, const char *b);

/* The metric and what it was told, for a result. False: no memory. */
bool cdr_analysis_add_metric(const struct cdr_analysis *s, json_t *row, int kind);

/* With --validation: the thresholds chosen, of one column or of two. */
bool cdr_analysis_add_thresholds(const struct cdr_analysis *s, json_t *row,
                                 const double *thresholds, unsigned columns);

/* With --power: what could have been found. */
bool cdr_analysis_add_effect(const struct cdr_analysis *s, json_t *row,
                             const cadre_interval *x);

/* Write records to the output, with --explain also the plan; `fields` say what CSV and
 * table show, `heading` goes above the table, after the file's name. */
int cdr_analysis_write(struct cdr_analysis *s, json_t *records, const char *heading,
                       const struct cdr_field *fields, size_t n_fields,
                       struct cdr_failure *why);

/* The same in two steps, for a command that has more to write in between. */
int cdr_analysis_put(struct cdr_analysis *s, json_t *records, const char *heading,
                     const struct cdr_field *fields, size_t n_fields,
                     struct cdr_failure *why);
int cdr_analysis_commit(struct cdr_analysis *s, const json_t *records,
                        struct cdr_failure *why);

/* Bounds and what goes with them, for a result. With the reason where another method
 * stands in for BCa. */
bool cdr_analysis_add_interval(const struct cdr_analysis *s, json_t *row,
                               const cadre_interval *x);

/* The same on standard error, for the first few. */
void cdr_analysis_warn(struct cdr_analysis *s, const cadre_interval *x,
                       const char *name, int kind);

/* Adjust p-values as --adjust says; or leave them. And for a result. */
int cdr_analysis_adjust(const struct cdr_analysis *s, struct cdr_outcome *o, size_t n,
                        struct cdr_failure *why);
bool cdr_analysis_add_p_value(const struct cdr_analysis *s, json_t *row,
                              const struct cdr_outcome *o);

/* "95 % BCa bootstrap interval" */
const char *cdr_analysis_interval(char *out, size_t size, const struct cdr_analysis *s);

/* For headings: the file, `569 rows, 212 with "malignant" = 1` and `1000 resamples, seed
 * 0`. */
const char *cdr_analysis_file(const struct cdr_analysis *s);
const char *cdr_analysis_rows(char *out, size_t size, const struct cdr_analysis *s);
const char *cdr_analysis_drawn(char *out, size_t size, const struct cdr_analysis *s);

#endif
