/* compare.c - cadre compare: is score b better than score a?
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
    const char *a, *b;
    int method; /* an enum cadre_interval_method */
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

static const struct cdr_option method_options[] = {
    { .kind = CDR_WORD,
      .name = "method",
      .value = "percentile|basic|bca|normal|studentized",
      .offset = offsetof(struct settings, method),
      .initial = "percentile",
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
    { .key = "a" },
    { .key = "b" },
    { .key = "group", .late = true, .title = "group", .rare = true },
    { .key = "metric", .title = "metric" },
    { .key = "threshold", .title = "threshold", .rare = true, .plain = true },
    { .key = "bins", .title = "bins", .rare = true },
    { .key = "level", .late = true, .title = "level", .rare = true, .plain = true },
    { .key = "point_a", .title = "a" },
    { .key = "point_b", .title = "b" },
    { .key = "difference", .title = "b - a" },
    { .key = "low", .title = "low" },
    { .key = "high", .title = "high" },
    { .key = "standard_error", .title = "std error" },
    { .key = "contains_zero", .title = "contains 0" },
    { .key = "instead", .late = true, .title = "by", .rare = true },
    { .key = "monte_carlo_error",
      .late = true,
      .title = "MC error",
      .rare = true,
      .plain = true,
      .brief = true },
    { .key = "p_value", .late = true, .title = "p", .plain = true, .brief = true },
    { .key = "adjusted_p_value",
      .late = true,
      .title = "adjusted p",
      .rare = true,
      .plain = true,
      .brief = true },
    { .key = "usable" },
    { .key = "degenerate", .title = "degenerate", .rare = true },
    { .key = "bias", .late = true },
    { .key = "acceleration", .late = true },
    { .key = "low_level", .late = true },
    { .key = "high_level", .late = true },
    { .key = "low_error", .late = true },
    { .key = "high_error", .late = true },
    { .key = "bca_undefined", .late = true },
    { .key = "positive", .late = true },
};

/* What came of one group and metric; the plot's row points to the replicates. */
struct outcome {
    const char *group; /* NULL: all rows */
    double a, b, p_value, adjusted;
    double *replicates;
};

struct comparison {
    struct cdr_analysis analysis;
    const struct settings *set;
    size_t n;                  /* results: groups times metrics */
    struct cdr_plot_row *rows; /* n */
    struct outcome *outcomes;  /* n */
};

/* ---- running ---- */

static int measure(struct comparison *c, const struct cdr_part *part, size_t i,
                   struct cdr_failure *why)
{
    struct cdr_analysis *s = &c->analysis;
    double *points[] = { &c->outcomes[i].a, &c->outcomes[i].b };
    cadre_error err;

    for (unsigned k = 0; k < 2; k++)
        if (cdr_part_measure(points[k], part, c->rows[i].kind, k, &err))
            return cdr_analysis_fails(s, c->rows[i].kind, s->data.scores[k].name, &err,
                                      why);
    return 0;
}

static int run_one(struct comparison *c, const struct cdr_part *part, size_t i,
                   struct cdr_failure *why)
{
    struct cdr_analysis *s = &c->analysis;
    struct outcome *o = &c->outcomes[i];
    struct cdr_finding finding;
    cadre_error err;

    if (s->set->plot) {
        o->replicates = calloc(cdr_analysis_most(s), sizeof *o->replicates);
        if (!o->replicates)
            return cdr_fails_memory(why);
        c->rows[i].replicates = o->replicates;
    }
    if (cdr_part_run(&finding, part, c->rows[i].kind, c->set->method, "b - a",
                     o->replicates, &err))
        return cdr_analysis_fails(s, c->rows[i].kind, NULL, &err, why);
    c->rows[i].interval = finding.interval;
    c->rows[i].n = finding.interval.resamples + finding.interval.degenerate;
    o->p_value = finding.p_value;
    cdr_analysis_warn(s, &finding.interval, c->set->method, "b - a", c->rows[i].kind);
    return 0;
}

static int run_all(struct comparison *c, struct cdr_failure *why)
{
    struct cdr_analysis *s = &c->analysis;
    int rc = 0;

    s->progress.parts = c->n;
    for (size_t i = 0; i < c->n && rc == 0; i++) {
        struct cdr_part part;

        c->rows[i].kind = s->kinds[i % s->n_kinds];
        c->outcomes[i].group = cdr_analysis_group(s, i / s->n_kinds);
        if (!cdr_part_open(&part, s, i / s->n_kinds, s->data.scores[0].values,
                           s->data.scores[1].values))
            rc = cdr_fails_memory(why);
        if (!rc)
            rc = measure(c, &part, i, why);
        if (!rc)
            rc = cdr_analysis_next(s, i, why);
        if (!rc)
            rc = run_one(c, &part, i, why);
        cdr_part_close(&part);
    }
    return rc;
}

static int adjust(struct comparison *c, struct cdr_failure *why)
{
    double *p = calloc(c->n, sizeof *p);
    int rc;

    if (!p)
        return cdr_fails_memory(why);
    for (size_t i = 0; i < c->n; i++)
        p[i] = c->outcomes[i].p_value;
    rc = cdr_analysis_adjust(&c->analysis, p, c->n, why);
    for (size_t i = 0; i < c->n; i++)
        c->outcomes[i].adjusted = p[i];
    free(p);
    return rc;
}

/* ---- results ---- */

static bool add_row(const struct comparison *c, json_t *results, size_t i)
{
    const struct cdr_analysis *s = &c->analysis;
    const cadre_interval *x = &c->rows[i].interval;
    const struct outcome *o = &c->outcomes[i];
    json_t *r = json_object();
    bool done;

    done =
        r &&
        (!o->group || json_object_set_new(r, "group", cdr_json_text(o->group)) == 0) &&
        cdr_analysis_add_metric(s, r, c->rows[i].kind) &&
        json_object_set_new(r, "point_a", cdr_json_number(o->a)) == 0 &&
        json_object_set_new(r, "point_b", cdr_json_number(o->b)) == 0 &&
        json_object_set_new(r, "difference", cdr_json_number(x->point)) == 0 &&
        cdr_analysis_add_interval(s, r, x, c->set->method) &&
        json_object_set_new(r, "contains_zero",
                            json_boolean(x->low <= 0 && x->high >= 0)) == 0 &&
        cdr_analysis_add_p_value(s, r, o->p_value, o->adjusted) &&
        json_array_append(results, r) == 0;
    json_decref(r);
    return done;
}

static json_t *make_records(const struct comparison *c)
{
    const struct cdr_analysis *s = &c->analysis;
    const int method = c->set->method;
    int seeding = s->set->seeding         ? s->set->seeding
                  : s->set->drawing.block ? CADRE_SEEDING_SINGLE
                                          : CADRE_SEEDING_SPAWN;
    json_t *records =
        cdr_analysis_records(s, "compare", cadre_interval_method_name(method), seeding,
                             c->set->a, c->set->b);
    json_t *results = json_object_get(records, "results");
    bool done = records != NULL;

    for (size_t i = 0; i < c->n && done; i++)
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

static void make_words(struct words *w, const struct comparison *c)
{
    const struct cdr_analysis *s = &c->analysis;

    snprintf(w->interval, sizeof w->interval, "%g %% %s bootstrap interval",
             100 * s->set->confidence, cdr_method_words(c->set->method));
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
    return cdr_plot_differences(&c->analysis.plot, &text, c->rows, c->n, why);
}

static int show(struct comparison *c, struct cdr_failure *why)
{
    char heading[900], a[CDR_SHOWN], b[CDR_SHOWN];
    json_t *records = make_records(c);
    struct words w;
    int rc;

    if (!records)
        return cdr_fails_memory(why);
    make_words(&w, c);
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
    if (label && (strcmp(set->a, label) == 0 || strcmp(set->b, label) == 0))
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
    c->n = cdr_analysis_groups(s) * s->n_kinds;
    c->rows = calloc(c->n, sizeof *c->rows);
    c->outcomes = calloc(c->n, sizeof *c->outcomes);
    if (!c->rows || !c->outcomes)
        return cdr_fails_memory(why);
    rc = run_all(c, why);
    if (!rc)
        rc = adjust(c, why);
    return rc ? rc : show(c, why);
}

static int run(const void *settings, struct cdr_failure *why)
{
    struct comparison c = { .set = settings };
    int rc = run_comparison(&c, why);

    for (size_t i = 0; c.outcomes && i < c.n; i++)
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
    .synopsis = "compare FILE [--label COL] --a COL --b COL [options]",
    .groups = groups,
    .settings_size = sizeof(struct settings),
    .lists_metrics = true,
    .run = run,
};
