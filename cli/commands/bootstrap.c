/* bootstrap.c - cadre bootstrap: confidence intervals of metrics.
 * SPDX-License-Identifier: MIT
 */
#include "cli/commands/command.h"
#include "cli/commands/analysis.h"
#include "cli/commands/part.h"
#include "cli/base/text.h"

#include <stdlib.h>
#include <string.h>

static const struct cdr_option method_options[] = { CDR_METHOD_OPTION("bca"),
                                                    { .kind = CDR_END } };

static const struct cdr_group groups[] = {
    { "Data", cdr_analysis_data_options, 0 },
    { "Scores", cdr_analysis_score_options, 0 },
    { "Measuring", cdr_analysis_metric_options, 0 },
    { "Bootstrap", cdr_analysis_bootstrap_options, 0 },
    { "Interval", method_options, 0 },
    { "Rows", cdr_rows_options, offsetof(struct cdr_analysis_settings, drawing) },
    { "Resampling", cdr_resampling_options,
      offsetof(struct cdr_analysis_settings, drawing) },
    { "Testing", cdr_testing_options, offsetof(struct cdr_analysis_settings, drawing) },
    { "Running", cdr_pool_option_table, offsetof(struct cdr_analysis_settings, pool) },
    { "Output", cdr_analysis_output_options, 0 },
    { .title = NULL },
};

static const struct cdr_field fields[] = {
    CDR_FIELDS_OF_ALL,
    { .key = "group", .late = true, .title = "group", .rare = true },
    { .key = "score", .title = "score" },
    CDR_FIELDS_OF_METRIC,
    { .key = "point", .title = "point" },
    { .key = "low", .title = "low" },
    { .key = "high", .title = "high" },
    { .key = "standard_error", .title = "std error" },
    CDR_FIELDS_OF_ERROR,
    { .key = "p_value",
      .late = true,
      .title = "p",
      .rare = true,
      .plain = true,
      .brief = true },
    CDR_FIELD_ADJUSTED,
    { .key = "usable" },
    { .key = "degenerate", .title = "degenerate", .rare = true },
    { .key = "bias" },
    { .key = "acceleration" },
    { .key = "low_level" },
    { .key = "high_level" },
    CDR_FIELDS_AT_END,
};

/* ---- running ---- */

struct intervals {
    struct cdr_analysis analysis;
    size_t n;                     /* results */
    struct cdr_plot_row *rows;    /* n */
    struct cdr_outcome *outcomes; /* n */
};

static int run_one(struct intervals *v, const struct cdr_part *part, size_t i,
                   struct cdr_failure *why)
{
    struct cdr_plot_row *row = &v->rows[i];
    struct cdr_finding finding;
    cadre_error err;

    if (cdr_part_run(&finding, part, row->kind, v->analysis.set->method, row->name,
                     NULL, &err))
        return cdr_analysis_fails(&v->analysis, row->kind, row->name, &err, why);
    row->interval = finding.interval;
    v->outcomes[i].p_value = finding.p_value;
    v->outcomes[i].threshold[0] = finding.threshold[0];
    cdr_analysis_warn(&v->analysis, &row->interval, row->name, row->kind);
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
        const size_t score = k / n_groups;
        struct cdr_part part;

        v->rows[i].name = cdr_analysis_score(s, score);
        v->rows[i].kind = s->kinds[i % s->n_kinds];
        v->outcomes[i].group = v->rows[i].group = cdr_analysis_group(s, k % n_groups);
        rc = cdr_analysis_next(s, i, why);
        if (!rc && !cdr_part_open(&part, s, k % n_groups, score, CDR_NO_SCORE))
            rc = cdr_fails_memory(why);
        else if (!rc)
            rc = run_one(v, &part, i, why);
        else
            return rc;
        cdr_part_close(&part);
    }
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
    const struct cdr_outcome *o = &v->outcomes[i];
    json_t *r = json_object();
    bool done;

    done =
        r &&
        (!o->group || json_object_set_new(r, "group", cdr_json_text(o->group)) == 0) &&
        json_object_set_new(r, "score", cdr_json_text(row->name)) == 0 &&
        cdr_analysis_add_metric(s, r, row->kind) &&
        cdr_analysis_add_thresholds(s, r, o->threshold, 1) &&
        json_object_set_new(r, "point", cdr_json_number(row->interval.point)) == 0 &&
        cdr_analysis_add_interval(s, r, &row->interval) &&
        cdr_analysis_add_effect(s, r, &row->interval) &&
        (!tests(s) || cdr_analysis_add_p_value(s, r, o)) &&
        json_array_append(results, r) == 0;
    json_decref(r);
    return done;
}

static json_t *make_records(const struct intervals *v)
{
    const struct cdr_analysis *s = &v->analysis;
    const int method = s->set->method;
    const bool single = method != CADRE_STUDENTIZED && !s->set->drawing.stratify &&
                        !s->set->drawing.cluster;
    int seeding = s->set->seeding ? s->set->seeding
                  : single        ? CADRE_SEEDING_SINGLE
                                  : CADRE_SEEDING_SPAWN;
    json_t *records = cdr_analysis_records(s, "bootstrap", seeding, NULL, NULL);
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
    cdr_analysis_interval(w->interval, sizeof w->interval - 1, &v->analysis);
    strcat(w->interval, "s");
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
                                  .level = s->set->drawing.level,
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

static int run_analysis(struct intervals *v, const struct cdr_analysis_settings *set,
                        struct cdr_failure *why)
{
    struct cdr_analysis *s = &v->analysis;
    int rc = cdr_analysis_want_scores(s, set, why);

    if (!rc)
        rc = cdr_analysis_open(s, set, "bootstrap", why);
    if (!rc)
        rc = cdr_plot_check(&s->plot, cdr_analysis_scores(s) * cdr_analysis_groups(s),
                            s->n_kinds, why);
    if (rc)
        return rc;
    v->n = cdr_analysis_scores(s) * cdr_analysis_groups(s) * s->n_kinds;
    v->rows = calloc(v->n, sizeof *v->rows);
    v->outcomes = calloc(v->n, sizeof *v->outcomes);
    if (!v->rows || !v->outcomes)
        return cdr_fails_memory(why);
    rc = run_all(v, why);
    if (!rc)
        rc = cdr_analysis_adjust(s, v->outcomes, v->n, why);
    return rc ? rc : show(v, why);
}

static int run(const void *settings, struct cdr_failure *why)
{
    struct intervals v = { .n = 0 };
    int rc = run_analysis(&v, settings, why);

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
    .settings_size = sizeof(struct cdr_analysis_settings),
    .lists_metrics = true,
    .run = run,
};
