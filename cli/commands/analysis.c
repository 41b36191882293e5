/* analysis.c - what cadre bootstrap and cadre compare share: options, data, pool, output.
 * SPDX-License-Identifier: MIT
 *
 * The order is: metrics and options, output and plot (opened, so that they can be
 * written), pool, data, runs. Only then results are written, the picture first: a reader
 * of standard output who leaves early does not lose it.
 */
#include "cli/commands/analysis.h"
#include "cli/base/interrupt.h"
#include "cli/output/layout.h"
#include "cli/base/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MIN 10 /* as cadre_bootstrap.n has it */

#define AT(field) offsetof(struct cdr_analysis_settings, field)

const struct cdr_option cdr_analysis_data_options[] = {
    { .kind = CDR_OPERAND,
      .required = true,
      .name = "file",
      .value = "FILE",
      .offset = AT(file),
      .help = "CSV with a header line, plain or gzip'd; - is standard input" },
    { .kind = CDR_TEXT,
      .letter = 'l',
      .required = true,
      .name = "label",
      .value = "COL",
      .offset = AT(label),
      .help = "the column of labels, 0 or 1" },
    { .kind = CDR_TEXT,
      .name = "delimiter",
      .value = "C",
      .offset = AT(delimiter),
      .initial = ",",
      .help = "what separates fields: a character, or tab" },
    { .kind = CDR_END },
};

const struct cdr_option cdr_analysis_bootstrap_options[] = {
    { .kind = CDR_LIST,
      .letter = 'm',
      .name = "metric",
      .value = "NAME",
      .offset = AT(metrics),
      .initial = "roc_auc",
      .help = "what to measure, see below; may be given several times" },
    { .kind = CDR_REAL,
      .name = "threshold",
      .value = "T",
      .offset = AT(threshold),
      .initial = "0.5",
      .help = "accuracy, precision, recall, f1: a score of T or more predicts 1" },
    { .kind = CDR_COUNT,
      .name = "bins",
      .value = "K",
      .offset = AT(bins),
      .initial = "10",
      .least = 2,
      .help = "ece_equal_width, ece_equal_mass: how many bins" },
    { .kind = CDR_COUNT,
      .letter = 'n',
      .name = "resamples",
      .value = "N",
      .offset = AT(resamples),
      .initial = "1000",
      .least = 1,
      .help = "how many times to draw the rows anew" },
    { .kind = CDR_SHARE,
      .letter = 'c',
      .name = "confidence",
      .value = "C",
      .offset = AT(confidence),
      .initial = "0.95",
      .help = "of the interval" },
    { .kind = CDR_COUNT,
      .letter = 's',
      .name = "seed",
      .value = "S",
      .offset = AT(seed),
      .initial = "0",
      .help = "names the random numbers: same seed, same results" },
    { .kind = CDR_WORD,
      .name = "seeding",
      .value = "default|spawn|single|draw63",
      .offset = AT(seeding),
      .initial = "default",
      .help = "which random stream each resample gets; the default is single for "
              "intervals, as SciPy has it, and spawn for differences" },
    { .kind = CDR_END },
};

const struct cdr_option cdr_analysis_output_options[] = {
    { .kind = CDR_WORD,
      .letter = 'f',
      .name = "format",
      .value = "table|json|csv",
      .offset = AT(format),
      .initial = "table",
      .help = "of the results" },
    { .kind = CDR_TEXT,
      .letter = 'o',
      .name = "output",
      .value = "FILE",
      .offset = AT(output),
      .help = "write the results there instead of to standard output" },
    { .kind = CDR_TEXT,
      .letter = 'p',
      .name = "plot",
      .value = "FILE",
      .offset = AT(plot),
      .help = "draw the results: FILE ends with .svg or .png" },
    { .kind = CDR_FLAG,
      .name = "explain",
      .offset = AT(explain),
      .help =
          "also say who ran the tasks, and why: below the table, as \"run\" in JSON, "
          "on standard error with CSV" },
    { .kind = CDR_WORD,
      .name = "progress",
      .value = "auto|always|never",
      .offset = AT(progress),
      .initial = "auto",
      .help =
          "show how far the run is, on standard error; auto: on a terminal, after a "
          "second" },
    { .kind = CDR_END },
};

/* ---- opening ---- */

static int add_metric(struct cdr_analysis *s, const char *name, struct cdr_failure *why)
{
    const char *names[CADRE_METRIC_COUNT];
    char shown[CDR_SHOWN], hint[CDR_SHOWN];
    int kind = cadre_metric_find(name);

    for (int k = 0; k < CADRE_METRIC_COUNT; k++)
        names[k] = cadre_metric_name(k);
    if (kind < 0)
        return cdr_fails(why, CDR_EXIT_USAGE, "--metric: no metric is called %s; %s",
                         cdr_quote(shown, name),
                         cdr_hint(hint, sizeof hint, name, names, CADRE_METRIC_COUNT,
                                  "cadre bootstrap --help lists them"));
    for (size_t i = 0; i < s->n_kinds; i++)
        if (s->kinds[i] == kind)
            return cdr_fails(why, CDR_EXIT_USAGE, "--metric %s is given twice", name);
    s->kinds[s->n_kinds++] = kind; /* no more than there are, each once */
    return 0;
}

static bool wants_probabilities(int kind)
{
    static const bool wants[] = {
#define ROW(kind, name, text, probability) [CADRE_##kind] = probability,
        CADRE_METRICS(ROW)
#undef ROW
    };

    return wants[kind];
}

static int take_metrics(struct cdr_analysis *s, struct cdr_failure *why)
{
    s->kinds = calloc(CADRE_METRIC_COUNT, sizeof *s->kinds);
    if (!s->kinds)
        return cdr_fails_memory(why);
    for (size_t i = 0; i < s->set->metrics.n; i++) {
        int rc = add_metric(s, s->set->metrics.at[i], why);

        if (rc)
            return rc;
    }
    for (size_t i = s->n_kinds; i-- > 0;)
        if (wants_probabilities(s->kinds[i]))
            s->wanted.probability_for = cadre_metric_name(s->kinds[i]);
    return 0;
}

static int take_delimiter(struct cdr_analysis *s, struct cdr_failure *why)
{
    const char *text = s->set->delimiter;
    char shown[CDR_SHOWN];

    if (strcmp(text, "tab") == 0 || strcmp(text, "\\t") == 0)
        text = "\t";
    if (strlen(text) != 1 || strchr("\"\r\n ", text[0]))
        return cdr_fails(why, CDR_EXIT_USAGE,
                         "--delimiter is %s: expected one character, such as ; or tab",
                         cdr_quote(shown, text));
    s->wanted.delimiter = text[0];
    return 0;
}

static int check_limits(const struct cdr_analysis_settings *set,
                        struct cdr_failure *why)
{
    if (set->bins > UINT32_MAX)
        return cdr_fails(why, CDR_EXIT_USAGE, "--bins is %" PRIu64 ": at most 2^32 - 1",
                         set->bins);
    if (set->resamples > INT64_MAX)
        return cdr_fails(why, CDR_EXIT_USAGE,
                         "--resamples is %" PRIu64 ": at most 2^63 - 1",
                         set->resamples);
    return 0;
}

static int check_rows(const struct cdr_analysis *s, struct cdr_failure *why)
{
    size_t rows = s->data.rows;

    if (rows >= ROWS_MIN)
        return 0;
    return cdr_fails(why, CDR_EXIT_INPUT,
                     "%s: %zu row%s: a bootstrap needs at least %d",
                     cdr_analysis_file(s), rows, rows == 1 ? "" : "s", ROWS_MIN);
}

/* Columns that --score all did not take are named: nothing is dropped in silence. */
static void report_left_out(const struct cdr_data *data)
{
    char list[700];

    if (data->n_left_out > 0)
        fprintf(stderr,
                "cadre: --score all leaves out %s: not a number in the first row\n",
                cdr_list(list, sizeof list, data->left_out, data->n_left_out));
}

int cdr_analysis_open(struct cdr_analysis *s, const struct cdr_analysis_settings *set,
                      const char *command, struct cdr_failure *why)
{
    int rc;

    s->set = set;
    s->wanted.label = set->label;
    rc = take_metrics(s, why);
    if (!rc)
        rc = take_delimiter(s, why);
    if (!rc)
        rc = check_limits(set, why);
    if (!rc)
        rc = cdr_plot_open(&s->plot, set->plot, why);
    if (!rc)
        rc = cdr_output_open(&s->output, set->output, why);
    if (!rc)
        rc = cdr_pool_options_open(&s->pool, &set->pool, command, &s->progress, why);
    if (!rc)
        rc = cdr_data_read(&s->data, set->file, &s->wanted, why);
    if (!rc)
        rc = check_rows(s, why);
    if (rc)
        return rc;
    report_left_out(&s->data);
    cdr_progress_begin(&s->progress, set->progress);
    return 0;
}

void cdr_analysis_close(struct cdr_analysis *s)
{
    cdr_progress_end(&s->progress);
    cdr_pool_options_close(s->pool);
    cdr_plot_close(&s->plot);
    cdr_output_drop(&s->output);
    cdr_data_free(&s->data);
    free(s->kinds);
}

/* ---- running ---- */

cadre_bootstrap cdr_analysis_bootstrap(struct cdr_analysis *s, int kind)
{
    const struct cdr_analysis_settings *set = s->set;

    return (cadre_bootstrap){
        .metric = { .kind = kind,
                    .threshold = set->threshold,
                    .bins = (unsigned)set->bins },
        .labels = s->data.labels,
        .n = s->data.rows,
        .resamples = set->resamples,
        .confidence = set->confidence,
        .seed = set->seed,
        .seeding = set->seeding,
        .progress = cdr_progress_report,
        .progress_arg = &s->progress,
    };
}

int cdr_analysis_next(struct cdr_analysis *s, uint64_t part, struct cdr_failure *why)
{
    cdr_progress_part(&s->progress, part);
    return cdr_interrupted() ? cdr_fails_interrupted(why) : 0;
}

/* ---- results ---- */

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
    bool done = add(row, "metric", cdr_json_text(cadre_metric_name(kind)));

    switch (kind) {
    case CADRE_ACCURACY:
    case CADRE_PRECISION:
    case CADRE_RECALL:
    case CADRE_F1:
        return done && add(row, "threshold", cdr_json_number(s->set->threshold));
    case CADRE_ECE_WIDTH:
    case CADRE_ECE_MASS: return done && add(row, "bins", cdr_json_count(s->set->bins));
    default: return done;
    }
}

const char *cdr_analysis_file(const struct cdr_analysis *s)
{
    return strcmp(s->set->file, "-") == 0 ? "standard input" : s->set->file;
}

const char *cdr_analysis_rows(char *out, size_t size, const struct cdr_analysis *s)
{
    char label[CDR_SHOWN];

    snprintf(out, size, "%zu rows, %zu with %s = 1", s->data.rows, s->data.positives,
             cdr_quote(label, s->set->label));
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
    rc = cdr_layout_table(out, records, fields, n_fields, why);
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
