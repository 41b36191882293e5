/* paired.c - the confidence interval of a difference on the same rows.
 * SPDX-License-Identifier: MIT
 */
#include "stats/resampling/resamples.h"

int cadre_bootstrap_difference(cadre_interval *out, cadre_pool *pool,
                               const cadre_bootstrap *b, const double *scores_a,
                               const double *scores_b, cadre_error *err)
{
    const double *const scores[] = { scores_a, scores_b };
    struct cdr_resamples r;
    const int rc = cdr_resamples_open(&r, out, pool, b, scores, 2, err);

    if (!rc) {
        out->low = cadre_quantile(r.sorted, r.usable, r.tail, CADRE_QUANTILE_NUMPY);
        out->high =
            cadre_quantile(r.sorted, r.usable, 1 - r.tail, CADRE_QUANTILE_NUMPY);
    }
    cdr_resamples_close(&r);
    return rc;
}
