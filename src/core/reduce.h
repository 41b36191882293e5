/* reduce.h - the tree in which a reduction's blocks are combined.
 * SPDX-License-Identifier: MIT
 *
 * The n tasks are cut into blocks of ceil(n / 1024) neighbours. Who runs a block
 * folds its results from left to right; then blocks are combined pairwise, like
 * the matches of a tournament, right into left: 0 with 1, 2 with 3, then 0 with 2,
 * ... The shape depends on n alone, so the bytes do too. Whoever finishes the second
 * of two siblings combines them, so nobody waits and few blocks are alive at once.
 */
#ifndef CDR_CORE_REDUCE_H
#define CDR_CORE_REDUCE_H

#include <cadre/cadre.h>
#include <stdatomic.h>

#define CDR_BLOCKS_MAX 1024

struct cdr_tree {
    cadre_combine *combine;
    uint64_t blocks;
    size_t stride; /* bytes from one block's place to the next */
    char *places;
    /* arrived[r]: one of the two siblings of which r is the right one's first block
     * is complete. Exchanged with acquire-release, which publishes any[] and places. */
    _Atomic uint8_t *arrived;
    uint8_t *any;  /* the block, or the node that begins with it, has a value */
    bool complete; /* the root was reached; written once, by who reached it */
};

/* CADRE_ENOMEM when there is no memory for it. */
int cdr_tree_init(struct cdr_tree *tree, uint64_t blocks, size_t result_size,
                  cadre_combine *combine);
void cdr_tree_fini(struct cdr_tree *tree);

char *cdr_tree_place(const struct cdr_tree *tree, uint64_t block);
void cdr_tree_set(struct cdr_tree *tree, uint64_t block, bool any);

/* A walk from a finished block towards the root. */
struct cdr_climb {
    uint64_t block, step; /* in: the block, and 1 */
    void *into;           /* out: combine `from` into it; from NULL: nothing to do */
    const void *from;
    uint64_t from_block; /* the first block of what `from` covers */
};

/* One step up. False: the sibling is not there yet, or this was the root. */
bool cdr_tree_climb(struct cdr_tree *tree, struct cdr_climb *c);

#endif
