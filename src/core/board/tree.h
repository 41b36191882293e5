/* tree.h - the tree in which a reduction's blocks are combined.
 * SPDX-License-Identifier: MIT
 *
 * The n tasks are cut into blocks of ceil(n / 1024) neighbours. Who runs a block
 * folds its results from left to right; then blocks are combined pairwise, like
 * the matches of a tournament, right into left: 0 with 1, 2 with 3, then 0 with 2,
 * ... The shape depends on n alone, so the bytes do too. Whoever finishes the second
 * of two siblings combines them, so nobody waits and few blocks are alive at once.
 */
#ifndef CDR_CORE_BOARD_TREE_H
#define CDR_CORE_BOARD_TREE_H

#include <cadre/cadre.h>
#include <stdatomic.h>

#define CDR_BLOCKS_MAX 1024

struct cdr_tree {
    cadre_combine *combine;
    uint64_t blocks;
    size_t stride; /* bytes from one block's place to the next */
    char *places;
    /* arrived[r]: of the two siblings of which r is the right one's first block, this one
     * (an enum cdr_side) was complete first. Changed once, with acquire-release, which
     * publishes any[] and places. arrived[0]: the root was reached. */
    _Atomic uint8_t *arrived;
    /* The block, or the node that begins with it, has a value: 0 no, 1 its own, from
     * CDR_MOVED on that of its right sibling, moved there on that level. */
    uint8_t *any;
    char *saved; /* workers are processes: what is being changed, for each seat */
    size_t shared_size; /* bytes at `places`, shared, with all the rest; or 0 */
};

enum cdr_side { CDR_LEFT = 1, CDR_RIGHT = 2 };

#define CDR_MOVED 2

/* CADRE_ENOMEM when there is no memory for it. With `seats`, it is memory that the workers
 * at so many seats share as processes; 0: threads. */
int cdr_tree_init(struct cdr_tree *tree, uint64_t blocks, size_t result_size,
                  cadre_combine *combine, unsigned seats);
void cdr_tree_fini(struct cdr_tree *tree);

char *cdr_tree_place(const struct cdr_tree *tree, uint64_t block);
void cdr_tree_set(struct cdr_tree *tree, uint64_t block, bool any);
bool cdr_tree_complete(const struct cdr_tree *tree);

/* Where the seat's owner saves what it is about to change. */
char *cdr_tree_saved(const struct cdr_tree *tree, unsigned seat);

/* A walk from a finished block towards the root. */
struct cdr_climb {
    uint64_t block; /* in: the block; then the first of those it stands for */
    unsigned level; /* in: 0 */
    void *into;     /* out: combine `from` into it; from NULL: nothing to do */
    const void *from;
    uint64_t from_block; /* the first block of what `from` covers */
    uint64_t came_as;    /* the block it stood for on the level below */
};

/* Up to where something is to be combined. False: a sibling is not there yet, or this was
 * the root. Who dies in here, or after it, may begin again with the block and level it had
 * before: but for what was combined, doing it twice is doing it once. */
bool cdr_tree_climb(struct cdr_tree *tree, struct cdr_climb *c);

#endif
