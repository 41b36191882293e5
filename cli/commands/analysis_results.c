/* analysis_results.c - what cadre bootstrap and cadre compare have found out, written.
 * SPDX-License-Identifier: MIT
 */
#include "cli/commands/analysis.h"
#include "cli/base/text.h"
#include "cli/output/table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WARNINGS_MOST 3

static const char *seeding_name(int seeding)
{
    switch (seeding) {
    case CADRE_SEEDING_SPAWN: return "spawn";
    case CADRE_SEEDING_SINGLE: return "single";
    default: return "draw63";
    }
}

static bool add(json_t *object, const char *key, json_t *value)
{
    return json_object_set_new(object, key, value) == 0; /* NULL fails, too */
}

static bool add_plan(const struct cdr_analysis *s, json_t *records)
{
    char text[CADRE_EXPLAIN_MAX];

    return cadre_explain(s->pool, NULL, text, sizeof text, NULL) == CADRE_OK &&
           add(records, "run",
               json_pack("{s:s, s:i, s:o}", "backend", cadre_backend_name(s->pool),
                         "workers", (int)cadre_workers(s->pool), "plan",
                         cdr_json_lines(text)));
}

static bool add_columns(json_t *records, const char *a, const char *b)
{
    return (!a || add(records, "a", cdr_json_text(a))) &&
           (!b || add(records, "b", cdr_json_text(b)));
}

static bool add_label(const struct cdr_analysis *s, json_t *records)
{
    const char *positive = s->wanted.positive ? s->wanted.positive : "1";

    if (!s->set->label)
        return add(records, "rows", cdr_json_count(s->data.rows));
    if (s->set->drawing.macro)
        return add(records, "label", cdr_json_text(s->set->label)) &&
               add(records, "rows", cdr_json_count(s->data.rows)) &&
               add(records, "classes",
                   cdr_json_count(s->data.groups[CDR_CLASS - CDR_NUMBER_COLUMNS].n));
    return add(records, "label", cdr_json_text(s->set->label)) &&
           add(records, "positive", cdr_json_text(positive)) &&
           add(records, "rows", cdr_json_count(s->data.rows)) &&
           add(records, "positives", cdr_json_count(s->data.positives));
}

/* How rows are drawn, where it is not one by one. */
static bool add_drawing(const struct cdr_analysis *s, json_t *records)
{
    const struct cdr_resampling *d = &s->set->drawing;
    const char *const columns[][2] = {
        { "other", d->other },          { "weight", d->weight },
        { "stratify", d->stratify },    { "cluster", d->cluster },
        { "block", d->block },          { "by", d->by },
        { "validation", d->validation }
    };
    bool done = true;

    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++)
        if (columns[i][1])
            done = done && add(records, columns[i][0], cdr_json_text(columns[i][1]));
    if (d->until_error > 0)
        done = done && add(records, "until_error", cdr_json_number(d->until_error));
    return done;
}

static const char *method_name(int method)
{
    return method == CDR_METHOD_DELONG ? "delong"
           : method == CDR_METHOD_CLT  ? "clt"
                                       : cadre_interval_method_name(method);
}

json_t *cdr_analysis_records(const struct cdr_analysis *s, const char *command,
                             int seeding, const char *a, const char *b)
{
    const struct cdr_analysis_settings *set = s->set;
    char seed[24];
    json_t *records = json_object();

    /* JSON readers round integers above 2^53: the seed is text. */
    snprintf(seed, sizeof seed, "%" PRIu64, set->seed);
    if (add(records, "cadre", cdr_json_text(CADRE_VERSION)) &&
        add(records, "command", cdr_json_text(command)) &&
        add(records, "file", cdr_json_text(set->file)) && add_label(s, records) &&
        add(records, "method", cdr_json_text(method_name(set->method))) &&
        add(records, "confidence", cdr_json_number(set->confidence)) &&
        add(records, "seed", cdr_json_text(seed)) &&
        add(records, "seeding", cdr_json_text(seeding_name(seeding))) &&
        add(records, "resamples", cdr_json_count(set->resamples)) &&
        add_drawing(s, records) && add_columns(records, a, b) &&
        add(records, "results", json_array()))
        return records;
    json_decref(records);
    return NULL;
}

bool cdr_analysis_add_metric(const struct cdr_analysis *s, json_t *row, int kind)
{
    const unsigned needs = cadre_metric_needs(kind);
    bool done = add(row, "metric", cdr_json_text(cadre_metric_name(kind)));

    if (done && needs & CADRE_NEEDS_THRESHOLD && !s->set->drawing.validation)
        done = add(row, "threshold", cdr_json_number(s->set->threshold));
    if (done && needs & CADRE_NEEDS_BINS)
        done = add(row, "bins", cdr_json_count(s->set->bins));
    if (done && needs & CADRE_NEEDS_LEVEL && s->set->drawing.has_level)
        done = add(row, "level", cdr_json_number(s->set->drawing.level));
    return done;
}

bool cdr_analysis_add_thresholds(const struct cdr_analysis *s, json_t *row,
                                 const double *thresholds, unsigned columns)
{
    if (!s->set->drawing.validation)
        return true;
    if (!add(row, "select", cdr_json_text(s->choice.text)))
        return false;
    return columns == 1 ? add(row, "threshold", cdr_json_number(thresholds[0]))
                        : add(row, "threshold_a", cdr_json_number(thresholds[0])) &&
                              add(row, "threshold_b", cdr_json_number(thresholds[1]));
}

bool cdr_analysis_add_effect(const struct cdr_analysis *s, json_t *row,
                             const cadre_interval *x)
{
    cadre_effect effect;

    if (!s->set->drawing.has_power)
        return true;
    /* NaN where the interval has no width. */
    (void)cadre_detectable_effect(&effect, x->low, x->high, s->set->confidence, 0,
                                  s->set->drawing.power, NULL);
    return add(row, "detectable", cdr_json_number(effect.least));
}

const char *cdr_analysis_file(const struct cdr_analysis *s)
{
    return strcmp(s->set->file, "-") == 0 ? "standard input" : s->set->file;
}

const char *cdr_analysis_rows(char *out, size_t size, const struct cdr_analysis *s)
{
    char label[CDR_SHOWN], positive[CDR_SHOWN] = "1";

    if (!s->set->label) {
        snprintf(out, size, "%zu rows", s->data.rows);
        return out;
    }
    if (s->set->drawing.macro) {
        snprintf(out, size, "%zu rows, %zu classes in %s", s->data.rows,
                 s->data.groups[CDR_CLASS - CDR_NUMBER_COLUMNS].n,
                 cdr_quote(label, s->set->label));
        return out;
    }
    if (s->wanted.positive)
        cdr_quote(positive, s->wanted.positive);
    snprintf(out, size, "%zu rows, %zu with %s = %s", s->data.rows, s->data.positives,
             cdr_quote(label, s->set->label), positive);
    return out;
}

const char *cdr_analysis_drawn(char *out, size_t size, const struct cdr_analysis *s)
{
    const double error = s->set->drawing.until_error;

    if (s->set->method >= CDR_METHOD_DELONG)
        snprintf(out, size, "without resamples");
    else if (error > 0)
        snprintf(out, size, "until the Monte Carlo error is at most %g, seed %" PRIu64,
                 error, s->set->seed);
    else
        snprintf(out, size, "%" PRIu64 " resample%s, seed %" PRIu64, s->set->resamples,
                 s->set->resamples == 1 ? "" : "s", s->set->seed);
    return out;
}

static void print_plan(FILE *out, const json_t *records, const char *prefix)
{
    const json_t *lines = json_object_get(json_object_get(records, "run"), "plan");

    for (size_t i = 0; i < json_array_size(lines); i++)
        fprintf(out, "%s%s\n", prefix, json_string_value(json_array_get(lines, i)));
}

static int write_table(struct cdr_analysis *s, const json_t *records,
                       const char *heading, const struct cdr_field *fields,
                       size_t n_fields, struct cdr_failure *why)
{
    FILE *out = s->output.stream;
    char *file = cdr_printable(cdr_analysis_file(s));
    int rc;

    if (!file)
        return cdr_fails_memory(why);
    fprintf(out, "%s: %s\n", file, heading);
    free(file);
    rc = cdr_table_write(out, records, fields, n_fields, why);
    return rc;
}

int cdr_analysis_put(struct cdr_analysis *s, json_t *records, const char *heading,
                     const struct cdr_field *fields, size_t n_fields,
                     struct cdr_failure *why)
{
    int rc = 0;

    cdr_progress_end(&s->progress);
    if (s->set->explain && !add_plan(s, records))
        return cdr_fails_memory(why);
    switch (s->set->format) {
    case CDR_JSON: rc = cdr_records_json(s->output.stream, records, why); break;
    case CDR_CSV:
        cdr_records_csv(s->output.stream, records, fields, n_fields);
        print_plan(stderr, records, "cadre: ");
        break;
    default: rc = write_table(s, records, heading, fields, n_fields, why); break;
    }
    return rc;
}

int cdr_analysis_commit(struct cdr_analysis *s, const json_t *records,
                        struct cdr_failure *why)
{
    int rc = 0;

    if (s->set->explain && s->set->format == CDR_TABLE) {
        fputc('\n', s->output.stream);
        print_plan(s->output.stream, records, "");
    }
    if (s->replicates.stream)
        rc = cdr_output_commit(&s->replicates, why);
    return rc ? rc : cdr_output_commit(&s->output, why);
}

int cdr_analysis_write(struct cdr_analysis *s, json_t *records, const char *heading,
                       const struct cdr_field *fields, size_t n_fields,
                       struct cdr_failure *why)
{
    int rc = cdr_analysis_put(s, records, heading, fields, n_fields, why);

    return rc ? rc : cdr_analysis_commit(s, records, why);
}

/* ---- what intervals say ---- */

static const char *reason_of(int undefined)
{
    switch (undefined) {
    case CADRE_BCA_ONE_SIDED: return "all replicates are on one side of the value";
    case CADRE_BCA_CONSTANT: return "the value is the same whichever row is left out";
    default: return "the value is not defined without some row";
    }
}

bool cdr_analysis_add_interval(const struct cdr_analysis *s, json_t *row,
                               const cadre_interval *x)
{
    const int asked = s->set->method;
    bool done = add(row, "low", cdr_json_number(x->low)) &&
                add(row, "high", cdr_json_number(x->high)) &&
                add(row, "standard_error", cdr_json_number(x->standard_error)) &&
                add(row, "usable", cdr_json_count(x->resamples)) &&
                add(row, "degenerate", cdr_json_count(x->degenerate)) &&
                add(row, "low_error", cdr_json_number(x->low_error)) &&
                add(row, "high_error", cdr_json_number(x->high_error));

    if (done && x->method == CADRE_BCA)
        done = add(row, "bias", cdr_json_number(x->bias)) &&
               add(row, "acceleration", cdr_json_number(x->acceleration)) &&
               add(row, "low_level", cdr_json_number(x->low_level)) &&
               add(row, "high_level", cdr_json_number(x->high_level));
    if (done && asked == CADRE_BCA && x->method != CADRE_BCA)
        done = add(row, "method", cdr_json_text("percentile")) &&
               add(row, "instead", cdr_json_text("percentile")) &&
               add(row, "bca_undefined", cdr_json_text(reason_of(x->bca_undefined)));
    if (done && s->set->drawing.until_error > 0)
        done = add(row, "monte_carlo_error",
                   cdr_json_number(x->low_error > x->high_error ? x->low_error
                                                                : x->high_error));
    return done;
}

void cdr_analysis_warn(struct cdr_analysis *s, const cadre_interval *x,
                       const char *name, int kind)
{
    char shown[CDR_SHOWN];

    if (s->set->method != CADRE_BCA || x->method == CADRE_BCA)
        return;
    if (s->warned++ == WARNINGS_MOST)
        fputs("cadre: others are marked in the results\n", stderr);
    if (s->warned <= WARNINGS_MOST)
        fprintf(
            stderr,
            "cadre: %s, %s: BCa is not defined, because %s; the percentile interval "
            "stands in for it\n",
            cdr_quote(shown, name), cadre_metric_name(kind),
            reason_of(x->bca_undefined));
}

/* ---- p-values ---- */

int cdr_analysis_adjust(const struct cdr_analysis *s, struct cdr_outcome *o, size_t n,
                        struct cdr_failure *why)
{
    const int how = s->set->drawing.adjust;
    double *p;
    cadre_error err;
    int rc = 0;

    if (how == 0)
        return 0;
    p = calloc(n, sizeof *p);
    if (!p)
        return cdr_fails_memory(why);
    for (size_t i = 0; i < n; i++)
        p[i] = o[i].p_value;
    if (cadre_adjust_p_values(p, p, n, how - 1, &err))
        rc = cdr_fails_in_library(why, NULL, &err);
    for (size_t i = 0; i < n; i++)
        o[i].adjusted = p[i];
    free(p);
    return rc;
}

bool cdr_analysis_add_p_value(const struct cdr_analysis *s, json_t *row,
                              const struct cdr_outcome *o)
{
    return add(row, "p_value", cdr_json_number(o->p_value)) &&
           (s->set->drawing.adjust == 0 ||
            add(row, "adjusted_p_value", cdr_json_number(o->adjusted)));
}

/* ---- in words ---- */

const char *cdr_analysis_interval(char *out, size_t size, const struct cdr_analysis *s)
{
    const int method = s->set->method;

    snprintf(out, size, "%g %% %s interval", 100 * s->set->confidence,
             method == CADRE_BCA           ? "BCa bootstrap"
             : method == CADRE_PERCENTILE  ? "percentile bootstrap"
             : method == CADRE_BASIC       ? "basic bootstrap"
             : method == CADRE_NORMAL      ? "normal bootstrap"
             : method == CADRE_STUDENTIZED ? "studentized bootstrap"
             : method == CDR_METHOD_DELONG ? "DeLong"
                                           : "central limit");
    return out;
}
