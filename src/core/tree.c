/* tree.c - the tree in which a reduction's blocks are combined.
 * SPDX-License-Identifier: MIT
 */
#include "core/reduce.h"
#include "base/alloc.h"
#include "base/sync.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Places of at least this many bytes go back to the system once combined. */
#define LARGE_PLACE ((size_t)64 << 10)

int cdr_tree_init(struct cdr_tree *tree, uint64_t blocks, size_t result_size,
                  cadre_combine *combine)
{
    size_t bytes;

    memset(tree, 0, sizeof *tree);
    tree->combine = combine;
    tree->blocks = blocks;
    /* Apart, since neighbouring blocks are folded by different workers. */
    if (result_size > SIZE_MAX - CDR_APART)
        return CADRE_ENOMEM;
    tree->stride = (result_size + CDR_APART - 1) / CDR_APART * CDR_APART;
    if (!cdr_array_size(&bytes, blocks, tree->stride))
        return CADRE_ENOMEM;
    tree->places = cdr_alloc_apart(bytes);
    tree->arrived = calloc(blocks, sizeof *tree->arrived);
    tree->any = calloc(blocks, sizeof *tree->any);
    if (tree->places && tree->arrived && tree->any)
        return CADRE_OK;
    cdr_tree_fini(tree);
    return CADRE_ENOMEM;
}

void cdr_tree_fini(struct cdr_tree *tree)
{
    free(tree->places);
    free(tree->arrived);
    free(tree->any);
    memset(tree, 0, sizeof *tree);
}

char *cdr_tree_place(const struct cdr_tree *tree, uint64_t block)
{
    return tree->places + block * tree->stride;
}

void cdr_tree_set(struct cdr_tree *tree, uint64_t block, bool any)
{
    tree->any[block] = any;
}

/* Nobody reads this place again: whole pages of it may go. */
static void drop(const struct cdr_tree *tree, uint64_t block)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t from = (uintptr_t)cdr_tree_place(tree, block), to = from + tree->stride;

    from = (from + page - 1) / page * page;
    to = to / page * page;
    if (tree->stride >= LARGE_PLACE && from < to)
        madvise((void *)from, to - from, MADV_DONTNEED); /* only saves memory */
}

bool cdr_tree_climb(struct cdr_tree *tree, struct cdr_climb *c)
{
    /* The last step's `from` has been combined by now. */
    if (c->from)
        drop(tree, c->from_block);
    c->from = NULL;
    while (c->step < tree->blocks) {
        uint64_t left = c->block & ~(2 * c->step - 1), right = left + c->step;

        c->block = left;
        c->step *= 2;
        if (right >= tree->blocks)
            continue;
        if (!atomic_exchange_explicit(&tree->arrived[right], 1, memory_order_acq_rel))
            return false;
        if (!tree->any[right])
            continue;
        if (!tree->any[left]) {
            memcpy(cdr_tree_place(tree, left), cdr_tree_place(tree, right),
                   tree->stride);
            tree->any[left] = 1;
            continue;
        }
        c->into = cdr_tree_place(tree, left);
        c->from = cdr_tree_place(tree, right);
        c->from_block = right;
        return true;
    }
    tree->complete = true;
    return false;
}
