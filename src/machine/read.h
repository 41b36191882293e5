/* read.h - small text files that nobody vouches for, a line at a time.
 * SPDX-License-Identifier: MIT
 *
 * Reads in bounded memory and bounded time whatever the file is: a line that
 * does not fit is passed over, a file without end ends at CDR_FILE_LIMIT, a pipe
 * nobody writes to is empty.
 */
#ifndef CDR_MACHINE_READ_H
#define CDR_MACHINE_READ_H

#include <cadre/cadre.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CDR_LINE_SIZE  32768 /* a list of every other one of 8192 CPUs fits */
#define CDR_FILE_LIMIT (16u << 20)
#define CDR_SHOWN      80 /* room to show a name or a value, its end included */
#define CDR_SHOWN_SIZE 16 /* the same for a number of bytes */

struct cdr_reader {
    int fd;
    int error;      /* an errno value: why reading ended before the end; or 0 */
    bool in_long;   /* inside a line that does not fit */
    unsigned longs; /* how many of those were passed over */
    size_t begin, end, left;
    char path[PATH_MAX]; /* what is read, without the root */
    char buffer[CDR_LINE_SIZE];
};

/* Open root + path. 0 or an errno value; close only after 0. */
int cdr_reader_open(struct cdr_reader *r, const char *root, const char *format, ...)
    CADRE_PRINTF(3, 4);

/* The next line without its end, which the last line may lack; the text is the
 * reader's and lasts until it is used again. NULL: no more, or r->error. */
char *cdr_reader_line(struct cdr_reader *r);

void cdr_reader_close(struct cdr_reader *r);

/* A decimal number of digits only at *text, which moves behind it; false, and
 * nothing moves, when there is none or it is above max. */
bool cdr_take_number(uint64_t *out, const char **text, uint64_t max);

/* The same, of a text that must be nothing but the number. */
bool cdr_parse_number(uint64_t *out, const char *text, uint64_t max);

/* For messages: control characters become "?", and "..." stands for the middle
 * of what is too long for out, which has room for 8 bytes at least. Returns out. */
char *cdr_show(char *out, size_t size, const char *text);

/* The same of bytes of any kind, zero bytes too. */
char *cdr_show_bytes(char *out, size_t size, const char *bytes, size_t length);

/* Bytes as people say it: "512 B", "1.5 GiB". Returns out. */
char *cdr_show_size(char out[CDR_SHOWN_SIZE], uint64_t bytes);

#endif
