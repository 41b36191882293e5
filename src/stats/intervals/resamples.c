/* resamples.c - a run of the bootstrap, and what all intervals say of it.
 * SPDX-License-Identifier: MIT
 *
 * Resamples are drawn in rounds. Mostly there is one; where the run is to stop at a Monte
 * Carlo error there are as many again in each round as in all before. So the counts at
 * which it can stop are fixed, and what comes out depends on no worker.
 */
#include "stats/intervals/resamples.h"
#include "stats/check.h"
#include "stats/fail.h"
#include "stats/intervals/bca.h"
#include "stats/intervals/bounds.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DEGENERATE_MOST   0.05
#define DEFAULT_RESAMPLES 1000
#define DOUBLINGS_MOST    10

/* ---- beginning ---- */

void cdr_interval_clear(cadre_interval *out)
{
    const double nan = (double)NAN;

    *out = (cadre_interval){ .point = nan,
                             .low = nan,
                             .high = nan,
                             .standard_error = nan,
                             .low_error = nan,
                             .high_error = nan,
                             .p_value = nan };
}

int cdr_check_method(cadre_interval *out, int method, cadre_error *err)
{
    cdr_stats_clear(err);
    if (!out)
        return cdr_stats_fail(err, CADRE_EINVAL, "out is NULL");
    cdr_interval_clear(out);
    if (method >= 0 && method < CADRE_INTERVAL_METHOD_COUNT)
        return CADRE_OK;
    return cdr_stats_fail(err, CADRE_EINVAL, "no interval method has the number %d",
                          method);
}

void cdr_resamples_begin(struct cdr_resamples *r, const cadre_bootstrap *b, int method,
                         int rule, int seeding)
{
    r->b = *b;
    r->method = method;
    r->rule = rule;
    if (r->b.resamples == 0)
        r->b.resamples = DEFAULT_RESAMPLES;
    if (r->b.most_resamples == 0)
        r->b.most_resamples =
            r->b.resamples << DOUBLINGS_MOST >> DOUBLINGS_MOST == r->b.resamples
                ? r->b.resamples << DOUBLINGS_MOST
                : r->b.resamples;
    if (r->b.seeding == CADRE_SEEDING_DEFAULT)
        r->b.seeding = seeding;
    if (r->b.degenerate_most == 0)
        r->b.degenerate_most = DEGENERATE_MOST;
    if (r->b.degenerate_most < 0)
        r->b.degenerate_most = 0;
    r->tail = (1 - cdr_confidence(b->confidence)) / 2;
}

void cdr_resamples_close(struct cdr_resamples *r)
{
    cdr_design_close(&r->design);
    if (r->replicates != r->b.replicates)
        free(r->replicates);
    if (r->errors != r->b.errors)
        free(r->errors);
    free(r->sorted);
    free(r->pivots);
}

/* ---- memory ---- */

static bool grow(double **values, double *theirs, uint64_t n)
{
    size_t bytes;
    double *grown = NULL;

    if (theirs) {
        *values = theirs;
        return true;
    }
    if (!__builtin_mul_overflow(n, sizeof **values, &bytes))
        grown = realloc(*values, bytes);
    if (grown)
        *values = grown;
    return grown != NULL;
}

static int make_room(struct cdr_resamples *r, uint64_t n, cadre_error *err)
{
    const bool studentized = r->method == CADRE_STUDENTIZED;

    if (grow(&r->replicates, r->b.replicates, n) && grow(&r->sorted, NULL, n) &&
        (!studentized ||
         (grow(&r->errors, r->b.errors, n) && grow(&r->pivots, NULL, n))))
        return CADRE_OK;
    return cdr_stats_no_values(err, n);
}

/* ---- what the replicates say ---- */

/* What is not finite is not defined, and nor is a replicate without an error where those
 * are needed. */
static void mark_degenerate(struct cdr_resamples *r, uint64_t from)
{
    for (uint64_t i = from; i < r->drawn; i++)
        if (!isfinite(r->replicates[i]) || (r->errors && !(r->errors[i] > 0)))
            r->replicates[i] = (double)NAN;
}

static void keep_usable(struct cdr_resamples *r, double point)
{
    r->usable = 0;
    for (uint64_t i = 0; i < r->drawn; i++)
        if (!isnan(r->replicates[i])) {
            if (r->errors)
                r->pivots[r->usable] = (r->replicates[i] - point) / r->errors[i];
            r->sorted[r->usable++] = r->replicates[i];
        }
}

static int check_degenerate(const struct cdr_resamples *r, const cadre_interval *out,
                            cadre_error *err)
{
    const double most = r->b.degenerate_most;
    const bool too_many = most == 0.5
                              ? r->usable < r->drawn / 2
                              : (double)out->degenerate > most * (double)r->drawn;

    if (!too_many && r->usable > 0)
        return CADRE_OK;
    return cdr_stats_fail(err, CADRE_EDATA,
                          "%" PRIu64 " of %" PRIu64
                          " resamples are degenerate, more than "
                          "%g %%: %s is not defined where %s; %s would help",
                          out->degenerate, r->drawn, 100 * most, r->source.name,
                          r->source.reason, r->source.remedy);
}

static int summarise(cadre_interval *out, struct cdr_resamples *r, cadre_error *err)
{
    keep_usable(r, out->point);
    out->resamples = r->usable;
    out->degenerate = r->drawn - r->usable;
    out->standard_error = isnan(cdr_design_constant(&r->design))
                              ? cadre_deviation(r->sorted, r->usable, 1)
                              : 0;
    r->mean = cadre_mean(r->sorted, r->usable);
    cadre_sort(r->sorted, r->usable);
    if (r->pivots)
        cadre_sort(r->pivots, r->usable);
    return check_degenerate(r, out, err);
}

/* ---- running ---- */

/* Where every resample has the same value, a sum's last bit is no spread. */
static bool is_constant(cadre_interval *out, const struct cdr_resamples *r)
{
    const double constant = cdr_design_constant(&r->design);

    if (isnan(constant) || r->source.statistic)
        return false;
    out->low = out->high = constant;
    out->low_error = out->high_error = 0;
    out->p_value = r->b.null == constant ? 1 : 1 / ((double)r->usable + 1);
    return true;
}

static int conclude(cadre_interval *out, struct cdr_resamples *r, cadre_error *err)
{
    int rc = summarise(out, r, err);

    if (rc)
        return rc;
    out->method = r->method == CADRE_BCA_IF_DEFINED ? CADRE_BCA : r->method;
    if (out->method == CADRE_BCA) {
        rc = cdr_bca_levels(out, r, err);
        if (rc && r->method == CADRE_BCA)
            return rc;
        if (rc)
            out->method = CADRE_PERCENTILE;
        cdr_stats_clear(err);
    }
    if (!is_constant(out, r))
        cdr_bounds(out, r);
    return CADRE_OK;
}

static bool is_done(const cadre_interval *out, const struct cdr_resamples *r)
{
    const double error = r->b.until_error;

    if (error == 0 || r->drawn >= r->b.most_resamples)
        return true;
    return out->low_error <= error && out->high_error <= error;
}

/* ---- several together ---- */

/* Those that go on, what they are drawn by and where their values go: in arrays without gaps. */
struct active {
    struct cdr_resamples **of;
    struct cdr_design *design;
    struct cdr_values *values;
    size_t n;
};

static void active_close(struct active *a)
{
    free(a->of);
    free(a->design);
    free(a->values);
}

static bool active_open(struct active *a, size_t n)
{
    *a = (struct active){ .of = calloc(n, sizeof *a->of),
                          .design = calloc(n, sizeof *a->design),
                          .values = calloc(n, sizeof *a->values) };
    if (a->of && a->design && a->values)
        return true;
    active_close(a);
    return false;
}

/* Also gives them room for so many values. */
static int gather(struct active *a, struct cdr_resamples *r, size_t n, uint64_t to,
                  cadre_error *err)
{
    int rc = CADRE_OK;

    a->n = 0;
    for (size_t k = 0; k < n && !rc; k++) {
        if (r[k].done)
            continue;
        rc = make_room(&r[k], to, err);
        a->of[a->n] = &r[k];
        a->design[a->n] = r[k].design;
        a->values[a->n++] =
            (struct cdr_values){ .replicates = r[k].replicates, .errors = r[k].errors };
    }
    return rc;
}

/* All of them have drawn the same number so far. */
static int draw_to(struct active *a, uint64_t to, cadre_pool *pool, cadre_error *err)
{
    struct cdr_resamples *const first = a->of[0];
    const uint64_t before = first->drawn;
    const uint64_t from = before > first->b.done ? before : first->b.done;
    struct cdr_source source = first->source;
    cadre_bootstrap round = first->b;
    int rc = CADRE_OK;

    source.design = a->design;
    source.designs = a->n;
    round.resamples = to;
    if (from < to)
        rc = cdr_replicate(a->values, &source, pool, &round, from, to, err);
    for (size_t k = 0; !rc && k < a->n; k++) {
        a->of[k]->drawn = to;
        mark_degenerate(a->of[k], before);
    }
    return rc;
}

/* ---- running ---- */

/* The one that comes first among those that have failed says what went wrong. */
struct failure {
    size_t at;
    cadre_error why;
};

/* Whether all is over. */
static bool fails(struct failure *f, struct cdr_resamples *r, size_t k, int rc,
                  const cadre_error *why)
{
    r[k].rc = rc;
    if (!rc)
        return false;
    r[k].done = true;
    if (k < f->at || rc != CADRE_EDATA)
        *f = (struct failure){ rc == CADRE_EDATA ? k : 0, *why };
    return rc != CADRE_EDATA;
}

static int begin_one(cadre_interval *out, struct cdr_resamples *r, cadre_pool *pool,
                     cadre_error *err)
{
    int rc = cdr_evaluate(&out->point, &r->source, err);

    if (!rc && (r->method == CADRE_BCA || r->method == CADRE_BCA_IF_DEFINED))
        rc = cdr_bca_accelerate(r, pool, err);
    return rc;
}

static bool begin_all(cadre_interval *out, struct cdr_resamples *r, size_t n,
                      cadre_pool *pool, struct failure *f)
{
    cadre_error err;

    for (size_t k = 0; k < n; k++) {
        const int rc = begin_one(&out[k], &r[k], pool, &err);
        if (fails(f, r, k, rc, &err))
            return false;
    }
    return true;
}

/* A round of resamples, and what they say. */
static bool go_on(cadre_interval *out, struct cdr_resamples *r, size_t n,
                  struct active *a, uint64_t to, cadre_pool *pool, struct failure *f)
{
    cadre_error err;
    int rc = gather(a, r, n, to, &err);

    if (!rc && a->n > 0)
        rc = draw_to(a, to, pool, &err);
    if (rc) {
        *f = (struct failure){ 0, err };
        return false;
    }
    for (size_t k = 0; k < n; k++) {
        if (r[k].done)
            continue;
        cdr_stats_clear(&err);
        rc = conclude(&out[k], &r[k], &err);
        if (fails(f, r, k, rc, &err))
            return false;
        r[k].done = r[k].done || is_done(&out[k], &r[k]);
    }
    return a->n > 0;
}

static void clear_bounds(cadre_interval *out)
{
    out->low = out->high = out->low_error = out->high_error = out->p_value =
        (double)NAN;
}

int cdr_resamples_run(cadre_interval *out, struct cdr_resamples *r, size_t n,
                      cadre_pool *pool, cadre_error *err)
{
    struct failure f = { .at = SIZE_MAX };
    const uint64_t most = r->b.most_resamples;
    struct active a;

    if (!active_open(&a, n))
        return cdr_stats_no_memory(err, r->b.n);
    cdr_stats_clear(&f.why);
    if (begin_all(out, r, n, pool, &f))
        for (uint64_t to = r->b.resamples; go_on(out, r, n, &a, to, pool, &f);)
            to = to > most / 2 ? most : 2 * to;
    for (size_t k = 0; k < n; k++)
        if (r[k].rc || (f.why.code && f.why.code != CADRE_EDATA))
            clear_bounds(&out[k]);
    active_close(&a);
    if (err)
        *err = f.why;
    return f.why.code;
}
