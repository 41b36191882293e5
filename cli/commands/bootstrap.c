/* bootstrap.c - cadre bootstrap: confidence intervals of metrics.
 * SPDX-License-Identifier: MIT
 */
#include "cli/commands/command.h"
#include "cli/commands/analysis.h"
#include "cli/commands/part.h"
#include "cli/base/text.h"

#include <stdlib.h>
#include <string.h>

struct settings {
    struct cdr_analysis_settings analysis;
    struct cdr_texts scores;
    int method; /* an enum cadre_interval_method */
};

static const struct cdr_option score_options[] = {
    { .kind = CDR_LIST,
      .required = true,
      .name = "score",
      .value = "COL",
      .offset = offsetof(struct settings, scores),
      .suggest = CDR_COLUMNS,
      .usual = "all",
      .help = "a column of scores, higher for label 1; several: repeat it; all is "
              "every other column that has a name and numbers" },
    { .kind = CDR_END },
};

static const struct cdr_option method_options[] = {
    { .kind = CDR_WORD,
      .name = "method",
      .value = "percentile|basic|bca|normal|studentized",
      .offset = offsetof(struct settings, method),
      .initial = "bca",
      .help = "how to make the interval from the resamples; where bca is not defined, "
              "percentile stands in for it, marked" },
    { .kind = CDR_END },
};

static const struct cdr_group groups[] = {
    { "Data", cdr_analysis_data_options, offsetof(struct settings, analysis) },
    { "Scores", score_options, 0 },
    { "Bootstrap", cdr_analysis_bootstrap_options,
      offsetof(struct settings, analysis) },
    { "Interval", method_options, 0 },
    { "Drawing", cdr_resampling_options, offsetof(struct settings, analysis.drawing) },
    { "Testing", cdr_testing_options, offsetof(struct settings, analysis.drawing) },
    { "Running", cdr_pool_option_table, offsetof(struct settings, analysis.pool) },
    { "Output", cdr_analysis_output_options, offsetof(struct settings, analysis) },
    { .title = NULL },
};

static const struct cdr_field fields[] = {
    { .key = "file" },
    { .key = "label" },
    { .key = "rows" },
    { .key = "positives" },
    { .key = "method" },
    { .key = "confidence" },
    { .key = "seed" },
    { .key = "seeding" },
    { .key = "resamples" },
    { .key = "group", .late = true, .title = "group", .rare = true },
    { .key = "score", .title = "score" },
    { .key = "metric", .title = "metric" },
    { .key = "threshold", .title = "threshold", .rare = true, .plain = true },
    { .key = "bins", .title = "bins", .rare = true },
    { .key = "level", .late = true, .title = "level", .rare = true, .plain = true },
    { .key = "point", .title = "point" },
    { .key = "low", .title = "low" },
    { .key = "high", .title = "high" },
    { .key = "standard_error", .title = "std error" },
    { .key = "instead", .late = true, .title = "by", .rare = true },
    { .key = "monte_carlo_error",
      .late = true,
      .title = "MC error",
      .rare = true,
      .plain = true,
      .brief = true },
    { .key = "p_value",
      .late = true,
      .title = "p",
      .rare = true,
      .plain = true,
      .brief = true },
    { .key = "adjusted_p_value",
      .late = true,
      .title = "adjusted p",
      .rare = true,
      .plain = true,
      .brief = true },
    { .key = "usable" },
    { .key = "degenerate", .title = "degenerate", .rare = true },
    { .key = "bias" },
    { .key = "acceleration" },
    { .key = "low_level" },
    { .key = "high_level" },
    { .key = "low_error", .late = true },
    { .key = "high_error", .late = true },
    { .key = "bca_undefined", .late = true },
    { .key = "positive", .late = true },
};

/* ---- running ---- */

/* What came of one group, score and metric. */
struct outcome {
    const char *group; /* NULL: all rows */
    double p_value, adjusted;
};

struct intervals {
    struct cdr_analysis analysis;
    const struct settings *set;
    size_t n;                  /* results */
    struct cdr_plot_row *rows; /* n */
    struct outcome *outcomes;  /* n */
};

static int run_one(struct intervals *v, const struct cdr_part *part, size_t i,
                   struct cdr_failure *why)
{
    struct cdr_plot_row *row = &v->rows[i];
    struct cdr_finding finding;
    cadre_error err;

    if (cdr_part_run(&finding, part, row->kind, v->set->method, row->name, NULL, &err))
        return cdr_analysis_fails(&v->analysis, row->kind, row->name, &err, why);
    row->interval = finding.interval;
    v->outcomes[i].p_value = finding.p_value;
    cdr_analysis_warn(&v->analysis, &row->interval, v->set->method, row->name,
                      row->kind);
    return 0;
}

/* Every group and score with every metric, score by score. */
static int run_all(struct intervals *v, struct cdr_failure *why)
{
    struct cdr_analysis *s = &v->analysis;
    const size_t n_groups = cdr_analysis_groups(s);
    int rc = 0;

    s->progress.parts = v->n;
    for (size_t i = 0; i < v->n && rc == 0; i++) {
        const size_t k = i / s->n_kinds;
        const struct cdr_column *score = &s->data.scores[k / n_groups];
        struct cdr_part part;

        v->rows[i].name = score->name;
        v->rows[i].kind = s->kinds[i % s->n_kinds];
        v->outcomes[i].group = cdr_analysis_group(s, k % n_groups);
        rc = cdr_analysis_next(s, i, why);
        if (!rc && !cdr_part_open(&part, s, k % n_groups, score->values, NULL))
            rc = cdr_fails_memory(why);
        else if (!rc)
            rc = run_one(v, &part, i, why);
        else
            return rc;
        cdr_part_close(&part);
    }
    return rc;
}

static int adjust(struct intervals *v, struct cdr_failure *why)
{
    double *p = calloc(v->n, sizeof *p);
    int rc;

    if (!p)
        return cdr_fails_memory(why);
    for (size_t i = 0; i < v->n; i++)
        p[i] = v->outcomes[i].p_value;
    rc = cdr_analysis_adjust(&v->analysis, p, v->n, why);
    for (size_t i = 0; i < v->n; i++)
        v->outcomes[i].adjusted = p[i];
    free(p);
    return rc;
}

/* ---- results ---- */

/* Whether p-values have been asked for. */
static bool tests(const struct cdr_analysis *s)
{
    const struct cdr_resampling *d = &s->set->drawing;

    return d->has_null || d->test || d->adjust;
}

static bool add_row(const struct intervals *v, json_t *results, size_t i)
{
    const struct cdr_analysis *s = &v->analysis;
    const struct cdr_plot_row *row = &v->rows[i];
    const struct outcome *o = &v->outcomes[i];
    json_t *r = json_object();
    bool done;

    done =
        r &&
        (!o->group || json_object_set_new(r, "group", cdr_json_text(o->group)) == 0) &&
        json_object_set_new(r, "score", cdr_json_text(row->name)) == 0 &&
        cdr_analysis_add_metric(s, r, row->kind) &&
        json_object_set_new(r, "point", cdr_json_number(row->interval.point)) == 0 &&
        cdr_analysis_add_interval(s, r, &row->interval, v->set->method) &&
        (!tests(s) || cdr_analysis_add_p_value(s, r, o->p_value, o->adjusted)) &&
        json_array_append(results, r) == 0;
    json_decref(r);
    return done;
}

static json_t *make_records(const struct intervals *v)
{
    const struct cdr_analysis *s = &v->analysis;
    const int method = v->set->method;
    const bool single = method != CADRE_STUDENTIZED && !s->set->drawing.stratify &&
                        !s->set->drawing.cluster;
    int seeding = s->set->seeding ? s->set->seeding
                  : single        ? CADRE_SEEDING_SINGLE
                                  : CADRE_SEEDING_SPAWN;
    json_t *records = cdr_analysis_records(
        s, "bootstrap", cadre_interval_method_name(method), seeding, NULL, NULL);
    json_t *results = json_object_get(records, "results");
    bool done = records != NULL;

    for (size_t i = 0; i < v->n && done; i++)
        done = add_row(v, results, i);
    if (done)
        return records;
    json_decref(records);
    return NULL;
}

struct words {
    char rows[3 * CDR_SHOWN];
    char interval[100];
    char drawn[100];
};

static void make_words(struct words *w, const struct intervals *v)
{
    cdr_analysis_rows(w->rows, sizeof w->rows, &v->analysis);
    snprintf(w->interval, sizeof w->interval, "%g %% %s bootstrap intervals",
             100 * v->analysis.set->confidence, cdr_method_words(v->set->method));
    cdr_analysis_drawn(w->drawn, sizeof w->drawn, &v->analysis);
}

static int draw(struct intervals *v, const struct words *w, struct cdr_failure *why)
{
    struct cdr_analysis *s = &v->analysis;
    char footnote[500];
    struct cdr_plot_text text = { .title = w->interval,
                                  .file = cdr_analysis_file(s),
                                  .footnote = footnote,
                                  .threshold = s->set->threshold,
                                  .bins = (unsigned)s->set->bins,
                                  .prevalence = (double)s->data.positives /
                                                (double)s->data.rows };

    snprintf(footnote, sizeof footnote, "%s; %s", w->rows, w->drawn);
    return cdr_plot_forest(&s->plot, &text, v->rows, v->n, why);
}

static int show(struct intervals *v, struct cdr_failure *why)
{
    char heading[700];
    json_t *records = make_records(v);
    struct words w;
    int rc;

    if (!records)
        return cdr_fails_memory(why);
    make_words(&w, v);
    snprintf(heading, sizeof heading, "%s\n%s, %s\n", w.rows, w.interval, w.drawn);
    rc = draw(v, &w, why);
    if (!rc)
        rc = cdr_analysis_write(&v->analysis, records, heading, fields,
                                sizeof fields / sizeof fields[0], why);
    json_decref(records);
    return rc;
}

/* ---- the command ---- */

static int want_scores(struct cdr_wanted *wanted, const struct settings *set,
                       struct cdr_failure *why)
{
    const struct cdr_texts *scores = &set->scores;
    char shown[CDR_SHOWN];

    for (size_t i = 0; i < scores->n; i++) {
        if (strcmp(scores->at[i], "all") == 0)
            wanted->every_score = true;
        if (set->analysis.label && strcmp(scores->at[i], set->analysis.label) == 0)
            return cdr_fails(why, CDR_EXIT_USAGE, "--score %s is the column of labels",
                             cdr_quote(shown, scores->at[i]));
        for (size_t k = 0; k < i; k++)
            if (strcmp(scores->at[i], scores->at[k]) == 0)
                return cdr_fails(why, CDR_EXIT_USAGE, "--score %s is given twice",
                                 cdr_quote(shown, scores->at[i]));
    }
    if (wanted->every_score && scores->n > 1)
        return cdr_fails(why, CDR_EXIT_USAGE, "--score all stands alone");
    wanted->scores = scores->at;
    wanted->n_scores = scores->n;
    return 0;
}

static int run_analysis(struct intervals *v, struct cdr_failure *why)
{
    struct cdr_analysis *s = &v->analysis;
    int rc = want_scores(&s->wanted, v->set, why);

    if (!rc)
        rc = cdr_analysis_open(s, &v->set->analysis, "bootstrap", why);
    if (!rc)
        rc = cdr_plot_check(&s->plot, s->data.n_scores * cdr_analysis_groups(s),
                            s->n_kinds, why);
    if (rc)
        return rc;
    v->n = s->data.n_scores * cdr_analysis_groups(s) * s->n_kinds;
    v->rows = calloc(v->n, sizeof *v->rows);
    v->outcomes = calloc(v->n, sizeof *v->outcomes);
    if (!v->rows || !v->outcomes)
        return cdr_fails_memory(why);
    rc = run_all(v, why);
    if (!rc)
        rc = adjust(v, why);
    return rc ? rc : show(v, why);
}

static int run(const void *settings, struct cdr_failure *why)
{
    struct intervals v = { .set = settings };
    int rc = run_analysis(&v, why);

    free(v.rows);
    free(v.outcomes);
    cdr_analysis_close(&v.analysis);
    return rc;
}

const struct cdr_command cdr_cmd_bootstrap = {
    .name = "bootstrap",
    .summary = "confidence intervals of a classifier's metrics",
    .about =
        "Confidence intervals of classifiers' metrics, and of statistics of columns, by "
        "the bootstrap: "
        "rows are drawn with replacement, many times, and the metric of each resample "
        "shows how much the metric could have varied. One result for every score "
        "column and metric. Intervals agree with SciPy's.",
    .synopsis = "bootstrap FILE [--label COL] --score COL ... [options]",
    .groups = groups,
    .settings_size = sizeof(struct settings),
    .lists_metrics = true,
    .run = run,
};
