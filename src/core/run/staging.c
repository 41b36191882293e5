/* staging.c - where tasks in other processes leave what the caller's own memory is to get.
 * SPDX-License-Identifier: MIT
 */
#include "core/run/staging.h"
#include "base/alloc.h"
#include "memory/shared_range.h"
#include "base/descriptor.h"
#include "base/error.h"
#include "memory/shared.h"
#include "base/crash_point.h"
#include "core/board/intent.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

#define WORTH_POPULATING ((size_t)4 << 20)

/* Addresses for what tasks emit, where there is no file. */
#define MOST  ((uint64_t)1 << 42)
#define LEAST ((uint64_t)1 << 24)

#define PIECE ((uint64_t)1 << 20)
#define PAGE  ((uint64_t)1 << 16) /* a multiple of every page size */

/* ---- opening ---- */

/* Reserve n * size bytes at *at when wanted; false: too much. */
static bool reserve(size_t *at, size_t *total, bool wanted, uint64_t n, size_t size)
{
    size_t bytes = 0;

    *at = (*total + CDR_FALSE_SHARING - 1) / CDR_FALSE_SHARING * CDR_FALSE_SHARING;
    return (!wanted || cdr_array_size(&bytes, n, size)) &&
           !__builtin_add_overflow(*at, bytes, total);
}

static void zero(void *memory, size_t at, size_t size)
{
    memset((char *)memory + at, 0, size);
}

/* As many addresses as can be had. */
static bool map_spill(struct cdr_spill *s)
{
    for (s->mapped = MOST; s->mapped >= LEAST; s->mapped /= 2) {
        s->mapping = mmap(NULL, s->mapped, PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (s->mapping != MAP_FAILED)
            return true;
    }
    s->mapping = NULL;
    return false;
}

static bool files_are_limited(void)
{
    struct rlimit limit;

    return !getrlimit(RLIMIT_FSIZE, &limit) && limit.rlim_cur != RLIM_INFINITY;
}

static int place_spill(struct cdr_staging *s, cadre_error *err)
{
    bool limited = files_are_limited();

    if (!limited || s->buffer)
        s->spill.fd = cdr_fd_own(memfd_create("cadre", MFD_CLOEXEC));
    if (s->spill.fd >= 0 || (!s->buffer && map_spill(&s->spill)))
        return CADRE_OK;
    return cdr_fail_sys(err, errno,
                        s->buffer || !limited
                            ? "what tasks emit needs memfd_create, which fails"
                            : "what tasks emit needs memory that processes share");
}

static int open_spill(struct cdr_staging *s, size_t end_at, size_t of_at,
                      const struct cdr_call *call, cadre_error *err)
{
    int rc = place_spill(s, err);

    if (rc)
        return rc;
    s->spill.end = (_Atomic uint64_t *)(void *)(s->memory + end_at);
    s->spill.of = (struct cdr_spilled *)(void *)(s->memory + of_at);
    if (s->buffer) { /* else it is zero already */
        atomic_store_explicit(s->spill.end, 0, memory_order_relaxed);
        cdr_call_in_parts(call, s->program.n * sizeof *s->spill.of, zero, s->spill.of);
    }
    s->program.spill = &s->spill;
    s->program.emitted = NULL;
    return CADRE_OK;
}

static int get_memory(struct cdr_staging *s, cadre_error *err)
{
    static const char what[] = "a place for results that processes share";

    if (!s->buffer) {
        s->memory = cdr_shared_map(s->size, what, err);
        return s->memory ? CADRE_OK : err->code;
    }
    if (!cdr_shm_buffer_grow(s->buffer, s->size))
        return cdr_fail(err, CADRE_ENOMEM, "%s: there are no %zu bytes of memory", what,
                        s->size);
    s->memory = s->buffer->memory;
    return CADRE_OK;
}

static void set_up_statuses(void *statuses, size_t at, size_t size)
{
    for (size_t i = at / sizeof(int); i < (at + size) / sizeof(int); i++)
        ((int *)statuses)[i] = CADRE_ECANCELLED;
}

static void populate(void *memory, size_t at, size_t size)
{
    cdr_shared_populate((char *)memory + at, size); /* else as it is touched */
}

/* What workers find there. May leave off when the call is over. */
static int fill(struct cdr_staging *s, size_t end_at, size_t of_at,
                const struct cdr_call *call, cadre_error *err)
{
    struct cdr_program *p = &s->program;
    int rc = CADRE_OK;

    if (p->statuses != s->original->statuses)
        cdr_call_in_parts(call, p->n * sizeof *p->statuses, set_up_statuses,
                          p->statuses);
    if (p->original && s->size >= WORTH_POPULATING)
        cdr_call_in_parts(call, s->size, populate, s->memory);
    if (p->emitted)
        rc = open_spill(s, end_at, of_at, call, err);
    if (!rc && s->buffer && p->original)
        cdr_call_copy(call, (void *)p->results, (const void *)p->original,
                      p->n * p->result_size);
    return rc ? rc : cdr_call_check(call, err);
}

/* Whether workers see it where it is. */
static bool is_there(const struct cdr_staging *s, const void *memory, size_t size)
{
    return s->buffer ? cdr_shared_range_holds(memory, size)
                     : cdr_is_shared(memory, size);
}

int cdr_staging_open(struct cdr_staging *s, const struct cdr_program *p,
                     const struct cdr_call *call, struct cdr_shm_buffer *buffer,
                     cadre_error *err)
{
    bool results, statuses;
    int rc;
    size_t results_at, statuses_at, of_at, end_at = 0;

    memset(s, 0, sizeof *s);
    s->buffer = buffer;
    results =
        p->results && !is_there(s, (const void *)p->results, p->n * p->result_size);
    statuses = p->statuses && !is_there(s, p->statuses, p->n * sizeof(int));
    s->program = *p;
    s->original = p;
    s->spill.fd = -1;
    s->size = CDR_FALSE_SHARING;
    if (!reserve(&results_at, &s->size, results, p->n, p->result_size) ||
        !reserve(&statuses_at, &s->size, statuses, p->n, sizeof(int)) ||
        !reserve(&of_at, &s->size, p->emitted != NULL, p->n, sizeof *s->spill.of))
        return cdr_fail(err, CADRE_ENOMEM, "results do not fit in memory twice");
    if (get_memory(s, err))
        return err->code;
    if (results) {
        s->program.original = p->results;
        s->program.results = (uintptr_t)s->memory + results_at;
    }
    if (statuses)
        s->program.statuses = (int *)(void *)(s->memory + statuses_at);
    rc = fill(s, end_at, of_at, call, err);
    if (rc) {
        cdr_staging_close(s);
        return rc;
    }
    return CADRE_OK;
}

void cdr_staging_close(struct cdr_staging *s)
{
    cdr_fd_close(s->spill.fd);
    if (s->spill.mapping)
        munmap(s->spill.mapping, s->spill.mapped);
    if (!s->buffer)
        cdr_shared_unmap(s->memory, s->size);
    else
        cdr_shm_buffer_trim(s->buffer);
}

void cdr_staging_refill(const struct cdr_program *p, uint64_t first, uint64_t end)
{
    if (p->original && first < end)
        memcpy((void *)(p->results + first * p->result_size),
               (const void *)(p->original + first * p->result_size),
               (end - first) * p->result_size);
}

/* ---- workers ---- */

/* A page that is there already: reading maps it for writing too, and those around it. */
static void touch(uintptr_t from, uintptr_t to)
{
    for (; from < to; from = from / PAGE * PAGE + PAGE)
        (void)*(const volatile char *)from;
}

/* The pages around `from` .. `to` that lie inside the results, in blocks as large as Linux
 * maps at once anyway. Only a hint: Linux before 5.14 does not know it. */
static void map_pages(struct cadre_worker *w, uintptr_t from, uintptr_t to)
{
    const struct cdr_program *p = w->task.program;
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t first = (p->results + page - 1) / page * page;
    uintptr_t end = (p->results + p->n * p->result_size) / page * page;

    if (from >= w->mapped_from && to <= w->mapped_to)
        return;
    from = from / PAGE * PAGE;
    to = (to + PAGE - 1) / PAGE * PAGE;
    w->mapped_from = from;
    w->mapped_to = to;
    from = from < first ? first : from;
    to = to > end ? end : to;
    if (from < to && p->original)
        madvise((void *)from, to - from, MADV_POPULATE_WRITE);
    else
        touch(from, to); /* what users have */
}

void cdr_staging_fill(struct cadre_worker *w, uint64_t first, uint64_t end)
{
    const struct cdr_program *p = w->task.program;
    uintptr_t from = p->results + first * p->result_size;
    uintptr_t to = p->results + end * p->result_size;

    if (p->results)
        map_pages(w, from, to);
    if (p->original)
        memcpy((void *)from, (const void *)(p->original + first * p->result_size),
               to - from);
}

/* Stopping a worker, as a shell may, interrupts this too. */
static bool extend(int fd, uint64_t at, uint64_t capacity)
{
    int rc;

    do
        rc = fallocate(fd, 0, (off_t)at, (off_t)capacity);
    while (rc < 0 && errno == EINTR);
    return rc == 0;
}

static void start_piece(struct cdr_spill *s, char *piece, uint64_t at,
                        uint64_t capacity)
{
    s->piece = piece;
    s->at = at;
    s->capacity = capacity;
    s->used = 0;
}

/* A new piece, at least so large. The rest of the old one is given up. */
static bool next_piece(struct cdr_spill *s, uint64_t size)
{
    uint64_t capacity = size < PIECE ? PIECE : (size + PAGE - 1) / PAGE * PAGE;
    uint64_t at = atomic_fetch_add_explicit(s->end, capacity, memory_order_relaxed);
    void *piece;

    if (s->mapping) {
        if (at > s->mapped || capacity > s->mapped - at ||
            cdr_shared_populate(s->mapping + at, capacity))
            return false;
        start_piece(s, s->mapping + at, at, capacity);
        return true;
    }
    if (!extend(s->fd, at, capacity))
        return false;
    piece = mmap(NULL, capacity, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd, (off_t)at);
    if (piece == MAP_FAILED)
        return false;
    if (s->piece)
        munmap(s->piece, s->capacity);
    start_piece(s, piece, at, capacity);
    return true;
}

bool cdr_spill_put(struct cdr_spill *s, uint64_t index, const void *bytes, size_t size)
{
    struct cdr_spilled *of = &s->of[index];

    of->size = 0; /* of a task that is run again */
    if (size > s->capacity - s->used && !next_piece(s, size))
        return false;
    memcpy(s->piece + s->used, bytes, size);
    of->at = s->at + s->used;
    CDR_CRASH_POINT();
    of->size = size;
    s->used += size;
    return true;
}

/* ---- the caller, when all is over ---- */

static int collect_one(struct cdr_staging *s, uint64_t i, cadre_error *err)
{
    const struct cdr_spilled *of = &s->spill.of[i];
    cadre_bytes *place = &s->original->emitted[i];
    uint64_t done = 0;

    place->data = malloc(of->size);
    if (!place->data)
        return cdr_fail(err, CADRE_ENOMEM,
                        "no memory for %" PRIu64 " bytes that item %" PRIu64 " emitted",
                        of->size, i);
    if (s->spill.mapping) {
        memcpy(place->data, s->spill.mapping + of->at, of->size);
        done = of->size;
    }
    while (done < of->size) {
        ssize_t got = pread(s->spill.fd, (char *)place->data + done, of->size - done,
                            (off_t)(of->at + done));
        if (got == 0 || (got < 0 && errno != EINTR))
            return cdr_fail_sys(err, got ? errno : EIO,
                                "what item %" PRIu64 " emitted cannot be read", i);
        done += got > 0 ? (uint64_t)got : 0;
    }
    place->size = of->size;
    return CADRE_OK;
}

static int collect_emitted(struct cdr_staging *s, uint64_t end, cadre_error *err)
{
    int rc = CADRE_OK;

    for (uint64_t i = 0; i < end && !rc; i++)
        if (s->spill.of[i].size > 0)
            rc = collect_one(s, i, err);
    if (rc)
        cadre_bytes_free(s->original->emitted, end);
    return rc;
}

/* Pages of the caller's own that were in use when it forked take a fault each; together
 * they take half of that. No more than a hint. */
static void own_pages(uintptr_t from, size_t size)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t first = (from + page - 1) / page * page;

    if (size >= PAGE)
        madvise((void *)first, (from + size - first) / page * page,
                MADV_POPULATE_WRITE);
}

static void copy_back(void *arg, uint64_t first, uint64_t end)
{
    const struct cdr_program *p = arg;
    size_t size = (end - first) * p->result_size;

    own_pages(p->original + first * p->result_size, size);
    memcpy((void *)(p->original + first * p->result_size),
           (const void *)(p->results + first * p->result_size), size);
}

int cdr_staging_collect(struct cdr_staging *s, const struct cadre_window *w,
                        uint64_t end, cadre_error *err)
{
    struct cdr_program *p = &s->program;

    if (p->original)
        cdr_window_each_run(w, copy_back, p);
    if (p->statuses != s->original->statuses)
        memcpy(s->original->statuses, p->statuses, p->n * sizeof *p->statuses);
    return p->spill ? collect_emitted(s, end, err) : CADRE_OK;
}
