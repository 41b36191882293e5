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

json_t *cdr_analysis_records(const struct cdr_analysis *s, const char *command,
                             const char *method, int seeding, const char *a,
                             const char *b)
{
    const struct cdr_analysis_settings *set = s->set;
    char seed[24];
    json_t *records = json_object();

    /* JSON readers round integers above 2^53: the seed is text. */
    snprintf(seed, sizeof seed, "%" PRIu64, set->seed);
    if (add(records, "cadre", cdr_json_text(CADRE_VERSION)) &&
        add(records, "command", cdr_json_text(command)) &&
        add(records, "file", cdr_json_text(set->file)) &&
        add(records, "label", cdr_json_text(set->label)) &&
        add(records, "positive", cdr_json_text(set->positive ? set->positive : "1")) &&
        add(records, "rows", cdr_json_count(s->data.rows)) &&
        add(records, "positives", cdr_json_count(s->data.positives)) &&
        add(records, "method", cdr_json_text(method)) &&
        add(records, "confidence", cdr_json_number(set->confidence)) &&
        add(records, "seed", cdr_json_text(seed)) &&
        add(records, "seeding", cdr_json_text(seeding_name(seeding))) &&
        add(records, "resamples", cdr_json_count(set->resamples)) &&
        add_columns(records, a, b) && add(records, "results", json_array()))
        return records;
    json_decref(records);
    return NULL;
}

bool cdr_analysis_add_metric(const struct cdr_analysis *s, json_t *row, int kind)
{
    const unsigned needs = cadre_metric_needs(kind);
    bool done = add(row, "metric", cdr_json_text(cadre_metric_name(kind)));

    if (done && needs & CADRE_NEEDS_THRESHOLD)
        done = add(row, "threshold", cdr_json_number(s->set->threshold));
    if (done && needs & CADRE_NEEDS_BINS)
        done = add(row, "bins", cdr_json_count(s->set->bins));
    return done;
}

const char *cdr_analysis_file(const struct cdr_analysis *s)
{
    return strcmp(s->set->file, "-") == 0 ? "standard input" : s->set->file;
}

const char *cdr_analysis_rows(char *out, size_t size, const struct cdr_analysis *s)
{
    char label[CDR_SHOWN], positive[CDR_SHOWN] = "1";

    if (s->set->positive)
        cdr_quote(positive, s->set->positive);
    snprintf(out, size, "%zu rows, %zu with %s = %s", s->data.rows, s->data.positives,
             cdr_quote(label, s->set->label), positive);
    return out;
}

const char *cdr_analysis_drawn(char *out, size_t size, const struct cdr_analysis *s)
{
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
    if (!rc && s->set->explain) {
        fputc('\n', out);
        print_plan(out, records, "");
    }
    return rc;
}

int cdr_analysis_write(struct cdr_analysis *s, json_t *records, const char *heading,
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
    return rc ? rc : cdr_output_commit(&s->output, why);
}
