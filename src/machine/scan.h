/* scan.h - what the parts of one look at the machine share.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_MACHINE_SCAN_H
#define CDR_MACHINE_SCAN_H

#include "machine/facts.h"
#include "machine/read.h"

struct cdr_cgroup;

struct cdr_scan {
    struct cdr_machine *out;
    const struct cdr_view *view;
    const char *root;         /* the view's, never NULL */
    uint64_t mem_available;   /* what the whole machine has left; 0: unknown */
    struct cdr_cgroup *at;    /* the cgroup whose files are read now */
    struct cdr_reader reader; /* one file at a time */
};

/* Keep the fact; the lowest limit of its kind, the first of equals, becomes the
 * machine's figure and `format` its reason. `name` is static; CPUs are at least 1. */
void cdr_limit(struct cdr_scan *s, enum cdr_fact_kind kind, uint64_t value,
               const char *name, const char *where, const char *format, ...)
    CADRE_PRINTF(6, 7);

void cdr_remark(struct cdr_scan *s, const char *name, const char *where,
                const char *format, ...) CADRE_PRINTF(4, 5);

/* The file in s->reader could not be read: s->reader.error says why. */
void cdr_remark_unreadable(struct cdr_scan *s, const char *name);

/* All has been looked at: where something other than affinity or MemAvailable decided, say
 * what there would have been without it. */
void cdr_scan_conclude(struct cdr_scan *s);

/* cpu.c: each looks in one place and records what it finds. Those of a cgroup
 * read the files of s->at. */
void cdr_scan_affinity(struct cdr_scan *s);
void cdr_scan_quota(struct cdr_scan *s);
void cdr_scan_quota_v1(struct cdr_scan *s);
void cdr_scan_cpuset(struct cdr_scan *s);
void cdr_scan_cpuset_v1(struct cdr_scan *s);

/* memory.c */
void cdr_scan_meminfo(struct cdr_scan *s);
void cdr_scan_memory(struct cdr_scan *s);
void cdr_scan_memory_v1(struct cdr_scan *s);

/* scheduler.c: Slurm, PBS, LSF; CPUs and memory. */
void cdr_scan_schedulers(struct cdr_scan *s);

#endif
