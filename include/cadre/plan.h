/* plan.h - what a job would use, as fields; cadre_explain says it in words.
 * SPDX-License-Identifier: MIT
 */
#ifndef CADRE_PLAN_H
#define CADRE_PLAN_H

#include <cadre/cadre.h>

CADRE_BEGIN_DECLS

/* How a job's tasks begin. */
enum cadre_start {
    CADRE_START_SERIAL = 0, /* the caller's thread runs all of them */
    CADRE_START_MEASURED, /* it runs the first; workers join if that shows that it pays */
    CADRE_START_ALL,      /* all workers at once */
};

typedef struct cadre_plan {
    const char
        *backend;     /* who runs it: "serial", "threads", "processes", ...; static */
    bool persistent;  /* workers are processes that stay */
    int start;        /* an enum cadre_start */
    unsigned workers; /* 1 for a serial start */
    unsigned cpus;    /* that this process may use */
    uint64_t memory;  /* bytes that it may still use; 0: unknown */
    uint64_t tasks;   /* CADRE_ENDLESS: without a known end */
    uint64_t chunk;   /* most tasks handed out together */
    bool chunk_is_fixed; /* asked for; or else what is measured makes it smaller */
    double
        item_seconds;  /* what an item took when the kernel last ran here; 0: unknown */
    const char *limit; /* what decided the workers, static: "affinity", "cgroup quota",
                            "asked for", "CADRE_WORKERS", "min_items", ... */
    char why_backend[256];
    char why_workers[512];
    char why_start[512];
} cadre_plan;

/* The plan for this job on this pool (NULL: serial), as things are. Runs nothing. */
CADRE_API int cadre_plan_job(cadre_plan *out, cadre_pool *pool, const cadre_job *job,
                             cadre_error *err);

/* The most tasks that are handed out together when so many are left for so many workers;
 * fewer are, once it is known that they would take long. For jobs that name their chunk. */
CADRE_API uint64_t cadre_chunk(uint64_t tasks, unsigned workers);

CADRE_END_DECLS
#endif
