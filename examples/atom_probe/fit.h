/* fit.h - least squares for the two corrections, by Householder reflections.
 * SPDX-License-Identifier: MIT
 */
#ifndef ATOM_PROBE_FIT_H
#define ATOM_PROBE_FIT_H

#include <cadre/cadre.h>

#define AP_FIT_MAX 6 /* columns */

/* Minimise |A c - b|: A has n rows of k columns, row by row. A and b are overwritten.
 * CADRE_EDATA when the columns are not independent. */
int ap_fit_solve(double *a, double *b, size_t n, unsigned k, double *c,
                 cadre_error *err);

/* t = a + b V + c V^2 through the segments: c[0..2]. */
int ap_fit_voltage(const double *v, const double *t, size_t n, double c[3],
                   cadre_error *err);
double ap_voltage_factor(const double c[3], double v);

/* z = a + b r2 + c r2^2 + d x + e y through the cells, r2 = x^2 + y^2: c[0..4]. `trimmed`:
 * up to three times more without what lies 3.5 robust deviations off. */
int ap_fit_bowl(const double *x, const double *y, const double *z, size_t n,
                bool trimmed, double c[5], cadre_error *err);
double ap_bowl_factor(const double c[5], double x, double y);

#endif
