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

/* Every group and score with every metric, score by score. */
static size_t result_of(const struct intervals *v, size_t group, size_t score,
                        size_t metric)
{
    const struct cdr_analysis *s = &v->analysis;

    return (score * cdr_analysis_groups(s) + group) * s->n_kinds + metric;
}

static void name_results(struct intervals *v)
{
    const struct cdr_analysis *s = &v->analysis;
    const size_t n_groups = cdr_analysis_groups(s);

    for (size_t i = 0; i < v->n; i++) {
        const size_t k = i / s->n_kinds;
        v->rows[i].name = cdr_analysis_score(s, k / n_groups);
        v->rows[i].kind = s->kinds[i % s->n_kinds];
        v->outcomes[i].group = v->rows[i].group = cdr_analysis_group(s, k % n_groups);
    }
}

static void take(struct intervals *v, size_t i, const struct cdr_finding *finding)
{
    struct cdr_plot_row *row = &v->rows[i];

    row->interval = finding->interval;
    v->outcomes[i].p_value = finding->p_value;
    v->outcomes[i].threshold[0] = finding->threshold[0];
    cdr_analysis_warn(&v->analysis, &row->interval, row->name, row->kind);
}

/* ---- all of a group at once ---- */

struct together {
    struct cdr_finding *findings; /* of each result */
    double **replicates;          /* of each result; all NULL if nobody wants them */
    struct cdr_item *items;       /* of a group */
    struct cdr_finding *found;
    size_t failed; /* the first result that failed; v->n: none */
    cadre_error err;
};

static void together_close(struct together *t, size_t n)
{
    for (size_t i = 0; t->replicates && i < n; i++)
        free(t->replicates[i]);
    free(t->replicates);
    free(t->findings);
    free(t->items);
    free(t->found);
}

static bool together_open(struct together *t, const struct intervals *v)
{
    const uint64_t most = cdr_analysis_most(&v->analysis);

    *t = (struct together){ .findings = calloc(v->n, sizeof *t->findings),
                            .replicates = calloc(v->n, sizeof *t->replicates),
                            .items = calloc(v->n, sizeof *t->items),
                            .found = calloc(v->n, sizeof *t->found),
                            .failed = v->n };
    if (!t->findings || !t->replicates || !t->items || !t->found)
        return false;
    for (size_t i = 0; v->analysis.set->drawing.replicates && i < v->n; i++) {
        t->replicates[i] = calloc(most, sizeof *t->replicates[i]);
        if (!t->replicates[i])
            return false;
    }
    return true;
}

/* Columns are the part's own, the first of them, and copies. */
static bool list_items(struct together *t, const struct intervals *v,
                       const struct cdr_part *part, size_t group)
{
    const struct cdr_analysis *s = &v->analysis;
    bool good = true;

    for (size_t score = 0; score < cdr_analysis_scores(s); score++) {
        double *const column =
            score == 0 ? part->scores[0] : cdr_part_column(part, group, score);
        good = good && column;
        for (size_t k = 0; k < s->n_kinds; k++)
            t->items[score * s->n_kinds + k] =
                (struct cdr_item){ .score = cdr_analysis_score(s, score),
                                   .column = column,
                                   .kind = s->kinds[k],
                                   .replicates =
                                       t->replicates[result_of(v, group, score, k)] };
    }
    return good;
}

static void free_columns(const struct together *t, const struct intervals *v)
{
    const size_t n_kinds = v->analysis.n_kinds;

    for (size_t score = 1; score < cdr_analysis_scores(&v->analysis); score++)
        free(t->items[score * n_kinds].column);
}

/* A failure that is of no result is the end. */
static int run_group(struct together *t, struct intervals *v,
                     const struct cdr_part *part, size_t group, struct cdr_failure *why)
{
    struct cdr_analysis *s = &v->analysis;
    const size_t n = cdr_analysis_scores(s) * s->n_kinds;
    size_t failed = n;
    cadre_error err;

    const int rc =
        cdr_part_run_all(t->found, &failed, part, t->items, n, s->set->method, &err);
    if (rc && failed == n)
        return cdr_analysis_fails(s, s->kinds[0], NULL, &err, why);
    for (size_t k = 0; k < n; k++) {
        const size_t i = result_of(v, group, k / s->n_kinds, k % s->n_kinds);
        t->findings[i] = t->found[k];
        if (k != failed || i >= t->failed)
            continue;
        t->failed = i;
        t->err = err;
    }
    return 0;
}

/* As if all had been run one after another. */
static int take_all(const struct together *t, struct intervals *v,
                    struct cdr_failure *why)
{
    struct cdr_analysis *s = &v->analysis;

    for (size_t i = 0; i < v->n; i++) {
        const struct cdr_plot_row *row = &v->rows[i];
        const cadre_interval *x = &t->findings[i].interval;
        if (i == t->failed) {
            s->group = row->group;
            return cdr_analysis_fails(s, row->kind, row->name, &t->err, why);
        }
        take(v, i, &t->findings[i]);
        if (t->replicates[i])
            cdr_part_write(s, row->group, row->name, row->kind, t->replicates[i],
                           x->resamples + x->degenerate);
    }
    return 0;
}

static int run_together(struct intervals *v, struct cdr_failure *why)
{
    struct cdr_analysis *s = &v->analysis;
    const size_t n_groups = cdr_analysis_groups(s);
    struct together t;
    int rc = together_open(&t, v) ? 0 : cdr_fails_memory(why);

    s->progress.parts = n_groups;
    for (size_t group = 0; group < n_groups && !rc; group++) {
        struct cdr_part part;
        rc = cdr_analysis_next(s, group, why);
        if (rc)
            break;
        if (!cdr_part_open(&part, s, group, 0, CDR_NO_SCORE) ||
            !list_items(&t, v, &part, group))
            rc = cdr_fails_memory(why);
        else
            rc = run_group(&t, v, &part, group, why);
        free_columns(&t, v);
        memset(t.items, 0, v->n * sizeof *t.items);
        cdr_part_close(&part);
    }
    if (!rc)
        rc = take_all(&t, v, why);
    together_close(&t, v->n);
    return rc;
}

/* ---- one by one ---- */

static int run_one(struct intervals *v, const struct cdr_part *part, size_t i,
                   struct cdr_failure *why)
{
    const struct cdr_plot_row *row = &v->rows[i];
    struct cdr_finding finding;
    cadre_error err;

    if (cdr_part_run(&finding, part, row->kind, v->analysis.set->method, row->name,
                     NULL, &err))
        return cdr_analysis_fails(&v->analysis, row->kind, row->name, &err, why);
    take(v, i, &finding);
    return 0;
}

static int run_in_turn(struct intervals *v, struct cdr_failure *why)
{
    struct cdr_analysis *s = &v->analysis;
    const size_t n_groups = cdr_analysis_groups(s);
    int rc = 0;

    s->progress.parts = v->n;
    for (size_t i = 0; i < v->n && rc == 0; i++) {
        const size_t k = i / s->n_kinds;
        struct cdr_part part;

        rc = cdr_analysis_next(s, i, why);
        if (!rc && !cdr_part_open(&part, s, k % n_groups, k / n_groups, CDR_NO_SCORE))
            rc = cdr_fails_memory(why);
        else if (!rc)
            rc = run_one(v, &part, i, why);
        else
            return rc;
        cdr_part_close(&part);
    }
    return rc;
}

static int run_all(struct intervals *v, struct cdr_failure *why)
{
    name_results(v);
    return cdr_part_can_run_all(&v->analysis) ? run_together(v, why)
                                              : run_in_turn(v, why);
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
