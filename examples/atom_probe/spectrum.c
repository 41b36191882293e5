/* spectrum.c - peaks of spectra: where, how wide, and the window around the highest.
 * SPDX-License-Identifier: MIT
 */
#include "calibrate.h"

#include <string.h>

#define SMOOTH 4 /* bins on either side */

static void smooth(const struct ap_spectrum *s, double *out)
{
    for (int k = 0; k < AP_BINS; k++) {
        int from = k < SMOOTH ? 0 : k - SMOOTH;
        int to = k + SMOOTH < AP_BINS ? k + SMOOTH : AP_BINS - 1;
        double sum = 0;

        for (int i = from; i <= to; i++)
            sum += (double)s->counts[i];
        out[k] = sum / (to - from + 1);
    }
}

/* Where it falls through half its height, from bin k in steps of `step`, in bins. */
static double half_from(const double *y, int k, int step)
{
    double half = y[k] / 2;

    while (k + step >= 0 && k + step < AP_BINS && y[k + step] > half)
        k += step;
    if (k + step < 0 || k + step >= AP_BINS)
        return k + 0.5;
    return k + 0.5 + step * (y[k] - half) / (y[k] - y[k + step]);
}

void ap_spectrum_width(const struct ap_spectrum *s, double *at, double *width)
{
    double y[AP_BINS], left, right, bin = (s->high - s->low) / AP_BINS;
    int best = 0;

    smooth(s, y);
    for (int k = 1; k < AP_BINS; k++)
        best = y[k] > y[best] ? k : best;
    left = half_from(y, best, -1);
    right = half_from(y, best, 1);
    *at = s->low + bin * (left + right) / 2;
    *width = bin * (right - left);
}
