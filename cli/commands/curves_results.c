/* curves_results.c - what cadre roc has found out, as results.
 * SPDX-License-Identifier: MIT
 */
#include "cli/commands/curves.h"

static bool set(json_t *row, const char *key, json_t *value)
{
    return json_object_set_new(row, key, value) == 0; /* NULL fails, too */
}

static bool number(json_t *row, const char *key, double value)
{
    return set(row, key, cdr_json_number(value));
}

static bool count(json_t *row, const char *key, uint64_t n)
{
    return set(row, key, cdr_json_count(n));
}

/* A row that says whose it is. NULL: no memory. */
static json_t *begin(const struct cdr_curves *c)
{
    json_t *row = json_object();

    if (row && (!c->group || set(row, "group", cdr_json_text(c->group))) &&
        set(row, "score", cdr_json_text(c->name)))
        return row;
    json_decref(row);
    return NULL;
}

static bool end(json_t *rows, json_t *row, bool done)
{
    done = done && json_array_append(rows, row) == 0;
    json_decref(row);
    return done;
}

/* ---- areas ---- */

static bool add_area(const struct cdr_curves *c, json_t *rows, int kind,
                     const cadre_interval *x, const char *method)
{
    json_t *row = begin(c);

    return end(rows, row,
               row && set(row, "metric", cdr_json_text(cadre_metric_name(kind))) &&
                   number(row, "point", x->point) && number(row, "low", x->low) &&
                   number(row, "high", x->high) &&
                   number(row, "standard_error", x->standard_error) &&
                   set(row, "method", cdr_json_text(method)));
}

bool cdr_curves_add_areas(const struct cdr_curves *c, json_t *rows)
{
    const char *const roc =
        c->delong ? "delong" : cadre_interval_method_name(c->roc_area.method);

    return add_area(c, rows, CADRE_ROC_AUC, &c->roc_area, roc) &&
           add_area(c, rows, CADRE_PR_AUC, &c->pr_area,
                    cadre_interval_method_name(c->pr_area.method));
}

/* ---- operating points ---- */

static bool add_point(const struct cdr_curves *c, const struct cdr_choice *choice,
                      const struct cdr_point *p, json_t *rows)
{
    json_t *row = begin(c);

    return end(rows, row,
               row && set(row, "selector", cdr_json_text(choice->text)) &&
                   number(row, "threshold", p->at.threshold) &&
                   number(row, "recall", p->at.recall) &&
                   number(row, "recall_low", p->recall_low) &&
                   number(row, "recall_high", p->recall_high) &&
                   number(row, "specificity", p->specificity) &&
                   number(row, "specificity_low", p->specificity_low) &&
                   number(row, "specificity_high", p->specificity_high) &&
                   number(row, "precision", p->at.precision) &&
                   number(row, "f1", p->at.f1) &&
                   set(row, "method", cdr_json_text(p->method)) &&
                   number(row, "standard_error", p->error));
}

bool cdr_curves_add_points(const struct cdr_curves *c, const struct cdr_choice *choices,
                           json_t *rows)
{
    for (size_t k = 0; k < c->n_points; k++)
        if (!add_point(c, &choices[k], &c->points[k], rows))
            return false;
    return true;
}

/* ---- curves ---- */

static json_t *numbers(const double *values, size_t n)
{
    json_t *array = json_array();

    for (size_t i = 0; array && i < n; i++)
        if (json_array_append_new(array, cdr_json_number(values[i]))) {
            json_decref(array);
            array = NULL;
        }
    return array;
}

static bool add_curve(const struct cdr_curves *c, json_t *rows, const char *name,
                      const cadre_curve *curve, const cadre_band *band)
{
    json_t *row = begin(c), *places = json_object();
    const bool done = row && places && set(row, "curve", cdr_json_text(name)) &&
                      set(row, "x", numbers(curve->x, curve->n)) &&
                      set(row, "y", numbers(curve->y, curve->n)) &&
                      (!curve->threshold ||
                       set(row, "threshold", numbers(curve->threshold, curve->n))) &&
                      set(places, "x", numbers(band->x, band->n)) &&
                      set(places, "y", numbers(band->y, band->n)) &&
                      set(places, "low", numbers(band->low, band->n)) &&
                      set(places, "high", numbers(band->high, band->n)) &&
                      count(places, "usable", band->resamples) &&
                      count(places, "degenerate", band->degenerate) &&
                      json_object_set(row, "band", places) == 0;

    json_decref(places);
    return end(rows, row, done);
}

bool cdr_curves_add_all(const struct cdr_curves *c, json_t *rows)
{
    return add_curve(c, rows, "roc", &c->roc, &c->roc_band) &&
           add_curve(c, rows, "pr", &c->pr, &c->pr_band);
}

static bool add_places(const struct cdr_curves *c, json_t *rows, const char *name,
                       const cadre_band *band)
{
    for (size_t k = 0; k < band->n; k++) {
        json_t *row = begin(c);
        if (!end(rows, row,
                 row && set(row, "curve", cdr_json_text(name)) &&
                     number(row, "x", band->x[k]) && number(row, "y", band->y[k]) &&
                     number(row, "low", band->low[k]) &&
                     number(row, "high", band->high[k])))
            return false;
    }
    return true;
}

bool cdr_curves_add_grid(const struct cdr_curves *c, json_t *rows)
{
    return add_places(c, rows, "roc", &c->roc_band) &&
           add_places(c, rows, "pr", &c->pr_band);
}
