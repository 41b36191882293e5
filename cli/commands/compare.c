/* compare.c - cadre compare: is score b better than score a?
 * SPDX-License-Identifier: MIT
 */
#include "cli/commands/command.h"
#include "cli/commands/analysis.h"
#include "cli/base/text.h"

#include <stdlib.h>
#include <string.h>

struct settings {
    struct cdr_analysis_settings analysis;
    const char *a, *b;
};

static const struct cdr_option score_options[] = {
    { .kind = CDR_TEXT,
      .letter = 'a',
      .required = true,
      .name = "a",
      .value = "COL",
      .offset = offsetof(struct settings, a),
      .suggest = CDR_COLUMNS,
      .help = "the column of the first scores" },
    { .kind = CDR_TEXT,
      .letter = 'b',
      .required = true,
      .name = "b",
      .value = "COL",
      .offset = offsetof(struct settings, b),
      .suggest = CDR_COLUMNS,
      .help = "the column of the second scores; differences are b - a" },
    { .kind = CDR_END },
};

static const struct cdr_group groups[] = {
    { "Data", cdr_analysis_data_options, offsetof(struct settings, analysis) },
    { "Scores", score_options, 0 },
    { "Bootstrap", cdr_analysis_bootstrap_options,
      offsetof(struct settings, analysis) },
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
    { .key = "a" },
    { .key = "b" },
    { .key = "metric", .title = "metric" },
    { .key = "threshold", .title = "threshold", .rare = true, .plain = true },
    { .key = "bins", .title = "bins", .rare = true },
    { .key = "point_a", .title = "a" },
    { .key = "point_b", .title = "b" },
    { .key = "difference", .title = "b - a" },
    { .key = "low", .title = "low" },
    { .key = "high", .title = "high" },
    { .key = "standard_error", .title = "std error" },
    { .key = "contains_zero", .title = "contains 0" },
    { .key = "usable" },
    { .key = "degenerate", .title = "degenerate", .rare = true },
    { .key = "positive" },
};

/* What came of one metric; the plot's row points to the replicates. */
struct outcome {
    double a, b;
    double *replicates;
};

struct comparison {
    struct cdr_analysis analysis;
    const struct settings *set;
    struct cdr_plot_row *rows; /* one a metric */
    struct outcome *outcomes;
};

/* ---- running ---- */

static int measure(struct comparison *c, size_t i, struct cdr_failure *why)
{
    const struct cdr_data *d = &c->analysis.data;
    const cadre_bootstrap b = cdr_analysis_bootstrap(&c->analysis, c->rows[i].kind);
    double *points[] = { &c->outcomes[i].a, &c->outcomes[i].b };
    cadre_error err;

    for (size_t k = 0; k < 2; k++) {
        if (cadre_metric_value(points[k], &b.metric, d->labels, d->scores[k].values,
                               d->rows, &err) == CADRE_OK)
            continue;
        return cdr_analysis_fails(&c->analysis, c->rows[i].kind, d->scores[k].name,
                                  &err, why);
    }
    return 0;
}

static int run_one(struct comparison *c, size_t i, struct cdr_failure *why)
{
    struct cdr_analysis *s = &c->analysis;
    cadre_bootstrap b = cdr_analysis_bootstrap(s, c->rows[i].kind);
    cadre_error err;

    if (s->set->plot) {
        b.replicates = calloc(b.resamples, sizeof *b.replicates);
        if (!b.replicates)
            return cdr_fails_memory(why);
        c->outcomes[i].replicates = b.replicates;
        c->rows[i].replicates = b.replicates;
        c->rows[i].n = b.resamples;
    }
    if (cadre_bootstrap_difference(&c->rows[i].interval, s->pool, &b,
                                   s->data.scores[0].values, s->data.scores[1].values,
                                   &err))
        return cdr_analysis_fails(s, c->rows[i].kind, NULL, &err, why);
    return 0;
}

static int run_all(struct comparison *c, struct cdr_failure *why)
{
    struct cdr_analysis *s = &c->analysis;
    int rc = 0;

    s->progress.parts = s->n_kinds;
    for (size_t i = 0; i < s->n_kinds && rc == 0; i++) {
        c->rows[i].kind = s->kinds[i];
        rc = measure(c, i, why);
        if (!rc)
            rc = cdr_analysis_next(s, i, why);
        if (!rc)
            rc = run_one(c, i, why);
    }
    return rc;
}

/* ---- results ---- */

static bool add_row(const struct comparison *c, json_t *results, size_t i)
{
    const cadre_interval *x = &c->rows[i].interval;
    json_t *r = json_object(), *numbers;
    bool done;

    numbers = json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:o, s:o}", "point_a",
        cdr_json_number(c->outcomes[i].a), "point_b", cdr_json_number(c->outcomes[i].b),
        "difference", cdr_json_number(x->point), "low", cdr_json_number(x->low), "high",
        cdr_json_number(x->high), "standard_error", cdr_json_number(x->standard_error),
        "contains_zero", x->low <= 0 && x->high >= 0, "usable",
        cdr_json_count(x->resamples), "degenerate", cdr_json_count(x->degenerate));
    done = r && numbers && cdr_analysis_add_metric(&c->analysis, r, c->rows[i].kind) &&
           json_object_update(r, numbers) == 0 && json_array_append(results, r) == 0;
    json_decref(r);
    json_decref(numbers);
    return done;
}

static json_t *make_records(const struct comparison *c)
{
    const struct cdr_analysis *s = &c->analysis;
    int seeding = s->set->seeding ? s->set->seeding : CADRE_SEEDING_SPAWN;
    json_t *records =
        cdr_analysis_records(s, "compare", "percentile", seeding, c->set->a, c->set->b);
    json_t *results = json_object_get(records, "results");
    bool done = records != NULL;

    for (size_t i = 0; i < s->n_kinds && done; i++)
        done = add_row(c, results, i);
    if (done)
        return records;
    json_decref(records);
    return NULL;
}

struct words {
    char interval[100];
    char rows[3 * CDR_SHOWN];
    char drawn[100];
};

static void make_words(struct words *w, const struct cdr_analysis *s)
{
    snprintf(w->interval, sizeof w->interval, "%g %% percentile bootstrap interval",
             100 * s->set->confidence);
    cdr_analysis_rows(w->rows, sizeof w->rows, s);
    cdr_analysis_drawn(w->drawn, sizeof w->drawn, s);
}

static int draw(struct comparison *c, const struct words *w, struct cdr_failure *why)
{
    char footnote[500];
    struct cdr_plot_text text = { .title = w->interval,
                                  .file = cdr_analysis_file(&c->analysis),
                                  .footnote = footnote,
                                  .a = c->set->a,
                                  .b = c->set->b,
                                  .threshold = c->analysis.set->threshold,
                                  .bins = (unsigned)c->analysis.set->bins };

    snprintf(footnote, sizeof footnote, "%s; %s", w->rows, w->drawn);
    return cdr_plot_differences(&c->analysis.plot, &text, c->rows, c->analysis.n_kinds,
                                why);
}

static int show(struct comparison *c, struct cdr_failure *why)
{
    char heading[900], a[CDR_SHOWN], b[CDR_SHOWN];
    json_t *records = make_records(c);
    struct words w;
    int rc;

    if (!records)
        return cdr_fails_memory(why);
    make_words(&w, &c->analysis);
    snprintf(heading, sizeof heading,
             "%s\na is %s, b is %s\n%s of b - a on the same rows, %s\n", w.rows,
             cdr_quote(a, c->set->a), cdr_quote(b, c->set->b), w.interval, w.drawn);
    rc = draw(c, &w, why);
    if (!rc)
        rc = cdr_analysis_write(&c->analysis, records, heading, fields,
                                sizeof fields / sizeof fields[0], why);
    json_decref(records);
    return rc;
}

/* ---- the command ---- */

static int check_columns(const struct settings *set, struct cdr_failure *why)
{
    char shown[CDR_SHOWN];
    const char *label = set->analysis.label;

    if (strcmp(set->a, set->b) == 0)
        return cdr_fails(why, CDR_EXIT_USAGE, "--a and --b are the same column, %s",
                         cdr_quote(shown, set->a));
    if (strcmp(set->a, label) == 0 || strcmp(set->b, label) == 0)
        return cdr_fails(why, CDR_EXIT_USAGE, "--%s %s is the column of labels",
                         strcmp(set->a, label) == 0 ? "a" : "b",
                         cdr_quote(shown, label));
    return 0;
}

static int run_comparison(struct comparison *c, struct cdr_failure *why)
{
    struct cdr_analysis *s = &c->analysis;
    const char *const scores[] = { c->set->a, c->set->b };
    int rc = check_columns(c->set, why);

    s->wanted.scores = scores;
    s->wanted.n_scores = 2;
    if (!rc)
        rc = cdr_analysis_open(s, &c->set->analysis, "compare", why);
    if (rc)
        return rc;
    c->rows = calloc(s->n_kinds, sizeof *c->rows);
    c->outcomes = calloc(s->n_kinds, sizeof *c->outcomes);
    if (!c->rows || !c->outcomes)
        return cdr_fails_memory(why);
    rc = run_all(c, why);
    return rc ? rc : show(c, why);
}

static int run(const void *settings, struct cdr_failure *why)
{
    struct comparison c = { .set = settings };
    int rc = run_comparison(&c, why);

    for (size_t i = 0; c.outcomes && i < c.analysis.n_kinds; i++)
        free(c.outcomes[i].replicates);
    free(c.outcomes);
    free(c.rows);
    cdr_analysis_close(&c.analysis);
    return rc;
}

const struct cdr_command cdr_cmd_compare = {
    .name = "compare",
    .summary = "the difference between two scores on the same rows",
    .about =
        "The difference of a metric between two columns of scores, b - a, with its "
        "percentile interval. Both are measured on the same resamples, so that what "
        "they have in common cancels out. If the interval excludes 0, the scores "
        "differ at that confidence level.",
    .synopsis = "compare FILE --label COL --a COL --b COL [options]",
    .groups = groups,
    .settings_size = sizeof(struct settings),
    .lists_metrics = true,
    .run = run,
};
