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

#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
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

static void keep(struct cdr_scan *s, enum cdr_fact_kind kind, uint64_t value,
                 const char *name, const char *where, const char *text)
{
    struct cdr_machine *m = s->out;
    struct cdr_fact *fact;

    if (m->n_facts == CDR_MAX_FACTS) {
        m->n_more++;
        return;
    }
    fact = &m->facts[m->n_facts++];
    fact->kind = kind;
    fact->name = name;
    fact->value = value;
    cdr_show(fact->where, sizeof fact->where, where);
    memcpy(fact->text, text, strlen(text) + 1);
}

static void compose(char text[CDR_FACT_TEXT], const char *format, va_list args)
{
    char raw[CDR_FACT_TEXT];

    vsnprintf(raw, sizeof raw, format, args);
    cdr_show(text, CDR_FACT_TEXT, raw);
}

static void decide_cpus(struct cdr_machine *m, unsigned cpus, const char *text)
{
    if (m->cpus && cpus >= m->cpus)
        return;
    m->cpus = cpus;
    snprintf(m->cpu_reason, sizeof m->cpu_reason, "%u CPU%s: %s", cpus,
             cpus == 1 ? "" : "s", text);
}

static void decide_memory(struct cdr_machine *m, uint64_t bytes, const char *text)
{
    uint64_t figure = bytes ? bytes : 1; /* 0 would be "unknown" */
    char size[CDR_SHOWN_SIZE];

    if (m->memory && figure >= m->memory)
        return;
    m->memory = figure;
    snprintf(m->memory_reason, sizeof m->memory_reason, "%s: %s",
             cdr_show_size(size, bytes), text);
}

void cdr_limit(struct cdr_scan *s, enum cdr_fact_kind kind, uint64_t value,
               const char *name, const char *where, const char *format, ...)
{
    char text[CDR_FACT_TEXT];
    va_list args;

    va_start(args, format);
    compose(text, format, args);
    va_end(args);
    keep(s, kind, value, name, where, text);
    if (kind == CDR_CPU_LIMIT)
        decide_cpus(s->out, value < UINT32_MAX ? (unsigned)value : UINT32_MAX, text);
    else
        decide_memory(s->out, value, text);
}

void cdr_remark(struct cdr_scan *s, const char *name, const char *where,
                const char *format, ...)
{
    char text[CDR_FACT_TEXT];
    va_list args;

    va_start(args, format);
    compose(text, format, args);
    va_end(args);
    keep(s, CDR_REMARK, 0, name, where, text);
}

void cdr_remark_unreadable(struct cdr_scan *s, const char *name)
{
    char path[CDR_SHOWN], text[128];

    cdr_show(path, sizeof path, s->reader.path);
    cdr_remark(s, name, s->reader.path, "%s is unreadable: %s", path,
               cdr_strerror(s->reader.error, text, sizeof text));
}

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

/* Where something else decided, say what there would have been without it. */
static void conclude(struct cdr_scan *s)
{
    struct cdr_machine *m = s->out;
    char size[CDR_SHOWN_SIZE];
    size_t used;

    if (m->cpus == 0)
        decide_cpus(m, 1, "nothing is known of more");
    if (m->cpus < m->affinity) {
        used = strlen(m->cpu_reason);
        snprintf(m->cpu_reason + used, sizeof m->cpu_reason - used,
                 "; affinity allows %u", m->affinity);
    }
    if (m->memory == 0)
        snprintf(m->memory_reason, sizeof m->memory_reason,
                 "unknown: no limit was found");
    else if (m->memory < s->mem_available) {
        used = strlen(m->memory_reason);
        snprintf(m->memory_reason + used, sizeof m->memory_reason - used,
                 "; MemAvailable is %s", cdr_show_size(size, s->mem_available));
    }
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
    conclude(&s);
}
