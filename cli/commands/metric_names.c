/* metric_names.c - metrics as users name them.
 * SPDX-License-Identifier: MIT
 */
#include "cli/commands/metric_names.h"
#include "cli/base/text.h"
#include "cli/options/options.h"
#include <cadre/stats.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Names that others give to the metrics. */
static const struct {
    const char *theirs, *ours;
} synonyms[] = {
    { "auc", "roc_auc" },
    { "auroc", "roc_auc" },
    { "auc_roc", "roc_auc" },
    { "roc", "roc_auc" },
    { "roc_auc_score", "roc_auc" },
    { "ap", "pr_auc" },
    { "average_precision", "pr_auc" },
    { "average_precision_score", "pr_auc" },
    { "auprc", "pr_auc" },
    { "aupr", "pr_auc" },
    { "auc_pr", "pr_auc" },
    { "acc", "accuracy" },
    { "ppv", "precision" },
    { "sensitivity", "recall" },
    { "tpr", "recall" },
    { "f1_score", "f1" },
    { "f_score", "f1" },
    { "f_measure", "f1" },
    { "brier_score", "brier" },
    { "brier_score_loss", "brier" },
    { "nll", "log_loss" },
    { "cross_entropy", "log_loss" },
    { "ece", "ece_equal_width" },
    { "average", "mean" },
    { "tnr", "specificity" },
    { "matthews_corrcoef", "mcc" },
    { "cohen_kappa", "kappa" },
    { "cohen_kappa_score", "kappa" },
    { "balanced_accuracy_score", "balanced_accuracy" },
    { "std", "sd" },
    { "stddev", "sd" },
    { "var", "variance" },
    { "correlation", "pearson" },
    { "max_calibration_error", "mce" },
};

/* Whether b is a with other case, or other signs where a has underscores. */
static bool reads_as(const char *a, const char *b)
{
    for (; *a && *b; a++, b++)
        if (*a != tolower((unsigned char)*b) &&
            !(*a == '_' && (*b == '-' || *b == ' ')))
            return false;
    return *a == *b;
}

static int unknown_metric(const char *name, struct cdr_failure *why)
{
    const char *names[CADRE_METRIC_COUNT];
    char shown[CDR_SHOWN], hint[CDR_SHOWN];

    for (int k = 0; k < CADRE_METRIC_COUNT; k++)
        names[k] = cadre_metric_name(k);
    cdr_hint(hint, sizeof hint, name, names, CADRE_METRIC_COUNT,
             "cadre bootstrap --help lists them");
    for (size_t i = 0; i < sizeof synonyms / sizeof synonyms[0]; i++)
        if (reads_as(synonyms[i].theirs, name))
            snprintf(hint, sizeof hint, "did you mean %s?", synonyms[i].ours);
    return cdr_fails(why, CDR_EXIT_USAGE, "--metric: no metric is called %s; %s",
                     cdr_quote(shown, name), hint);
}

static int add_metric(int *kinds, size_t *n, const char *name, struct cdr_failure *why)
{
    int kind = cadre_metric_find(name);

    if (kind < 0)
        return unknown_metric(name, why);
    for (size_t i = 0; i < *n; i++)
        if (kinds[i] == kind)
            return cdr_fails(why, CDR_EXIT_USAGE, "--metric %s is given twice", name);
    kinds[(*n)++] = kind; /* no more than there are, each once */
    return 0;
}

int cdr_metrics_add(int *kinds, size_t *n, const char *names, struct cdr_failure *why)
{
    char *copy = strdup(names), *next = copy, *name;
    int rc = 0;

    if (!copy)
        return cdr_fails_memory(why);
    while (rc == 0 && (name = strsep(&next, ",")))
        rc = add_metric(kinds, n, name, why);
    free(copy);
    return rc;
}
