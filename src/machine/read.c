/* read.c - small text files that nobody vouches for, a line at a time.
 * SPDX-License-Identifier: MIT
 */
#include "machine/read.h"
#include "base/descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int cdr_reader_open(struct cdr_reader *r, const char *root, const char *format, ...)
{
    char full[PATH_MAX];
    va_list args;
    int used;

    r->fd = -1;
    r->in_long = false;
    r->longs = 0;
    r->begin = r->end = 0;
    r->left = CDR_FILE_LIMIT;
    va_start(args, format);
    used = vsnprintf(r->path, sizeof r->path, format, args);
    va_end(args);
    if (used < 0 || (size_t)used >= sizeof r->path)
        return r->error = ENAMETOOLONG;
    used = snprintf(full, sizeof full, "%s%s", root, r->path);
    if (used < 0 || (size_t)used >= sizeof full)
        return r->error = ENAMETOOLONG;
    do
        r->fd = cdr_fd_own(open(full, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    while (r->fd < 0 && errno == EINTR);
    return r->error = r->fd < 0 ? errno : 0;
}

void cdr_reader_close(struct cdr_reader *r)
{
    close(r->fd);
    r->fd = -1;
}

/* Bring in more behind what is there. False at the end and after an error. */
static bool fill(struct cdr_reader *r)
{
    ssize_t got;
    size_t room;

    memmove(r->buffer, r->buffer + r->begin, r->end - r->begin);
    r->end -= r->begin;
    r->begin = 0;
    if (r->end == sizeof r->buffer - 1) {
        r->longs += !r->in_long;
        r->in_long = true;
        r->end = 0;
    }
    room = sizeof r->buffer - 1 - r->end;
    do
        got = read(r->fd, r->buffer + r->end, room < r->left ? room : r->left);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        r->error = errno;
    else if (got == 0 && r->left == 0)
        r->error = EFBIG;
    if (got <= 0)
        return false;
    r->end += (size_t)got;
    r->left -= (size_t)got;
    return true;
}

/* A zero byte would end the text early and make sense of half a line. */
static char *finish_line(char *line, char *end)
{
    *end = '\0';
    for (char *c = line; (c = memchr(c, '\0', (size_t)(end - c))) != NULL;)
        *c = '\1';
    return line;
}

char *cdr_reader_line(struct cdr_reader *r)
{
    for (;;) {
        char *line = r->buffer + r->begin;
        char *end = memchr(line, '\n', r->end - r->begin);
        bool in_long = r->in_long;

        if (!end) {
            if (fill(r))
                continue;
            line = r->buffer;
            end = line + r->end;
            if (r->error || r->end == 0 || r->in_long)
                return NULL;
            r->begin = r->end = 0;
            return finish_line(line, end);
        }
        r->begin = (size_t)(end + 1 - r->buffer);
        r->in_long = false;
        if (!in_long)
            return finish_line(line, end);
    }
}

bool cdr_take_number(uint64_t *out, const char **text, uint64_t max)
{
    const char *c = *text;
    uint64_t n = 0;

    if (*c < '0' || *c > '9')
        return false;
    for (; *c >= '0' && *c <= '9'; c++) {
        unsigned digit = (unsigned)(*c - '0');

        if (digit > max || n > (max - digit) / 10)
            return false;
        n = n * 10 + digit;
    }
    *out = n;
    *text = c;
    return true;
}

bool cdr_parse_number(uint64_t *out, const char *text, uint64_t max)
{
    return cdr_take_number(out, &text, max) && *text == '\0';
}

static bool inside_character(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80; /* UTF-8 */
}

char *cdr_show_bytes(char *out, size_t size, const char *bytes, size_t length)
{
    const char *end = bytes + length, *tail = end;
    size_t head = length, used;

    if (length >= size) {
        head = (size - 4) / 2;
        tail = end - (size - 4 - head);
        while (head > 0 && inside_character(bytes[head]))
            head--;
        while (tail < end && inside_character(*tail))
            tail++;
    }
    memcpy(out, bytes, head);
    used = head;
    if (head < length) {
        memcpy(out + used, "...", 3);
        used += 3;
    }
    memcpy(out + used, tail, (size_t)(end - tail));
    used += (size_t)(end - tail);
    out[used] = '\0';
    for (char *c = out; c < out + used; c++)
        if ((unsigned char)*c < ' ' || *c == 127)
            *c = '?';
    return out;
}

char *cdr_show(char *out, size_t size, const char *text)
{
    return cdr_show_bytes(out, size, text, strlen(text));
}

char *cdr_show_size(char out[CDR_SHOWN_SIZE], uint64_t bytes)
{
    unsigned unit = 0, tenths;

    if (bytes < 1024) {
        snprintf(out, CDR_SHOWN_SIZE, "%u B", (unsigned)bytes);
        return out;
    }
    for (; bytes >= UINT64_C(1024) * 1024; unit++)
        bytes /= 1024;
    tenths = (unsigned)(bytes % 1024 * 10 / 1024);
    snprintf(out, CDR_SHOWN_SIZE, "%u.%u %ciB", (unsigned)(bytes / 1024), tenths,
             "KMGTPE"[unit]);
    return out;
}
