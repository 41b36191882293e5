/* analysis.h - what cadre bootstrap and cadre compare share: options, data, pool, output.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_ANALYSIS_H
#define CDR_CLI_ANALYSIS_H

#include "cli/commands/resampling.h"
#include "cli/data/data.h"
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
    struct cdr_texts metrics;
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
    bool explain;
    int progress;
    struct cdr_resampling drawing;
    struct cdr_pool_options pool;
};

/* Tables for a command's groups, with offsets into struct cdr_analysis_settings. */
extern const struct cdr_option cdr_analysis_data_options[];
extern const struct cdr_option cdr_analysis_bootstrap_options[];
extern const struct cdr_option cdr_analysis_output_options[];

struct cdr_analysis {
    const struct cdr_analysis_settings *set;
    struct cdr_wanted wanted; /* the scores are set before cdr_analysis_open */
    struct cdr_data data;
    size_t warned; /* how often */
    bool by_label; /* --stratify names the column of labels */
    int *kinds;    /* of the metrics */
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

/* How many results each score and metric has: the groups of --by, or 1; and the name of
 * one, NULL without --by. */
size_t cdr_analysis_groups(const struct cdr_analysis *s);
const char *cdr_analysis_group(const struct cdr_analysis *s, size_t i);

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

/* The facts that all results share, with the names of the columns a and b if there are
 * such; then comes `results`, an empty array. NULL without memory. */
json_t *cdr_analysis_records(const struct cdr_analysis *s, const char *command,
                             const char *method, int seeding, const char *a,
                             const char *b);

/* The metric and what it was told, for a result. False: no memory. */
bool cdr_analysis_add_metric(const struct cdr_analysis *s, json_t *row, int kind);

/* Write records to the output, with --explain also the plan; `fields` say what CSV and
 * table show, `heading` goes above the table, after the file's name. */
int cdr_analysis_write(struct cdr_analysis *s, json_t *records, const char *heading,
                       const struct cdr_field *fields, size_t n_fields,
                       struct cdr_failure *why);

/* Bounds and what goes with them, for a result; `asked` is the method. With the reason
 * where another one stands in for BCa. */
bool cdr_analysis_add_interval(const struct cdr_analysis *s, json_t *row,
                               const cadre_interval *x, int asked);

/* The same on standard error, for the first few. */
void cdr_analysis_warn(struct cdr_analysis *s, const cadre_interval *x, int asked,
                       const char *name, int kind);

/* Adjust p-values as --adjust says; or leave them. And for a result. */
int cdr_analysis_adjust(const struct cdr_analysis *s, double *p, size_t n,
                        struct cdr_failure *why);
bool cdr_analysis_add_p_value(const struct cdr_analysis *s, json_t *row, double p,
                              double adjusted);

/* "BCa" */
const char *cdr_method_words(int method);

/* For headings: the file, `569 rows, 212 with "malignant" = 1` and `1000 resamples, seed
 * 0`. */
const char *cdr_analysis_file(const struct cdr_analysis *s);
const char *cdr_analysis_rows(char *out, size_t size, const struct cdr_analysis *s);
const char *cdr_analysis_drawn(char *out, size_t size, const struct cdr_analysis *s);

#endif
