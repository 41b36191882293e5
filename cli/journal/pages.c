/* pages.c - the pages of an SQLite file, however damaged the file is.
 * SPDX-License-Identifier: MIT
 *
 * The format is described at sqlite.org/fileformat2.html.
 */
#include "cli/journal/pages.h"
#include "cli/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC        "SQLite format 3" /* with its NUL byte */
#define HEADER       100
#define USUAL_PAGE   4096
#define LOCK_BYTE    0x40000000 /* where SQLite locks a file */
#define LOCKED_BYTES 512
#define LOG_HEADER   32
#define FRAME_HEADER 24

uint32_t cdr_big_endian(const unsigned char *at, int bytes)
{
    uint32_t n = 0;

    for (int i = 0; i < bytes; i++)
        n = n << 8 | at[i];
    return n;
}

static bool read_at(int fd, void *out, size_t size, int64_t at)
{
    unsigned char *to = out;

    while (size > 0) {
        ssize_t n = pread(fd, to, size, (off_t)at);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        to += n;
        at += n;
        size -= (size_t)n;
    }
    return true;
}

static int64_t size_of(int fd)
{
    struct stat file;

    return fstat(fd, &file) < 0 ? 0 : (int64_t)file.st_size;
}

static bool is_page_size(uint32_t size)
{
    return size >= 512 && size <= 65536 && (size & (size - 1)) == 0;
}

/* ---- the log ---- */

struct log {
    unsigned char header[LOG_HEADER];
    bool big;        /* its sums are of big-endian words */
    uint32_t sum[2]; /* of all that was read */
};

static uint32_t word_at(const struct log *l, const unsigned char *at)
{
    return l->big ? cdr_big_endian(at, 4)
                  : (uint32_t)at[3] << 24 | (uint32_t)at[2] << 16 |
                        (uint32_t)at[1] << 8 | at[0];
}

static void add_to_sum(struct log *l, const unsigned char *at, size_t size)
{
    for (size_t i = 0; i + 8 <= size; i += 8) {
        l->sum[0] += word_at(l, at + i) + l->sum[1];
        l->sum[1] += word_at(l, at + i + 4) + l->sum[0];
    }
}

static bool sum_is(const struct log *l, const unsigned char *at)
{
    return cdr_big_endian(at, 4) == l->sum[0] && cdr_big_endian(at + 4, 4) == l->sum[1];
}

static bool read_log_header(struct log *l, int fd)
{
    uint32_t magic;

    if (fd < 0 || !read_at(fd, l->header, LOG_HEADER, 0))
        return false;
    magic = cdr_big_endian(l->header, 4);
    l->big = magic & 1;
    add_to_sum(l, l->header, LOG_HEADER - 8);
    return (magic & ~1u) == 0x377f0682 && sum_is(l, l->header + LOG_HEADER - 8) &&
           is_page_size(cdr_big_endian(l->header + 8, 4));
}

/* The next frame is whole, and of this log rather than of one before. */
static bool read_frame(struct log *l, const struct cdr_pages *p, unsigned char *frame,
                       int64_t at)
{
    if (!read_at(p->log, frame, FRAME_HEADER + p->page, at) ||
        memcmp(frame + 8, l->header + 16, 8) != 0)
        return false;
    add_to_sum(l, frame, 8);
    add_to_sum(l, frame + FRAME_HEADER, p->page);
    return sum_is(l, frame + 16);
}

static bool make_room(struct cdr_pages *p, uint32_t n)
{
    int64_t *more;

    if (n <= p->n)
        return true;
    more = reallocarray(p->in_log, (size_t)n + 1, sizeof *more);
    if (!more)
        return false;
    memset(more + p->n + 1, 0, (n - p->n) * sizeof *more);
    p->in_log = more;
    p->n = n;
    return true;
}

/* Up to the last frame of a commit. `keep`: note where pages are. */
static bool go_through_log(struct cdr_pages *p, const struct log *begin, int64_t *end,
                           bool keep)
{
    unsigned char *frame = malloc(FRAME_HEADER + p->page);
    int64_t step = FRAME_HEADER + (int64_t)p->page, last = LOG_HEADER, at = LOG_HEADER;
    struct log l = *begin;
    bool good = frame != NULL;

    for (; good && (!keep || at < *end) && read_frame(&l, p, frame, at); at += step) {
        uint32_t number = cdr_big_endian(frame, 4);

        if (cdr_big_endian(frame + 4, 4) != 0)
            last = at + step;
        if (!keep || number == 0)
            continue;
        good = make_room(p, number);
        if (good)
            p->in_log[number] = at + FRAME_HEADER;
    }
    free(frame);
    *end = last;
    return good;
}

/* ---- the file ---- */

static bool is_in_use(int fd)
{
    struct flock lock = { .l_type = F_WRLCK,
                          .l_whence = SEEK_SET,
                          .l_start = LOCK_BYTE,
                          .l_len = LOCKED_BYTES };

    return fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

static void read_header(struct cdr_pages *p, const struct log *log, bool has_log)
{
    unsigned char header[HEADER];
    uint32_t size = 0;

    p->headed =
        read_at(p->file, header, HEADER, 0) && memcmp(header, MAGIC, sizeof MAGIC) == 0;
    if (p->headed)
        size = cdr_big_endian(header + 16, 2);
    if (size == 1)
        size = 65536;
    p->headed = p->headed && is_page_size(size);
    if (!p->headed)
        size = has_log ? cdr_big_endian(log->header + 8, 4) : USUAL_PAGE;
    p->page = size;
    p->usable = size - (p->headed && size - header[20] >= 480 ? header[20] : 0);
    p->said = p->headed ? cdr_big_endian(header + 28, 4) : 0;
}

static int read_all(struct cdr_pages *p, struct cdr_failure *why)
{
    struct log log = { .big = false };
    bool has_log = read_log_header(&log, p->log), good;
    int64_t end = 0;

    read_header(p, &log, has_log);
    p->n = (uint32_t)(size_of(p->file) / (int64_t)p->page);
    p->in_log = calloc((size_t)p->n + 1, sizeof *p->in_log);
    good = p->in_log != NULL;
    if (good && has_log && cdr_big_endian(log.header + 8, 4) == p->page)
        good =
            go_through_log(p, &log, &end, false) && go_through_log(p, &log, &end, true);
    return good ? 0 : cdr_fails_memory(why);
}

int cdr_pages_open(struct cdr_pages *p, const char *path, struct cdr_failure *why)
{
    char shown[CDR_SHOWN], *log = NULL;

    *p = (struct cdr_pages){ .log = -1 };
    p->file = open(path, O_RDONLY | O_CLOEXEC);
    if (p->file < 0)
        return cdr_fails(why, CDR_EXIT_INPUT, "cannot read %s: %s",
                         cdr_quote(shown, path),
                         errno == ENOENT ? "no such journal" : strerror(errno));
    if (is_in_use(p->file))
        return cdr_fails(why, CDR_EXIT_FAILED,
                         "the journal %s is in use by another program",
                         cdr_quote(shown, path));
    if (asprintf(&log, "%s-wal", path) < 0)
        return cdr_fails_memory(why);
    p->log = open(log, O_RDONLY | O_CLOEXEC);
    free(log);
    return read_all(p, why);
}

void cdr_pages_close(struct cdr_pages *p)
{
    if (p->file >= 0)
        close(p->file);
    if (p->log >= 0)
        close(p->log);
    free(p->in_log);
    *p = (struct cdr_pages){ .file = -1, .log = -1 };
}

bool cdr_pages_get(const struct cdr_pages *p, uint32_t number, unsigned char *out)
{
    if (number == 0 || number > p->n)
        return false;
    if (p->in_log[number] > 0)
        return read_at(p->log, out, p->page, p->in_log[number]);
    return read_at(p->file, out, p->page, (int64_t)(number - 1) * (int64_t)p->page);
}
