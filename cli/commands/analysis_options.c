/* analysis_options.c - what cadre bootstrap and cadre compare can be told.
 * SPDX-License-Identifier: MIT
 */
#include "cli/commands/analysis.h"
#include "cli/base/text.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AT(field) offsetof(struct cdr_analysis_settings, field)

const struct cdr_option cdr_analysis_data_options[] = {
    { .kind = CDR_OPERAND,
      .required = true,
      .name = "file",
      .value = "FILE",
      .offset = AT(file),
      .suggest = CDR_FILES,
      .help = "CSV with a header line, plain or gzip'd; - is standard input" },
    { .kind = CDR_TEXT,
      .letter = 'l',
      .name = "label",
      .value = "COL",
      .offset = AT(label),
      .suggest = CDR_COLUMNS,
      .help = "the column of labels, 0 or 1; only statistics of columns need none" },
    { .kind = CDR_TEXT,
      .name = "positive",
      .value = "VALUE",
      .offset = AT(positive),
      .help = "the label that counts as 1, such as yes, when labels are two other "
              "values than 0 and 1" },
    { .kind = CDR_SIGN,
      .name = "delimiter",
      .value = "C",
      .offset = AT(delimiter),
      .usual = "tab|;|,",
      .help = "what separates fields: a character, or tab [a comma, or what a first "
              "line sep=C says]" },
    { .kind = CDR_SIGN,
      .name = "decimal",
      .value = "C",
      .offset = AT(decimal),
      .usual = ".|,",
      .help = "the decimal sign of numbers: a point or a comma [.]" },
    { .kind = CDR_SIGN,
      .name = "comment",
      .value = "C",
      .offset = AT(comment),
      .usual = "#|%",
      .help = "pass over lines that begin with this character [none]" },
    { .kind = CDR_END },
};

const struct cdr_option cdr_analysis_bootstrap_options[] = {
    { .kind = CDR_LIST,
      .letter = 'm',
      .name = "metric",
      .value = "NAME",
      .offset = AT(metrics),
      .initial = "roc_auc",
      .suggest = CDR_METRICS,
      .help = "what to measure, see below; several: repeat it, or commas between" },
    { .kind = CDR_REAL,
      .name = "threshold",
      .value = "T",
      .offset = AT(threshold),
      .initial = "0.5",
      .noted = AT(has_threshold),
      .help = "metrics of predictions: a score of T or more predicts 1" },
    { .kind = CDR_COUNT,
      .name = "bins",
      .value = "K",
      .offset = AT(bins),
      .initial = "10",
      .least = 2,
      .noted = AT(has_bins),
      .help = "calibration errors: how many bins" },
    { .kind = CDR_COUNT,
      .letter = 'n',
      .name = "resamples",
      .value = "N",
      .offset = AT(resamples),
      .initial = "1000",
      .least = 1,
      .help = "how many times to draw the rows anew" },
    { .kind = CDR_SHARE,
      .letter = 'c',
      .name = "confidence",
      .value = "C",
      .offset = AT(confidence),
      .initial = "0.95",
      .help = "confidence level of the intervals" },
    { .kind = CDR_COUNT,
      .letter = 's',
      .name = "seed",
      .value = "S",
      .offset = AT(seed),
      .initial = "0",
      .help = "random seed: same seed, same results" },
    { .kind = CDR_WORD,
      .name = "seeding",
      .value = "default|spawn|single|draw63",
      .offset = AT(seeding),
      .initial = "default",
      .help = "which random stream each resample gets; the default is single for "
              "intervals, as SciPy has it, and spawn for differences" },
    { .kind = CDR_END },
};

const struct cdr_option cdr_analysis_output_options[] = {
    { .kind = CDR_WORD,
      .letter = 'f',
      .name = "format",
      .value = "table|json|csv",
      .offset = AT(format),
      .initial = "table",
      .help = "output format" },
    { .kind = CDR_TEXT,
      .letter = 'o',
      .name = "output",
      .value = "FILE",
      .offset = AT(output),
      .suggest = CDR_FILES,
      .help = "write the results there instead of to standard output" },
    { .kind = CDR_TEXT,
      .letter = 'p',
      .name = "plot",
      .value = "FILE",
      .offset = AT(plot),
      .suggest = CDR_FILES,
      .help = "draw the results: FILE ends with .svg or .png" },
    { .kind = CDR_FLAG,
      .name = "explain",
      .offset = AT(explain),
      .help =
          "also say who ran the tasks, and why: below the table, as \"run\" in JSON, "
          "on standard error with CSV" },
    { .kind = CDR_WORD,
      .name = "progress",
      .value = "auto|always|never",
      .offset = AT(progress),
      .initial = "auto",
      .help =
          "show how far the run is, on standard error; auto: on a terminal, after a "
          "second" },
    { .kind = CDR_END },
};

/* ---- checks ---- */

/* Names that others give to the metrics. */
static const struct {
    const char *theirs, *ours;
} synonyms[] = {
    { "auc", "roc_auc" },
    { "auroc", "roc_auc" },
    { "auc_roc", "roc_auc" },
    { "roc", "roc_auc" },
    { "roc_auc_score", "roc_auc" },
    { "ap", "pr_auc" },
    { "average_precision", "pr_auc" },
    { "average_precision_score", "pr_auc" },
    { "auprc", "pr_auc" },
    { "aupr", "pr_auc" },
    { "auc_pr", "pr_auc" },
    { "acc", "accuracy" },
    { "ppv", "precision" },
    { "sensitivity", "recall" },
    { "tpr", "recall" },
    { "f1_score", "f1" },
    { "f_score", "f1" },
    { "f_measure", "f1" },
    { "brier_score", "brier" },
    { "brier_score_loss", "brier" },
    { "nll", "log_loss" },
    { "cross_entropy", "log_loss" },
    { "ece", "ece_equal_width" },
    { "average", "mean" },
    { "tnr", "specificity" },
    { "matthews_corrcoef", "mcc" },
    { "cohen_kappa", "kappa" },
    { "cohen_kappa_score", "kappa" },
    { "balanced_accuracy_score", "balanced_accuracy" },
    { "std", "sd" },
    { "stddev", "sd" },
    { "var", "variance" },
    { "correlation", "pearson" },
    { "max_calibration_error", "mce" },
};

/* Whether b is a with other case, or other signs where a has underscores. */
static bool reads_as(const char *a, const char *b)
{
    for (; *a && *b; a++, b++)
        if (*a != tolower((unsigned char)*b) &&
            !(*a == '_' && (*b == '-' || *b == ' ')))
            return false;
    return *a == *b;
}

static int unknown_metric(const char *name, struct cdr_failure *why)
{
    const char *names[CADRE_METRIC_COUNT];
    char shown[CDR_SHOWN], hint[CDR_SHOWN];

    for (int k = 0; k < CADRE_METRIC_COUNT; k++)
        names[k] = cadre_metric_name(k);
    cdr_hint(hint, sizeof hint, name, names, CADRE_METRIC_COUNT,
             "cadre bootstrap --help lists them");
    for (size_t i = 0; i < sizeof synonyms / sizeof synonyms[0]; i++)
        if (reads_as(synonyms[i].theirs, name))
            snprintf(hint, sizeof hint, "did you mean %s?", synonyms[i].ours);
    return cdr_fails(why, CDR_EXIT_USAGE, "--metric: no metric is called %s; %s",
                     cdr_quote(shown, name), hint);
}

static int add_metric(struct cdr_analysis *s, const char *name, struct cdr_failure *why)
{
    int kind = cadre_metric_find(name);

    if (kind < 0)
        return unknown_metric(name, why);
    for (size_t i = 0; i < s->n_kinds; i++)
        if (s->kinds[i] == kind)
            return cdr_fails(why, CDR_EXIT_USAGE, "--metric %s is given twice", name);
    s->kinds[s->n_kinds++] = kind; /* no more than there are, each once */
    return 0;
}

/* One name, or several with commas between. */
static int add_metrics(struct cdr_analysis *s, const char *names,
                       struct cdr_failure *why)
{
    char *copy = strdup(names), *next = copy, *name;
    int rc = 0;

    if (!copy)
        return cdr_fails_memory(why);
    while (rc == 0 && (name = strsep(&next, ",")))
        rc = add_metric(s, name, why);
    free(copy);
    return rc;
}

static bool wants_probabilities(int kind)
{
    return (cadre_metric_needs(kind) & CADRE_NEEDS_PROBABILITIES) != 0;
}

static int take_metrics(struct cdr_analysis *s, struct cdr_failure *why)
{
    s->kinds = calloc(CADRE_METRIC_COUNT, sizeof *s->kinds);
    if (!s->kinds)
        return cdr_fails_memory(why);
    for (size_t i = 0; i < s->set->metrics.n; i++) {
        int rc = add_metrics(s, s->set->metrics.at[i], why);

        if (rc)
            return rc;
    }
    for (size_t i = s->n_kinds; i-- > 0;)
        if (wants_probabilities(s->kinds[i]))
            s->wanted.probability_for = cadre_metric_name(s->kinds[i]);
    return 0;
}

static int check_signs(const struct cdr_analysis_settings *set, struct cdr_failure *why)
{
    char shown[CDR_SHOWN];

    if (set->decimal && set->decimal != '.' && set->decimal != ',')
        return cdr_fails(why, CDR_EXIT_USAGE, "--decimal is %s: expected . or ,",
                         cdr_quote(shown, (const char[]){ set->decimal, '\0' }));
    if (set->comment && set->comment == (set->delimiter ? set->delimiter : ','))
        return cdr_fails(why, CDR_EXIT_USAGE, "--comment %s is the delimiter",
                         cdr_quote(shown, (const char[]){ set->comment, '\0' }));
    return 0;
}

static bool has_metric(const struct cdr_analysis *s, unsigned needs)
{
    for (size_t i = 0; i < s->n_kinds; i++)
        if (cadre_metric_needs(s->kinds[i]) & needs)
            return true;
    return false;
}

/* An option that changes nothing is a misunderstanding. */
static int check_effects(const struct cdr_analysis *s, struct cdr_failure *why)
{
    if (s->set->has_threshold && !has_metric(s, CADRE_NEEDS_THRESHOLD))
        return cdr_fails(
            why, CDR_EXIT_USAGE,
            "--threshold is for metrics of predictions only, such as f1; add "
            "one with --metric, or leave it out");
    if (s->set->has_bins && !has_metric(s, CADRE_NEEDS_BINS))
        return cdr_fails(
            why, CDR_EXIT_USAGE,
            "--bins is for calibration errors only, such as ece_equal_width; "
            "add one with --metric, or leave it out");
    if (s->set->drawing.has_level && !has_metric(s, CADRE_NEEDS_LEVEL))
        return cdr_fails(
            why, CDR_EXIT_USAGE,
            "--level is for metrics at a level only, such as quantile; add "
            "one with --metric, or leave it out");
    return 0;
}

static int check_limits(const struct cdr_analysis_settings *set,
                        struct cdr_failure *why)
{
    if (set->bins > UINT32_MAX)
        return cdr_fails(why, CDR_EXIT_USAGE, "--bins is %" PRIu64 ": at most 2^32 - 1",
                         set->bins);
    if (set->resamples > INT64_MAX)
        return cdr_fails(why, CDR_EXIT_USAGE,
                         "--resamples is %" PRIu64 ": at most 2^63 - 1",
                         set->resamples);
    return 0;
}

static int check_label(const struct cdr_analysis *s, const char *command,
                       struct cdr_failure *why)
{
    if (s->set->label)
        return 0;
    for (size_t i = 0; i < s->n_kinds; i++)
        if (!(cadre_metric_needs(s->kinds[i]) & CADRE_NEEDS_NO_LABELS))
            return cdr_fails(why, CDR_EXIT_USAGE,
                             "%s needs --label COL; see cadre %s --help", command,
                             command);
    return 0;
}

static int check_drawing(const struct cdr_analysis *s, struct cdr_failure *why)
{
    const struct cdr_resampling *d = &s->set->drawing;

    for (size_t i = 0; i < s->n_kinds; i++)
        if (cadre_metric_needs(s->kinds[i]) & CADRE_NEEDS_OTHER && !d->other)
            return cdr_fails(why, CDR_EXIT_USAGE,
                             "--metric %s is of two columns: name the second with "
                             "--other",
                             cadre_metric_name(s->kinds[i]));
    if (d->only_class && s->set->positive)
        return cdr_fails(why, CDR_EXIT_USAGE,
                         "--class and --positive both say which label is 1: leave one "
                         "out");
    if (d->block && (d->stratify || d->cluster))
        return cdr_fails(why, CDR_EXIT_USAGE,
                         "--block draws blocks: leave --stratify and --cluster out");
    if (d->until_error < 0)
        return cdr_fails(why, CDR_EXIT_USAGE, "--until-error is %g: at least 0",
                         d->until_error);
    if (d->test == 1 && (d->weight || d->stratify || d->cluster || d->block))
        return cdr_fails(why, CDR_EXIT_USAGE,
                         "--test permutation is for rows without weights, strata, "
                         "clusters and blocks");
    return 0;
}

static void want_columns(struct cdr_analysis *s)
{
    const struct cdr_resampling *d = &s->set->drawing;
    struct cdr_wanted *w = &s->wanted;

    s->by_label =
        d->stratify && s->set->label && strcmp(d->stratify, s->set->label) == 0;
    w->extra[CDR_OTHER] = d->other;
    w->extra[CDR_WEIGHT] = d->weight;
    w->extra[CDR_STRATUM] = s->by_label ? NULL : d->stratify;
    w->extra[CDR_CLUSTER] = d->cluster;
    w->extra[CDR_BLOCK] = d->block;
    w->extra[CDR_BY] = d->by;
    if (d->only_class) {
        w->positive = d->only_class;
        w->against_rest = true;
    }
}

int cdr_analysis_check(struct cdr_analysis *s, const char *command,
                       struct cdr_failure *why)
{
    const struct cdr_analysis_settings *set = s->set;
    int rc = take_metrics(s, why);

    s->wanted.label = set->label;
    s->wanted.positive = set->positive;
    s->wanted.delimiter = set->delimiter;
    s->wanted.decimal = set->decimal;
    s->wanted.comment = set->comment;
    want_columns(s);
    if (!rc)
        rc = check_label(s, command, why);
    if (!rc)
        rc = check_drawing(s, why);
    if (!rc)
        rc = check_signs(set, why);
    if (!rc)
        rc = check_effects(s, why);
    return rc ? rc : check_limits(set, why);
}
