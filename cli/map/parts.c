/* parts.c - --pipe-part: files, cut into parts of whole records without being read.
 * SPDX-License-Identifier: MIT
 *
 * A part ends where, after so many bytes as it is to have, the first record ends. Only a few
 * bytes there are read, and the first line, if that is a header.
 */
#include "cli/map/parts.h"
#include "cli/map/file.h"
#include "cli/base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE ((size_t)1 << 16) /* bytes that are looked through at a time */

struct part_file {
    const char *path;
    int fd;
    uint64_t block; /* bytes of a part, about */
    uint64_t size, at, begin;
    char *header;
    size_t header_size;
};

struct cdr_parts {
    const struct cdr_records *records;
    struct part_file *file;
    size_t n, now;
};

/* ---- opening ---- */

static int cannot(const struct part_file *f, const char *what, struct cdr_failure *why)
{
    char shown[CDR_SHOWN];

    return cdr_fails(why, CDR_EXIT_INPUT, "cannot read %s: %s",
                     cdr_quote(shown, f->path), what);
}

static int find_size(struct part_file *f, struct cdr_failure *why)
{
    off_t size = lseek(f->fd, 0, SEEK_END);
    struct stat file;

    if (fstat(f->fd, &file) == 0 && S_ISDIR(file.st_mode))
        return cannot(f, strerror(EISDIR), why);
    if (size < 0)
        return cannot(f, "--pipe-part takes files, not pipes; --pipe does", why);
    f->size = (uint64_t)size;
    return 0;
}

/* The first line: parts begin behind it. */
static int read_header(struct part_file *f, struct cdr_failure *why)
{
    const char *end = NULL;
    ssize_t n = 1;

    while (!end && n > 0) {
        char *more = realloc(f->header, f->header_size + PIECE);

        if (!more)
            return cdr_fails_memory(why);
        f->header = more;
        n = pread(f->fd, more + f->header_size, PIECE, (off_t)f->header_size);
        if (n < 0)
            return cdr_file_fails(f->path, why);
        end = memchr(more + f->header_size, '\n', (size_t)n);
        f->header_size = end ? (size_t)(end - more) + 1 : f->header_size + (size_t)n;
    }
    f->begin = f->at = f->header_size;
    return 0;
}

static int open_file(struct part_file *f, const char *path,
                     const struct cdr_parts_setting *set, struct cdr_failure *why)
{
    f->path = path;
    if (cdr_file_open(&f->fd, path, why))
        return why->code;
    if (find_size(f, why) || (set->header && read_header(f, why)))
        return why->code;
    f->block = set->block;
    if (set->share > 0)
        f->block =
            (f->size - f->begin) / set->share + ((f->size - f->begin) % set->share > 0);
    if (f->block == 0)
        f->block = 1;
    return 0;
}

int cdr_parts_open(struct cdr_parts **out, const struct cdr_parts_setting *set,
                   struct cdr_failure *why)
{
    struct cdr_parts *p = calloc(1, sizeof *p);

    *out = p;
    if (!p)
        return cdr_fails_memory(why);
    p->records = set->records;
    if (set->files->n == 0)
        return cdr_fails(why, CDR_EXIT_USAGE,
                         "--pipe-part needs the name of a file: -a FILE, or :::: FILE");
    p->file = calloc(set->files->n, sizeof *p->file);
    if (!p->file)
        return cdr_fails_memory(why);
    for (; p->n < set->files->n && !why->code; p->n++)
        open_file(&p->file[p->n], set->files->at[p->n], set, why);
    return why->code;
}

void cdr_parts_close(struct cdr_parts *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->n; i++) {
        if (p->file[i].fd >= 0)
            close(p->file[i].fd);
        free(p->file[i].header);
    }
    free(p->file);
    free(p);
}

uint64_t cdr_parts_total(const struct cdr_parts *p)
{
    uint64_t total = 0;

    for (size_t i = 0; i < p->n; i++) {
        uint64_t size = p->file[i].size - p->file[i].begin, block = p->file[i].block;

        total += size / block + (size % block > 0);
    }
    return total;
}

/* ---- cutting ---- */

/* Where the first record ends whose end stands at `from` or later; the file's end, if
 * none does. `from` is not 0. */
static int find_end(const struct cdr_parts *p, const struct part_file *f, uint64_t from,
                    uint64_t *end, struct cdr_failure *why)
{
    size_t room = PIECE + p->records->size;
    char *bytes = malloc(room);
    int rc = bytes ? 0 : cdr_fails_memory(why);

    *end = f->size;
    from -= p->records->end == 0; /* a start that stands there is not passed over */
    while (rc == 0 && from < f->size) {
        ssize_t n = pread(f->fd, bytes, room, (off_t)from);
        size_t cut = n > 0 ? cdr_records_next(p->records, bytes, (size_t)n, 0) : 0;

        if (n < 0 && errno != EINTR)
            rc = cdr_file_fails(f->path, why);
        if (cut > 0) {
            *end = from + cut;
            break;
        }
        if (n >= 0 && (size_t)n < room)
            break;
        from += n > 0 ? PIECE : 0; /* a pattern may stand across the two */
    }
    free(bytes);
    return rc;
}

/* The part from f->at on ends where `end` says. */
static int make_part(struct part_file *f, uint64_t end, struct cdr_block **out,
                     struct cdr_failure *why)
{
    struct cdr_block *block = calloc(1, sizeof *block);

    if (!block || (f->header_size > 0 && !(block->memory = malloc(f->header_size)))) {
        free(block);
        return cdr_fails_memory(why);
    }
    if (f->header_size > 0)
        memcpy(block->memory, f->header, f->header_size);
    block->size = f->header_size;
    block->file = f->fd;
    block->at = f->at;
    block->length = end - f->at;
    f->at = end;
    *out = block;
    return 0;
}

int cdr_parts_next(struct cdr_parts *p, struct cdr_block **out, struct cdr_failure *why)
{
    struct part_file *f;
    uint64_t end, left;

    while (p->now < p->n && p->file[p->now].at >= p->file[p->now].size)
        p->now++;
    if (p->now == p->n)
        return CDR_NO_MORE;
    f = &p->file[p->now];
    left = f->size - f->at;
    if (find_end(p, f, f->at + (f->block < left ? f->block : left), &end, why))
        return why->code;
    return make_part(f, end, out, why);
}
