/* chain.c - the corrections found so far, applied to an ion one after another.
 * SPDX-License-Identifier: MIT
 */
#include "chain.h"
#include "fit.h"

#include <float.h>
#include <math.h>

#define SHARE_OF_PULSE 0.7

const char *const ap_step_name[] = { "initial", "voltage", "bowl" };

double ap_chain_voltage(const struct ap_chain *chain, const struct ap_event *e)
{
    return chain->voltage_pulses ? e->voltage + SHARE_OF_PULSE * e->pulse : e->voltage;
}

double ap_chain_square(const struct ap_chain *chain, const struct ap_event *e)
{
    return e->x * e->x + e->y * e->y + chain->flight * chain->flight;
}

static double initial(const struct ap_chain *chain, const struct ap_step *step,
                      const struct ap_event *e, double t)
{
    double square = ap_chain_square(chain, e);

    if (!isnan(square))
        t = t * step->c[0] / square;
    return t * sqrt(ap_chain_voltage(chain, e) / step->c[1]);
}

static double voltage(const struct ap_chain *chain, const struct ap_step *step,
                      const struct ap_event *e, double t)
{
    double factor = ap_voltage_factor(step->c, ap_chain_voltage(chain, e));

    factor = fmax(factor, DBL_EPSILON);
    return chain->mc ? t / factor : t / sqrt(factor);
}

static double bowl(const struct ap_step *step, const struct ap_event *e, double t)
{
    double factor = ap_bowl_factor(step->c, e->x, e->y);

    return isfinite(factor) && factor > 0 ? t / factor : t;
}

double ap_chain_apply(const struct ap_chain *chain, const struct ap_event *e)
{
    double t = chain->mc ? e->mc : e->t;

    for (unsigned k = 0; k < chain->n; k++) {
        const struct ap_step *step = &chain->step[k];

        t = step->kind == AP_INITIAL   ? initial(chain, step, e, t)
            : step->kind == AP_VOLTAGE ? voltage(chain, step, e, t)
                                       : bowl(step, e, t);
    }
    return t;
}
