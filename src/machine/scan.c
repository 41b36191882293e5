/* scan.c - what one look at the machine has found so far.
 * SPDX-License-Identifier: MIT
 */
#include "machine/scan.h"

#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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

void cdr_scan_conclude(struct cdr_scan *s)
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
