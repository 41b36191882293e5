/* spill_file.c - the file that a stream puts bytes into that it has no memory for.
 * SPDX-License-Identifier: MIT
 */
#include "core/run/spill_file.h"
#include "base/descriptor.h"
#include "memory/temporary.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE ((uint64_t)1 << 16) /* a multiple of every page size */
#define COPY ((size_t)1 << 16)

void cdr_spill_file_init(struct cdr_spill_file *f, _Atomic uint64_t *taken)
{
    atomic_init(&f->fd, -1);
    f->taken = taken;
}

int cdr_spill_file_fd(const struct cdr_spill_file *f)
{
    return f ? atomic_load_explicit(&f->fd, memory_order_acquire) : -1;
}

void cdr_spill_file_fini(struct cdr_spill_file *f)
{
    if (f->taken)
        cdr_fd_close(cdr_spill_file_fd(f));
}

/* Two workers may come at once: the second closes its own again. */
int cdr_spill_file_open(struct cdr_spill_file *f)
{
    int nobody = -1, fd;

    if (cdr_spill_file_fd(f) != -1)
        return cdr_spill_file_fd(f) >= 0 ? 0 : EBADF;
    fd = cdr_temporary_open();
    if (fd < 0)
        return errno;
    if (!atomic_compare_exchange_strong_explicit(
            &f->fd, &nobody, fd, memory_order_acq_rel, memory_order_acquire))
        close(fd);
    return 0;
}

void cdr_spill_file_refuse(struct cdr_spill_file *f)
{
    atomic_store_explicit(&f->fd, -2, memory_order_release);
}

/* ---- places ---- */

/* In one word: the page where the next place begins, and below it how many are taken. At most
 * one is for each slot of a window, and one for each worker. */
#define COUNT_BITS 25
#define COUNT      ((UINT64_C(1) << COUNT_BITS) - 1)

static uint64_t whole_pages(uint64_t size)
{
    return (size + PAGE - 1) / PAGE * PAGE;
}

static uint64_t pack(uint64_t end, uint64_t count)
{
    return end / PAGE << COUNT_BITS | count;
}

static uint64_t end_of(uint64_t word)
{
    return (word >> COUNT_BITS) * PAGE;
}

static bool change(struct cdr_spill_file *f, uint64_t *word, uint64_t to)
{
    return atomic_compare_exchange_weak_explicit(
        f->taken, word, to, memory_order_relaxed, memory_order_relaxed);
}

static uint64_t take_place(struct cdr_spill_file *f, uint64_t size)
{
    uint64_t word = atomic_load_explicit(f->taken, memory_order_relaxed);

    while (!change(f, &word, pack(end_of(word) + size, (word & COUNT) + 1)))
        ;
    return end_of(word);
}

/* Where nobody has taken a place behind it, it becomes larger. */
static bool widen_place(struct cdr_spill_file *f, uint64_t end, uint64_t wanted)
{
    uint64_t word = atomic_load_explicit(f->taken, memory_order_relaxed);

    while (end_of(word) == end)
        if (change(f, &word, pack(wanted, word & COUNT)))
            return true;
    return false;
}

/* Where holes cannot be made, the place is lost until the file goes. */
static void give_back(struct cdr_spill_file *f, uint64_t at, uint64_t size)
{
    uint64_t word = atomic_load_explicit(f->taken, memory_order_relaxed);
    int number = errno;

    if (size > 0)
        fallocate(cdr_spill_file_fd(f), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                  (off_t)at, (off_t)whole_pages(size));
    errno = number;
    while (!change(f, &word, (word & COUNT) == 1 ? 0 : word - 1))
        ;
}

static int write_at(int fd, uint64_t at, const void *bytes, size_t size)
{
    size_t done = 0;

    if (!cdr_file_may_reach(at + size))
        return EFBIG;
    while (done < size) {
        ssize_t n =
            pwrite(fd, (const char *)bytes + done, size - done, (off_t)(at + done));
        if (n == 0 || (n < 0 && errno != EINTR))
            return n ? errno : EIO;
        done += n > 0 ? (size_t)n : 0;
    }
    return 0;
}

static int copy(int fd, uint64_t to, uint64_t from, uint64_t size)
{
    char buffer[COPY];
    int rc = 0;

    for (uint64_t done = 0; done < size && !rc;) {
        size_t part = size - done < COPY ? (size_t)(size - done) : COPY;
        ssize_t n = pread(fd, buffer, part, (off_t)(from + done));
        if (n == 0 || (n < 0 && errno != EINTR))
            return n ? errno : EIO;
        if (n > 0)
            rc = write_at(fd, to + done, buffer, (size_t)n);
        done += n > 0 ? (uint64_t)n : 0;
    }
    return rc;
}

static int make_room(struct cdr_spill_file *f, struct cdr_extent *x, uint64_t size)
{
    uint64_t wanted = whole_pages(size < 2 * x->capacity ? 2 * x->capacity : size), to;
    int rc;

    if (x->capacity > 0 && widen_place(f, x->at + x->capacity, x->at + wanted)) {
        x->capacity = wanted;
        return 0;
    }
    to = take_place(f, wanted);
    rc = copy(cdr_spill_file_fd(f), to, x->at, x->size);
    if (rc) {
        give_back(f, to, x->size);
        return rc;
    }
    if (x->capacity > 0)
        give_back(f, x->at, x->size);
    x->at = to;
    x->capacity = wanted;
    return 0;
}

int cdr_spill_file_append(struct cdr_spill_file *f, struct cdr_extent *x,
                          const void *bytes, size_t size)
{
    uint64_t end;
    int rc = cdr_spill_file_open(f);

    if (!rc && __builtin_add_overflow(x->size, size, &end))
        rc = EFBIG;
    if (!rc && (!cdr_file_may_reach(end)))
        rc = EFBIG;
    if (!rc && end > x->capacity)
        rc = make_room(f, x, end);
    if (!rc)
        rc = write_at(cdr_spill_file_fd(f), x->at + x->size, bytes, size);
    if (!rc)
        x->size = end;
    return rc;
}

void cdr_spill_file_finish(struct cdr_extent *x, struct cdr_piece *piece)
{
    *piece = (struct cdr_piece){ .at = x->at, .size = x->size, .held = CDR_IN_FILE };
    *x = (struct cdr_extent){ 0 };
}

void cdr_spill_file_drop(struct cdr_spill_file *f, struct cdr_extent *x)
{
    if (x->capacity > 0)
        give_back(f, x->at, x->size);
    *x = (struct cdr_extent){ 0 };
}

void cdr_spill_file_free(struct cdr_spill_file *f, const struct cdr_piece *piece)
{
    give_back(f, piece->at, piece->size);
}

/* ---- reading ---- */

void *cdr_spill_file_map(struct cdr_spill_file *f, const struct cdr_piece *piece)
{
    void *bytes = mmap(NULL, piece->size, PROT_READ, MAP_SHARED, cdr_spill_file_fd(f),
                       (off_t)piece->at);

    return bytes == MAP_FAILED ? NULL : bytes;
}

void cdr_spill_file_unmap(void *bytes, uint64_t size)
{
    if (bytes)
        munmap(bytes, size);
}
