/* plan.c - backend and workers: what was asked for, what is there, what comes of it.
 * SPDX-License-Identifier: MIT
 *
 * The backend is what CADRE_BACKEND says, else what the options say; "auto" is one that was
 * registered and has workers available, else threads, or serial where there is but one
 * worker; processes where kernels need them. The workers are what CADRE_WORKERS says, else
 * what the options say, counted against the CPUs that this process may use: -1 is all of
 * them, -2 all but one; more than there are is capped and said, unless oversubscribing
 * was asked for. A pool opened inside a task gets its share of the CPUs of the run that
 * the task belongs to, so that nested pools do not multiply.
 */
#include "core/plan/plan.h"
#include "backends/table.h"
#include "machine/environ.h"
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define ALL_TRAITS                                                                    \
    (CADRE_REMOTE | CADRE_MAPPED | CADRE_INHERITS | CADRE_ISOLATED | CADRE_KILLABLE | \
     CADRE_OWN_CPUS)

/* What was asked for, and by whom. */
struct wish {
    const char *backend; /* never NULL */
    const char *backend_by;
    int workers;
    const char *workers_by;
};

static void warn(struct cdr_plan *plan, const char *format, ...) CADRE_PRINTF(2, 3);

static void warn(struct cdr_plan *plan, const char *format, ...)
{
    va_list args;

    if (plan->n_warnings == CDR_WARNINGS_MAX)
        return;
    va_start(args, format);
    vsnprintf(plan->warnings[plan->n_warnings++], sizeof plan->warnings[0], format,
              args);
    va_end(args);
}

static int read_wish(struct wish *wish, const cadre_options *opt,
                     const struct cdr_view *view, cadre_error *err)
{
    struct cdr_environ env = { 0 };
    int rc;

    wish->backend = opt->backend ? opt->backend : "auto";
    wish->backend_by = opt->backend ? "asked for" : "default";
    wish->workers = opt->workers;
    wish->workers_by = opt->workers ? "asked for" : "default";
    if (opt->ignore_environment)
        return CADRE_OK;
    rc = cdr_environ_read(&env, view, err);
    if (rc)
        return rc;
    if (env.backend) {
        wish->backend = env.backend;
        wish->backend_by = "CADRE_BACKEND";
    }
    if (env.has_workers) {
        wish->workers = env.workers;
        wish->workers_by = "CADRE_WORKERS";
    }
    return CADRE_OK;
}

/* ---- workers ---- */

/* CPUs to plan with, and a word on where they come from. */
static unsigned budget(struct cdr_plan *plan, unsigned outer)
{
    unsigned cpus = plan->machine.cpus;

    if (cpus > CDR_WORKERS_MAX)
        cpus = CDR_WORKERS_MAX;
    if (outer < 2) {
        snprintf(plan->why_workers, sizeof plan->why_workers, "%s",
                 plan->machine.cpu_reason);
        return cpus;
    }
    cpus = cpus / outer > 1 ? cpus / outer : 1;
    snprintf(plan->why_workers, sizeof plan->why_workers,
             "the share of %u CPU%s of a task among %u workers (%s)", cpus,
             cpus == 1 ? "" : "s", outer, plan->machine.cpu_reason);
    return cpus;
}

/* Those of the backend are what there is, instead of CPUs. */
static void count_available(struct cdr_plan *plan, int n)
{
    unsigned all =
        plan->available < CDR_WORKERS_MAX ? plan->available : CDR_WORKERS_MAX;
    unsigned without = n < 0 ? (unsigned)-(n + 1) : 0;

    plan->workers = without < all ? all - without : 1;
    plan->limit = "backend";
    snprintf(plan->why_workers, sizeof plan->why_workers,
             "%u of the %u that backend %.60s has", plan->workers, plan->available,
             plan->foreign->name);
}

/* A backend of its own kind was asked for, or is there for whoever asks for none. */
static const cadre_backend *foreign_backend(const struct cdr_plan *plan,
                                            const struct wish *wish,
                                            const cadre_options *opt, unsigned outer,
                                            unsigned *available)
{
    const cadre_backend *backend = plan->custom ? opt->custom : NULL;

    *available = 0;
    if (!backend && strcmp(wish->backend, "auto") == 0)
        return outer == 0 && !opt->persistent && !opt->isolate
                   ? cdr_backend_available(available)
                   : NULL;
    if (!backend)
        backend = cdr_backend_find(wish->backend, false);
    if (backend && backend->available)
        *available = backend->available();
    return backend;
}

static int count_workers(struct cdr_plan *plan, const struct wish *wish,
                         const cadre_options *opt, unsigned outer, cadre_error *err)
{
    unsigned cpus = budget(plan, outer);
    char machine[sizeof plan->why_workers];
    int n = wish->workers;
    bool uncapped =
        opt->oversubscribe || (plan->foreign && plan->foreign->traits & CADRE_OWN_CPUS);

    plan->limit = outer < 2 ? NULL : "nested run";
    if (n <= 0 && plan->available > 0) {
        count_available(plan, n);
        return CADRE_OK;
    }
    if (n == 0) {
        plan->workers = cpus;
        return CADRE_OK;
    }
    memcpy(machine, plan->why_workers, sizeof machine);
    if (n <= (int)cpus || uncapped)
        plan->limit = wish->workers_by;
    if (n < 0) {
        plan->workers = n < -(int)cpus ? 1 : cpus + 1 + (unsigned)n;
        if (plan->workers < 1)
            plan->workers = 1;
        snprintf(plan->why_workers, sizeof plan->why_workers, "%d (%s) of %.400s", n,
                 wish->workers_by, machine);
        return CADRE_OK;
    }
    plan->workers = (unsigned)n;
    snprintf(plan->why_workers, sizeof plan->why_workers, "%d (%s); %.400s", n,
             wish->workers_by, machine);
    if ((unsigned)n <= (uncapped ? CDR_WORKERS_MAX : cpus))
        return CADRE_OK;
    if (opt->exact_workers && !uncapped)
        return cdr_fail(err, CADRE_EINVAL,
                        "%d workers (%s) are more than this process may use: %.200s", n,
                        wish->workers_by, machine);
    if (uncapped) {
        plan->workers = CDR_WORKERS_MAX;
        snprintf(plan->why_workers, sizeof plan->why_workers,
                 "%d (%s), capped to the most there can be", n, wish->workers_by);
        warn(plan, "%d workers (%s) capped to %d, the most there can be", n,
             wish->workers_by, CDR_WORKERS_MAX);
        return CADRE_OK;
    }
    plan->workers = cpus;
    snprintf(plan->why_workers, sizeof plan->why_workers,
             "%d (%s), capped without oversubscribe: %.400s", n, wish->workers_by,
             machine);
    warn(plan, "%d workers (%s) capped to %u: %.200s", n, wish->workers_by, cpus,
         machine);
    return CADRE_OK;
}

/* ---- backend ---- */

/* What kernels demand of their env, against what a backend gives. */
static int check_demands(const cadre_backend *backend, const cadre_options *opt,
                         cadre_error *err)
{
    if (opt->isolate && !(backend->traits & CADRE_REMOTE))
        return cdr_fail(
            err, CADRE_ENOTSUP,
            "isolate is set, but backend \"%s\" runs kernels in this process",
            backend->name);
    if (opt->isolate && !(backend->traits & CADRE_ISOLATED))
        return cdr_fail(err, CADRE_ENOTSUP,
                        "isolate is set, but with backend \"%s\" a crash ends the run",
                        backend->name);
    if (opt->not_thread_safe && backend->begin && !(backend->traits & CADRE_REMOTE))
        return cdr_fail(err, CADRE_EINVAL,
                        "not_thread_safe is set, but backend \"%.60s\" runs kernels at "
                        "the same time; use \"processes\"",
                        backend->name);
    return CADRE_OK;
}

static void choose_automatically(struct cdr_plan *plan, const struct wish *wish,
                                 const cadre_options *opt)
{
    plan->automatic = true;
    if (plan->foreign) {
        plan->backend = plan->foreign;
        snprintf(plan->why_backend, sizeof plan->why_backend,
                 "auto (%s): it has %u workers for this program", wish->backend_by,
                 plan->available);
        return;
    }
    if (opt->isolate || (opt->not_thread_safe && plan->workers > 1)) {
        plan->backend = cdr_backend_find("processes", opt->persistent);
        snprintf(plan->why_backend, sizeof plan->why_backend,
                 "auto (%s): %s, and processes have memory of their own",
                 wish->backend_by,
                 opt->isolate ? "isolate is set" : "not_thread_safe is set");
        return;
    }
    if (opt->persistent && plan->workers > 1) {
        plan->backend = cdr_backend_find("processes", true);
        snprintf(plan->why_backend, sizeof plan->why_backend,
                 "auto (%s): persistent is set, which is for processes",
                 wish->backend_by);
        return;
    }
    if (plan->workers > 1) {
        plan->backend = cdr_backend_find("threads", false);
        snprintf(plan->why_backend, sizeof plan->why_backend,
                 "auto (%s): threads share the caller's memory and start cheaply",
                 wish->backend_by);
        return;
    }
    plan->backend = cdr_backend_find("serial", false);
    snprintf(plan->why_backend, sizeof plan->why_backend,
             "auto (%s): one worker needs no other", wish->backend_by);
}

static int no_such_backend(const struct wish *wish, cadre_error *err)
{
    const char *near = cdr_backend_near(wish->backend);

    if (cdr_backend_is_absent(wish->backend))
        return cdr_fail(err, CADRE_ENOTSUP,
                        "backend \"%.60s\" (%s) comes with libcadre-mpi, which this "
                        "program is not linked with; there are %s",
                        wish->backend, wish->backend_by, cdr_backend_names());
    if (near)
        return cdr_fail(err, CADRE_EINVAL,
                        "no backend called \"%.60s\" (%s), maybe \"%s\"; there are %s",
                        wish->backend, wish->backend_by, near, cdr_backend_names());
    return cdr_fail(err, CADRE_EINVAL, "no backend called \"%.60s\" (%s); there are %s",
                    wish->backend, wish->backend_by, cdr_backend_names());
}

/* What a backend has to have beside begin. */
static const char *missing_function(const cadre_backend *b)
{
    bool workers = b->begin || b->poll || b->wake || b->end || b->traits;

    return !workers                                 ? NULL
           : !b->begin                              ? "begin"
           : !b->poll                               ? "poll"
           : !b->wake                               ? "wake"
           : !b->end                                ? "end"
           : b->traits & CADRE_MAPPED && !b->pollfd ? "pollfd"
                                                    : NULL;
}

/* What only workers outside of the caller's process can have, and what takes another. */
static int check_traits(const cadre_backend *b, cadre_error *err)
{
    uint32_t alone = b->traits & CADRE_REMOTE ? 0 : b->traits;

    if (b->traits & ~ALL_TRAITS)
        return cdr_fail(
            err, CADRE_EINVAL,
            "the custom backend \"%.60s\" has traits that this version does "
            "not know: 0x%x",
            b->name, b->traits & ~ALL_TRAITS);
    if (alone)
        return cdr_fail(err, CADRE_EINVAL,
                        "the custom backend \"%.60s\" has traits of workers in other "
                        "processes, but not CADRE_REMOTE",
                        b->name);
    if (b->traits & CADRE_INHERITS && !(b->traits & CADRE_MAPPED))
        return cdr_fail(err, CADRE_EINVAL,
                        "the custom backend \"%.60s\" has CADRE_INHERITS, but not "
                        "CADRE_MAPPED",
                        b->name);
    if (b->traits & CADRE_MAPPED && b->traits & CADRE_OWN_CPUS)
        return cdr_fail(err, CADRE_EINVAL,
                        "the custom backend \"%.60s\" has CADRE_MAPPED and "
                        "CADRE_OWN_CPUS: workers that share memory share CPUs",
                        b->name);
    return CADRE_OK;
}

/* One of the program's own: what is missing would be missed in the middle of a run. */
static int check_custom(const cadre_backend *b, cadre_error *err)
{
    const char *missing;

    if (b->abi != CADRE_BACKEND_ABI)
        return cdr_fail(err, CADRE_EINVAL,
                        "the custom backend was built for version %u of the contract, "
                        "this is %d",
                        b->abi, CADRE_BACKEND_ABI);
    if (!b->name || !*b->name)
        return cdr_fail(err, CADRE_EINVAL, "the custom backend has no name");
    missing = missing_function(b);
    if (missing)
        return cdr_fail(
            err, CADRE_EINVAL,
            "the custom backend \"%.60s\" has no function \"%s\", which one "
            "with workers needs",
            b->name, missing);
    return check_traits(b, err);
}

static int choose_backend(struct cdr_plan *plan, const struct wish *wish,
                          const cadre_options *opt, cadre_error *err)
{
    if (plan->custom) {
        plan->backend = opt->custom;
    } else if (strcmp(wish->backend, "auto") == 0) {
        choose_automatically(plan, wish, opt);
    } else {
        plan->backend = cdr_backend_find(wish->backend, opt->persistent);
        if (!plan->backend)
            return no_such_backend(wish, err);
    }
    plan->persistent =
        cdr_plan_has(plan, CADRE_MAPPED) && !cdr_plan_has(plan, CADRE_INHERITS);
    if (!plan->automatic)
        snprintf(plan->why_backend, sizeof plan->why_backend, "%s",
                 plan->custom ? "a backend of the program's own" : wish->backend_by);
    return check_demands(plan->backend, opt, err);
}

/* A backend without workers of its own has one whatever the count says. */
static void settle_serial(struct cdr_plan *plan)
{
    if (plan->backend->begin || plan->workers == 1)
        return;
    plan->workers = 1;
    plan->limit = "backend";
    snprintf(plan->why_workers, sizeof plan->why_workers, "backend %s (%.200s)",
             plan->backend->name, plan->why_backend);
}

int cdr_plan_make(struct cdr_plan *plan, const cadre_options *opt,
                  const struct cdr_view *view, unsigned outer, cadre_error *err)
{
    struct wish wish;
    int rc;

    memset(plan, 0, sizeof *plan);
    plan->if_serial = opt->if_serial;
    plan->min_items = opt->min_items;
    plan->chunk = opt->chunk;
    plan->isolate = opt->isolate;
    plan->must_isolate = opt->isolate || opt->not_thread_safe;
    plan->portable = opt->portable;
    plan->retire_after = opt->retire_after;
    plan->retire_bytes = opt->retire_bytes;
    rc = read_wish(&wish, opt, view, err);
    if (rc)
        return rc;
    plan->custom = opt->custom && strcmp(wish.backend_by, "CADRE_BACKEND") != 0;
    if (plan->custom && check_custom(opt->custom, err))
        return CADRE_EINVAL;
    plan->foreign = foreign_backend(plan, &wish, opt, outer, &plan->available);
    cdr_machine_read(&plan->machine, view);
    rc = count_workers(plan, &wish, opt, outer, err);
    if (!rc)
        rc = choose_backend(plan, &wish, opt, err);
    if (!rc)
        settle_serial(plan);
    return rc;
}
