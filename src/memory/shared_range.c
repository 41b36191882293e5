/* shared_range.c - memory at the same addresses in a process and its spawned workers.
 * SPDX-License-Identifier: MIT
 *
 * A forked worker has its parent's shared memory where the parent has it. A clean one
 * (backends/spawn/spawn.c) is laid out anew; it gets that memory all the same, and pointers into
 * it hold there too.
 *
 * The process has a range of addresses for it, in a part that nothing else uses: not the
 * program, its heap, libraries or stacks. As large as the range is a file without a name,
 * of which only what is used takes memory; byte k of the range is byte k of the file.
 * Pieces are mapped one after another, and from the beginning again when the end is
 * reached; Linux says what is taken. A worker maps the whole range once, and so has what
 * there is and what comes later. A piece's part of the file is emptied when it goes, and
 * again before it is used anew, as a kernel run wild may have written there.
 *
 * A process that is forked has a range of its own from its first piece on: what it got
 * from its parent it can unmap, but neither empty nor hand out.
 *
 * Where nothing can be had (a limit on the size of files, no place), callers use memory
 * that only forked processes share.
 */
#include "memory/shared_range.h"
#include "memory/temporary.h"
#include "base/descriptor.h"
#include "base/error.h"
#include "base/sync.h"
#include "machine/process.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

#define GRAIN ((size_t)1 << 16) /* a multiple of every page size */
#define LARGE ((size_t)1 << 21) /* pieces from here on lie where huge pages can */
#define TRIES 1000

/* Where ranges may begin: at first + k * size. The second is for address spaces that are
 * smaller, or of which a sanitizer needs most. */
static const struct place {
    uint64_t first, size;
    unsigned n;
} places[] = {
    { UINT64_C(1) << 44, UINT64_C(1) << 42, 12 },
    { UINT64_C(1) << 36, UINT64_C(1) << 36, 4 },
};

#define PLACES (sizeof places / sizeof places[0])

struct range {
    pid_t owner;          /* never changes */
    pthread_mutex_t lock; /* guards the rest */
    int fd;               /* -1 while there are no pieces */
    /* Chosen once; size is released after base, and 0 before. */
    _Atomic uint64_t base, size;
    uint64_t next;      /* where to look for the next piece's place */
    uint64_t file_size; /* of what was in use since it was opened */
    uint64_t pieces;
};

/* This process's; of its parent as long as it needs none. Released once set up. */
static _Atomic(struct range *) current;

/* Of a worker: its parent's. Written before it has threads. */
static struct cdr_shared_range joined;

/* ---- the range ---- */

static struct range *own(void)
{
    struct range *r = atomic_load_explicit(&current, memory_order_acquire);

    return r && r->owner == getpid() ? r : NULL;
}

static struct range *make_own(void)
{
    struct range *before = atomic_load_explicit(&current, memory_order_acquire), *r;

    if (before && before->owner == getpid())
        return before;
    r = calloc(1, sizeof *r);
    if (!r || pthread_mutex_init(&r->lock, NULL)) {
        free(r);
        return NULL;
    }
    r->owner = getpid();
    r->fd = -1;
    if (!atomic_compare_exchange_strong_explicit(
            &current, &before, r, memory_order_acq_rel, memory_order_acquire)) {
        pthread_mutex_destroy(&r->lock);
        free(r);
        return before; /* of another thread here */
    }
    if (before && before->fd >= 0)
        close(before->fd); /* a copy of our parent's */
    return r;
}

static bool overlaps(uint64_t base, uint64_t size)
{
    return joined.size && base < joined.base + joined.size && joined.base < base + size;
}

/* One piece shows whether that place will do. */
static bool is_free(uint64_t base, uint64_t size, int fd)
{
    void *at = (void *)(uintptr_t)base, *got;

    if (base > UINTPTR_MAX || overlaps(base, size))
        return false;
    got = mmap(at, GRAIN, PROT_NONE, MAP_SHARED | MAP_NORESERVE | MAP_FIXED_NOREPLACE,
               fd, 0);
    if (got != MAP_FAILED)
        munmap(got, GRAIN);
    return got == at;
}

static bool choose_from(struct range *r, const struct place *p)
{
    unsigned random;

    if (p->first > UINTPTR_MAX)
        return false;
    cdr_different_bytes(&random, sizeof random);
    for (unsigned k = 0; k < p->n; k++) {
        uint64_t base = p->first + (random % p->n + k) % p->n * p->size;
        if (!is_free(base, p->size, r->fd))
            continue;
        atomic_store_explicit(&r->base, base, memory_order_relaxed);
        atomic_store_explicit(&r->size, p->size, memory_order_release);
        r->next = base;
        return true;
    }
    return false;
}

static bool has_place(struct range *r)
{
    /* The thread sanitizer ends a program that asks for the first. */
    for (unsigned k = CDR_THREAD_SANITIZER; k < PLACES && r->size == 0; k++)
        if (choose_from(r, &places[k]))
            return true;
    return r->size > 0;
}

/* Larger than that a file must not be, and Linux would send a signal. */
static bool may_have(uint64_t size)
{
    struct rlimit limit;

    return !getrlimit(RLIMIT_FSIZE, &limit) &&
           (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= size) &&
           sizeof(off_t) >= sizeof(uint64_t);
}

static void shut(struct range *r)
{
    int fd = r->fd;

    r->fd = -1; /* first: a process forked in between must not close another's */
    close(fd);
}

static bool open_range(struct range *r)
{
    if (r->fd >= 0)
        return true;
    r->fd = cdr_fd_own(memfd_create("cadre", MFD_CLOEXEC));
    if (r->fd < 0)
        return false;
    r->file_size = 0;
    if (has_place(r) && may_have(r->size))
        return true;
    shut(r);
    return false;
}

int cdr_shared_range_refuse(const char *who, cadre_error *err)
{
    int fd = cdr_fd_own(memfd_create("cadre", MFD_CLOEXEC)), number = errno;

    cdr_fd_close(fd);
    if (fd < 0)
        return cdr_fail_sys(err, number,
                            "%s need memory at the same addresses as the program, from "
                            "memfd_create, which fails (use forked processes or "
                            "threads)",
                            who);
    if (!may_have(places[PLACES - 1].size))
        return cdr_fail(
            err, CADRE_ENOTSUP,
            "%s need memory at the same addresses as the program: raise the "
            "limit on the size of files (ulimit -f), or use forked processes "
            "or threads",
            who);
    return cdr_fail(err, CADRE_ENOTSUP,
                    "%s need memory at the same addresses as the program, and there is "
                    "no range of %llu GiB free for it: use forked processes or threads",
                    who, (unsigned long long)(places[PLACES - 1].size >> 30));
}

/* ---- pieces ---- */

static uint64_t rounded(size_t size)
{
    return ((uint64_t)size + GRAIN - 1) / GRAIN * GRAIN;
}

/* The file is as large as what was ever in use, and not as the range: who locks all of a
 * worker's memory fills it. */
static bool empty(struct range *r, uint64_t at, uint64_t size)
{
    uint64_t end = at + size - r->base;

    if (end > r->file_size) {
        if (!cdr_file_may_reach(end) || ftruncate(r->fd, (off_t)end))
            return false;
        r->file_size = end;
    }
    return fallocate(r->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                     (off_t)(at - r->base), (off_t)size) == 0;
}

/* The next place that may do for so many bytes; what it steps over grows with `tries`. */
static uint64_t look_further(struct range *r, uint64_t size, unsigned tries)
{
    uint64_t align = size >= LARGE ? LARGE : GRAIN;
    uint64_t at = (r->next + align - 1) / align * align;

    if (at + size > r->base + r->size)
        at = r->base;
    /* A gap follows each: who runs over the end is to be stopped there. */
    r->next = at + (tries ? (uint64_t)tries * GRAIN : size + GRAIN);
    return at;
}

static void *map_piece(struct range *r, uint64_t size)
{
    for (unsigned tries = 0; tries < TRIES; tries++) {
        uint64_t at = look_further(r, size, tries);
        void *wanted = (void *)(uintptr_t)at, *got;
        got = mmap(wanted, size, PROT_READ | PROT_WRITE,
                   MAP_SHARED | MAP_NORESERVE | MAP_FIXED_NOREPLACE, r->fd,
                   (off_t)(at - r->base));
        if (got == wanted) {
            if (tries)
                r->next = at + size + GRAIN;
            if (empty(r, at, size))
                return got;
            munmap(got, size);
            return NULL;
        }
        if (got != MAP_FAILED)
            munmap(got, size); /* a Linux that takes the address for a wish */
        else if (errno != EEXIST)
            return NULL;
    }
    return NULL;
}

void *cdr_shared_range_map(size_t size)
{
    struct range *r = make_own();
    void *memory = NULL;

    if (!r)
        return NULL;
    pthread_mutex_lock(&r->lock); /* a plain mutex, not held: cannot fail */
    if (open_range(r) && size <= r->size / 2) {
        memory = map_piece(r, rounded(size));
        r->pieces += memory != NULL;
        if (r->pieces == 0)
            shut(r);
    }
    pthread_mutex_unlock(&r->lock);
    return memory;
}

bool cdr_shared_range_unmap(void *memory, size_t size)
{
    struct range *r = own();

    if (!cdr_shared_range_holds(memory, size))
        return false;
    pthread_mutex_lock(&r->lock);
    empty(r, (uintptr_t)memory, rounded(size)); /* may fail: then it is done later */
    munmap(memory, rounded(size));
    if (--r->pieces == 0)
        shut(r);
    pthread_mutex_unlock(&r->lock);
    return true;
}

bool cdr_shared_range_holds(const void *memory, size_t size)
{
    struct range *r = own();
    uint64_t room = r ? atomic_load_explicit(&r->size, memory_order_acquire) : 0;
    uint64_t at = (uintptr_t)memory;

    return room && at >= r->base && at - r->base < room &&
           size <= room - (at - r->base);
}

/* ---- workers ---- */

bool cdr_shared_range_describe(struct cdr_shared_range *out, int *fd)
{
    struct range *r = own();

    if (!r)
        return false;
    pthread_mutex_lock(&r->lock);
    *out = (struct cdr_shared_range){ r->base, r->size };
    *fd = r->fd;
    pthread_mutex_unlock(&r->lock);
    return *fd >= 0;
}

int cdr_shared_range_join(const struct cdr_shared_range *common, int fd)
{
    void *at = (void *)(uintptr_t)common->base, *got;

    if (common->base > UINTPTR_MAX || common->size > SIZE_MAX)
        return EOVERFLOW;
    got = mmap(at, (size_t)common->size, PROT_READ | PROT_WRITE,
               MAP_SHARED | MAP_NORESERVE | MAP_FIXED_NOREPLACE, fd, 0);
    if (got == MAP_FAILED)
        return errno;
    if (got != at) {
        munmap(got, (size_t)common->size);
        return EEXIST;
    }
    madvise(at, (size_t)common->size, MADV_DONTDUMP); /* most of it is nothing */
    joined = *common;
    return 0;
}
