/* spill_file.h - the file that a stream puts bytes into that it has no memory for.
 * SPDX-License-Identifier: MIT
 *
 * A piece that is larger than an arena may hold goes into a file without a name, which all
 * workers of the stream have. Whoever writes one takes places at the file's end; a piece is
 * in one stretch, so that it can be mapped as a whole. Once it is finished with, its place
 * is given back to the file system, and when none is taken the file begins anew: file
 * systems have a largest offset. What a worker was writing when it died stays until the
 * stream closes.
 */
#ifndef CDR_CORE_RUN_SPILL_FILE_H
#define CDR_CORE_RUN_SPILL_FILE_H

#include "core/board/arena.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The `held` of a piece that lies in the file: `at` and `size` are those in there. */
#define CDR_IN_FILE UINT64_MAX

struct cdr_spill_file {
    _Atomic int fd;          /* -1: not open yet, -2: never; acquire, release */
    _Atomic uint64_t *taken; /* where workers share it: how many places are taken, and
                                where the next begins; relaxed */
};

/* What a task has written so far; zero: nothing. */
struct cdr_extent {
    uint64_t at, size, capacity;
};

void cdr_spill_file_init(struct cdr_spill_file *f, _Atomic uint64_t *taken);
void cdr_spill_file_fini(struct cdr_spill_file *f);

/* Below 0: there is none. */
int cdr_spill_file_fd(const struct cdr_spill_file *f);

/* Open it unless it is: workers in other processes need it before they come to be. 0, or an
 * errno value, as for the next. And: this process has none that the others have, and opens
 * none. */
int cdr_spill_file_open(struct cdr_spill_file *f);
void cdr_spill_file_refuse(struct cdr_spill_file *f);

/* Write these bytes behind what is in the extent, which may move. */
int cdr_spill_file_append(struct cdr_spill_file *f, struct cdr_extent *x,
                          const void *bytes, size_t size);

/* The extent as a piece, which it is no longer. */
void cdr_spill_file_finish(struct cdr_extent *x, struct cdr_piece *piece);

/* Nobody wants what was written. */
void cdr_spill_file_drop(struct cdr_spill_file *f, struct cdr_extent *x);
void cdr_spill_file_free(struct cdr_spill_file *f, const struct cdr_piece *piece);

/* Read-only, in this process; NULL with errno. */
void *cdr_spill_file_map(struct cdr_spill_file *f, const struct cdr_piece *piece);
void cdr_spill_file_unmap(void *bytes, uint64_t size);

#endif
