/* pipes.h - files and pipes with given contents, for the tests of streams.
 * SPDX-License-Identifier: MIT
 *
 * Nothing is left in any directory: what is read has a path below /proc/self/fd.
 */
#ifndef CADRE_TESTS_PIPES_H
#define CADRE_TESTS_PIPES_H

#include "streams.h"

#include <pthread.h>

/* A regular file. */
struct plain {
    int fd;
    char path[32];
};

void plain_begin(struct plain *file, const void *bytes, size_t size);
void plain_end(struct plain *file);

/* A pipe that a thread fills. */
struct pour {
    char path[32];
    int read_end, write_end;
    const char *bytes;
    size_t size;
    bool slowly; /* in pieces of odd sizes, each when the one before has been read */
    _Atomic bool enough;
    pthread_t thread;
};

void pour_begin(struct pour *p, const void *bytes, size_t size, bool slowly);
void pour_end(struct pour *p); /* at any time */

/* An empty pipe, to be written to and closed by the test. */
void pipe_begin(struct pour *p);
void pipe_write(struct pour *p, const void *bytes, size_t size);
void pipe_close(struct pour *p); /* its write end */

cadre_file *open_file(const char *path, size_t record_size);

#endif
