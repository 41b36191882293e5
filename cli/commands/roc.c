/* roc.c - cadre roc: curves with bands, areas, and operating points.
 * SPDX-License-Identifier: MIT
 */
#include "cli/commands/command.h"
#include "cli/commands/analysis.h"
#include "cli/commands/curves.h"
#include "cli/commands/part.h"
#include "cli/base/text.h"
#include "cli/output/table.h"
#include "cli/plot/curves.h"

#include <stdlib.h>

struct settings {
    struct cdr_analysis_settings analysis;
    struct cdr_texts selectors;
    uint64_t points;
};

static const struct cdr_option curve_options[] = {
    { .kind = CDR_LIST,
      .name = "select",
      .value = "HOW",
      .offset = offsetof(struct settings, selectors),
      .initial = "youden",
      .usual = "max_f1|youden|recall=|precision=|fpr=",
      .help =
          "operating points to show: max_f1, youden, recall=R, precision=P or fpr=F; "
          "several: repeat it" },
    { .kind = CDR_COUNT,
      .name = "points",
      .value = "K",
      .offset = offsetof(struct settings, points),
      .initial = "101",
      .least = 2,
      .help = "bands: at so many places between 0 and 1" },
    { .kind = CDR_END },
};

static const struct cdr_group groups[] = {
    { "Data", cdr_analysis_data_options, offsetof(struct settings, analysis) },
    { "Scores", cdr_analysis_score_options, offsetof(struct settings, analysis) },
    { "Curves", curve_options, 0 },
    { "Bootstrap", cdr_analysis_bootstrap_options,
      offsetof(struct settings, analysis) },
    { "Rows", cdr_rows_options, offsetof(struct settings, analysis.drawing) },
    { "Running", cdr_pool_option_table, offsetof(struct settings, analysis.pool) },
    { "Output", cdr_analysis_output_options, offsetof(struct settings, analysis) },
    { .title = NULL },
};

static const struct cdr_field area_fields[] = {
    { .key = "group", .title = "group", .rare = true },
    { .key = "score", .title = "score" },
    { .key = "metric", .title = "area" },
    { .key = "point", .title = "point" },
    { .key = "low", .title = "low" },
    { .key = "high", .title = "high" },
    { .key = "standard_error", .title = "std error" },
    { .key = "method", .title = "interval" },
};

static const struct cdr_field point_fields[] = {
    { .key = "group", .title = "group", .rare = true },
    { .key = "score", .title = "score" },
    { .key = "selector", .title = "operating point" },
    { .key = "threshold", .title = "threshold", .plain = true },
    { .key = "recall", .title = "recall" },
    { .key = "recall_low", .title = "low" },
    { .key = "recall_high", .title = "high" },
    { .key = "specificity", .title = "specificity" },
    { .key = "specificity_low", .title = "low" },
    { .key = "specificity_high", .title = "high" },
    { .key = "precision", .title = "precision" },
    { .key = "f1", .title = "F1" },
};

static const struct cdr_field curve_fields[] = {
    { .key = "file" },  { .key = "label" }, { .key = "group" },
    { .key = "score" }, { .key = "curve" }, { .key = "x" },
    { .key = "y" },     { .key = "low" },   { .key = "high" },
};

struct curves {
    struct cdr_analysis analysis;
    const struct settings *set;
    struct cdr_choice *choices;
    size_t n_choices;
    struct cdr_curves *found; /* n: groups times scores */
    size_t n;
};

/* ---- running ---- */

static int run_one(struct curves *v, struct cdr_curves *c, const struct cdr_part *part,
                   struct cdr_failure *why)
{
    char shown[CDR_SHOWN];
    cadre_error err;
    int rc = cdr_curves_find(c, part, v->choices, v->n_choices, v->set->points, &err);

    if (rc == CDR_CURVES_NO_CHOICE)
        return cdr_fails(why, CDR_EXIT_INPUT, "%s: score %s, --select %s: %s",
                         cdr_analysis_file(&v->analysis), cdr_quote(shown, c->name),
                         c->missed->text, err.message);
    return rc ? cdr_analysis_fails(&v->analysis, CADRE_ROC_AUC, c->name, &err, why) : 0;
}

static int run_all(struct curves *v, struct cdr_failure *why)
{
    struct cdr_analysis *s = &v->analysis;
    const size_t n_groups = cdr_analysis_groups(s);
    int rc = 0;

    s->progress.parts = v->n;
    for (size_t i = 0; i < v->n && rc == 0; i++) {
        struct cdr_part part;

        v->found[i].name = cdr_analysis_score(s, i / n_groups);
        v->found[i].group = cdr_analysis_group(s, i % n_groups);
        rc = cdr_analysis_next(s, i, why);
        if (rc)
            return rc;
        if (!cdr_part_open(&part, s, i % n_groups, i / n_groups, CDR_NO_SCORE))
            rc = cdr_fails_memory(why);
        else
            rc = run_one(v, &v->found[i], &part, why);
        cdr_part_close(&part);
    }
    return rc;
}

/* ---- results ---- */

static json_t *make_records(const struct curves *v, bool flat)
{
    const struct cdr_analysis *s = &v->analysis;
    json_t *records = cdr_analysis_records(
        s, "roc", s->set->seeding ? s->set->seeding : CADRE_SEEDING_SPAWN, NULL, NULL);
    json_t *results = json_object_get(records, "results");
    json_t *points = json_array(), *curves = json_array();
    bool done = records && points && curves;

    for (size_t i = 0; i < v->n && done; i++)
        done = flat ? cdr_curves_add_grid(&v->found[i], results)
                    : cdr_curves_add_areas(&v->found[i], results) &&
                          cdr_curves_add_points(&v->found[i], v->choices, points) &&
                          cdr_curves_add_all(&v->found[i], curves);
    if (!flat)
        done = done && json_object_set(records, "operating_points", points) == 0 &&
               json_object_set(records, "curves", curves) == 0;
    json_decref(points);
    json_decref(curves);
    if (done)
        return records;
    json_decref(records);
    return NULL;
}

/* The share of label 1, which is what precision by chance is. */
static double prevalence(const struct cdr_data *d)
{
    const double *const weights = d->numbers[CDR_WEIGHT];
    double positive = 0, all = 0;

    for (size_t row = 0; row < d->rows; row++) {
        const double weight = weights ? weights[row] : 1;
        positive += d->labels[row] ? weight : 0;
        all += weight;
    }
    return positive / all;
}

static int draw(struct curves *v, const char *rows, const char *drawn,
                struct cdr_failure *why)
{
    struct cdr_analysis *s = &v->analysis;
    struct cdr_plot_curves *curves = calloc(v->n, sizeof *curves);
    char footnote[500], title[100];
    const struct cdr_plot_text text = { .title = title,
                                        .file = cdr_analysis_file(s),
                                        .footnote = footnote,
                                        .prevalence = prevalence(&s->data) };
    int rc;

    if (!curves)
        return cdr_fails_memory(why);
    for (size_t i = 0; i < v->n; i++)
        curves[i] = cdr_curves_picture(&v->found[i]);
    snprintf(title, sizeof title, "ROC and precision-recall curves with %g %% bands",
             100 * s->set->confidence);
    snprintf(footnote, sizeof footnote, "%s; %s", rows, drawn);
    rc = cdr_plot_curves(&s->plot, &text, curves, v->n, why);
    free(curves);
    return rc;
}

/* A second table, of the operating points. */
static int write_points(struct curves *v, const json_t *records,
                        struct cdr_failure *why)
{
    json_t *points =
        json_pack("{s:O}", "results", json_object_get(records, "operating_points"));
    int rc;

    if (!points)
        return cdr_fails_memory(why);
    fputc('\n', v->analysis.output.stream);
    rc = cdr_table_write(v->analysis.output.stream, points, point_fields,
                         sizeof point_fields / sizeof point_fields[0], why);
    json_decref(points);
    return rc;
}

static int write_results(struct curves *v, json_t *records, const char *heading,
                         struct cdr_failure *why)
{
    struct cdr_analysis *s = &v->analysis;
    const bool csv = s->set->format == CDR_CSV;
    const size_t n = csv ? sizeof curve_fields / sizeof curve_fields[0]
                         : sizeof area_fields / sizeof area_fields[0];
    int rc =
        cdr_analysis_put(s, records, heading, csv ? curve_fields : area_fields, n, why);

    if (!rc && s->set->format == CDR_TABLE)
        rc = write_points(v, records, why);
    return rc ? rc : cdr_analysis_commit(s, records, why);
}

static int show(struct curves *v, struct cdr_failure *why)
{
    struct cdr_analysis *s = &v->analysis;
    char heading[700], rows[3 * CDR_SHOWN], drawn[100];
    json_t *records = make_records(v, s->set->format == CDR_CSV);
    int rc;

    if (!records)
        return cdr_fails_memory(why);
    cdr_analysis_rows(rows, sizeof rows, s);
    cdr_analysis_drawn(drawn, sizeof drawn, s);
    snprintf(heading, sizeof heading, "%s\n%g %% intervals, %s\n", rows,
             100 * s->set->confidence, drawn);
    rc = draw(v, rows, drawn, why);
    if (!rc)
        rc = write_results(v, records, heading, why);
    json_decref(records);
    return rc;
}

/* ---- the command ---- */

static int run_analysis(struct curves *v, struct cdr_failure *why)
{
    struct cdr_analysis *s = &v->analysis;
    int rc = v->set->analysis.label
                 ? 0
                 : cdr_fails(why, CDR_EXIT_USAGE,
                             "roc needs --label COL; see cadre roc --help");

    if (!rc)
        rc = cdr_choices_take(&v->choices, &v->n_choices, &v->set->selectors, why);
    if (!rc)
        rc = cdr_analysis_want_scores(s, &v->set->analysis, why);
    if (!rc)
        rc = cdr_analysis_open(s, &v->set->analysis, "roc", why);
    if (rc)
        return rc;
    v->n = s->data.n_scores * cdr_analysis_groups(s);
    rc = cdr_plot_curves_check(&s->plot, v->n, why);
    if (rc)
        return rc;
    v->found = calloc(v->n, sizeof *v->found);
    if (!v->found)
        return cdr_fails_memory(why);
    rc = run_all(v, why);
    return rc ? rc : show(v, why);
}

static int run(const void *settings, struct cdr_failure *why)
{
    struct curves v = { .set = settings };
    int rc = run_analysis(&v, why);

    for (size_t i = 0; v.found && i < v.n; i++)
        cdr_curves_free(&v.found[i]);
    free(v.found);
    free(v.choices);
    cdr_analysis_close(&v.analysis);
    return rc;
}

const struct cdr_command cdr_cmd_roc = {
    .name = "roc",
    .summary = "ROC and precision-recall curves with bands",
    .about =
        "ROC and precision-recall curves of scores, each with a band: at every place an "
        "interval by the bootstrap. With them the areas under both, the ROC-AUC's with "
        "DeLong's interval, and operating points: thresholds and what they give. The "
        "table shows areas and operating points, CSV the curves, JSON and --plot all.",
    .synopsis = "roc FILE --label COL --score COL ... [options]",
    .groups = groups,
    .settings_size = sizeof(struct settings),
    .run = run,
};
