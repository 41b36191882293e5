/* analysis_checks.c - options that do not go together.
 * SPDX-License-Identifier: MIT
 */
#include "cli/commands/analysis.h"
#include "cli/commands/classes.h"

#include <inttypes.h>

static int check_drawing(const struct cdr_analysis *s, struct cdr_failure *why)
{
    const struct cdr_resampling *d = &s->set->drawing;

    for (size_t i = 0; i < s->n_kinds; i++)
        if (cadre_metric_needs(s->kinds[i]) & CADRE_NEEDS_OTHER && !d->other)
            return cdr_fails(why, CDR_EXIT_USAGE,
                             "--metric %s is of two columns: name the second with "
                             "--other",
                             cadre_metric_name(s->kinds[i]));
    if (d->only_class && s->set->positive)
        return cdr_fails(why, CDR_EXIT_USAGE,
                         "--class and --positive both say which label is 1: leave one "
                         "out");
    if (d->block && (d->stratify || d->cluster))
        return cdr_fails(why, CDR_EXIT_USAGE,
                         "--block draws blocks: leave --stratify and --cluster out");
    if (d->level < 0 || d->level >= 1)
        return cdr_fails(why, CDR_EXIT_USAGE, "--level is %g: between 0 and 1",
                         d->level);
    if (d->until_error < 0)
        return cdr_fails(why, CDR_EXIT_USAGE, "--until-error is %g: at least 0",
                         d->until_error);
    if (d->most > 0 && !(d->until_error > 0))
        return cdr_fails(why, CDR_EXIT_USAGE,
                         "--most-resamples is for --until-error E: add that, or say "
                         "how many there are with --resamples");
    if (d->most > 0 && d->most < s->set->resamples)
        return cdr_fails(why, CDR_EXIT_USAGE,
                         "--most-resamples is %" PRIu64 ": at least the %" PRIu64
                         " to begin with (--resamples)",
                         d->most, s->set->resamples);
    if (d->test == 1 && (d->weight || d->stratify || d->cluster || d->block))
        return cdr_fails(why, CDR_EXIT_USAGE,
                         "--test permutation is for rows without weights, strata, "
                         "clusters and blocks");
    if (d->test == 1 && d->has_null)
        return cdr_fails(why, CDR_EXIT_USAGE,
                         "--null is %g, and --test permutation tests that there is no "
                         "difference: leave one of the two out",
                         d->null);
    return 0;
}

/* Methods that know more than resamples say, and of what. */
static int check_method(const struct cdr_analysis *s, struct cdr_failure *why)
{
    const struct cdr_resampling *d = &s->set->drawing;
    const int method = s->set->method;

    if (method < CDR_METHOD_DELONG)
        return 0;
    if (method == CDR_METHOD_CLT && !d->block)
        return cdr_fails(why, CDR_EXIT_USAGE,
                         "--method clt is for the mean over folds: name their column "
                         "with --block");
    for (size_t i = 0; method == CDR_METHOD_DELONG && i < s->n_kinds; i++)
        if (s->kinds[i] != CADRE_ROC_AUC)
            return cdr_fails(why, CDR_EXIT_USAGE,
                             "--method delong is for roc_auc only, not for %s",
                             cadre_metric_name(s->kinds[i]));
    if (method == CDR_METHOD_DELONG &&
        (d->weight || d->stratify || d->cluster || d->block))
        return cdr_fails(
            why, CDR_EXIT_USAGE,
            "--method delong is for rows without weights, strata, clusters "
            "and blocks");
    if (d->until_error > 0 || d->replicates)
        return cdr_fails(why, CDR_EXIT_USAGE,
                         "--%s is about resamples, and --method %s takes none",
                         d->replicates ? "replicates" : "until-error",
                         method == CDR_METHOD_CLT ? "clt" : "delong");
    return 0;
}

static int check_macro(const struct cdr_analysis *s, struct cdr_failure *why)
{
    const struct cdr_resampling *d = &s->set->drawing;

    if (!d->macro)
        return 0;
    if (!s->set->label)
        return cdr_fails(why, CDR_EXIT_USAGE, "--macro needs --label COL");
    for (size_t i = 0; i < s->n_kinds; i++)
        if (cadre_metric_needs(s->kinds[i]) &
            (CADRE_NEEDS_NO_LABELS | CADRE_NEEDS_OTHER))
            return cdr_fails(why, CDR_EXIT_USAGE,
                             "--macro is for metrics of classifiers, not for %s",
                             cadre_metric_name(s->kinds[i]));
    if (d->only_class || s->set->positive || d->block || d->validation ||
        d->test == 1 || s->set->method >= CADRE_STUDENTIZED)
        return cdr_fails(why, CDR_EXIT_USAGE,
                         "--macro does not go with --class, --positive, --block, "
                         "--validation, --test permutation and --method studentized, "
                         "delong or clt");
    return cdr_classes_check(s, why);
}

static int check_validation(struct cdr_analysis *s, struct cdr_failure *why)
{
    const struct cdr_resampling *d = &s->set->drawing;

    if (!d->validation)
        return !d->selector
                   ? 0
                   : cdr_fails(why, CDR_EXIT_USAGE,
                               "--select is for --validation FILE: name the rows "
                               "to choose thresholds in");
    for (size_t i = 0; i < s->n_kinds; i++)
        if (!(cadre_metric_needs(s->kinds[i]) & CADRE_NEEDS_THRESHOLD))
            return cdr_fails(why, CDR_EXIT_USAGE,
                             "--validation is for metrics at a threshold, such as f1, "
                             "not for %s",
                             cadre_metric_name(s->kinds[i]));
    if (s->set->has_threshold)
        return cdr_fails(why, CDR_EXIT_USAGE,
                         "--threshold and --validation both say which threshold: leave "
                         "one out");
    if (d->weight || d->stratify || d->cluster || d->block || d->by || d->test == 1 ||
        s->set->method >= CADRE_STUDENTIZED)
        return cdr_fails(
            why, CDR_EXIT_USAGE,
            "--validation does not go with --weight, --stratify, --cluster, "
            "--block, --by, --test permutation and --method studentized, "
            "delong or clt");
    return cdr_choice_take(&s->choice, d->selector ? d->selector : "max_f1", why);
}

static int check_extend(const struct cdr_analysis *s, struct cdr_failure *why)
{
    const struct cdr_resampling *d = &s->set->drawing;

    if (d->extend && (s->set->method >= CADRE_STUDENTIZED || d->test == 1))
        return cdr_fails(why, CDR_EXIT_USAGE,
                         "--extend is for intervals from replicates alone, not for "
                         "--method studentized, delong or clt, nor --test permutation");
    return 0;
}

int cdr_analysis_check_together(struct cdr_analysis *s, struct cdr_failure *why)
{
    int rc = check_drawing(s, why);

    if (!rc)
        rc = check_method(s, why);
    if (!rc)
        rc = check_macro(s, why);
    if (!rc)
        rc = check_validation(s, why);
    return rc ? rc : check_extend(s, why);
}
