/* reader.c - a file as records that an end byte closes: lines, or what -0 and -d say.
 * SPDX-License-Identifier: MIT
 */
#include "cli/map/reader.h"
#include "cli/map/file.h"
#include "cli/base/interrupt.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE 65536 /* bytes that are asked of a file at a time */

int cdr_record_reader_open(struct cdr_record_reader *r, const char *path, char end,
                           struct cdr_failure *why)
{
    *r = (struct cdr_record_reader){ .end = end, .path = path };
    return cdr_file_open(&r->fd, path, why);
}

static int make_room(struct cdr_record_reader *r, struct cdr_failure *why)
{
    char *more;

    if (r->begin > 0) {
        memmove(r->buffer, r->buffer + r->begin, r->used - r->begin);
        r->used -= r->begin;
        r->begin = 0;
    }
    if (r->room - r->used >= PIECE)
        return 0;
    if (r->room > SIZE_MAX / 4 ||
        !(more = realloc(r->buffer, r->room ? 2 * r->room : (size_t)2 * PIECE)))
        return cdr_fails_memory(why);
    r->buffer = more;
    r->room = r->room ? 2 * r->room : (size_t)2 * PIECE;
    return 0;
}

/* More bytes, or the end. */
static int fill(struct cdr_record_reader *r, struct cdr_failure *why)
{
    int rc = make_room(r, why);
    ssize_t n = 0;

    if (rc)
        return rc;
    if (r->before)
        r->before(r->arg);
    cdr_interrupt_reading(r->fd);
    while (!cdr_interrupted() &&
           (n = read(r->fd, r->buffer + r->used, r->room - r->used)) < 0 &&
           errno == EINTR)
        ;
    cdr_interrupt_reading(-1);
    if (cdr_interrupted())
        n = 0;
    if (n < 0)
        return cdr_file_fails(r->path, why);
    r->used += (size_t)n;
    r->ended = n == 0;
    return 0;
}

int cdr_record_reader_next(struct cdr_record_reader *r, const char **record,
                           size_t *size, struct cdr_failure *why)
{
    size_t looked = r->begin;

    for (;;) {
        const char *end = r->used > looked
                              ? memchr(r->buffer + looked, r->end, r->used - looked)
                              : NULL;

        if (end || (r->ended && r->used > r->begin)) {
            *record = r->buffer + r->begin;
            *size = (end ? (size_t)(end - r->buffer) : r->used) - r->begin;
            r->begin += *size + (end != NULL);
            if (r->end == '\n' && *size > 0 && (*record)[*size - 1] == '\r')
                r->saw_return = true;
            return 0;
        }
        if (r->ended)
            return CDR_NO_MORE;
        looked = r->used - r->begin;
        if (fill(r, why))
            return why->code;
    }
}

void cdr_record_reader_close(struct cdr_record_reader *r)
{
    if (r->fd >= 0)
        close(r->fd);
    free(r->buffer);
    *r = (struct cdr_record_reader){ .fd = -1 };
}
