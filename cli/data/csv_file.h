/* csv_file.h - the rows and fields of a CSV file, with the line each is in.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_CSV_FILE_H
#define CDR_CLI_CSV_FILE_H

#include "cli/base/failure.h"
#include "cli/data/source.h"
#include <stddef.h>
#include <stdint.h>

/* Who hears of them. Each returns 0 to go on, or a code with the reason noted, which
 * ends the reading. Lines count from 1, as an editor shows them; a field or row is in
 * the line that it begins in. */
struct cdr_csv {
    int (*field)(void *arg, const char *text, size_t size, uint64_t line);
    int (*row)(void *arg, uint64_t line); /* after its fields */
    void *arg;
    char delimiter; /* 0: a comma, or what the first line says as "sep=;" */
    char comment;   /* lines that begin with it are passed over; 0: none are */
    struct cdr_failure *why;
};

/* Read to the end. RFC 4180: quoted fields may hold delimiters, line ends and doubled
 * quotes. LF, CRLF or CR end a line, blank lines are passed over, so is a byte order
 * mark, so is a first line "sep=;" as Excel has it. `text` is NUL-terminated, without the blanks around it if it was not quoted. */
int cdr_csv_read(const struct cdr_csv *csv, struct cdr_source *source);

#endif
