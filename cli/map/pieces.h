/* pieces.h - a word of the command, taken apart into text and replacement strings.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_MAP_PIECES_H
#define CDR_CLI_MAP_PIECES_H

#include "cli/map/bytes.h"
#include "cli/map/inputs.h"

enum cdr_piece_kind {
    CDR_PIECE_TEXT,
    CDR_PIECE_ALL, /* the arguments, one after another */
    CDR_PIECE_ONE, /* one of them */
    CDR_PIECE_SEQ,
    CDR_PIECE_SLOT
};

/* What of an argument. */
enum cdr_part {
    CDR_WHOLE,
    CDR_NO_EXTENSION,     /* {.} */
    CDR_BASE,             /* {/} */
    CDR_FOLDER,           /* {//} */
    CDR_BASE_NO_EXTENSION /* {/.} */
};

struct cdr_piece {
    enum cdr_piece_kind kind;
    enum cdr_part part;
    int index;        /* ONE: from 1, or from -1 at the end */
    const char *text; /* TEXT, or ONE's name: not terminated; stays with the word */
    size_t size;
};

struct cdr_pieces {
    struct cdr_piece *at;
    size_t n;
};

/* Take the word apart. False: no memory. */
bool cdr_pieces_parse(struct cdr_pieces *out, const char *word, const char *replace,
                      const struct cdr_inputs *inputs);
void cdr_pieces_free(struct cdr_pieces *pieces);

/* That part of the argument; points into it, or to other text that stays. */
const char *cdr_part_of(enum cdr_part part, const char *arg, size_t *size);

/* The argument that the piece stands for; NULL: there is none. */
const char *cdr_piece_argument(const struct cdr_piece *piece,
                               const struct cdr_args *args, size_t *size);

#endif
