/* bytes.c - a buffer of bytes that grows.
 * SPDX-License-Identifier: MIT
 */
#include "cli/map/bytes.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool grow(struct cdr_buffer *b, size_t size)
{
    size_t room = b->room ? b->room : 256;
    char *more;

    if (size <= b->room - b->size)
        return true;
    if (b->failed || size > SIZE_MAX / 4 || b->size > SIZE_MAX / 4)
        return false;
    while (room < b->size + size)
        room *= 2;
    more = realloc(b->data, room);
    if (!more)
        return false;
    b->data = more;
    b->room = room;
    return true;
}

void cdr_buffer_add(struct cdr_buffer *b, const void *bytes, size_t size)
{
    b->failed = b->failed || !grow(b, size);
    if (b->failed || size == 0)
        return;
    memcpy(b->data + b->size, bytes, size);
    b->size += size;
}

void cdr_buffer_text(struct cdr_buffer *b, const char *text)
{
    cdr_buffer_add(b, text, strlen(text));
}

void cdr_buffer_count(struct cdr_buffer *b, unsigned long long n)
{
    char digits[24];

    snprintf(digits, sizeof digits, "%llu", n);
    cdr_buffer_text(b, digits);
}

void cdr_buffer_reserve(struct cdr_buffer *b, size_t size)
{
    b->failed = b->failed || !grow(b, size);
}

void cdr_buffer_free(struct cdr_buffer *b)
{
    free(b->data);
    *b = (struct cdr_buffer){ 0 };
}

/* What no shell sees anything in. */
static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("_-./,:@%+", c) != NULL);
}

void cdr_buffer_quoted(struct cdr_buffer *b, const char *text, size_t size)
{
    size_t plain = 0;

    while (plain < size && is_plain(text[plain]))
        plain++;
    if (size > 0 && plain == size) {
        cdr_buffer_add(b, text, size);
        return;
    }
    cdr_buffer_add(b, "'", 1);
    for (size_t i = 0; i < size; i++)
        if (text[i] == '\'')
            cdr_buffer_text(b, "'\"'\"'"); /* the quote ends, one in double quotes */
        else
            cdr_buffer_add(b, text + i, 1);
    cdr_buffer_add(b, "'", 1);
}
