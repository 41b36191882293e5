/* store.h - an array in memory, or in a file that memory would not hold.
 * SPDX-License-Identifier: MIT
 *
 * The kernels of the stages ask a store for a part of it and get a pointer. In memory that
 * is the array's own; from a file the part is read into working memory of theirs. So they
 * compute the same either way, from the same code.
 *
 * A store is plain bytes: it can lie in what a job shares. Memory is what workers share,
 * and the file is found by workers that were not forked from its owner, too.
 */
#ifndef ATOM_PROBE_STORE_H
#define ATOM_PROBE_STORE_H

#include <cadre/cadre.h>
#include <sys/types.h>

struct ap_store {
    uint64_t n;   /* elements that it has room for */
    size_t size;  /* of one */
    void *memory; /* NULL: they are in the file */
    int fd;       /* of the owner; the file has no name */
    pid_t owner;
    bool read_only;
};

/* All zero, in memory. */
int ap_store_open(struct ap_store *s, uint64_t n, size_t size, cadre_error *err);

/* In a nameless file in that folder: it is gone with the program, whatever ends it. */
int ap_store_open_file(struct ap_store *s, const char *folder, uint64_t n, size_t size,
                       cadre_error *err);
void ap_store_close(struct ap_store *s); /* what is all zero is fine */

/* Elements first..first + count: a pointer to them, or `buffer` filled with them. NULL,
 * with err filled, when the file cannot be read. Any worker may call it. */
const void *ap_store_read(const struct ap_store *s, uint64_t first, uint64_t count,
                          void *buffer, cadre_error *err);

/* Any worker may write what no other does. */
int ap_store_write(const struct ap_store *s, uint64_t first, uint64_t count,
                   const void *elements, cadre_error *err);

/* The file's descriptor in this process, and when it is no longer used. -1: errno. */
int ap_store_descriptor(const struct ap_store *s);
void ap_store_release(const struct ap_store *s, int fd);

#endif
