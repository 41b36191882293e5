/* analysis_options.c - what cadre bootstrap and cadre compare can be told.
 * SPDX-License-Identifier: MIT
 */
#include "cli/commands/analysis.h"
#include "cli/commands/metric_names.h"
#include "cli/base/text.h"

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

const struct cdr_option cdr_analysis_score_options[] = {
    { .kind = CDR_LIST,
      .required = true,
      .name = "score",
      .value = "COL",
      .offset = AT(scores),
      .suggest = CDR_COLUMNS,
      .usual = "all",
      .help = "a column of scores, higher for label 1; several: repeat it; all is "
              "every other column that has a name and numbers" },
    { .kind = CDR_END },
};

const struct cdr_option cdr_analysis_metric_options[] = {
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
    { .kind = CDR_REAL,
      .name = "level",
      .value = "L",
      .offset = AT(drawing.level),
      .initial = "0",
      .noted = AT(drawing.has_level),
      .help = "of quantile, trimmed_mean, partial_auc, recall_at, specificity_at: "
              "between 0 and 1; 0 is 0.5, 0.1, 0.1, 0.9, 0.9" },
    { .kind = CDR_TEXT,
      .name = "other",
      .value = "COL",
      .offset = AT(drawing.other),
      .suggest = CDR_COLUMNS,
      .help = "the second column of metrics of two, such as pearson" },
    { .kind = CDR_FLAG,
      .name = "macro",
      .offset = AT(drawing.macro),
      .help =
          "labels name classes: the mean over all of them, each against the rest; {} "
          "in a score's name stands for the class, as in p_{}" },
    { .kind = CDR_TEXT,
      .name = "validation",
      .value = "FILE",
      .offset = AT(drawing.validation),
      .suggest = CDR_FILES,
      .help =
          "choose the threshold in these rows, with the same columns, anew in every "
          "resample of both" },
    { .kind = CDR_TEXT,
      .name = "select",
      .value = "HOW",
      .offset = AT(drawing.selector),
      .usual = "max_f1|youden|recall=|precision=|fpr=",
      .help = "with --validation: how to choose it, max_f1, youden, recall=R, "
              "precision=P or fpr=F [max_f1]" },
    { .kind = CDR_END },
};

const struct cdr_option cdr_analysis_bootstrap_options[] = {
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
        int rc = cdr_metrics_add(s->kinds, &s->n_kinds, s->set->metrics.at[i], why);

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
    w->extra[CDR_CLASS] = d->macro ? s->set->label : NULL;
    if (d->only_class) {
        w->positive = d->only_class;
        w->against_rest = true;
    }
}

int cdr_analysis_want_scores(struct cdr_analysis *s,
                             const struct cdr_analysis_settings *set,
                             struct cdr_failure *why)
{
    const struct cdr_texts *scores = &set->scores;
    char shown[CDR_SHOWN];

    for (size_t i = 0; i < scores->n; i++) {
        if (strcmp(scores->at[i], "all") == 0)
            s->wanted.every_score = true;
        if (set->label && strcmp(scores->at[i], set->label) == 0)
            return cdr_fails(why, CDR_EXIT_USAGE, "--score %s is the column of labels",
                             cdr_quote(shown, scores->at[i]));
        for (size_t k = 0; k < i; k++)
            if (strcmp(scores->at[i], scores->at[k]) == 0)
                return cdr_fails(why, CDR_EXIT_USAGE, "--score %s is given twice",
                                 cdr_quote(shown, scores->at[i]));
    }
    if (s->wanted.every_score && scores->n > 1)
        return cdr_fails(why, CDR_EXIT_USAGE, "--score all stands alone");
    s->wanted.scores = scores->at;
    s->wanted.n_scores = scores->n;
    return 0;
}

int cdr_analysis_check(struct cdr_analysis *s, const char *command,
                       struct cdr_failure *why)
{
    const struct cdr_analysis_settings *set = s->set;
    int rc = take_metrics(s, why);

    s->wanted.label = set->drawing.macro ? NULL : set->label;
    s->wanted.per_class = set->drawing.macro;
    s->wanted.positive = set->positive;
    s->wanted.delimiter = set->delimiter;
    s->wanted.decimal = set->decimal;
    s->wanted.comment = set->comment;
    want_columns(s);
    if (!rc)
        rc = check_label(s, command, why);
    if (!rc)
        rc = cdr_analysis_check_together(s, why);
    if (!rc)
        rc = check_signs(set, why);
    if (!rc)
        rc = check_effects(s, why);
    return rc ? rc : check_limits(set, why);
}
