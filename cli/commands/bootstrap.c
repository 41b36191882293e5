/* bootstrap.c - cadre bootstrap: confidence intervals of metrics.
 * SPDX-License-Identifier: MIT
 */
#include "cli/commands/command.h"
#include "cli/commands/analysis.h"
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
      .value = "percentile|basic|bca",
      .offset = offsetof(struct settings, method),
      .initial = "percentile",
      .help = "how to make the interval from the resamples" },
    { .kind = CDR_END },
};

static const struct cdr_group groups[] = {
    { "Data", cdr_analysis_data_options, offsetof(struct settings, analysis) },
    { "Scores", score_options, 0 },
    { "Bootstrap", cdr_analysis_bootstrap_options,
      offsetof(struct settings, analysis) },
    { "Interval", method_options, 0 },
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
    { .key = "score", .title = "score" },
    { .key = "metric", .title = "metric" },
    { .key = "threshold", .title = "threshold", .rare = true, .plain = true },
    { .key = "bins", .title = "bins", .rare = true },
    { .key = "point", .title = "point" },
    { .key = "low", .title = "low" },
    { .key = "high", .title = "high" },
    { .key = "standard_error", .title = "std error" },
    { .key = "usable" },
    { .key = "degenerate", .title = "degenerate", .rare = true },
    { .key = "bias" },
    { .key = "acceleration" },
    { .key = "low_level" },
    { .key = "high_level" },
    { .key = "positive" },
};

static const char *const method_names[] = { "percentile", "basic", "bca" };
static const char *const method_words[] = { "percentile", "basic", "BCa" };

/* ---- running ---- */

static int run_one(struct cdr_analysis *s, const struct settings *set,
                   struct cdr_plot_row *row, const double *scores,
                   struct cdr_failure *why)
{
    cadre_bootstrap b = cdr_analysis_bootstrap(s, row->kind);
    cadre_error err;

    if (cadre_bootstrap_interval(&row->interval, s->pool, &b, scores, set->method,
                                 &err) == CADRE_OK)
        return 0;
    return cdr_analysis_fails(s, row->kind, row->name, &err, why);
}

/* Every score with every metric, score by score. */
static int run_all(struct cdr_analysis *s, const struct settings *set,
                   struct cdr_plot_row *rows, struct cdr_failure *why)
{
    size_t n = s->data.n_scores * s->n_kinds;
    int rc = 0;

    s->progress.parts = n;
    for (size_t i = 0; i < n && rc == 0; i++) {
        const struct cdr_column *score = &s->data.scores[i / s->n_kinds];

        rows[i].name = score->name;
        rows[i].kind = s->kinds[i % s->n_kinds];
        rc = cdr_analysis_next(s, i, why);
        if (!rc)
            rc = run_one(s, set, &rows[i], score->values, why);
    }
    return rc;
}

/* ---- results ---- */

static bool add_row(const struct cdr_analysis *s, json_t *results, int method,
                    const struct cdr_plot_row *row)
{
    const cadre_interval *x = &row->interval;
    json_t *r = json_pack("{s:o}", "score", cdr_json_text(row->name));
    json_t *numbers, *bca = NULL;
    bool done;

    numbers = json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o}", "point", cdr_json_number(x->point), "low",
        cdr_json_number(x->low), "high", cdr_json_number(x->high), "standard_error",
        cdr_json_number(x->standard_error), "usable", cdr_json_count(x->resamples),
        "degenerate", cdr_json_count(x->degenerate));
    if (method == CADRE_BCA)
        bca = json_pack("{s:o, s:o, s:o, s:o}", "bias", cdr_json_number(x->bias),
                        "acceleration", cdr_json_number(x->acceleration), "low_level",
                        cdr_json_number(x->low_level), "high_level",
                        cdr_json_number(x->high_level));
    done = r && numbers && (bca || method != CADRE_BCA) &&
           cdr_analysis_add_metric(s, r, row->kind) &&
           json_object_update(r, numbers) == 0 &&
           (!bca || json_object_update(r, bca) == 0) &&
           json_array_append(results, r) == 0;
    json_decref(r);
    json_decref(numbers);
    json_decref(bca);
    return done;
}

static json_t *make_records(const struct cdr_analysis *s, const struct settings *set,
                            const struct cdr_plot_row *rows)
{
    int seeding = s->set->seeding ? s->set->seeding : CADRE_SEEDING_SINGLE;
    json_t *records = cdr_analysis_records(s, "bootstrap", method_names[set->method],
                                           seeding, NULL, NULL);
    json_t *results = json_object_get(records, "results");
    bool done = records != NULL;

    for (size_t i = 0; i < s->data.n_scores * s->n_kinds && done; i++)
        done = add_row(s, results, set->method, &rows[i]);
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

static void make_words(struct words *w, const struct cdr_analysis *s,
                       const struct settings *set)
{
    cdr_analysis_rows(w->rows, sizeof w->rows, s);
    snprintf(w->interval, sizeof w->interval, "%g %% %s bootstrap intervals",
             100 * s->set->confidence, method_words[set->method]);
    cdr_analysis_drawn(w->drawn, sizeof w->drawn, s);
}

static int draw(struct cdr_analysis *s, const struct words *w,
                const struct cdr_plot_row *rows, struct cdr_failure *why)
{
    char footnote[500];
    struct cdr_plot_text text = { .title = w->interval,
                                  .file = cdr_analysis_file(s),
                                  .footnote = footnote,
                                  .threshold = s->set->threshold,
                                  .bins = (unsigned)s->set->bins,
                                  .prevalence = (double)s->data.positives /
                                                (double)s->data.rows };

    snprintf(footnote, sizeof footnote, "%s; %s", w->rows, w->drawn);
    return cdr_plot_forest(&s->plot, &text, rows, s->data.n_scores * s->n_kinds, why);
}

static int show(struct cdr_analysis *s, const struct settings *set,
                const struct cdr_plot_row *rows, struct cdr_failure *why)
{
    char heading[700];
    json_t *records = make_records(s, set, rows);
    struct words w;
    int rc;

    if (!records)
        return cdr_fails_memory(why);
    make_words(&w, s, set);
    snprintf(heading, sizeof heading, "%s\n%s, %s\n", w.rows, w.interval, w.drawn);
    rc = draw(s, &w, rows, why);
    if (!rc)
        rc = cdr_analysis_write(s, records, heading, fields,
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
        if (strcmp(scores->at[i], set->analysis.label) == 0)
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

static int run_analysis(struct cdr_analysis *s, const struct settings *set,
                        struct cdr_failure *why)
{
    struct cdr_plot_row *rows = NULL;
    int rc = want_scores(&s->wanted, set, why);

    if (!rc)
        rc = cdr_analysis_open(s, &set->analysis, "bootstrap", why);
    if (!rc)
        rc = cdr_plot_check(&s->plot, s->data.n_scores, s->n_kinds, why);
    if (rc)
        return rc;
    rows = calloc(s->data.n_scores * s->n_kinds, sizeof *rows);
    if (!rows)
        return cdr_fails_memory(why);
    rc = run_all(s, set, rows, why);
    if (!rc)
        rc = show(s, set, rows, why);
    free(rows);
    return rc;
}

static int run(const void *settings, struct cdr_failure *why)
{
    struct cdr_analysis s = { 0 };
    int rc = run_analysis(&s, settings, why);

    cdr_analysis_close(&s);
    return rc;
}

const struct cdr_command cdr_cmd_bootstrap = {
    .name = "bootstrap",
    .summary = "confidence intervals of a classifier's metrics",
    .about =
        "Confidence intervals of metrics of binary classifiers by the bootstrap: "
        "rows are drawn with replacement, many times, and the metric of each resample "
        "shows how much the metric could have varied. One result for every score "
        "column and metric. Intervals agree with SciPy's.",
    .synopsis = "bootstrap FILE --label COL --score COL [--score COL ...] [options]",
    .groups = groups,
    .settings_size = sizeof(struct settings),
    .lists_metrics = true,
    .run = run,
};
