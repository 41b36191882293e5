/* block.h - a block of a reduction, run part by part.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CORE_WORK_BLOCK_H
#define CDR_CORE_WORK_BLOCK_H

#include "core/run/run.h"

struct cdr_block {
    uint64_t unit;
    uint64_t next, end; /* tasks: the first not run; where the block ends */
    char *sum;          /* result_size bytes */
    bool any;           /* something lies there */
};

void cdr_block_start(struct cdr_block *b, const struct cdr_program *p, uint64_t unit,
                     char *sum);

/* Run some of its tasks, and fold their results. False: one failed and that ends it, or
 * nobody wants it any more. */
bool cdr_block_part(struct cadre_worker *w, struct cdr_block *b);

/* Combine `from` into `into`; index names the first item of what `from` covers. False: it
 * failed, which ends the run, even one that keeps going; or nobody wants it any more. */
bool cdr_combine(struct cadre_task *t, void *into, const void *from, uint64_t index);

#endif
