/* linked.c - which libraries are there whenever the program starts.
 * SPDX-License-Identifier: MIT
 *
 * From the program on, along what each module says it needs (DT_NEEDED), by the names that
 * the modules give themselves (DT_SONAME) or their files have.
 */
#include "code/module.h"

#include <link.h>
#include <string.h>

typedef ElfW(Phdr) segment;
typedef ElfW(Dyn) entry;

#define MODULES_MAX 512

struct linked {
    const char *name[MODULES_MAX];
    const entry *dynamic[MODULES_MAX];
    uintptr_t base[MODULES_MAX];
    bool reached[MODULES_MAX];
    unsigned n, target;
    uintptr_t at;
};

/* glibc has added the load address already, but not on every machine. */
static const char *strings_of(const entry *dynamic, uintptr_t base)
{
    for (; dynamic && dynamic->d_tag != DT_NULL; dynamic++)
        if (dynamic->d_tag == DT_STRTAB)
            return (const char *)(dynamic->d_un.d_ptr < base
                                      ? base + dynamic->d_un.d_ptr
                                      : dynamic->d_un.d_ptr);
    return NULL;
}

static int collect(struct dl_phdr_info *m, size_t size, void *arg)
{
    struct linked *l = arg;
    unsigned n = l->n;

    (void)size;
    if (n == MODULES_MAX)
        return 1;
    l->name[n] = cdr_file_of(m->dlpi_name ? m->dlpi_name : "");
    l->base[n] = m->dlpi_addr;
    for (size_t k = 0; k < m->dlpi_phnum; k++) {
        const segment *p = &m->dlpi_phdr[k];
        uintptr_t from = m->dlpi_addr + p->p_vaddr;
        if (p->p_type == PT_DYNAMIC)
            l->dynamic[n] = (const entry *)from;
        if (p->p_type == PT_LOAD && l->at >= from && l->at - from < p->p_memsz)
            l->target = n;
    }
    l->n++;
    return 0;
}

static bool answers_to(const struct linked *l, unsigned k, const char *needed)
{
    const entry *d = l->dynamic[k];
    const char *strings = strings_of(d, l->base[k]);

    if (strcmp(l->name[k], cdr_file_of(needed)) == 0)
        return true;
    for (; strings && d->d_tag != DT_NULL; d++)
        if (d->d_tag == DT_SONAME)
            return strcmp(strings + d->d_un.d_val, needed) == 0;
    return false;
}

/* Reach what module k needs. True: something new. */
static bool follow(struct linked *l, unsigned k)
{
    const entry *d = l->dynamic[k];
    const char *strings = strings_of(d, l->base[k]);
    bool more = false;

    for (; strings && d->d_tag != DT_NULL; d++) {
        if (d->d_tag != DT_NEEDED)
            continue;
        for (unsigned to = 1; to < l->n; to++)
            if (!l->reached[to] && answers_to(l, to, strings + d->d_un.d_val))
                more = l->reached[to] = true;
    }
    return more;
}

/* Inside the walk's own lock, so that nothing is unloaded meanwhile. */
static int walk(struct dl_phdr_info *first, size_t size, void *arg)
{
    struct linked *l = arg;
    bool more = true;

    (void)first;
    (void)size;
    dl_iterate_phdr(collect, l);
    l->reached[0] = true;
    while (more) {
        more = false;
        for (unsigned k = 0; k < l->n; k++)
            more |= l->reached[k] && follow(l, k);
    }
    return 1;
}

bool cdr_module_is_linked(uintptr_t address)
{
    struct linked l = { .at = address, .target = MODULES_MAX };

    cdr_modules_each(walk, &l);
    return l.target < l.n && l.reached[l.target];
}
