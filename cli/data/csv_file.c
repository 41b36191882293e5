/* csv_file.c - the rows and fields of a CSV file, with the line each is in.
 * SPDX-License-Identifier: MIT
 *
 * libcsv takes the bytes apart, but it counts no lines. So it is fed line by line: a
 * line's end is where the count goes up, and what a callback speaks of began where the
 * callback before it left off. A line end within quotes brings no callback, so the
 * beginning stays where it was.
 *
 * A missing quote makes the rest of the file one field. FIELD_MAX ends that before it
 * has eaten the memory, and names the line where the field began.
 */
#include "cli/data/csv_file.h"
#include "cli/base/text.h"

#include <csv.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define AT_ONCE   (1 << 16)
#define FIELD_MAX (1 << 20)
#define ROOM_STEP (1 << 14) /* by which libcsv makes its room for a field larger */

struct reader {
    const struct cdr_csv *csv;
    const char *name;
    struct csv_parser parser;
    uint64_t line;       /* where the byte being read is */
    uint64_t field_line; /* where the field began */
    uint64_t row_line;   /* where the row began */
    size_t fields;       /* of the row so far */
    size_t unfinished;   /* bytes since the last field ended */
    bool after_cr;       /* the last byte was one: an LF belongs to it */
    bool inside;         /* the next byte is not the first of a line */
    bool passing;        /* that line is a comment */
    int rc;
};

/* ---- what libcsv calls ---- */

static void on_field(void *text, size_t size, void *arg)
{
    struct reader *r = arg;

    if (r->rc)
        return;
    if (r->fields++ == 0)
        r->row_line = r->field_line;
    r->rc = r->csv->field(r->csv->arg, text, size, r->field_line);
    r->field_line = r->line;
    r->unfinished = 0;
}

/* Also called for blank lines, which have no field, and for the LF of a CRLF. */
static void on_row(int end, void *arg)
{
    struct reader *r = arg;

    (void)end;
    if (r->rc)
        return;
    if (r->fields > 0)
        r->rc = r->csv->row(r->csv->arg, r->row_line);
    r->fields = 0;
    r->unfinished = 0;
    r->field_line = r->line + 1;
}

/* ---- feeding ---- */

static int broken(struct reader *r)
{
    if (csv_error(&r->parser) == CSV_ENOMEM)
        return cdr_fails_memory(r->csv->why);
    return cdr_fails(r->csv->why, CDR_EXIT_INPUT,
                     "%s:%" PRIu64
                     ": field %zu has a quote out of place: quotes enclose "
                     "a whole field, and within it are doubled",
                     r->name, r->line, r->fields + 1);
}

/* Count the line that the bytes, a line or a part of one, end. */
static void count(struct reader *r, const char *bytes, size_t size)
{
    char last = bytes[size - 1];

    r->line += last == '\n' || last == '\r';
    r->after_cr = last == '\r';
    r->inside = last != '\n' && last != '\r';
}

/* The LF of a CRLF has been counted with the CR. */
static void uncount_lf(struct reader *r, const char *bytes, size_t size)
{
    if (size == 1 && *bytes == '\n' && r->after_cr)
        r->line--;
}

/* One line with its end, or a part of one. */
static int feed(struct reader *r, const char *bytes, size_t size)
{
    uncount_lf(r, bytes, size);
    r->unfinished += size;
    if (csv_parse(&r->parser, bytes, size, on_field, on_row, r) != size && !r->rc)
        r->rc = broken(r);
    count(r, bytes, size);
    if (r->unfinished > FIELD_MAX && !r->rc)
        r->rc = cdr_fails(r->csv->why, CDR_EXIT_INPUT,
                          "%s:%" PRIu64 ": field %zu is longer than a mebibyte: is a "
                          "closing quote missing?",
                          r->name, r->field_line, r->fields + 1);
    return r->rc;
}

/* Whether the bytes are (a part of) a comment: never within quotes. */
static bool is_comment(struct reader *r, const char *bytes)
{
    if (!r->inside)
        r->passing = r->csv->comment && *bytes == r->csv->comment && r->fields == 0 &&
                     r->unfinished == 0;
    return r->passing;
}

static void pass(struct reader *r, const char *bytes, size_t size)
{
    count(r, bytes, size);
    r->field_line = r->line;
}

static size_t line_size(const char *bytes, size_t size)
{
    const char *lf = memchr(bytes, '\n', size);
    size_t until = lf ? (size_t)(lf - bytes) + 1 : size;
    const char *cr = memchr(bytes, '\r', until);

    return cr ? (size_t)(cr - bytes) + 1 : until;
}

static int feed_lines(struct reader *r, const char *bytes, size_t size)
{
    while (size > 0 && r->rc == 0) {
        size_t n = line_size(bytes, size);

        if (is_comment(r, bytes))
            pass(r, bytes, n);
        else
            feed(r, bytes, n);
        bytes += n;
        size -= n;
    }
    return r->rc;
}

/* ---- the beginning of the file ---- */

/* Files that are often mistaken for CSV, by their first bytes. */
static const struct {
    const char *bytes;
    size_t size;
    const char *what;
} strangers[] = {
    { "\xff\xfe", 2,
      "the text is UTF-16: convert it to UTF-8, with iconv for example" },
    { "\xfe\xff", 2,
      "the text is UTF-16: convert it to UTF-8, with iconv for example" },
    { "PK\x03\x04", 4, "this is a spreadsheet or ZIP archive: export it as CSV" },
    { "\xfd"
      "7zXZ",
      5, "the file is compressed by xz: only gzip is read" },
    { "\x28\xb5\x2f\xfd", 4, "the file is compressed by zstd: only gzip is read" },
    { "BZh", 3, "the file is compressed by bzip2: only gzip is read" },
    { "PAR1", 4, "this is a Parquet file: export it as CSV" },
};

static size_t mark_size(const char *bytes, size_t size)
{
    return size >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

/* The bytes of a line "sep=;" without its end; *separator is what it says. */
static size_t sep_line_size(char *separator, const char *bytes, size_t size)
{
    const size_t n = sizeof "sep=;" - 1;

    if (size < n || strncasecmp(bytes, "sep=", n - 1) != 0 ||
        strchr("\"\r\n", bytes[n - 1]) ||
        (size > n && bytes[n] != '\n' && bytes[n] != '\r'))
        return 0;
    *separator = bytes[n - 1];
    return n;
}

/* What is not part of the table: a byte order mark, a line that names the delimiter. */
static int begin(struct reader *r, size_t *skip, const char *bytes, size_t size)
{
    char separator = ',';

    for (size_t i = 0; i < sizeof strangers / sizeof strangers[0]; i++)
        if (size >= strangers[i].size &&
            memcmp(bytes, strangers[i].bytes, strangers[i].size) == 0)
            return r->rc = cdr_fails(r->csv->why, CDR_EXIT_INPUT, "%s: %s", r->name,
                                     strangers[i].what);
    *skip = mark_size(bytes, size);
    *skip += sep_line_size(&separator, bytes + *skip, size - *skip);
    if (!r->csv->delimiter)
        csv_set_delim(&r->parser, (unsigned char)separator);
    return 0;
}

/* Fill the buffer as far as it goes: a pipe may bring a byte at a time, and the mark
 * at the beginning must be seen whole. */
static int fill(struct reader *r, struct cdr_source *source, char *bytes, size_t *got)
{
    size_t n = 1;

    for (*got = 0; *got < AT_ONCE && n > 0 && r->rc == 0; *got += n)
        r->rc = cdr_source_read(source, bytes + *got, AT_ONCE - *got, &n, r->csv->why);
    return r->rc;
}

static int feed_all(struct reader *r, struct cdr_source *source, char *bytes)
{
    size_t got, skip = 0;
    bool first = true;

    do {
        if (fill(r, source, bytes, &got) || (first && begin(r, &skip, bytes, got)))
            return r->rc;
        feed_lines(r, bytes + skip, got - skip);
        first = false;
        skip = 0;
    } while (got > 0 && r->rc == 0);
    return r->rc;
}

static int finish(struct reader *r)
{
    if (csv_fini(&r->parser, on_field, on_row, r) == 0 || r->rc)
        return r->rc;
    return cdr_fails(r->csv->why, CDR_EXIT_INPUT,
                     "%s:%" PRIu64 ": the quoted field that begins here is not closed "
                     "before the file ends",
                     r->name, r->field_line);
}

int cdr_csv_read(const struct cdr_csv *csv, struct cdr_source *source)
{
    struct reader r = { .csv = csv, .line = 1, .field_line = 1 };
    char *bytes = malloc(AT_ONCE);
    int rc;

    r.name = cdr_source_name(source);
    if (!bytes || csv_init(&r.parser, CSV_STRICT | CSV_STRICT_FINI | CSV_APPEND_NULL |
                                          CSV_REPALL_NL) != 0) {
        free(bytes);
        return cdr_fails_memory(csv->why);
    }
    csv_set_blk_size(&r.parser, ROOM_STEP);
    csv_set_delim(&r.parser, csv->delimiter ? (unsigned char)csv->delimiter : ',');
    rc = feed_all(&r, source, bytes);
    if (!rc)
        rc = finish(&r);
    csv_free(&r.parser);
    free(bytes);
    return rc;
}
