/* number.h - numbers as print has them.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_PLOT_NUMBER_H
#define CDR_PLOT_NUMBER_H

#include <stddef.h>

/* floor(log10(|value|)) of the value to 15 digits; 0 for zero and what is not finite. */
int cdr_number_exponent(double value);

/* With so many decimals and a minus sign as print has it; what rounds to zero has no
 * sign. Returns out. */
const char *cdr_number_fixed(char *out, size_t size, double value, int decimals);

/* value / 10^exponent; also where that power is no double. */
double cdr_number_scale(double value, int exponent);

/* "10⁻¹²" */
const char *cdr_number_power(char *out, size_t size, int exponent);

/* At most 15 digits, as few as say it; "2.5×10⁻¹²" where zeros would be many. */
const char *cdr_number_short(char *out, size_t size, double value);

#endif
