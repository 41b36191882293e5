/* fit.c - least squares for the two corrections, by Householder reflections.
 * SPDX-License-Identifier: MIT
 *
 * Columns are scaled (millimetres by the detector's radius, volts by a thousand): that
 * takes the condition number of the bowl's matrix from a million to twenty.
 */
#include "fit.h"
#include "failure.h"
#include "numbers.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS 3 /* of trimming */
#define TRIM   3.5
#define NORMAL 1.4826 /* a normal distribution's deviation in median deviations */
#define RADIUS 35.0   /* mm */

/* Reflect column j so that it ends below row j, and the columns after it, and b. */
static void reflect(double *a, double *b, size_t n, unsigned k, unsigned j,
                    double *diag)
{
    double norm = 0, head, scale;

    for (size_t i = j; i < n; i++)
        norm = hypot(norm, a[i * k + j]);
    head = a[j * k + j] > 0 ? -norm : norm;
    *diag = head;
    if (norm == 0)
        return;
    a[j * k + j] -= head;
    scale = -head * a[j * k + j]; /* half of the reflector's square */
    for (unsigned m = j + 1; m <= k; m++) {
        double sum = 0;

        for (size_t i = j; i < n; i++)
            sum += a[i * k + j] * (m < k ? a[i * k + m] : b[i]);
        sum /= scale;
        for (size_t i = j; i < n; i++)
            *(m < k ? &a[i * k + m] : &b[i]) -= sum * a[i * k + j];
    }
}

int ap_fit_solve(double *a, double *b, size_t n, unsigned k, double *c,
                 cadre_error *err)
{
    double diag[AP_FIT_MAX], most = 0;

    if (n < k || k > AP_FIT_MAX)
        return ap_fail(err, CADRE_EDATA, "%zu points do not determine %u coefficients",
                       n, k);
    for (unsigned j = 0; j < k; j++) {
        reflect(a, b, n, k, j, &diag[j]);
        most = fmax(most, fabs(diag[j]));
    }
    for (unsigned j = k; j-- > 0;) {
        if (!(fabs(diag[j]) > most * (double)n * DBL_EPSILON))
            return ap_fail(err, CADRE_EDATA,
                           "the %zu points lie so that they do not determine %u "
                           "coefficients",
                           n, k);
        c[j] = b[j];
        for (unsigned m = j + 1; m < k; m++)
            c[j] -= a[j * k + m] * c[m];
        c[j] /= diag[j];
    }
    return CADRE_OK;
}

/* ---- voltage ---- */

int ap_fit_voltage(const double *v, const double *t, size_t n, double c[3],
                   cadre_error *err)
{
    double *a = malloc((n ? n : 1) * 4 * sizeof *a), *b = a + 3 * n;
    int rc;

    if (!a)
        return ap_fail_memory(err, n * 4 * sizeof *a);
    for (size_t i = 0; i < n; i++) {
        double u = v[i] / 1000;

        a[3 * i] = 1;
        a[3 * i + 1] = u;
        a[3 * i + 2] = u * u;
        b[i] = t[i];
    }
    rc = ap_fit_solve(a, b, n, 3, c, err);
    c[1] /= 1000;
    c[2] /= 1e6;
    free(a);
    return rc;
}

double ap_voltage_factor(const double c[3], double v)
{
    return c[0] + c[1] * v + c[2] * (v * v);
}

/* ---- bowl ---- */

struct points {
    const double *x, *y, *z;
    double *a, *b;   /* the matrix and the right-hand side; b is also working memory */
    double *residue; /* of all points */
    bool *left_out;
    size_t n;
};

static int solve(const struct points *p, double c[5], cadre_error *err)
{
    size_t rows = 0;
    int rc;

    for (size_t i = 0; i < p->n; i++) {
        double *row = p->a + 5 * rows, u = p->x[i] / RADIUS, w = p->y[i] / RADIUS;

        if (p->left_out[i])
            continue;
        row[0] = 1;
        row[1] = u * u + w * w;
        row[2] = row[1] * row[1];
        row[3] = u;
        row[4] = w;
        p->b[rows++] = p->z[i];
    }
    rc = ap_fit_solve(p->a, p->b, rows, 5, c, err);
    c[1] /= RADIUS * RADIUS;
    c[2] /= RADIUS * RADIUS * RADIUS * RADIUS;
    c[3] /= RADIUS;
    c[4] /= RADIUS;
    return rc;
}

/* Leave out what lies far from the median residue; what was left out before may come in
 * again. False: fewer than five would stay, and nothing has changed. */
static bool trim(const struct points *p, const double c[5])
{
    double middle, spread;
    size_t kept = 0;

    for (size_t i = 0; i < p->n; i++) {
        p->residue[i] = p->z[i] - ap_bowl_factor(c, p->x[i], p->y[i]);
        p->b[i] = p->residue[i];
    }
    middle = ap_median(p->b, p->n);
    for (size_t i = 0; i < p->n; i++)
        p->b[i] = fabs(p->residue[i] - middle);
    spread = fmax(NORMAL * ap_median(p->b, p->n), DBL_EPSILON);
    for (size_t i = 0; i < p->n; i++)
        kept += fabs(p->residue[i] - middle) <= TRIM * spread;
    for (size_t i = 0; kept >= 5 && i < p->n; i++)
        p->left_out[i] = !(fabs(p->residue[i] - middle) <= TRIM * spread);
    return kept >= 5;
}

int ap_fit_bowl(const double *x, const double *y, const double *z, size_t n,
                bool trimmed, double c[5], cadre_error *err)
{
    size_t size = n * 7 * sizeof(double) + n * sizeof(bool);
    double *all = calloc(1, size ? size : 1);
    struct points p = {
        x, y, z, all, all + 5 * n, all + 6 * n, (bool *)(void *)(all + 7 * n), n
    };
    int rc;

    if (!all)
        return ap_fail_memory(err, size);
    rc = solve(&p, c, err);
    for (int round = 0; trimmed && rc == CADRE_OK && round < ROUNDS; round++) {
        if (!trim(&p, c))
            break;
        rc = solve(&p, c, err);
    }
    free(all);
    return rc;
}

double ap_bowl_factor(const double c[5], double x, double y)
{
    double r2 = x * x + y * y;

    return c[0] + c[1] * r2 + c[2] * (r2 * r2) + c[3] * x + c[4] * y;
}
