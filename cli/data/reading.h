/* reading.h - the state of reading a file, for data.c, header.c and fields.c.
 * SPDX-License-Identifier: MIT
 *
 * The header decides what each column of the file is for: a slot says "labels", "scores
 * number k", or "nothing". With every_score a slot is "perhaps" until the first row has
 * shown whether it holds numbers.
 */
#ifndef CDR_CLI_READING_H
#define CDR_CLI_READING_H

#include "cli/data/data.h"

enum cdr_use { CDR_NOTHING = 0, CDR_LABELS, CDR_SCORES, CDR_EXTRA, CDR_PERHAPS };

struct cdr_slot {
    enum cdr_use use;
    size_t score; /* CDR_SCORES: which; CDR_EXTRA: an enum cdr_extra */
};

struct cdr_reading {
    struct cdr_data *data;
    const struct cdr_wanted *wanted;
    struct cdr_failure *why;
    const char *file;
    struct cdr_slot *slots; /* one a column of the file */
    bool in_header;
    bool header_only;
    bool other_decimal; /* a column was left out that has the other decimal sign */
    char row_begins;    /* the row's first byte */
    size_t room;        /* rows that the arrays hold */
    size_t fields;      /* of the row so far */
};

/* ---- room (reading.c) ---- */

/* Make *array, of n elements of that size, as large. False: no memory. */
bool cdr_reading_grow(void *array, size_t n, size_t size);

/* Room for one more row. */
bool cdr_reading_grow_rows(struct cdr_reading *r);

/* Make the slot's column one of scores. */
bool cdr_reading_add_score(struct cdr_reading *r, struct cdr_slot *slot,
                           const char *name);

/* ---- what is read (header.c, fields.c) ---- */

/* Whether lines that are no part of a table often begin with it. */
bool cdr_may_be_comment(char c);

/* Whether the text is empty, blanks aside. */
bool cdr_is_blank(const char *text);

/* A name of the header, all of the header, a field of a row. 0 or an exit code. */
int cdr_header_take_name(struct cdr_reading *r, const char *text);
int cdr_header_take(struct cdr_reading *r, uint64_t line);
int cdr_field_take(struct cdr_reading *r, const char *text, uint64_t line);

/* After the last row: with `positive`, whether some label is it. */
int cdr_labels_check(struct cdr_reading *r);

#endif
