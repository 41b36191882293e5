/* reader.h - a file as records that an end byte closes: lines, or what -0 and -d say.
 * SPDX-License-Identifier: MIT
 *
 * The last record needs no end. An empty one is a record. A carriage return before the
 * end of a line belongs to the record; that it is there is noted.
 */
#ifndef CDR_CLI_MAP_READER_H
#define CDR_CLI_MAP_READER_H

#include "cli/base/failure.h"
#include <stdbool.h>
#include <stddef.h>

struct cdr_record_reader {
    int fd;
    char end;
    bool ended;
    bool saw_return; /* a line ended in CR LF */
    const char *path;
    char *buffer;
    size_t begin, used, room;
    void (*before)(
        void *arg); /* called before it reads, and may wait; NULL: nothing is */
    void *arg;
};

/* "-" is standard input. */
int cdr_record_reader_open(struct cdr_record_reader *reader, const char *path, char end,
                           struct cdr_failure *why);

/* The next record, which stays until the next call: 0, CDR_NO_MORE or an exit code. A
 * signal ends the file. */
int cdr_record_reader_next(struct cdr_record_reader *reader, const char **record,
                           size_t *size, struct cdr_failure *why);
void cdr_record_reader_close(struct cdr_record_reader *reader);

#endif
