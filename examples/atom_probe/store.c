/* store.c - an array in memory, or in a file that memory would not hold.
 * SPDX-License-Identifier: MIT
 */
#include "store.h"
#include "failure.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int ap_store_open(struct ap_store *s, uint64_t n, size_t size, cadre_error *err)
{
    *s = (struct ap_store){ .n = n, .size = size, .fd = -1 };
    s->memory = ap_alloc(n ? n : 1, size, err);
    return s->memory ? CADRE_OK : CADRE_ENOMEM;
}

/* Not every file system makes files without a name: then one that loses it at once. */
static int open_nameless(const char *folder)
{
    char name[4096];
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT))
        return fd;
    if (snprintf(name, sizeof name, "%s/atom-probe.XXXXXX", folder) >=
        (int)sizeof name) {
        errno = ENAMETOOLONG;
        return -1;
    }
    fd = mkostemp(name, O_CLOEXEC);
    if (fd >= 0)
        (void)unlink(name); /* if it fails, a file stays that nobody reads */
    return fd;
}

int ap_store_open_file(struct ap_store *s, const char *folder, uint64_t n, size_t size,
                       cadre_error *err)
{
    *s = (struct ap_store){ .n = n, .size = size, .owner = getpid() };
    s->fd = open_nameless(folder);
    return s->fd < 0 ? ap_fail_system(err, "make a working file in", folder) : CADRE_OK;
}

void ap_store_close(struct ap_store *s)
{
    cadre_free_shared(s->memory);
    if (s->owner && s->fd >= 0)
        close(s->fd);
    *s = (struct ap_store){ .fd = -1 };
}

/* The owner's threads and forked workers have the descriptor; others find the file through
 * their parent's. */
int ap_store_descriptor(const struct ap_store *s)
{
    char name[64];

    if (getpid() == s->owner)
        return s->fd;
    snprintf(name, sizeof name, "/proc/%d/fd/%d", (int)s->owner, s->fd);
    return open(name, (s->read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC);
}

void ap_store_release(const struct ap_store *s, int fd)
{
    if (getpid() != s->owner && fd >= 0)
        close(fd);
}

/* pread or pwrite until all is done. */
static int transfer(int fd, char *bytes, size_t size, uint64_t at, bool writing)
{
    while (size > 0) {
        ssize_t did = writing ? pwrite(fd, bytes, size, (off_t)at)
                              : pread(fd, bytes, size, (off_t)at);

        if (did < 0 && errno == EINTR)
            continue;
        if (did <= 0) {
            errno = did == 0 ? EIO : errno; /* what was written has become shorter */
            return -1;
        }
        bytes += did;
        size -= (size_t)did;
        at += (uint64_t)did;
    }
    return 0;
}

static int move(const struct ap_store *s, uint64_t first, uint64_t count, char *bytes,
                bool writing, cadre_error *err)
{
    int fd = ap_store_descriptor(s), rc = CADRE_OK;

    if (fd < 0 || transfer(fd, bytes, count * s->size, first * s->size, writing) < 0)
        rc = ap_fail_system(err, writing ? "write" : "read", "a working file");
    ap_store_release(s, fd);
    return rc;
}

const void *ap_store_read(const struct ap_store *s, uint64_t first, uint64_t count,
                          void *buffer, cadre_error *err)
{
    if (s->memory)
        return (const char *)s->memory + first * s->size;
    return move(s, first, count, buffer, false, err) ? NULL : buffer;
}

int ap_store_write(const struct ap_store *s, uint64_t first, uint64_t count,
                   const void *elements, cadre_error *err)
{
    if (!s->memory)
        return move(s, first, count, (char *)(uintptr_t)elements, true, err);
    memcpy((char *)s->memory + first * s->size, elements, count * s->size);
    return CADRE_OK;
}
