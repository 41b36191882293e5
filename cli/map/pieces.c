/* pieces.c - a word of the command, taken apart into text and replacement strings.
 * SPDX-License-Identifier: MIT
 */
#include "cli/map/pieces.h"

#include <stdlib.h>
#include <string.h>

#define INDEX_MAX 1000000

/* ---- parts of an argument ---- */

static const char *last_slash(const char *arg, size_t size)
{
    return size > 0 ? memrchr(arg, '/', size) : NULL;
}

static const char *folder(const char *arg, size_t *size)
{
    const char *slash = last_slash(arg, *size);

    if (!slash) {
        *size = 1;
        return ".";
    }
    *size = slash == arg ? 1 : (size_t)(slash - arg);
    return arg;
}

static const char *base(const char *arg, size_t *size)
{
    const char *slash = last_slash(arg, *size);

    if (!slash)
        return arg;
    *size -= (size_t)(slash + 1 - arg);
    return slash + 1;
}

/* An extension is a dot in the last part and what follows, if anything does. */
static const char *no_extension(const char *arg, size_t *size)
{
    size_t length = *size;
    const char *name = base(arg, &length),
               *dot = length ? memrchr(name, '.', length) : NULL;

    if (dot && dot + 1 < arg + *size)
        *size = (size_t)(dot - arg);
    return arg;
}

const char *cdr_part_of(enum cdr_part part, const char *arg, size_t *size)
{
    switch (part) {
    case CDR_NO_EXTENSION: return no_extension(arg, size);
    case CDR_BASE: return base(arg, size);
    case CDR_FOLDER: return folder(arg, size);
    case CDR_BASE_NO_EXTENSION: arg = base(arg, size); return no_extension(arg, size);
    case CDR_WHOLE: break;
    }
    return arg;
}

const char *cdr_piece_argument(const struct cdr_piece *piece,
                               const struct cdr_args *args, size_t *size)
{
    size_t n = args->n, index = (size_t)abs(piece->index);

    if (index > n)
        return NULL;
    index = piece->index > 0 ? index - 1 : n - index;
    *size = cdr_args_size(args, index);
    return cdr_part_of(piece->part, cdr_args_get(args, index), size);
}

/* ---- parsing ---- */

/* `text` ends with the letters of a part; how many bytes they are. */
static size_t part_at_end(enum cdr_part *part, const char *text, size_t size)
{
    if (size >= 2 && memcmp(text + size - 2, "//", 2) == 0) {
        *part = CDR_FOLDER;
        return 2;
    }
    if (size >= 2 && memcmp(text + size - 2, "/.", 2) == 0) {
        *part = CDR_BASE_NO_EXTENSION;
        return 2;
    }
    if (size >= 1 && (text[size - 1] == '/' || text[size - 1] == '.')) {
        *part = text[size - 1] == '/' ? CDR_BASE : CDR_NO_EXTENSION;
        return 1;
    }
    *part = CDR_WHOLE;
    return 0;
}

static int number(const char *text, size_t size)
{
    bool negative = size > 0 && *text == '-';
    int value = 0;

    if (size == (size_t)negative)
        return 0;
    for (size_t i = negative; i < size; i++) {
        if (text[i] < '0' || text[i] > '9' || value > INDEX_MAX)
            return 0;
        value = 10 * value + (text[i] - '0');
    }
    return negative ? -value : value;
}

/* A column by its name. */
static bool find_column(struct cdr_piece *piece, const char *text, size_t size,
                        const struct cdr_inputs *inputs)
{
    piece->index = inputs && size > 0 ? cdr_inputs_column(inputs, text, size) : 0;
    piece->text = piece->index ? text : NULL;
    piece->size = piece->index ? size : 0;
    return piece->index != 0;
}

/* What stands between braces; false: no replacement string. */
static bool parse_inside(struct cdr_piece *piece, const char *text, size_t size,
                         const struct cdr_inputs *inputs)
{
    enum cdr_part part;
    size_t rest;

    if (size == 1 && (*text == '#' || *text == '%')) {
        piece->kind = *text == '#' ? CDR_PIECE_SEQ : CDR_PIECE_SLOT;
        return true;
    }
    piece->kind = CDR_PIECE_ONE;
    piece->part = CDR_WHOLE;
    if (find_column(piece, text, size, inputs))
        return true;
    rest = size - part_at_end(&part, text, size);
    piece->part = part;
    piece->index = number(text, rest);
    if (rest == 0)
        piece->kind = CDR_PIECE_ALL;
    return rest == 0 || piece->index || find_column(piece, text, rest, inputs);
}

/* The replacement string that the text begins with; returns its size, 0: none. */
static size_t parse_at(struct cdr_piece *piece, const char *text, const char *replace,
                       const struct cdr_inputs *inputs)
{
    const char *end;

    if (replace) {
        if (strncmp(text, replace, strlen(replace)) == 0) {
            *piece = (struct cdr_piece){ .kind = CDR_PIECE_ALL };
            return strlen(replace);
        }
        if (strncmp(text, "{}", 2) == 0)
            return 0;
    }
    if (*text != '{' || !(end = strchr(text, '}')))
        return 0;
    *piece = (struct cdr_piece){ 0 };
    return parse_inside(piece, text + 1, (size_t)(end - text) - 1, inputs)
               ? (size_t)(end - text) + 1
               : 0;
}

static bool append(struct cdr_pieces *out, const struct cdr_piece *piece)
{
    struct cdr_piece *more = reallocarray(out->at, out->n + 1, sizeof *more);

    if (!more)
        return false;
    out->at = more;
    more[out->n++] = *piece;
    return true;
}

static bool append_text(struct cdr_pieces *out, const char *text, size_t size)
{
    struct cdr_piece piece = { .kind = CDR_PIECE_TEXT, .text = text, .size = size };

    return size == 0 || append(out, &piece);
}

bool cdr_pieces_parse(struct cdr_pieces *out, const char *word, const char *replace,
                      const struct cdr_inputs *inputs)
{
    const char *text = word;
    struct cdr_piece piece;

    while (*word) {
        size_t size = parse_at(&piece, word, replace, inputs);

        if (size == 0) {
            word++;
            continue;
        }
        if (!append_text(out, text, (size_t)(word - text)) || !append(out, &piece))
            return false;
        text = word += size;
    }
    return append_text(out, text, (size_t)(word - text));
}

void cdr_pieces_free(struct cdr_pieces *pieces)
{
    free(pieces->at);
    *pieces = (struct cdr_pieces){ 0 };
}
