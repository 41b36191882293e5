/* facts.c - how many CPUs and how much memory this process may use, and why.
 * SPDX-License-Identifier: MIT
 *
 * Nobody knows the answer alone. Affinity says which CPUs we may run on, but not
 * that a cgroup lets us have only two of them at a time. A cgroup knows its own
 * limits, but not those of the cgroups around it, and each of them binds. The batch
 * system may have promised less than all of them enforce. So all are asked, and
 * the lowest answer holds:
 *
 *     affinity       sched_getaffinity
 *     cpuset, quota  of our cgroup and every ancestor, v1 and v2
 *     batch system   Slurm, PBS, LSF: their variables
 *
 * and for memory: MemAvailable; of our cgroup and every ancestor the limit less
 * what is used; Slurm's variables.
 *
 * Every answer is kept as a fact, and so is every question that got none: a file
 * that cannot be read, or says nonsense, limits nothing but is never passed over
 * in silence. The fact that decided becomes the reason.
 *
 * All is read through a view, so that an invented machine is a directory of files
 * and a few variables.
 */
#include "machine/cgroup.h"

#include <string.h>

/* Each hierarchy, and who reads its files at each level. */
static const struct {
    const char *controller;
    void (*scan[3])(struct cdr_scan *s);
} hierarchies[] = {
    { "", { cdr_scan_cpuset, cdr_scan_quota, cdr_scan_memory } },
    { "cpuset", { cdr_scan_cpuset_v1 } },
    { "cpu", { cdr_scan_quota_v1 } },
    { "memory", { cdr_scan_memory_v1 } },
};

enum { N_HIERARCHIES = sizeof hierarchies / sizeof hierarchies[0] };

static void scan_cgroups(struct cdr_scan *s)
{
    struct cdr_cgroup groups[N_HIERARCHIES];

    for (unsigned i = 0; i < N_HIERARCHIES; i++)
        groups[i].controller = hierarchies[i].controller;
    cdr_cgroups_find(s, groups, N_HIERARCHIES);
    for (unsigned i = 0; i < N_HIERARCHIES; i++) {
        s->at = &groups[i];
        if (!s->at->mounted)
            continue;
        do
            for (unsigned k = 0; k < 3 && hierarchies[i].scan[k]; k++)
                hierarchies[i].scan[k](s);
        while (cdr_cgroup_up(s->at));
    }
    s->at = NULL;
}

void cdr_machine_read(struct cdr_machine *out, const struct cdr_view *view)
{
    static const struct cdr_view real;
    struct cdr_scan s;

    memset(out, 0, sizeof *out);
    s.out = out;
    s.view = view ? view : &real;
    s.root = s.view->root ? s.view->root : "";
    s.mem_available = 0;
    s.at = NULL;
    cdr_scan_affinity(&s);
    cdr_scan_meminfo(&s);
    scan_cgroups(&s);
    cdr_scan_schedulers(&s);
    cdr_scan_conclude(&s);
}
