/* file.c - a file, a pipe or a terminal as a source: its lines, or records of one size.
 * SPDX-License-Identifier: MIT
 *
 * Read in blocks, never mapped: a file that shrinks under a mapping kills the program.
 * Nothing waits in here but cadre_file_source itself: a stream polls the descriptor.
 */
#include "base/descriptor.h"
#include "base/error.h"
#include "core/stream/source.h"

#include <errno.h>
#include <stdatomic.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCK ((size_t)256 << 10)

struct cadre_file {
    int fd;
    char *name;         /* for messages */
    size_t record_size; /* 0: lines */
    char *buffer;
    size_t room, begin, end; /* bytes begin .. end-1 are read and not handed out */
    size_t searched;         /* of those, so many have no line's end */
    uint64_t limit;          /* a line may have so many bytes */
    uint64_t items;          /* handed out */
    bool ended;
};

/* Standard input is read by somebody: two readers would each get some of it. */
static _Atomic bool standard_taken;

static int claim_standard(cadre_error *err)
{
    if (!atomic_exchange_explicit(&standard_taken, true, memory_order_acq_rel))
        return CADRE_OK;
    return cdr_fail(err, CADRE_EINVAL, "standard input is open as a source already");
}

int cadre_file_open(cadre_file **out, const char *path, size_t record_size,
                    cadre_error *err)
{
    cadre_file *f;
    bool standard;

    cdr_error_clear(err);
    if (!out || !path)
        return cdr_fail(err, CADRE_EINVAL, "cadre_file_open: %s is NULL",
                        out ? "path" : "out");
    *out = NULL;
    standard = strcmp(path, "-") == 0;
    if (standard && claim_standard(err))
        return CADRE_EINVAL;
    f = calloc(1, sizeof *f);
    if (f)
        f->name = strdup(standard ? "standard input" : path);
    if (!f || !f->name) {
        free(f);
        if (standard)
            atomic_store_explicit(&standard_taken, false, memory_order_release);
        return cdr_fail(err, CADRE_ENOMEM, "no memory to open %s", path);
    }
    f->record_size = record_size;
    f->limit = UINT64_MAX;
    f->fd = standard ? STDIN_FILENO : cdr_fd_own(open(path, O_RDONLY | O_CLOEXEC));
    if (f->fd < 0) {
        int number = errno;
        cadre_file_close(f);
        return cdr_fail_sys(err, number, "cannot open %s", path);
    }
    *out = f;
    return CADRE_OK;
}

void cadre_file_close(cadre_file *f)
{
    if (!f)
        return;
    if (f->fd > STDIN_FILENO)
        close(f->fd); /* nothing was written: no error to miss */
    else if (f->fd == STDIN_FILENO)
        atomic_store_explicit(&standard_taken, false, memory_order_release);
    free(f->buffer);
    free(f->name);
    free(f);
}

size_t cdr_file_item_size(const cadre_file *f)
{
    return f->record_size ? f->record_size : CADRE_BYTES;
}

int cdr_file_fd(const cadre_file *f)
{
    return f->fd;
}

void cdr_file_limit(cadre_file *f, uint64_t bytes)
{
    f->limit = bytes;
}

/* ---- what is in the buffer ---- */

static bool next_record(cadre_file *f, void *item)
{
    if (f->end - f->begin < f->record_size)
        return false;
    memcpy(item, f->buffer + f->begin, f->record_size);
    f->begin += f->record_size;
    return true;
}

static bool next_line(cadre_file *f, cadre_bytes *item)
{
    char *from = f->buffer + f->begin, *end;
    size_t length = f->end - f->begin;

    end = length > f->searched ? memchr(from + f->searched, '\n', length - f->searched)
                               : NULL;
    f->searched = length;
    if (!end && !(f->ended && length > 0))
        return false;
    *item = (cadre_bytes){ from, end ? (size_t)(end - from) : length };
    f->begin += end ? item->size + 1 : item->size;
    f->searched = 0;
    return true;
}

static bool next_item(cadre_file *f, void *item)
{
    if (!f->buffer || !(f->record_size ? next_record(f, item) : next_line(f, item)))
        return false;
    f->items++;
    return true;
}

/* ---- reading ---- */

static int too_long(const cadre_file *f, uint64_t line, cadre_error *err)
{
    return cdr_fail(err, CADRE_ENOMEM,
                    "%s: line %" PRIu64 " is longer than the stream's memory_limit "
                    "allows (%" PRIu64 " bytes)",
                    f->name, line, f->limit);
}

/* Room for another block behind what is unread. */
static int make_capacity(cadre_file *f, cadre_error *err)
{
    size_t unread = f->end - f->begin, wanted = f->record_size;
    char *larger;

    if (!f->record_size && unread > f->limit)
        return too_long(f, f->items + 1, err);
    if (f->begin > 0)
        memmove(f->buffer, f->buffer + f->begin, unread);
    f->begin = 0;
    f->end = unread;
    if (wanted < unread)
        wanted = unread;
    if (f->room >= wanted + BLOCK)
        return CADRE_OK;
    if (wanted > SIZE_MAX / 2 - BLOCK ||
        !(larger = realloc(f->buffer, 2 * wanted + BLOCK)))
        return cdr_fail(err, CADRE_ENOMEM, "%s: no memory for an item of %zu bytes",
                        f->name, wanted);
    f->buffer = larger;
    f->room = 2 * wanted + BLOCK;
    return CADRE_OK;
}

static int read_block(cadre_file *f, cadre_error *err)
{
    int rc = make_capacity(f, err);
    ssize_t n;

    if (rc)
        return rc;
    do
        n = read(f->fd, f->buffer + f->end, f->room - f->end);
    while (n < 0 && errno == EINTR);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return CADRE_OK; /* somebody made it non-blocking: it is polled anyway */
    if (n < 0)
        return cdr_fail_sys(err, errno, "cannot read %s", f->name);
    f->end += (size_t)n;
    f->ended = n == 0;
    return CADRE_OK;
}

/* What is left at the end is no record. */
static enum cdr_fed at_the_end(const cadre_file *f, cadre_error *err)
{
    size_t left = f->end - f->begin;

    if (left == 0)
        return CDR_NO_MORE;
    cdr_fail(err, CADRE_ESOURCE,
             "%s: the last record is torn: %zu of %zu bytes after record %" PRIu64,
             f->name, left, f->record_size, f->items);
    err->item = f->items;
    return CDR_BROKEN;
}

/* 1 when reading will not wait, 0 when it would, negative when it was interrupted. */
static int readable(const cadre_file *f, int timeout_ms)
{
    struct pollfd p = { .fd = f->fd, .events = POLLIN };

    return poll(&p, 1, timeout_ms);
}

enum cdr_fed cdr_file_next(cadre_file *f, void *item, cadre_error *err)
{
    while (!next_item(f, item)) {
        if (f->ended)
            return at_the_end(f, err);
        if (readable(f, 0) <= 0)
            return CDR_NOT_YET;
        if (read_block(f, err)) {
            err->item = f->items;
            return CDR_BROKEN;
        }
    }
    if (!f->record_size && ((const cadre_bytes *)item)->size > f->limit) {
        too_long(f, f->items, err);
        err->item = f->items - 1;
        return CDR_BROKEN;
    }
    return CDR_FED;
}

int cadre_file_source(void *file, void *item, cadre_error *err)
{
    cadre_file *f = file;
    cadre_error local;
    enum cdr_fed fed;

    while ((fed = cdr_file_next(f, item, &local)) == CDR_NOT_YET)
        readable(f, -1);
    if (fed == CDR_BROKEN && err)
        *err = local;
    return fed == CDR_FED ? CADRE_OK : fed == CDR_NO_MORE ? CADRE_DONE : local.code;
}
