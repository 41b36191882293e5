/* plan.h - backend and workers: what was asked for, what is there, what comes of it.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CORE_PLAN_PLAN_H
#define CDR_CORE_PLAN_PLAN_H

#include "backends/table.h"
#include "machine/facts.h"
#include <cadre/backend.h>

#define CDR_WARNINGS_MAX 4

struct cdr_plan {
    const cadre_backend *backend;
    unsigned workers;             /* the caller's thread among them */
    bool custom;                  /* it is the program's own */
    const cadre_backend *foreign; /* one that was asked for, or registered; or NULL */
    unsigned available;           /* workers that it has; 0: it does not say */
    bool persistent;              /* workers are processes that stay */
    bool must_isolate;            /* kernels must not run in this process */
    bool portable;                /* they need nothing of it */
    bool automatic; /* cadre chose the backend: workers start when first wanted */
    int if_serial;
    uint64_t min_items;
    uint64_t chunk; /* of jobs that name none; 0: adaptive */
    bool isolate;
    uint64_t retire_after, retire_bytes;
    struct cdr_machine machine;
    char why_backend
        [256];         /* after the name: "auto: kernels share the caller's memory" */
    const char *limit; /* what decided the workers; NULL: a limit of the machine */
    char why_workers[512];
    unsigned n_warnings;
    char warnings[CDR_WARNINGS_MAX][256];
};

/* Whether the backend has one of these traits (CADRE_REMOTE, ...). */
static inline bool cdr_plan_has(const struct cdr_plan *plan, uint32_t traits)
{
    return plan->backend->traits & traits;
}

/* Decide. A pure function of the options and of the machine and environment behind
 * the view (NULL: the real ones), and of `outer`: how many workers the run has that the
 * caller is a task of; 0 outside of any. */
int cdr_plan_make(struct cdr_plan *plan, const cadre_options *opt,
                  const struct cdr_view *view, unsigned outer, cadre_error *err);

#endif
