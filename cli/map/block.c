/* block.c - what a job of --pipe reads: bytes in memory, and a part of a file.
 * SPDX-License-Identifier: MIT
 */
#include "cli/map/block.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE 65536 /* bytes of a file that are digested at a time */

void cdr_block_free(struct cdr_block *block)
{
    if (block)
        free(block->memory);
    free(block);
}

/* So many bytes of the file from there on. False, with errno: they are not there. */
static bool read_exactly(int file, char *to, size_t size, uint64_t at)
{
    while (size > 0) {
        ssize_t n = pread(file, to, size, (off_t)at);

        if (n == 0)
            errno = ENODATA;
        if (n == 0 || (n < 0 && errno != EINTR))
            return false;
        if (n < 0)
            continue;
        to += n;
        at += (uint64_t)n;
        size -= (size_t)n;
    }
    return true;
}

uint64_t cdr_block_bytes(const struct cdr_block *b)
{
    return b->size + b->length;
}

bool cdr_block_read(const struct cdr_block *b, char *to)
{
    if (b->size > 0)
        memcpy(to, b->memory, b->size);
    return b->length == 0 ||
           read_exactly(b->file, to + b->size, (size_t)b->length, b->at);
}

/* ---- feeding ---- */

/* What comes next, in memory; NULL: the file fails. */
static const char *next_piece(const struct cdr_block *b, uint64_t done, char *room,
                              size_t *size)
{
    uint64_t left;

    if (done < b->size) {
        *size = b->size - (size_t)done;
        return b->memory + done;
    }
    done -= b->size;
    left = b->length - done;
    if (left < *size)
        *size = (size_t)left;
    return read_exactly(b->file, room, *size, b->at + done) ? room : NULL;
}

enum cdr_feeding cdr_block_feed(const struct cdr_block *b, uint64_t *done, int pipe,
                                char *room, size_t room_size)
{
    while (*done < b->size + b->length) {
        size_t size = room_size;
        const char *piece = next_piece(b, *done, room, &size);
        ssize_t n;

        if (!piece)
            return CDR_FEED_FAILED;
        n = write(pipe, piece, size);
        if (n >= 0)
            *done += (uint64_t)n;
        else if (errno == EAGAIN)
            return CDR_FEED_LATER;
        else if (errno != EINTR)
            return CDR_FEED_DONE;
    }
    return CDR_FEED_DONE;
}

/* ---- the name: two sums over words, each mixed as it grows; it is part of journals ---- */

struct digest {
    uint64_t a, b;
};

static uint64_t rotated(uint64_t x, int by)
{
    return x << by | x >> (64 - by);
}

static void digest_word(struct digest *d, uint64_t word)
{
    d->a = rotated(d->a ^ (word * 0x9e3779b97f4a7c15u), 29) * 0xbf58476d1ce4e5b9u;
    d->b = (rotated(d->b, 37) + word) * 0xd6e8feb86659fd93u + 1;
}

/* Only the last piece of a block may have a size that is no multiple of eight. */
static void digest_bytes(struct digest *d, const char *bytes, size_t size)
{
    uint64_t word;

    for (; size >= 8; bytes += 8, size -= 8) {
        memcpy(&word, bytes, 8);
        digest_word(d, word);
    }
    if (size > 0) {
        word = 0;
        memcpy(&word, bytes, size);
        digest_word(d, word);
    }
}

static uint64_t mixed(uint64_t h)
{
    h = (h ^ h >> 32) * 0xd6e8feb86659fd93u;
    h = (h ^ h >> 32) * 0xd6e8feb86659fd93u;
    return h ^ h >> 32;
}

/* The bytes in memory and those of the file count as two runs of bytes. */
bool cdr_block_name(const struct cdr_block *b, char name[CDR_BLOCK_NAME])
{
    struct digest d = { 1, 2 };
    char room[PIECE];

    digest_bytes(&d, b->memory, b->size);
    digest_word(&d, b->size);
    for (uint64_t done = 0; done < b->length; done += sizeof room) {
        size_t size =
            b->length - done < sizeof room ? (size_t)(b->length - done) : sizeof room;

        if (!read_exactly(b->file, room, size, b->at + done))
            return false;
        digest_bytes(&d, room, size);
    }
    snprintf(name, CDR_BLOCK_NAME, "%" PRIu64 " bytes, %016" PRIx64 "%016" PRIx64,
             b->size + b->length, mixed(d.a), mixed(d.b));
    return true;
}
