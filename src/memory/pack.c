/* pack.c - data with pointers in it, as bytes that any worker can read.
 * SPDX-License-Identifier: MIT
 *
 *     head | blocks with links, the root first | where pointers are in them | other blocks
 *
 * Blocks are found in the order in which links are followed, the nearest first. A list of
 * them by address tells which are there already. Only blocks with links are copied again to
 * be unpacked: that is why they come first.
 */
#include <cadre/pack.h>
#include "base/alloc.h"
#include "base/error.h"

#include <stdlib.h>
#include <string.h>

#define ALIGN 64
#define MAGIC UINT64_C(0x6b63617065726463)

struct head {
    uint64_t magic;
    uint64_t linked_end; /* blocks with links lie between the head and here */
    uint64_t n_pointers, pointers_at;
};

struct block {
    const char *from;
    size_t size; /* in bytes */
    size_t count;
    const cadre_shape *shape;
    size_t at; /* its position */
};

struct packer {
    struct block *blocks; /* in the order in which they were found */
    size_t *by_address;   /* their numbers */
    size_t n, capacity;
    uint64_t n_pointers;
    bool too_large;
};

/* ---- blocks ---- */

static bool has_links(const struct block *b)
{
    return b->shape->n_links > 0;
}

static bool grow(struct packer *p)
{
    size_t capacity = p->capacity ? 2 * p->capacity : 64;
    struct block *blocks = realloc(p->blocks, capacity * sizeof *blocks);
    size_t *numbers;

    if (!blocks)
        return false;
    p->blocks = blocks;
    numbers = realloc(p->by_address, capacity * sizeof *numbers);
    if (!numbers)
        return false;
    p->by_address = numbers;
    p->capacity = capacity;
    return true;
}

/* How many blocks begin at this address or before it. */
static size_t up_to(const struct packer *p, const char *from)
{
    size_t low = 0, high = p->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if ((uintptr_t)p->blocks[p->by_address[middle]].from <= (uintptr_t)from)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Whether the block has what `wanted` asks for: the same elements, or without links, the
 * bytes. */
static bool holds(const struct block *b, const struct block *wanted)
{
    size_t before = (uintptr_t)wanted->from - (uintptr_t)b->from;

    if (has_links(b) != has_links(wanted))
        return false;
    if (has_links(b))
        return b->from == wanted->from && b->shape == wanted->shape &&
               b->count >= wanted->count;
    return before <= b->size && wanted->size <= b->size - before;
}

/* The block that has it, or NULL. Of those that begin at the same address, all may; of those
 * that begin before it, the nearest that is large enough is looked for, a few back. */
static const struct block *find(const struct packer *p, const struct block *wanted)
{
    size_t i = up_to(p, wanted->from);

    for (int others = 0; i > 0 && others < 8; i--) {
        const struct block *b = &p->blocks[p->by_address[i - 1]];
        if (holds(b, wanted))
            return b;
        others += b->from != wanted->from;
    }
    return NULL;
}

static bool add(struct packer *p, const struct block *b)
{
    size_t i = up_to(p, b->from);

    if (p->n == p->capacity && !grow(p))
        return false;
    memmove(p->by_address + i + 1, p->by_address + i,
            (p->n - i) * sizeof *p->by_address);
    p->by_address[i] = p->n;
    p->blocks[p->n++] = *b;
    return true;
}

/* ---- following links ---- */

static const char *pointer_at(const char *element, const cadre_link *link)
{
    const char *pointer;

    memcpy(&pointer, element + link->at, sizeof pointer);
    return pointer;
}

/* What the element's link leads to; false: nothing. */
static bool follow(struct packer *p, const char *element, const cadre_link *link,
                   struct block *to)
{
    *to = (struct block){ .from = pointer_at(element, link), .shape = link->shape };
    if (!to->from)
        return false;
    to->count = link->count ? link->count(element) : 1;
    if (!cdr_array_size(&to->size, to->count, link->shape->size))
        p->too_large = true;
    return true;
}

/* What block number k leads to. False: no memory. */
static bool add_reached(struct packer *p, size_t k)
{
    const cadre_shape *shape = p->blocks[k].shape;

    for (size_t i = 0; i < p->blocks[k].count; i++)
        for (unsigned l = 0; l < shape->n_links; l++) {
            const char *element = p->blocks[k].from + i * shape->size;
            struct block to;
            if (!follow(p, element, &shape->links[l], &to))
                continue;
            p->n_pointers++;
            if (p->too_large || (!find(p, &to) && !add(p, &to)))
                return false;
        }
    return true;
}

static bool add_all(struct packer *p, const void *root, const cadre_shape *shape)
{
    struct block first = { root, shape->size, 1, shape, 0 };

    if (!add(p, &first))
        return false;
    for (size_t k = 0; k < p->n; k++)
        if (!add_reached(p, k))
            return false;
    return true;
}

/* ---- laying out ---- */

/* The root is copied in any case. */
static void place(struct packer *p, bool copied, size_t *end)
{
    for (size_t k = 0; k < p->n; k++) {
        struct block *b = &p->blocks[k];
        if ((k == 0 || has_links(b)) != copied)
            continue;
        b->at = *end;
        if (b->size > SIZE_MAX / 2 - *end)
            p->too_large = true;
        else
            *end += (b->size + ALIGN - 1) / ALIGN * ALIGN;
    }
}

static size_t lay_out(struct packer *p, struct head *head)
{
    size_t end = ALIGN;

    *head = (struct head){ .magic = MAGIC, .n_pointers = p->n_pointers };
    place(p, true, &end);
    head->linked_end = head->pointers_at = end;
    end += (size_t)(p->n_pointers * sizeof(uint64_t) + ALIGN - 1) / ALIGN * ALIGN;
    place(p, false, &end);
    return end;
}

/* Pointers of block b are positions in the copy. */
static uint64_t *put_positions(struct packer *p, const struct block *b, char *memory,
                               uint64_t *pointers)
{
    for (size_t i = 0; i < b->count; i++)
        for (unsigned l = 0; l < b->shape->n_links; l++) {
            const cadre_link *link = &b->shape->links[l];
            size_t field = b->at + i * b->shape->size + link->at;
            const struct block *found;
            struct block to;
            uintptr_t position;
            if (!follow(p, b->from + i * b->shape->size, link, &to))
                continue;
            found = find(p, &to);
            position = found->at + ((uintptr_t)to.from - (uintptr_t)found->from);
            memcpy(memory + field, &position, sizeof position);
            *pointers++ = field;
        }
    return pointers;
}

static void write_all(struct packer *p, const struct head *head, char *memory)
{
    uint64_t *pointers = (uint64_t *)(void *)(memory + head->pointers_at);

    memcpy(memory, head, sizeof *head);
    for (size_t k = 0; k < p->n; k++) {
        const struct block *b = &p->blocks[k];
        if (b->size > 0)
            memcpy(memory + b->at, b->from, b->size);
        pointers = put_positions(p, b, memory, pointers);
    }
}

/* ---- what is public ---- */

int cadre_pack(void **out, size_t *size, const void *root, const cadre_shape *shape,
               cadre_error *err)
{
    struct packer p = { 0 };
    struct head head;
    cadre_error local;
    int rc = CADRE_OK;

    if (!err)
        err = &local;
    cdr_error_clear(err);
    if (!out || !size || !root || !shape || shape->size == 0)
        return cdr_fail(err, CADRE_EINVAL, "cadre_pack: %s",
                        !out || !size ? "there is no place for what is packed"
                        : !root       ? "root is NULL"
                        : !shape      ? "shape is NULL"
                                      : "the shape has no size");
    *out = NULL;
    *size = 0;
    if (!add_all(&p, root, shape))
        rc = CADRE_ENOMEM;
    else
        *size = lay_out(&p, &head);
    if (rc || p.too_large)
        rc = cdr_fail(err, CADRE_ENOMEM, "no memory to pack data of %zu blocks", p.n);
    if (!rc)
        *out = cadre_alloc_shared(*size, err);
    if (*out)
        write_all(&p, &head, *out);
    free(p.blocks);
    free(p.by_address);
    return rc ? rc : err->code;
}

void *cadre_unpack(const void *packed)
{
    const char *from = packed;
    const struct head *head = packed;
    const uint64_t *pointers;
    char *copy;

    if (!packed || head->magic != MAGIC)
        return NULL;
    copy = cdr_alloc_aligned(head->linked_end - ALIGN);
    if (!copy)
        return NULL;
    memcpy(copy, from + ALIGN, head->linked_end - ALIGN);
    pointers = (const uint64_t *)(const void *)(from + head->pointers_at);
    for (uint64_t k = 0; k < head->n_pointers; k++) {
        char *field = copy + pointers[k] - ALIGN;
        uintptr_t position;
        const char *to;
        memcpy(&position, field, sizeof position);
        to = position < head->linked_end ? copy + position - ALIGN : from + position;
        memcpy(field, &to, sizeof to);
    }
    return copy;
}
