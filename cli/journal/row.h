/* row.h - a job as the journal's table has it.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_JOURNAL_ROW_H
#define CDR_CLI_JOURNAL_ROW_H

#include "cli/map/job.h"
#include <sqlite3.h>

struct cdr_row {
    struct cdr_row *next;
    int64_t id;
    uint64_t hash;
    uint32_t equal;
    int64_t command; /* 0: the run's */
    uint64_t seq, seed;
    bool ended;    /* else it runs */
    bool recorded; /* that it runs is in the journal */
    bool failed;
    struct cdr_end end;
    char *bytes; /* input, words, output and errors, one after another */
    size_t input, words;
    uint64_t size[2]; /* of output and errors */
    bool beside[2];   /* these are files */
};

/* NULL: no memory. */
struct cdr_row *cdr_row_new(const struct cdr_job *job);
struct cdr_row *cdr_row_copy(const struct cdr_row *row);
void cdr_row_free(struct cdr_row *row);

/* The job has ended: add how, its command and what it has put out. 0 or an errno. */
int cdr_row_end(struct cdr_row *row, struct cdr_job *job, struct cdr_spool *spool,
                const char *journal);

/* What a digest is of: all that must be as it was for the row to count, and the command's
 * hash. Bytes beside the file are not. */
struct cdr_row_parts {
    int64_t id;
    uint64_t command; /* its hash */
    uint32_t equal;
    bool failed, timed_out;
    int status, signal;
    const void *input, *words, *output[2];
    size_t input_size, words_size;
    uint64_t size[2]; /* of output and errors, wherever they are */
};

uint64_t cdr_row_digest(const struct cdr_row_parts *parts);

/* Bind to CDR_ROW_INSERT. */
#define CDR_ROW_INSERT                                                                  \
    "INSERT OR REPLACE INTO job (id, hash, command, input, equal, state, seq, words, "  \
    "status, signal, timed_out, tries, began, seconds, cpu, peak_kib, output, errors, " \
    "output_size, errors_size, seed, digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, " \
    "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
void cdr_row_bind(sqlite3_stmt *insert, const struct cdr_row *row, int64_t command,
                  uint64_t command_hash);

/* How a job ended and what it put out, from the columns of CDR_ROW_COLUMNS. 0 or an
 * errno: ESTALE, if that is not as it was. */
#define CDR_ROW_COLUMNS                                                                 \
    "id, hash, input, equal, state, status, signal, timed_out, tries, began, seconds, " \
    "cpu, peak_kib, output, errors, output_size, errors_size, seed, command, seq, words, digest"
int cdr_row_read(sqlite3_stmt *select, uint64_t command_hash, struct cdr_job *job,
                 struct cdr_spool *spool, const char *journal);

enum {
    CDR_COL_ID,
    CDR_COL_HASH,
    CDR_COL_INPUT,
    CDR_COL_EQUAL,
    CDR_COL_STATE,
    CDR_COL_STATUS,
    CDR_COL_SIGNAL,
    CDR_COL_TIMED_OUT,
    CDR_COL_OUTPUT = 13,
    CDR_COL_OUTPUT_SIZE = 15,
    CDR_COL_SEED = 17,
    CDR_COL_COMMAND,
    CDR_COL_SEQ,
    CDR_COL_WORDS,
    CDR_COL_DIGEST,
    CDR_COLUMNS
};

/* Whether the row is as it was written; of older ones nobody knows, and of one that had
 * begun there is nothing to know. */
bool cdr_row_is_whole(sqlite3_stmt *select, uint64_t command_hash);

/* The texts of such a column, a NUL byte after each. False: no memory. */
bool cdr_row_list(sqlite3_stmt *select, int column, struct cdr_args *to);

#endif
