/* cells.c - the records of a page of an SQLite file.
 * SPDX-License-Identifier: MIT
 */
#include "cli/journal/cells.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TABLE_LEAF  0x0d
#define INDEX_LEAF  0x0a
#define FILE_HEADER 100 /* that the first page begins with */

/* A part of memory that is read from its beginning. */
struct bytes {
    const unsigned char *at, *end;
};

/* False: it ends before the number does. */
static bool read_varint(struct bytes *b, uint64_t *out)
{
    uint64_t n = 0;

    for (int i = 0; i < 9; i++) {
        if (b->at == b->end)
            return false;
        if (i == 8) {
            *out = n << 8 | *b->at++;
            return true;
        }
        n = n << 7 | (*b->at & 127);
        if (!(*b->at++ & 128))
            break;
    }
    *out = n;
    return true;
}

/* ---- values ---- */

static size_t size_of(uint64_t type)
{
    static const unsigned char sizes[] = { 0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0 };

    return type < 12 ? sizes[type] : (size_t)(type - 12) / 2;
}

static int64_t read_integer(const unsigned char *at, size_t size)
{
    uint64_t n = at[0] & 128 ? UINT64_MAX : 0;

    for (size_t i = 0; i < size; i++)
        n = n << 8 | at[i];
    return (int64_t)n;
}

static struct cdr_value read_value(uint64_t type, const unsigned char *at, size_t size)
{
    struct cdr_value v = { .kind = CDR_INTEGER };

    if (type == 0) {
        v.kind = CDR_NULL;
    } else if (type == 8 || type == 9) {
        v.number = (int64_t)type - 8;
    } else if (type < 8) {
        v.number = read_integer(at, size);
    } else {
        v.kind = type % 2 ? CDR_STRING : CDR_BLOB;
        v.bytes = at;
        v.size = size;
    }
    if (type == 7) {
        v.kind = CDR_FLOAT;
        memcpy(&v.real, &v.number, sizeof v.real);
    }
    return v;
}

/* The record has `whole` bytes, of which those from b->at to b->end are there. False: that
 * is none. */
static bool read_record(struct cdr_record *r, struct bytes b, size_t whole)
{
    const unsigned char *begin = b.at;
    struct bytes header = b;
    uint64_t header_size, type, at;

    if (!read_varint(&header, &header_size) || header_size > whole ||
        header_size > (size_t)(b.end - begin))
        return false;
    header.end = begin + header_size;
    at = header_size;
    r->n = 0;
    while (header.at < header.end) {
        size_t size;

        if (r->n == CDR_VALUES || !read_varint(&header, &type) || type == 10 ||
            type == 11)
            return false;
        size = size_of(type);
        if (size > whole - at)
            return false;
        if (at + size <= (size_t)(b.end - begin)) {
            r->value[r->n++] = read_value(type, begin + at, size);
        } else {
            r->value[r->n++] = (struct cdr_value){ .kind = CDR_NULL };
            r->torn = true;
        }
        at += size;
    }
    return at == whole;
}

/* ---- cells ---- */

/* Bytes of a payload that lie in the page itself. */
static size_t inside(const struct cdr_pages *p, bool index, size_t payload)
{
    size_t u = p->usable, most = index ? (u - 12) * 64 / 255 - 23 : u - 35;
    size_t least = (u - 12) * 32 / 255 - 23, some;

    if (payload <= most)
        return payload;
    some = least + (payload - least) % (u - 4);
    return some <= most ? some : least;
}

/* Go on after `got` bytes in the pages of the chain, as far as that is there; how many there
 * are then. */
static size_t read_chain(const struct cdr_pages *p, uint32_t next,
                         unsigned char *payload, size_t got, size_t whole,
                         unsigned char *page)
{
    while (got < whole && next != 0 && cdr_pages_get(p, next, page)) {
        size_t part = whole - got < p->usable - 4 ? whole - got : p->usable - 4;

        memcpy(payload + got, page + 4, part);
        got += part;
        next = cdr_big_endian(page, 4);
    }
    return got;
}

/* A record that goes on in other pages. */
static int long_record(const struct cdr_pages *p, struct cdr_record *r,
                       struct bytes cell, size_t local, size_t whole,
                       cdr_each_record *each, void *arg)
{
    unsigned char *payload = malloc(whole + p->page);
    size_t got;
    int rc = 0;

    if (!payload)
        return ENOMEM;
    memcpy(payload, cell.at, local);
    got = read_chain(p, cdr_big_endian(cell.at + local, 4), payload, local, whole,
                     payload + whole);
    if (read_record(r, (struct bytes){ payload, payload + got }, whole))
        rc = each(arg, r);
    free(payload);
    return rc;
}

static int read_cell(const struct cdr_pages *p, bool index, struct bytes cell,
                     cdr_each_record *each, void *arg)
{
    struct cdr_record r = { .of_index = index };
    uint64_t whole, id = 0;
    size_t local;

    if (!read_varint(&cell, &whole) || (!index && !read_varint(&cell, &id)) ||
        whole > (uint64_t)p->n * p->page)
        return 0;
    r.id = (int64_t)id;
    local = inside(p, index, (size_t)whole);
    if (local + (local < whole ? 4 : 0) > (size_t)(cell.end - cell.at))
        return 0;
    if (local < whole)
        return long_record(p, &r, cell, local, (size_t)whole, each, arg);
    cell.end = cell.at + local;
    return read_record(&r, cell, local) ? each(arg, &r) : 0;
}

int cdr_page_records(const struct cdr_pages *p, const unsigned char *page,
                     uint32_t number, cdr_each_record *each, void *arg)
{
    const unsigned char *head = page + (number == 1 ? FILE_HEADER : 0);
    bool index = head[0] == INDEX_LEAF;
    size_t first = (size_t)(head + 8 - page), n = cdr_big_endian(head + 3, 2);
    int rc = 0;

    if ((head[0] != TABLE_LEAF && !index) || first + 2 * n > p->usable)
        return 0;
    for (size_t i = 0; i < n && rc == 0; i++) {
        size_t at = cdr_big_endian(page + first + 2 * i, 2);

        if (at >= first + 2 * n && at < p->usable)
            rc = read_cell(p, index, (struct bytes){ page + at, page + p->usable },
                           each, arg);
    }
    return rc;
}
