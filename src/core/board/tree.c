/* tree.c - the tree in which a reduction's blocks are combined.
 * SPDX-License-Identifier: MIT
 */
#include "core/board/tree.h"
#include "base/alloc.h"
#include "memory/shared.h"
#include "base/crash_point.h"
#include "base/sync.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Places of at least this many bytes go back to the system once combined. */
#define LARGE_PLACE ((size_t)64 << 10)

static int allocate(struct cdr_tree *tree, size_t bytes)
{
    tree->places = cdr_alloc_aligned(bytes);
    tree->arrived = calloc(tree->blocks, sizeof *tree->arrived);
    tree->any = calloc(tree->blocks, sizeof *tree->any);
    return tree->places && tree->arrived && tree->any ? CADRE_OK : CADRE_ENOMEM;
}

static int allocate_shared(struct cdr_tree *tree, size_t bytes, unsigned seats)
{
    size_t saved, total;

    if (!cdr_array_size(&saved, seats, tree->stride) ||
        __builtin_add_overflow(bytes, saved, &total) ||
        __builtin_add_overflow(total, 2 * tree->blocks, &total))
        return CADRE_ENOMEM;
    tree->places = cdr_shared_map(total, "", NULL);
    if (!tree->places)
        return CADRE_ENOMEM;
    tree->shared_size = total;
    tree->saved = tree->places + bytes;
    tree->any = (uint8_t *)tree->saved + saved;
    tree->arrived = (_Atomic uint8_t *)(tree->any + tree->blocks);
    return CADRE_OK;
}

int cdr_tree_init(struct cdr_tree *tree, uint64_t blocks, size_t result_size,
                  cadre_combine *combine, unsigned seats)
{
    size_t bytes;
    int rc;

    memset(tree, 0, sizeof *tree);
    tree->combine = combine;
    tree->blocks = blocks;
    /* Apart, since neighbouring blocks are folded by different workers. */
    if (result_size > SIZE_MAX - CDR_FALSE_SHARING)
        return CADRE_ENOMEM;
    tree->stride =
        (result_size + CDR_FALSE_SHARING - 1) / CDR_FALSE_SHARING * CDR_FALSE_SHARING;
    if (!cdr_array_size(&bytes, blocks, tree->stride))
        return CADRE_ENOMEM;
    rc = seats ? allocate_shared(tree, bytes, seats) : allocate(tree, bytes);
    if (rc)
        cdr_tree_fini(tree);
    return rc;
}

void cdr_tree_fini(struct cdr_tree *tree)
{
    if (tree->shared_size) {
        cdr_shared_unmap(tree->places, tree->shared_size);
    } else {
        free(tree->places);
        free(tree->arrived);
        free(tree->any);
    }
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

bool cdr_tree_complete(const struct cdr_tree *tree)
{
    return atomic_load_explicit(&tree->arrived[0], memory_order_acquire);
}

char *cdr_tree_saved(const struct cdr_tree *tree, unsigned seat)
{
    return tree->saved + seat * tree->stride;
}

/* Nobody reads this place again: whole pages of it may go. */
static void drop(const struct cdr_tree *tree, uint64_t block)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t from = (uintptr_t)cdr_tree_place(tree, block), to = from + tree->stride;

    from = (from + page - 1) / page * page;
    to = to / page * page;
    if (tree->stride >= LARGE_PLACE && from < to) /* only saves memory: may fail */
        madvise((void *)from, to - from,
                tree->shared_size ? MADV_REMOVE : MADV_DONTNEED);
}

/* The sibling is there already. */
static bool second_of_two(struct cdr_tree *tree, uint64_t right, enum cdr_side side)
{
    uint8_t first = 0;

    return !atomic_compare_exchange_strong_explicit(&tree->arrived[right], &first,
                                                    (uint8_t)side, memory_order_acq_rel,
                                                    memory_order_acquire) &&
           first != side;
}

bool cdr_tree_climb(struct cdr_tree *tree, struct cdr_climb *c)
{
    /* What the last one gave as `from` has been combined by now. */
    if (c->from)
        drop(tree, c->from_block);
    c->from = NULL;
    while (UINT64_C(1) << c->level < tree->blocks) {
        uint64_t step = UINT64_C(1) << c->level;
        uint64_t left = c->block & ~(2 * step - 1), right = left + step;
        enum cdr_side side = c->block == left ? CDR_LEFT : CDR_RIGHT;
        uint8_t moved = (uint8_t)(CDR_MOVED + c->level);

        if (right < tree->blocks && !second_of_two(tree, right, side))
            return false;
        c->came_as = c->block;
        c->block = left;
        c->level++;
        if (right >= tree->blocks || !tree->any[right] || tree->any[left] == moved)
            continue;
        if (!tree->any[left]) {
            memcpy(cdr_tree_place(tree, left), cdr_tree_place(tree, right),
                   tree->stride);
            CDR_CRASH_POINT();
            tree->any[left] = moved;
            continue;
        }
        c->into = cdr_tree_place(tree, left);
        c->from = cdr_tree_place(tree, right);
        c->from_block = right;
        return true;
    }
    atomic_store_explicit(&tree->arrived[0], 1, memory_order_release);
    return false;
}
