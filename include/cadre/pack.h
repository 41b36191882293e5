/* pack.h - data with pointers in it, as bytes that any worker can read.
 * SPDX-License-Identifier: MIT
 *
 * Workers in other processes see of the caller's memory what the job's `shared` points to,
 * and not what pointers in there lead to. So data that hangs together by pointers is packed:
 * all blocks that can be reached from one, laid side by side, with positions in place of
 * pointers. A shape says of a struct where its pointers are and what they lead to.
 *
 *     struct table { size_t n; double *x; };
 *
 *     static size_t rows(const void *table) { return ((const struct table *)table)->n; }
 *     static const cadre_shape number = { .size = sizeof(double) };
 *     static const cadre_link links[] = { { offsetof(struct table, x), rows, &number } };
 *     static const cadre_shape shape = { sizeof(struct table), links, 1 };
 *
 *     cadre_pack(&bytes, &size, &table, &shape, &err);      in the caller
 *     job.shared = bytes; job.shared_size = size;
 *     *state = cadre_unpack(cadre_task_shared(task));       in worker_begin; free in its end
 */
#ifndef CADRE_PACK_H
#define CADRE_PACK_H

#include <cadre/cadre.h>

CADRE_BEGIN_DECLS

typedef struct cadre_link cadre_link;

typedef struct cadre_shape { /* of one element of a block */
    size_t size;             /* bytes from one to the next */
    const cadre_link
        *links; /* NULL: nothing in it is followed, and it stays as it is */
    unsigned n_links;
} cadre_shape;

struct cadre_link { /* a pointer in a struct */
    size_t at;      /* its offset there; it may be NULL */
    size_t (*count)(
        const void *from);    /* of the struct: how many elements it leads to ... */
    const cadre_shape *shape; /* ... of this shape; NULL count: one */
};

/* Copy *root, of that shape, and all that it leads to into memory as cadre_alloc_shared gives
 * it, for cadre_free_shared. What is led to twice is copied once, also a part of a block
 * without links that came before; circles are fine. */
CADRE_API int cadre_pack(void **out, size_t *size, const void *root,
                         const cadre_shape *shape, cadre_error *err);

/* In any process that has the bytes: *root again, with pointers. What has links is a copy, to
 * be freed with free(); the rest is read where it lies in `packed`, which must stay. NULL:
 * there is no memory, or those are no packed bytes. */
CADRE_API void *cadre_unpack(const void *packed);

CADRE_END_DECLS
#endif
