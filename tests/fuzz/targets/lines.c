/* lines.c - a file as a source gives the lines or records that are in it, however it comes.
 * SPDX-License-Identifier: MIT
 *
 * Byte 0: the size of a record, 0: lines. Byte 1: so many bytes come at a time. Byte 2: an
 * item may have so many, 0: any. The rest is the file.
 */
#include "target.h"
#include "core/stream/source.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define MOST 4096

struct plain { /* what is left to come, as read by hand */
    const uint8_t *at, *end;
    size_t record_size;
    uint64_t limit;
};

/* The next item; false: there is none, or it is refused. */
static int next(struct plain *p, const uint8_t **item, size_t *size)
{
    const uint8_t *newline;
    size_t left = (size_t)(p->end - p->at);

    *item = p->at;
    if (p->record_size) {
        *size = p->record_size;
        p->at += left >= *size ? *size : 0;
        return left >= *size;
    }
    newline = left ? memchr(p->at, '\n', left) : NULL;
    *size = newline ? (size_t)(newline - p->at) : left;
    p->at += newline ? *size + 1 : *size;
    return left > 0 && *size <= p->limit;
}

/* All items that are there by now are right; returns what came then. */
static enum cdr_fed drain(cadre_file *file, struct plain *p, cadre_error *err)
{
    char record[256];
    cadre_bytes line;
    enum cdr_fed fed;

    for (;;) {
        const uint8_t *wanted;
        size_t size;
        fed = cdr_file_next(file, p->record_size ? (void *)record : &line, err);
        if (fed != CDR_FED)
            return fed;
        HOLDS(next(p, &wanted, &size));
        HOLDS(p->record_size || line.size == size);
        HOLDS(memcmp(p->record_size ? record : line.data, wanted, size) == 0);
    }
}

static enum cdr_fed pour(cadre_file *file, int to, struct plain *p, size_t part)
{
    enum cdr_fed fed = CDR_NOT_YET;
    const uint8_t *at = p->at, *end = p->end;
    cadre_error err = { 0 };

    while (at < end && fed == CDR_NOT_YET) {
        size_t n = (size_t)(end - at) < part ? (size_t)(end - at) : part;
        HOLDS(write(to, at, n) == (ssize_t)n);
        at += n;
        fed = drain(file, p, &err);
    }
    close(to);
    if (fed == CDR_NOT_YET)
        fed = drain(file, p, &err);
    HOLDS(fed == CDR_NO_MORE || (fed == CDR_BROKEN && err.code < 0 && err.message[0]));
    return fed;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct plain p;
    const uint8_t *item;
    cadre_file *file;
    char path[40];
    int ends[2];

    if (size < 3 || size > MOST)
        return 0;
    p = (struct plain){ data + 3, data + size, data[0],
                        data[2] ? data[2] : UINT64_MAX };
    HOLDS(pipe(ends) == 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", ends[0]);
    HOLDS(cadre_file_open(&file, path, p.record_size, NULL) == CADRE_OK);
    close(ends[0]);
    cdr_file_limit(file, p.limit);
    if (pour(file, ends[1], &p, data[1] ? data[1] : MOST) == CDR_NO_MORE)
        HOLDS(p.at == p.end); /* all of it came */
    else
        HOLDS(!next(&p, &item, &size)); /* and else, what comes next is none */
    cadre_file_close(file);
    return 0;
}
