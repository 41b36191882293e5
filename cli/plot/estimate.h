/* estimate.h - an estimate and its interval with digits that mean something.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_ESTIMATE_H
#define CDR_CLI_ESTIMATE_H

#include <cadre/stats.h>

/* A value is written as value / 10^exponent with so many decimals. */
struct cdr_digits {
    int exponent; /* 0 where plain digits are readable */
    int decimals;
};

/* Which values a metric can have; infinite: any. One without bounds is of the columns' own
 * size, however small that is. */
struct cdr_range {
    double least, most;
};
struct cdr_range cdr_range_of(int kind);

/* Two digits of the standard error. Of a mean and the like, an error as small as 1e-15 can be real;
 * in metrics between 0 and 1 it is what rounding leaves. */
struct cdr_digits cdr_digits_of(const cadre_interval *interval, int kind);

/* "0.938" and "[0.916, 0.957]"; "2.5×10⁻¹²" and "[2.1, 2.9]×10⁻¹²" */
struct cdr_estimate {
    char point[80];
    char interval[160];
};
void cdr_estimate_write(struct cdr_estimate *out, const cadre_interval *interval,
                        struct cdr_digits digits);

#endif
