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

static const struct cdr_option method_options[] = { CDR_METHOD_OPTION("percentile"),
                                                    { .kind = CDR_END } };

static const struct cdr_group groups[] = {
    { "Data", cdr_analysis_data_options, offsetof(struct settings, analysis) },
    { "Scores", score_options, 0 },
    { "Measuring", cdr_analysis_metric_options, offsetof(struct settings, analysis) },
    { "Bootstrap", cdr_analysis_bootstrap_options,
      offsetof(struct settings, analysis) },
    { "Interval", method_options, offsetof(struct settings, analysis) },
    { "Rows", cdr_rows_options, offsetof(struct settings, analysis.drawing) },
    { "Resampling", cdr_resampling_options,
      offsetof(struct settings, analysis.drawing) },
    { "Testing", cdr_testing_options, offsetof(struct settings, analysis.drawing) },
    { "Running", cdr_pool_option_table, offsetof(struct settings, analysis.pool) },
    { "Output", cdr_analysis_output_options, offsetof(struct settings, analysis) },
    { .title = NULL },
};

static const struct cdr_field fields[] = {
    CDR_FIELDS_OF_ALL,
    { .key = "a" },
    { .key = "b" },
    { .key = "group", .late = true, .title = "group", .rare = true },
    CDR_FIELDS_OF_METRIC,
    { .key = "threshold_a",
      .late = true,
      .title = "at a",
      .rare = true,
      .plain = true },
    { .key = "threshold_b",
      .late = true,
      .title = "at b",
      .rare = true,
      .plain = true },
    { .key = "point_a", .title = "a" },
    { .key = "point_b", .title = "b" },
    { .key = "difference", .title = "b - a" },
    { .key = "low", .title = "low" },
    { .key = "high", .title = "high" },
    { .key = "standard_error", .title = "std error" },
    { .key = "contains_zero", .title = "contains 0" },
    CDR_FIELDS_OF_ERROR,
    { .key = "p_value", .late = true, .title = "p", .plain = true, .brief = true },
    CDR_FIELD_ADJUSTED,
    { .key = "usable" },
    { .key = "degenerate", .title = "degenerate", .rare = true },
    { .key = "bias", .late = true },
    { .key = "acceleration", .late = true },
    { .key = "low_level", .late = true },
    { .key = "high_level", .late = true },
    CDR_FIELDS_AT_END,
};

/* Of one group and metric, of either column; the plot's row points to the replicates. */
struct pair {
    double a, b;
    double *replicates;
};

struct comparison {
    struct cdr_analysis analysis;
    const struct settings *set;
    size_t n;                     /* results: groups times metrics */
    struct cdr_plot_row *rows;    /* n */
    struct cdr_outcome *outcomes; /* n */
    struct pair *pairs;           /* n */
};

/* ---- running ---- */

static int measure(struct comparison *c, const struct cdr_part *part, size_t i,
                   struct cdr_failure *why)
{
    struct cdr_analysis *s = &c->analysis;
    double *points[] = { &c->pairs[i].a, &c->pairs[i].b };
    cadre_error err;

    for (unsigned k = 0; k < 2; k++)
        if (cdr_part_measure(points[k], part, c->rows[i].kind, k, &err))
            return cdr_analysis_fails(s, c->rows[i].kind, cdr_analysis_score(s, k),
                                      &err, why);
    return 0;
}

static void take(struct comparison *c, size_t i, const struct cdr_finding *finding)
{
    c->rows[i].interval = finding->interval;
    c->rows[i].n = finding->interval.resamples + finding->interval.degenerate;
    c->outcomes[i].p_value = finding->p_value;
    for (unsigned k = 0; k < 2; k++)
        c->outcomes[i].threshold[k] = finding->threshold[k];
    cdr_analysis_warn(&c->analysis, &finding->interval, "b - a", c->rows[i].kind);
}

static bool make_room(struct comparison *c, size_t i)
{
    struct pair *pair = &c->pairs[i];

    pair->replicates = calloc(cdr_analysis_most(&c->analysis), sizeof(double));
    if (c->analysis.set->plot)
        c->rows[i].replicates = pair->replicates;
    return pair->replicates != NULL;
}

static int run_one(struct comparison *c, const struct cdr_part *part, size_t i,
                   struct cdr_failure *why)
{
    struct cdr_analysis *s = &c->analysis;
    struct cdr_finding finding;
    cadre_error err;

    if (s->set->plot && !make_room(c, i))
        return cdr_fails_memory(why);
    if (cdr_part_run(&finding, part, c->rows[i].kind, s->set->method, "b - a",
                     c->pairs[i].replicates, &err))
        return cdr_analysis_fails(s, c->rows[i].kind, NULL, &err, why);
    take(c, i, &finding);
    return 0;
}

/* Every metric, from result `first` on. */
static int run_in_turn(struct comparison *c, const struct cdr_part *part, size_t first,
                       struct cdr_failure *why)
{
    struct cdr_analysis *s = &c->analysis;
    int rc = 0;

    for (size_t i = first; i < first + s->n_kinds && rc == 0; i++) {
        rc = measure(c, part, i, why);
        if (!rc)
            rc = cdr_analysis_next(s, i, why);
        if (!rc)
            rc = run_one(c, part, i, why);
    }
    return rc;
}

/* What came of all metrics; `failed` is the number of the first that failed. */
static int take_all(struct comparison *c, const struct cdr_part *part, size_t first,
                    const struct cdr_finding *findings, size_t failed,
                    const cadre_error *err, struct cdr_failure *why)
{
    struct cdr_analysis *s = &c->analysis;
    int rc = 0;

    for (size_t k = 0; k < s->n_kinds && rc == 0; k++) {
        const size_t i = first + k;
        const int kind = c->rows[i].kind;
        rc = measure(c, part, i, why);
        if (!rc && k == failed)
            rc = cdr_analysis_fails(s, kind, NULL, err, why);
        if (rc)
            return rc;
        take(c, i, &findings[k]);
        if (s->set->drawing.replicates)
            cdr_part_write(s, part->group, "b - a", kind, c->pairs[i].replicates,
                           c->rows[i].n);
    }
    return 0;
}

/* The same over the same resamples. */
static int run_together(struct comparison *c, const struct cdr_part *part, size_t first,
                        struct cdr_failure *why)
{
    struct cdr_analysis *s = &c->analysis;
    const bool keeps = s->set->plot || s->set->drawing.replicates;
    struct cdr_item *items = calloc(s->n_kinds, sizeof *items);
    struct cdr_finding *findings = calloc(s->n_kinds, sizeof *findings);
    size_t failed = s->n_kinds;
    bool good = items && findings;
    cadre_error err;
    int rc;

    for (size_t k = 0; good && k < s->n_kinds; k++) {
        good = !keeps || make_room(c, first + k);
        items[k] = (struct cdr_item){ .score = "b - a",
                                      .column = part->scores[0],
                                      .kind = s->kinds[k],
                                      .replicates = c->pairs[first + k].replicates };
    }
    rc = good ? cdr_analysis_next(s, first / s->n_kinds, why) : cdr_fails_memory(why);
    if (!rc) {
        const int failure = cdr_part_run_all(findings, &failed, part, items, s->n_kinds,
                                             s->set->method, &err);
        rc = failure && failed == s->n_kinds
                 ? cdr_analysis_fails(s, s->kinds[0], NULL, &err, why)
                 : take_all(c, part, first, findings, failed, &err, why);
    }
    free(items);
    free(findings);
    return rc;
}

static int run_all(struct comparison *c, struct cdr_failure *why)
{
    struct cdr_analysis *s = &c->analysis;
    const bool together = cdr_part_can_run_all(s);
    int rc = 0;

    s->progress.parts = together ? c->n / s->n_kinds : c->n;
    for (size_t i = 0; i < c->n; i++) {
        c->rows[i].kind = s->kinds[i % s->n_kinds];
        c->outcomes[i].group = c->rows[i].group = cdr_analysis_group(s, i / s->n_kinds);
    }
    for (size_t first = 0; first < c->n && rc == 0; first += s->n_kinds) {
        struct cdr_part part;
        if (!cdr_part_open(&part, s, first / s->n_kinds, 0, 1))
            rc = cdr_fails_memory(why);
        else
            rc = (together ? run_together : run_in_turn)(c, &part, first, why);
        cdr_part_close(&part);
    }
    return rc;
}

/* ---- results ---- */

static bool add_row(const struct comparison *c, json_t *results, size_t i)
{
    const struct cdr_analysis *s = &c->analysis;
    const cadre_interval *x = &c->rows[i].interval;
    const struct cdr_outcome *o = &c->outcomes[i];
    const struct pair *pair = &c->pairs[i];
    json_t *r = json_object();
    bool done;

    done =
        r &&
        (!o->group || json_object_set_new(r, "group", cdr_json_text(o->group)) == 0) &&
        cdr_analysis_add_metric(s, r, c->rows[i].kind) &&
        cdr_analysis_add_thresholds(s, r, o->threshold, 2) &&
        json_object_set_new(r, "point_a", cdr_json_number(pair->a)) == 0 &&
        json_object_set_new(r, "point_b", cdr_json_number(pair->b)) == 0 &&
        json_object_set_new(r, "difference", cdr_json_number(x->point)) == 0 &&
        cdr_analysis_add_interval(s, r, x) && cdr_analysis_add_effect(s, r, x) &&
        json_object_set_new(r, "contains_zero",
                            json_boolean(x->low <= 0 && x->high >= 0)) == 0 &&
        cdr_analysis_add_p_value(s, r, o) && json_array_append(results, r) == 0;
    json_decref(r);
    return done;
}

static json_t *make_records(const struct comparison *c)
{
    const struct cdr_analysis *s = &c->analysis;
    int seeding = s->set->seeding         ? s->set->seeding
                  : s->set->drawing.block ? CADRE_SEEDING_SINGLE
                                          : CADRE_SEEDING_SPAWN;
    json_t *records = cdr_analysis_records(s, "compare", seeding, c->set->a, c->set->b);
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

    cdr_analysis_interval(w->interval, sizeof w->interval, s);
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
                                  .bins = (unsigned)c->analysis.set->bins,
                                  .level = c->analysis.set->drawing.level };

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
    c->pairs = calloc(c->n, sizeof *c->pairs);
    if (!c->rows || !c->outcomes || !c->pairs)
        return cdr_fails_memory(why);
    rc = run_all(c, why);
    if (!rc)
        rc = cdr_analysis_adjust(s, c->outcomes, c->n, why);
    return rc ? rc : show(c, why);
}

static int run(const void *settings, struct cdr_failure *why)
{
    struct comparison c = { .set = settings };
    int rc = run_comparison(&c, why);

    for (size_t i = 0; c.pairs && i < c.n; i++)
        free(c.pairs[i].replicates);
    free(c.pairs);
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
