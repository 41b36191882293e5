/* facts.h - how many CPUs and how much memory this process may use, and why.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_MACHINE_FACTS_H
#define CDR_MACHINE_FACTS_H

#include <stdint.h>

/* Where to look. All zero is the real machine; tests invent others. */
struct cdr_view {
    const char *root; /* put before every path read; NULL or "": the real files */
    const char *(*getenv)(void *arg, const char *name); /* NULL: our environment */
    void *arg;
    unsigned affinity; /* CPUs that Linux lets us run on; 0: ask it */
};

#define CDR_FACT_TEXT  224
#define CDR_FACT_WHERE 160
#define CDR_REASON     288
#define CDR_MAX_FACTS  40

enum cdr_fact_kind { CDR_REMARK = 0, CDR_CPU_LIMIT = 1, CDR_MEMORY_LIMIT = 2 };

/* One thing found: a limit, or a remark on what could not be read or counts for
 * nothing. Texts are one line, made of printable characters. */
struct cdr_fact {
    enum cdr_fact_kind kind;
    const char *name;           /* its sort, static: "cgroup quota" */
    uint64_t value;             /* CPUs or bytes; a remark has none */
    char where[CDR_FACT_WHERE]; /* the file, variable or call it was read from */
    char text[CDR_FACT_TEXT];   /* "cgroup quota of /a (cpu.max 200000 100000 = 2)" */
};

struct cdr_machine {
    unsigned cpus;               /* usable, at least 1 */
    unsigned affinity;           /* CPUs that Linux lets us run on; 0: unknown */
    uint64_t memory;             /* bytes usable from now on; 0: unknown, 1: none */
    char cpu_reason[CDR_REASON]; /* "2 CPUs: cgroup quota of ...; affinity allows 8" */
    char memory_reason[CDR_REASON]; /* "1.5 GiB: cgroup memory of ..." */
    unsigned n_facts, n_more;       /* facts kept, and those there was no room for */
    struct cdr_fact facts[CDR_MAX_FACTS]; /* in the order they were found */
};

/* Look now. Cannot fail: what cannot be read is a fact. Keeps nothing, allocates
 * nothing that outlives it, may be called from any thread; needs 100 KiB of stack.
 * A NULL view is the real machine. */
void cdr_machine_read(struct cdr_machine *out, const struct cdr_view *view);

#endif
