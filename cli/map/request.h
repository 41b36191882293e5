/* request.h - an attempt written down for a rank to run, and what became of it.
 * SPDX-License-Identifier: MIT
 *
 * The bytes go between processes of the same build only, so numbers lie in them as they do
 * in memory; but at any address, so that they are copied out.
 */
#ifndef CDR_CLI_MAP_REQUEST_H
#define CDR_CLI_MAP_REQUEST_H

#include "cli/map/attempt.h"

/* What all attempts of a run have in common. Behind it: the folder, and the variables that
 * ranks get from rank 0, each text with a NUL behind it. */
struct cdr_request_common {
    struct cdr_ending ending;
    sigset_t mask;
    bool default_pipe, renice;
    int nice;
    size_t n_variables;
};

/* One attempt. Behind it: the path, the words and the job's own variables, with their NULs,
 * and then what it reads. */
struct cdr_request {
    double limit;
    size_t n_words, n_own;
    bool has_input;
    uint64_t input; /* bytes of what it reads */
};

/* A piece of what comes back: bytes on standard output (0) or standard error (1), and then
 * how it ended, with what the rank has to say of it. */
enum { CDR_PIECE_END = 2, CDR_PIECE_REASON = 3 };

struct cdr_piece_head {
    uint32_t kind;
    uint32_t size;
};

/* False: no memory. */
bool cdr_request_pack_common(struct cdr_buffer *out,
                             const struct cdr_start_common *start,
                             const struct cdr_ending *ending, const char *folder,
                             const struct cdr_args *variables);

/* Of `how` the path, the words and the limit; `own`: the job's own variables, each with a NUL
 * behind it. False, with errno: no memory, or what the job reads cannot be had. */
bool cdr_request_pack(struct cdr_buffer *out, const struct cdr_attempt *how,
                      const struct cdr_job *job, const struct cdr_buffer *own);

/* The next of several texts, and go on behind it. */
const char *cdr_request_text(const char **at);

/* The next piece of what came back; false: there is none. */
bool cdr_request_piece(const char **at, size_t *left, struct cdr_piece_head *head,
                       const char **bytes);

#endif
