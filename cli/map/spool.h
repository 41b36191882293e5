/* spool.h - output that waits for its turn: in memory, then in a file without a name.
 * SPDX-License-Identifier: MIT
 *
 * All jobs share one file, each has pieces of it. What has been written out is given back
 * to the file system at once.
 */
#ifndef CDR_CLI_MAP_SPOOL_H
#define CDR_CLI_MAP_SPOOL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cdr_spool {
    const char *folder;
    pthread_mutex_t lock; /* guards opening the file */
    atomic_int fd;        /* -1: not open; released by opening, acquired by users */
    _Atomic uint64_t end; /* of what is given out; relaxed, each gets its own part */
    _Atomic size_t in_memory; /* bytes that all hold; relaxed, a limit only */
};

/* What one stream of one job has put out. All zero: nothing. */
struct cdr_held {
    char *memory;
    size_t size, room;
    struct cdr_extent *extent;
    size_t n_extents;
    uint64_t total; /* bytes in all */
    uint64_t given; /* of these, written out */
};

/* False with errno. The folder: where the file is made; NULL: $TMPDIR or /tmp. */
bool cdr_spool_open(struct cdr_spool *spool, const char *folder);
void cdr_spool_close(struct cdr_spool *spool);

/* Keep bytes. 0 or an errno. */
int cdr_held_add(struct cdr_held *held, struct cdr_spool *spool, const void *bytes,
                 size_t size);

/* Hand what has not been handed out to `put`, piece by piece; stops when that returns
 * other than 0, and returns it. -1 with errno: the file cannot be read. */
typedef int cdr_held_put(void *arg, const char *bytes, size_t size);
int cdr_held_give(struct cdr_held *held, struct cdr_spool *spool, cdr_held_put *put,
                  void *arg);

/* Write all of it to the file, whatever was handed out. 0 or an errno. */
int cdr_held_write(struct cdr_held *held, struct cdr_spool *spool, int fd);

/* Empty again. */
void cdr_held_clear(struct cdr_held *held, struct cdr_spool *spool);

#endif
