/* bytes.h - a buffer of bytes that grows.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_MAP_BYTES_H
#define CDR_CLI_MAP_BYTES_H

#include <stdbool.h>
#include <stddef.h>

/* All zero is empty. Once memory has run out it takes nothing more: look at `failed` at
 * the end. */
struct cdr_buffer {
    char *data;
    size_t size, room;
    bool failed;
};

void cdr_buffer_add(struct cdr_buffer *b, const void *bytes, size_t size);
void cdr_buffer_text(struct cdr_buffer *b, const char *text);
void cdr_buffer_count(struct cdr_buffer *b, unsigned long long n); /* in decimal */
void cdr_buffer_reserve(struct cdr_buffer *b,
                        size_t size); /* room behind what is there */
void cdr_buffer_free(struct cdr_buffer *b);

/* Append the bytes so that a shell takes them for one word, whatever they are. */
void cdr_buffer_quoted(struct cdr_buffer *b, const char *text, size_t size);

#endif
