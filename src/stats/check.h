/* check.h - what users may pass.
 * SPDX-License-Identifier: MIT
 *
 * Each returns CADRE_OK, or CADRE_EINVAL with a message that names what is wrong.
 */
#ifndef CDR_STATS_CHECK_H
#define CDR_STATS_CHECK_H

#include <cadre/stats.h>

int cdr_check_metric(const cadre_metric *metric, cadre_error *err);

/* The metric has been checked. */
int cdr_check_labels(const cadre_metric *metric, const uint8_t *labels, size_t n,
                     cadre_error *err);
int cdr_check_scores(const cadre_metric *metric, const char *name, const double *scores,
                     size_t n, cadre_error *err);

/* Of scores called `name`, and all else that rows have. */
int cdr_check_rows(const cadre_metric *metric, const cadre_rows *rows, const char *name,
                   cadre_error *err);

/* 0 stands for the default, which cdr_confidence puts in its place. */
int cdr_check_confidence(double confidence, cadre_error *err);
double cdr_confidence(double confidence);

int cdr_check_folds(const double *values, size_t k, cadre_error *err);

int cdr_check_reserved(const char *of, const uint64_t *reserved, size_t n,
                       cadre_error *err);

/* What does not depend on what is measured; `least` rows are needed. */
int cdr_check_resampling(const cadre_bootstrap *b, size_t least, cadre_error *err);

/* All but the scores: the metric, and what resampling takes. */
int cdr_check_bootstrap(const cadre_bootstrap *b, cadre_error *err);

enum { CDR_LEAST_ROWS = 10 };

/* For messages: why a curve of rows with or without weights is not defined. */
const char *cdr_curve_reason(const double *weights);

#endif
