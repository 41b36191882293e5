/* analysis.c - what cadre bootstrap and cadre compare share: options, data, pool, output.
 * SPDX-License-Identifier: MIT
 *
 * The order is: metrics and options, output and plot (opened, so that they can be
 * written), pool, data, runs. Only then results are written, the picture first: a reader
 * of standard output who leaves early does not lose it.
 */
#include "cli/commands/analysis.h"
#include "cli/commands/classes.h"
#include "cli/base/interrupt.h"
#include "cli/output/clash.h"
#include "cli/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROWS_MIN 10 /* as cadre_bootstrap.n has it */

/* ---- opening ---- */

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

    if (data->n_nameless > 0)
        fprintf(stderr, "cadre: --score all leaves out %s, which ha%s no name\n",
                cdr_list_places(list, sizeof list, data->nameless, data->n_nameless),
                data->n_nameless == 1 ? "s" : "ve");
    if (data->n_left_out > 0)
        fprintf(stderr,
                "cadre: --score all leaves out %s: not a number in the first row\n",
                cdr_list(list, sizeof list, data->left_out, data->n_left_out));
}

static int open_replicates(struct cdr_analysis *s, struct cdr_failure *why)
{
    int rc = cdr_output_open(&s->replicates, s->set->drawing.replicates, why);

    if (!rc)
        fputs("score,metric,group,resample,value\n", s->replicates.stream);
    return rc;
}

/* No file is read and written, but that of --extend, which more replicates may replace. */
static int check_files(const struct cdr_analysis_settings *set, struct cdr_failure *why)
{
    const struct cdr_resampling *d = &set->drawing;
    const bool named = set->output && strcmp(set->output, "-") != 0;
    const struct cdr_clash_file files[] = {
        { "the input", set->file, STDIN_FILENO, false },
        { "the validation rows (--validation)", d->validation,
          d->validation ? STDIN_FILENO : -1, false },
        { named ? "the output (--output)" : "the output", set->output, STDOUT_FILENO,
          true },
        { "the plot (--plot)", set->plot, -1, true },
        { "the replicates (--replicates)", d->replicates,
          d->replicates && named ? STDOUT_FILENO : -1, true },
    };
    struct cdr_clash_file earlier[] = {
        { "the earlier replicates (--extend)", d->extend, -1, false },
        files[2],
        files[3],
    };

    return cdr_clash_check(files, sizeof files / sizeof files[0], why) ||
                   cdr_clash_check(earlier, sizeof earlier / sizeof earlier[0], why)
               ? why->code
               : 0;
}

int cdr_analysis_open(struct cdr_analysis *s, const struct cdr_analysis_settings *set,
                      const char *command, struct cdr_failure *why)
{
    int rc;

    s->set = set;
    rc = cdr_analysis_check(s, command, why);
    if (!rc)
        rc = check_files(set, why);
    if (!rc)
        rc = cdr_plot_open(&s->plot, set->plot, why);
    if (!rc)
        rc = cdr_output_open(&s->output, set->output, why);
    if (!rc && set->drawing.replicates)
        rc = open_replicates(s, why);
    if (!rc && set->drawing.extend)
        rc = cdr_replicates_read(&s->earlier, set->drawing.extend, why);
    if (!rc)
        rc = cdr_pool_options_open(&s->pool, &set->pool, command, &s->progress, why);
    if (!rc)
        rc = cdr_data_read(&s->data, set->file, &s->wanted, why);
    if (!rc)
        rc = check_rows(s, why);
    if (!rc && set->drawing.macro)
        rc = cdr_classes_open(s, why);
    if (!rc && set->drawing.validation)
        rc = cdr_data_read(&s->validation, set->drawing.validation, &s->wanted, why);
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
    cdr_output_drop(&s->replicates);
    cdr_data_free(&s->data);
    cdr_data_free(&s->validation);
    cdr_replicates_free(&s->earlier);
    free(s->of_class);
    free(s->kinds);
}

/* ---- running ---- */

size_t cdr_analysis_groups(const struct cdr_analysis *s)
{
    return s->set->drawing.by ? s->data.groups[CDR_BY - CDR_NUMBER_COLUMNS].n : 1;
}

const char *cdr_analysis_group(const struct cdr_analysis *s, size_t i)
{
    return s->set->drawing.by ? s->data.groups[CDR_BY - CDR_NUMBER_COLUMNS].names[i]
                              : NULL;
}

size_t cdr_analysis_scores(const struct cdr_analysis *s)
{
    return s->set->drawing.macro ? s->wanted.n_scores : s->data.n_scores;
}

const char *cdr_analysis_score(const struct cdr_analysis *s, size_t i)
{
    return s->set->drawing.macro ? s->wanted.scores[i] : s->data.scores[i].name;
}

uint64_t cdr_analysis_most(const struct cdr_analysis *s)
{
    const struct cdr_resampling *d = &s->set->drawing;
    const uint64_t n = s->set->resamples;

    if (d->until_error == 0)
        return n;
    return d->most ? d->most : n <= INT64_MAX >> 10 ? n << 10 : n;
}

cadre_bootstrap cdr_analysis_bootstrap(struct cdr_analysis *s, int kind)
{
    const struct cdr_analysis_settings *set = s->set;

    return (cadre_bootstrap){
        .metric = { .kind = kind,
                    .threshold = set->threshold,
                    .bins = (unsigned)set->bins,
                    .level = set->drawing.level },
        .labels = s->wanted.label ? s->data.labels : NULL,
        .n = s->data.rows,
        .resamples = set->resamples,
        .confidence = set->confidence,
        .seed = set->seed,
        .seeding = set->seeding,
        .progress = cdr_progress_report,
        .progress_arg = &s->progress,
        .degenerate_most = set->drawing.degenerate ? -1 : 0,
        .until_error = set->drawing.until_error,
        .most_resamples = cdr_analysis_most(s),
        .null = set->drawing.null,
    };
}

/* What can be done about it, as a clause; "": the library's message says it. */
static const char *remedy(const struct cdr_analysis *s, int kind)
{
    const struct cdr_data *d = &s->data;

    if (s->wanted.label && (d->positives == 0 || d->positives == d->rows))
        return "; choose a column that has both (--label), or a metric that needs one "
               "class only, such as accuracy";
    if (kind == CADRE_ECE_MASS && s->set->bins > d->rows)
        return "; --bins must not be above the number of rows";
    return "";
}

int cdr_analysis_fails(const struct cdr_analysis *s, int kind, const char *score,
                       const cadre_error *err, struct cdr_failure *why)
{
    const struct cdr_data *d = &s->data;
    char about[4 * CDR_SHOWN], shown[CDR_SHOWN], label[CDR_SHOWN], group[CDR_SHOWN];

    snprintf(about, sizeof about, "score%s %s%s%s", score ? "" : "s",
             score ? cdr_quote(shown, score) : "a and b", s->group ? ", group " : "",
             s->group ? cdr_quote(group, s->group) : "");
    if (err->code != CADRE_EDATA)
        return cdr_fails_in_library(why, score ? about : NULL, err);
    if (!s->wanted.label)
        return cdr_fails(why, CDR_EXIT_INPUT, "%s: %s: %s", cdr_analysis_file(s), about,
                         err->message);
    return cdr_fails(why, CDR_EXIT_INPUT,
                     "%s: %s, label %s (1 in %zu of %zu rows): %s%s",
                     cdr_analysis_file(s), about, cdr_quote(label, s->set->label),
                     d->positives, d->rows, err->message, remedy(s, kind));
}

int cdr_analysis_next(struct cdr_analysis *s, uint64_t part, struct cdr_failure *why)
{
    cdr_progress_part(&s->progress, part);
    return cdr_interrupted() ? cdr_fails_interrupted(why) : 0;
}
