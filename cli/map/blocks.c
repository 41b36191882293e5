/* blocks.c - --pipe: standard input, or parts of files, as blocks of whole records.
 * SPDX-License-Identifier: MIT
 *
 * A stream is read into a buffer until that has a block. Where the last record in it ends
 * the buffer is cut: it becomes the block's, and what is behind the cut begins the next
 * one. Small blocks (--records) are copied out instead.
 */
#include "cli/map/blocks.h"
#include "cli/map/file.h"
#include "cli/map/inputs.h"
#include "cli/map/parts.h"
#include "cli/map/size.h"
#include "cli/map/sources.h"
#include "cli/base/interrupt.h"
#include "cli/base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCK     ((uint64_t)1 << 20)
#define BLOCK_MAX ((uint64_t)1 << 46)

struct cdr_blocks {
    struct cdr_records records;
    uint64_t block; /* bytes of a block, about; grows where a record is larger */
    uint64_t most;  /* records of a block; 0: as many as fit */
    struct cdr_parts *parts; /* --pipe-part; NULL: the stream below */

    const char *path;
    int fd;
    bool with_header, ended;
    char *header; /* that each block begins with */
    size_t header_size;
    char *buffer; /* room for the header, then `used` bytes, which begin at `begin` */
    size_t begin, used, room;
};

/* ---- reading ---- */

static char *bytes_of(const struct cdr_blocks *b)
{
    return b->buffer + b->header_size + b->begin;
}

/* Room for so many bytes behind those that are there, which move to the beginning. */
static int make_room(struct cdr_blocks *b, size_t more, struct cdr_failure *why)
{
    size_t wanted;
    char *larger;

    if (b->begin > 0) {
        memmove(b->buffer + b->header_size, bytes_of(b), b->used);
        b->begin = 0;
    }
    if (__builtin_add_overflow(b->header_size + b->used, more, &wanted))
        return cdr_fails_memory(why);
    if (wanted <= b->room)
        return 0;
    larger = realloc(b->buffer, wanted);
    if (!larger)
        return cdr_fails_memory(why);
    b->buffer = larger;
    b->room = wanted;
    return 0;
}

/* All of these bytes, unless the stream ends before, or a signal comes. */
static int read_more(struct cdr_blocks *b, size_t wanted, struct cdr_failure *why)
{
    int rc = make_room(b, wanted, why);

    while (rc == 0 && wanted > 0 && !b->ended) {
        ssize_t n;

        cdr_interrupt_reading(b->fd);
        n = cdr_interrupted() ? 0 : read(b->fd, bytes_of(b) + b->used, wanted);
        cdr_interrupt_reading(-1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return cdr_file_fails(b->path, why);
        b->ended = n == 0 || cdr_interrupted();
        b->used += (size_t)n;
        wanted -= (size_t)n;
    }
    return rc;
}

/* ---- cutting ---- */

/* How many bytes the next block has, of those that are there; 0: there are not enough. */
static size_t cut_of(const struct cdr_blocks *b)
{
    size_t cut = 0;

    if (b->used == 0)
        return 0;
    if (b->most == 0)
        return cdr_records_last(&b->records, bytes_of(b), b->used);
    for (uint64_t i = 0; i < b->most; i++) {
        size_t from = cut;

        if (from > 0 && b->records.end == 0)
            from++; /* the start that is there begins the record at hand */
        cut = cdr_records_next(&b->records, bytes_of(b), b->used, from);
        if (cut == 0)
            return 0;
    }
    return cut;
}

static char *with_header(const struct cdr_blocks *b, char *memory)
{
    if (b->header_size > 0)
        memcpy(memory, b->header, b->header_size);
    return memory;
}

static int copy_out(struct cdr_blocks *b, size_t size, struct cdr_block *block,
                    struct cdr_failure *why)
{
    block->memory = malloc(b->header_size + size + 1);
    if (!block->memory)
        return cdr_fails_memory(why);
    with_header(b, block->memory);
    memcpy(block->memory + b->header_size, bytes_of(b), size);
    b->begin += size;
    b->used -= size;
    return 0;
}

/* The buffer becomes the block's; the next one begins with what is left. */
static int hand_over(struct cdr_blocks *b, size_t size, struct cdr_block *block,
                     struct cdr_failure *why)
{
    size_t rest = b->used - size, room = b->header_size + rest + (size_t)b->block;
    char *next = malloc(room);

    if (!next)
        return cdr_fails_memory(why);
    memcpy(next + b->header_size, bytes_of(b) + size, rest);
    block->memory = with_header(b, b->buffer);
    b->buffer = next;
    b->room = room;
    b->used = rest;
    return 0;
}

static int give(struct cdr_blocks *b, size_t size, struct cdr_block **out,
                struct cdr_failure *why)
{
    struct cdr_block *block = calloc(1, sizeof *block);
    int rc;

    if (!block)
        return cdr_fails_memory(why);
    block->file = -1;
    block->size = b->header_size + size;
    if (b->begin == 0 && size >= b->used / 2)
        rc = hand_over(b, size, block, why);
    else
        rc = copy_out(b, size, block, why);
    if (rc) {
        cdr_block_free(block);
        return rc;
    }
    *out = block;
    return 0;
}

static int grow(struct cdr_blocks *b, struct cdr_failure *why)
{
    b->block = (b->block * 13 + 9) / 10 + 1;
    return b->block > BLOCK_MAX ? cdr_fails(why, CDR_EXIT_INPUT,
                                            "a record has no end: %llu bytes of it "
                                            "were read",
                                            (unsigned long long)b->used)
                                : 0;
}

static int next_of_stream(struct cdr_blocks *b, struct cdr_block **out,
                          struct cdr_failure *why)
{
    size_t cut = b->most > 0 ? cut_of(b) : 0;

    while (cut == 0) {
        size_t block = (size_t)b->block;

        if (b->ended)
            return b->used > 0 ? give(b, b->used, out, why) : CDR_NO_MORE;
        if (read_more(b, b->used < block ? block - b->used : block, why))
            return why->code;
        if (b->ended && b->most == 0)
            continue;
        cut = cut_of(b);
        if (cut == 0 && !b->ended && grow(b, why))
            return why->code;
    }
    return give(b, cut, out, why);
}

/* The first line, which is taken away from what follows. */
static int read_header(struct cdr_blocks *b, struct cdr_failure *why)
{
    const char *end = NULL;
    size_t size;

    b->with_header = false;
    while (!end && !b->ended) {
        if (read_more(b, (size_t)b->block, why))
            return why->code;
        end = b->used > 0 ? memchr(bytes_of(b), '\n', b->used) : NULL;
    }
    size = end ? (size_t)(end - bytes_of(b)) + 1 : b->used;
    b->header = malloc(size + 1);
    if (!b->header)
        return cdr_fails_memory(why);
    memcpy(b->header, bytes_of(b), size);
    b->used -= size;
    b->header_size = size; /* its room is where it stood */
    return 0;
}

int cdr_blocks_next(struct cdr_blocks *b, struct cdr_block **out,
                    struct cdr_failure *why)
{
    if (b->parts)
        return cdr_parts_next(b->parts, out, why);
    if (b->with_header && read_header(b, why))
        return why->code;
    return next_of_stream(b, out, why);
}

uint64_t cdr_blocks_total(const struct cdr_blocks *b)
{
    return b->parts ? cdr_parts_total(b->parts) : 0;
}

/* ---- opening ---- */

static int set_block(struct cdr_blocks *b, const struct cdr_map_settings *set,
                     int64_t *share, struct cdr_failure *why)
{
    const char *text = set->pipe.block;
    bool negative = text && *text == '-';
    char shown[CDR_SHOWN];

    b->block = BLOCK;
    *share = 0;
    if (!text)
        return 0;
    if (!cdr_size_parse(&b->block, text + negative) || b->block == 0 ||
        b->block > BLOCK_MAX)
        return cdr_fails(why, CDR_EXIT_USAGE,
                         "--block is %s: expected bytes, such as 500k or 2M",
                         cdr_quote(shown, text));
    if (negative && !set->pipe.part)
        return cdr_fails(why, CDR_EXIT_USAGE,
                         "--block is %s: only parts of files (--pipe-part) can be "
                         "counted beforehand",
                         cdr_quote(shown, text));
    if (negative)
        *share = (int64_t)b->block;
    return 0;
}

/* -N is another word for --records. */
static int set_records(struct cdr_blocks *b, const struct cdr_map_settings *set,
                       struct cdr_failure *why)
{
    const char *text =
        set->pipe.records ? set->pipe.records : set->command.replace_args;
    char shown[CDR_SHOWN];

    if (text && (!cdr_parse_count(&b->most, text) || b->most == 0))
        return cdr_fails(why, CDR_EXIT_USAGE,
                         "--records is %s: expected a whole number, 1 or more",
                         cdr_quote(shown, text));
    if (text && set->pipe.part)
        return cdr_fails(why, CDR_EXIT_USAGE,
                         "--pipe-part does not count records; --pipe --records %s -a "
                         "FILE does",
                         text);
    return 0;
}

/* Options and words that say where arguments come from, which here there are none of. */
static int check(const struct cdr_map_settings *set, const char *const *words,
                 size_t n_words, struct cdr_failure *why)
{
    const struct cdr_input_options *in = &set->input;

    if (in->null || in->delimiter || in->colsep || in->link || in->eof ||
        in->no_run_if_empty || in->trim)
        return cdr_fails(why, CDR_EXIT_USAGE,
                         "with --pipe, --recstart and --recend say where records end, "
                         "and options for inputs have no place");
    if (set->command.max_args || set->command.max_lines || set->command.many ||
        set->command.context)
        return cdr_fails(why, CDR_EXIT_USAGE,
                         "with --pipe a job has no arguments; --records says how many "
                         "records it reads");
    for (size_t i = 0; i < n_words; i++)
        if (cdr_is_source_word(words[i]) && strcmp(words[i], "::::") != 0)
            return cdr_fails(why, CDR_EXIT_USAGE,
                             "--pipe splits standard input or files; %s has no place "
                             "beside it",
                             words[i]);
    return 0;
}

/* The files of -a and "::::", which *files is made the owner of. */
static int list_files(struct cdr_texts *files, const struct cdr_map_settings *set,
                      const char *const *words, size_t n_words, struct cdr_failure *why)
{
    files->at = calloc(set->input.files.n + n_words + 1, sizeof *files->at);
    if (!files->at)
        return cdr_fails_memory(why);
    for (size_t i = 0; i < set->input.files.n; i++)
        files->at[files->n++] = set->input.files.at[i];
    for (size_t i = 0; i < n_words; i++)
        if (!cdr_is_source_word(words[i]))
            files->at[files->n++] = words[i];
    return 0;
}

static int open_stream(struct cdr_blocks *b, const struct cdr_texts *files,
                       struct cdr_failure *why)
{
    b->path = files->n > 0 ? files->at[0] : "-";
    if (files->n > 1)
        return cdr_fails(why, CDR_EXIT_USAGE,
                         "--pipe splits one file; --pipe-part takes several");
    return cdr_file_open(&b->fd, b->path, why);
}

static int open_source(struct cdr_blocks *b, const struct cdr_map_settings *set,
                       const struct cdr_texts *files, int64_t share, unsigned jobs,
                       struct cdr_failure *why)
{
    struct cdr_parts_setting parts = { .files = files,
                                       .records = &b->records,
                                       .block = b->block,
                                       .share = share > 0 ? (uint64_t)share * jobs : 0,
                                       .header = set->input.header != NULL };

    b->with_header = parts.header;
    return set->pipe.part ? cdr_parts_open(&b->parts, &parts, why)
                          : open_stream(b, files, why);
}

int cdr_blocks_open(struct cdr_blocks **out, const struct cdr_map_settings *set,
                    const char *const *words, size_t n_words, unsigned jobs,
                    struct cdr_failure *why)
{
    struct cdr_blocks *b = calloc(1, sizeof *b);
    struct cdr_texts files = { 0 };
    int64_t share;

    *out = b;
    if (!b)
        return cdr_fails_memory(why);
    b->fd = -1;
    if (check(set, words, n_words, why) || set_block(b, set, &share, why) ||
        set_records(b, set, why) ||
        cdr_records_open(&b->records, set->pipe.start, set->pipe.end, why) ||
        list_files(&files, set, words, n_words, why) ||
        open_source(b, set, &files, share, jobs, why)) {
        cdr_blocks_close(b);
        *out = NULL;
    }
    free(files.at);
    return why->code;
}

void cdr_blocks_close(struct cdr_blocks *b)
{
    if (!b)
        return;
    cdr_parts_close(b->parts);
    cdr_records_close(&b->records);
    if (b->fd >= 0)
        close(b->fd);
    free(b->header);
    free(b->buffer);
    free(b);
}
