/* spool.c - output that waits for its turn: in memory, then in a file without a name.
 * SPDX-License-Identifier: MIT
 */
#include "cli/map/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ONE_MAX       ((size_t)1 << 18) /* bytes in memory of one stream of a job */
#define ALL_MAX       ((size_t)1 << 26) /* ... of all */
#define EXTENT        ((size_t)1 << 20) /* bytes of the file that are given out at a time */
#define PIECE         ((size_t)1 << 16) /* bytes read back at a time */
#define NAME_MAX_SIZE 4096

struct cdr_extent {
    uint64_t at;
    size_t size; /* bytes in use of EXTENT */
};

bool cdr_spool_open(struct cdr_spool *spool, const char *folder)
{
    const char *usual = getenv("TMPDIR");

    memset(spool, 0, sizeof *spool);
    spool->folder = folder ? folder : usual && *usual ? usual : "/tmp";
    atomic_init(&spool->fd, -1);
    errno = pthread_mutex_init(&spool->lock, NULL);
    return errno == 0;
}

void cdr_spool_close(struct cdr_spool *spool)
{
    int fd = atomic_load_explicit(&spool->fd, memory_order_acquire);

    if (fd >= 0)
        close(fd);
    pthread_mutex_destroy(&spool->lock);
}

static int make_file(const char *folder)
{
    char name[NAME_MAX_SIZE];
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    if (fd >= 0 ||
        snprintf(name, sizeof name, "%s/cadre-XXXXXX", folder) >= (int)sizeof name)
        return fd;
    fd = mkostemp(name, O_CLOEXEC); /* file systems without O_TMPFILE */
    if (fd >= 0)
        (void)unlink(name);
    return fd;
}

static int file_of(struct cdr_spool *spool)
{
    int fd = atomic_load_explicit(&spool->fd, memory_order_acquire), failed = 0;

    if (fd >= 0 || pthread_mutex_lock(&spool->lock) != 0)
        return fd;
    fd = atomic_load_explicit(&spool->fd, memory_order_relaxed);
    if (fd < 0) {
        fd = make_file(spool->folder);
        failed = errno;
        atomic_store_explicit(&spool->fd, fd, memory_order_release);
    }
    pthread_mutex_unlock(&spool->lock);
    errno = failed;
    return fd;
}

/* ---- adding ---- */

static bool fits_in_memory(struct cdr_held *held, struct cdr_spool *spool, size_t size)
{
    size_t room = held->room ? held->room : 4096;
    char *more;

    if (held->n_extents > 0 || size > ONE_MAX - held->size)
        return false;
    if (held->size + size <= held->room)
        return true;
    while (room < held->size + size)
        room *= 2;
    if (atomic_load_explicit(&spool->in_memory, memory_order_relaxed) + room >
            ALL_MAX ||
        !(more = realloc(held->memory, room)))
        return false;
    atomic_fetch_add_explicit(&spool->in_memory, room - held->room,
                              memory_order_relaxed);
    held->memory = more;
    held->room = room;
    return true;
}

static struct cdr_extent *open_extent(struct cdr_held *held, struct cdr_spool *spool)
{
    struct cdr_extent *last =
        held->n_extents ? &held->extent[held->n_extents - 1] : NULL;

    if (last && last->size < EXTENT)
        return last;
    last = reallocarray(held->extent, held->n_extents + 1, sizeof *last);
    if (!last)
        return NULL;
    held->extent = last;
    last += held->n_extents++;
    last->at = atomic_fetch_add_explicit(&spool->end, EXTENT, memory_order_relaxed);
    last->size = 0;
    return last;
}

static int add_to_file(struct cdr_held *held, struct cdr_spool *spool,
                       const char *bytes, size_t size)
{
    int fd = file_of(spool);

    if (fd < 0)
        return errno;
    while (size > 0) {
        struct cdr_extent *to = open_extent(held, spool);
        size_t part;
        ssize_t n;

        if (!to)
            return ENOMEM;
        part = size < EXTENT - to->size ? size : EXTENT - to->size;
        n = pwrite(fd, bytes, part, (off_t)(to->at + to->size));
        if (n < 0 && errno != EINTR)
            return errno;
        if (n <= 0)
            continue;
        to->size += (size_t)n;
        held->total += (uint64_t)n;
        bytes += n;
        size -= (size_t)n;
    }
    return 0;
}

int cdr_held_add(struct cdr_held *held, struct cdr_spool *spool, const void *bytes,
                 size_t size)
{
    if (!fits_in_memory(held, spool, size))
        return add_to_file(held, spool, bytes, size);
    memcpy(held->memory + held->size, bytes, size);
    held->size += size;
    held->total += size;
    return 0;
}

/* ---- giving out ---- */

static int give_memory(struct cdr_held *held, cdr_held_put *put, void *arg)
{
    size_t from = (size_t)held->given;
    int rc;

    if (held->given >= held->size)
        return 0;
    rc = put(arg, held->memory + from, held->size - from);
    held->given = held->size;
    return rc;
}

static int give_extent(struct cdr_held *held, int fd, const struct cdr_extent *extent,
                       size_t from, cdr_held_put *put, void *arg)
{
    char *room = malloc(PIECE);
    int rc = 0;

    if (!room)
        return -1;
    while (rc == 0 && from < extent->size) {
        size_t part = extent->size - from < PIECE ? extent->size - from : PIECE;
        ssize_t n = pread(fd, room, part, (off_t)(extent->at + from));

        if (n == 0)
            errno = EIO; /* who shortens a file without a name? */
        if (n <= 0 && (n == 0 || errno != EINTR)) {
            rc = -1;
        } else if (n > 0) {
            rc = put(arg, room, (size_t)n);
            from += (size_t)n;
            held->given += (uint64_t)n;
        }
    }
    free(room);
    return rc;
}

int cdr_held_give(struct cdr_held *held, struct cdr_spool *spool, cdr_held_put *put,
                  void *arg)
{
    int fd = atomic_load_explicit(&spool->fd, memory_order_acquire);
    int rc = give_memory(held, put, arg);
    uint64_t begin = held->size;

    for (size_t i = 0; i < held->n_extents && rc == 0; i++) {
        const struct cdr_extent *extent = &held->extent[i];

        if (held->given < begin + extent->size)
            rc = give_extent(held, fd, extent, (size_t)(held->given - begin), put, arg);
        begin += extent->size;
    }
    return rc;
}

struct writing {
    int fd;
    int failed;
};

static int write_piece(void *arg, const char *bytes, size_t size)
{
    struct writing *w = arg;

    while (size > 0 && !w->failed) {
        ssize_t n = write(w->fd, bytes, size);

        if (n < 0 && errno != EINTR)
            w->failed = errno;
        if (n <= 0)
            continue;
        bytes += n;
        size -= (size_t)n;
    }
    return w->failed;
}

int cdr_held_write(struct cdr_held *held, struct cdr_spool *spool, int fd)
{
    struct writing w = { .fd = fd };
    uint64_t given = held->given;

    held->given = 0;
    if (cdr_held_give(held, spool, write_piece, &w) < 0)
        w.failed = errno;
    held->given = given;
    return w.failed;
}

void cdr_held_clear(struct cdr_held *held, struct cdr_spool *spool)
{
    int fd = atomic_load_explicit(&spool->fd, memory_order_acquire);

    for (size_t i = 0; i < held->n_extents && fd >= 0; i++) /* where it cannot, later */
        (void)fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                        (off_t)held->extent[i].at, (off_t)EXTENT);
    atomic_fetch_sub_explicit(&spool->in_memory, held->room, memory_order_relaxed);
    free(held->memory);
    free(held->extent);
    *held = (struct cdr_held){ 0 };
}
