/* shared.c - memory that processes forked from this one share with it, and spawned workers.
 * SPDX-License-Identifier: MIT
 *
 * It comes from where spawned workers have it too (common.c), or if that cannot be had, is
 * anonymous.
 *
 * Every process has page tables of its own for it, and fills them as it touches pages:
 * with pages of 4 KiB that takes longer than a cheap kernel takes for what is in them. So
 * what is large is made of large pages, for which programs may ask whatever Linux is set
 * to do by itself (since 6.1): it is there several times as fast, and so it is gone.
 *
 * What users get is noted in a list that only grows, without a lock: a process forked
 * while another thread is in here must be able to use it.
 */
#include "memory/shared.h"
#include "memory/shared_range.h"
#include "base/error.h"
#include "machine/facts.h"
#include "machine/read.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define WORTH_A_LOOK ((size_t)16 << 20) /* less than that is not compared with memory */
#define BEING_FILLED 1u
#define LARGE        ((size_t)2 << 20) /* a large page, on most machines */

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

/* ---- mappings ---- */

static int refuse(size_t size, const char *what, cadre_error *err)
{
    char shown[CDR_SHOWN_SIZE];

    return cdr_fail(err, CADRE_ENOMEM, "%s: there are no %zu bytes (%s) of memory",
                    what, size, cdr_show_size(shown, size));
}

/* Linux lets a shared mapping be larger than memory, and then kills somebody. */
static bool more_than_there_is(size_t size)
{
    struct cdr_machine *machine;
    bool more;

    if (size < WORTH_A_LOOK || !(machine = malloc(sizeof *machine)))
        return false;
    cdr_machine_read(machine, NULL);
    more = machine->memory > 0 && size > machine->memory;
    free(machine);
    return more;
}

void *cdr_shared_reserve(size_t size)
{
    void *memory;

    if (size == 0)
        size = 1;
    if (size > PTRDIFF_MAX)
        return NULL;
    memory = cdr_shared_range_map(size);
    if (memory)
        return memory;
    memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

void *cdr_shared_map(size_t size, const char *what, cadre_error *err)
{
    void *memory = more_than_there_is(size) ? NULL : cdr_shared_reserve(size);

    if (!memory)
        refuse(size, what, err);
    return memory;
}

void cdr_shared_unmap(void *memory, size_t size)
{
    size = size ? size : 1;
    if (memory && !cdr_shared_range_unmap(memory, size))
        munmap(memory, size);
}

/* A page of each is enough for Linux to make the large one. */
static void make_large(char *memory, size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), end = size / LARGE * LARGE;

    madvise(memory, size, MADV_HUGEPAGE);
    for (size_t at = 0; at < end; at += LARGE)
        if (madvise(memory + at, page, MADV_POPULATE_WRITE))
            return;
    if (end > 0)
        madvise(memory, end, MADV_COLLAPSE);
}

int cdr_shared_populate(void *memory, size_t size)
{
    make_large(memory, size); /* no more than a wish */
    if (madvise(memory, size, MADV_POPULATE_WRITE) == 0 || errno == EINVAL)
        return 0;
    return errno;
}

/* ---- what users have ---- */

/* `base` is 0 while the note is free; it is released last and checked again by readers. */
struct note {
    struct note *next;
    _Atomic uintptr_t base;
    _Atomic size_t size;
};

static _Atomic(struct note *) notes;

static struct note *free_note(void)
{
    struct note *n = atomic_load_explicit(&notes, memory_order_acquire);

    for (; n; n = n->next) {
        uintptr_t none = 0;
        if (atomic_compare_exchange_strong_explicit(&n->base, &none, BEING_FILLED,
                                                    memory_order_acquire,
                                                    memory_order_relaxed))
            return n;
    }
    n = calloc(1, sizeof *n);
    if (!n)
        return NULL;
    atomic_init(&n->base, BEING_FILLED);
    n->next = atomic_load_explicit(&notes, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(
        &notes, &n->next, n, memory_order_release, memory_order_relaxed))
        ;
    return n;
}

static struct note *find_note(uintptr_t at, size_t size)
{
    struct note *n = atomic_load_explicit(&notes, memory_order_acquire);

    for (; n; n = n->next) {
        uintptr_t base = atomic_load_explicit(&n->base, memory_order_acquire);
        size_t room = atomic_load_explicit(&n->size, memory_order_relaxed);
        if (base > BEING_FILLED && at >= base && at - base <= room &&
            size <= room - (at - base) &&
            atomic_load_explicit(&n->base, memory_order_relaxed) == base)
            return n;
    }
    return NULL;
}

bool cdr_is_shared(const void *memory, size_t size)
{
    return find_note((uintptr_t)memory, size) != NULL;
}

void *cadre_alloc_shared(size_t size, cadre_error *err)
{
    void *memory = cdr_shared_map(size, "shared memory", err);
    struct note *n;

    if (!memory)
        return NULL;
    n = free_note();
    if (!n || cdr_shared_populate(memory, size ? size : 1)) {
        if (n)
            atomic_store_explicit(&n->base, 0, memory_order_release);
        cdr_shared_unmap(memory, size);
        refuse(size, "shared memory", err);
        return NULL;
    }
    atomic_store_explicit(&n->size, size ? size : 1, memory_order_relaxed);
    atomic_store_explicit(&n->base, (uintptr_t)memory, memory_order_release);
    cdr_error_clear(err);
    return memory;
}

void cadre_free_shared(void *memory)
{
    struct note *n = memory ? find_note((uintptr_t)memory, 0) : NULL;
    size_t size;

    if (!n || atomic_load_explicit(&n->base, memory_order_relaxed) != (uintptr_t)memory)
        return;
    size = atomic_load_explicit(&n->size, memory_order_relaxed);
    atomic_store_explicit(&n->base, 0, memory_order_release);
    cdr_shared_unmap(memory, size);
}
