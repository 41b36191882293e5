/* cgroup.h - our place in one hierarchy of cgroups, and the way up from there.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_MACHINE_CGROUP_H
#define CDR_MACHINE_CGROUP_H

#include "machine/scan.h"

#define CDR_CGROUP_PATH 2048

struct cdr_cgroup {
    const char *controller; /* "cpu", "memory", ... of v1; "" is all of v2 */
    bool child;             /* /proc/self/cgroup says where we are */
    bool mounted;
    char path[CDR_CGROUP_PATH];  /* of the cgroup, "" for the topmost */
    char root[CDR_CGROUP_PATH];  /* the part of path that `mount` shows, or "" */
    char mount[CDR_CGROUP_PATH]; /* the directory where the hierarchy can be read */
};

/* Find out where we are in each hierarchy; .controller is set by the caller. */
void cdr_cgroups_find(struct cdr_scan *s, struct cdr_cgroup *groups, unsigned n);

/* Go to the parent. False, and stays, at the top of what is mounted. */
bool cdr_cgroup_up(struct cdr_cgroup *group);

/* The first line of a file of s->at. NULL without a word if there is no such
 * file, which is how a controller that is off looks; NULL and a remark if it
 * cannot be read. Lasts until the reader is used again. */
const char *cdr_cgroup_line(struct cdr_scan *s, const char *name, const char *file);

/* Begin to read a file of s->at into s->reader, with the same two kinds of false. */
bool cdr_cgroup_open(struct cdr_scan *s, const char *name, const char *file);

/* A limit that `file` of s->at sets; the format says how: "cpu.max ...". */
void cdr_cgroup_limit(struct cdr_scan *s, enum cdr_fact_kind kind, uint64_t value,
                      const char *name, const char *file, const char *format, ...)
    CADRE_PRINTF(6, 7);

/* "`file` of our cgroup `what`". */
void cdr_cgroup_remark(struct cdr_scan *s, const char *name, const char *file,
                       const char *what);

/* `file` of s->at says `text`, which makes no sense. */
void cdr_cgroup_ignore(struct cdr_scan *s, const char *name, const char *file,
                       const char *text);

#endif
