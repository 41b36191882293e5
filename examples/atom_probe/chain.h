/* chain.h - the corrections found so far, applied to an ion one after another.
 * SPDX-License-Identifier: MIT
 *
 * Nothing is ever rewritten: each pass over the file takes what was recorded and applies
 * all corrections so far, which takes next to no time beside reading.
 */
#ifndef ATOM_PROBE_CHAIN_H
#define ATOM_PROBE_CHAIN_H

#include "event.h"

enum ap_step_kind { AP_INITIAL = 0, AP_VOLTAGE, AP_BOWL };

#define AP_STEPS_MAX 16

struct ap_step {
    int kind;
    double c[5]; /* AP_INITIAL: the means of d^2 and of the voltage; else of the fit */
};

struct ap_chain {
    bool mc;             /* the mass is corrected, or else the time of flight */
    bool voltage_pulses; /* ions also have 0.7 of the pulse's voltage */
    double flight;       /* from the specimen to the detector's middle, mm */
    unsigned n;
    struct ap_step step[AP_STEPS_MAX];
};

extern const char *const ap_step_name[];

double ap_chain_voltage(const struct ap_chain *chain, const struct ap_event *e);
double ap_chain_square(const struct ap_chain *chain, const struct ap_event *e);

/* The ion's time of flight, or mass. What depends on its place is left out for a partial
 * hit, and a factor that makes no sense too. */
double ap_chain_apply(const struct ap_chain *chain, const struct ap_event *e);

#endif
