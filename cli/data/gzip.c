/* gzip.c - gzip'd bytes, unpacked as they come.
 * SPDX-License-Identifier: MIT
 *
 * zlib's own reader of files drops what follows the gzip'd data without a word, so this
 * one unpacks by itself. As with gzip, a file may have several parts, and zeros after
 * the last (of a tape's block) do not count; anything else there is a failure, because
 * it may be rows.
 */
#include "cli/data/gzip.h"

#include <stdlib.h>
#include <string.h>

bool cdr_gzip_is(const void *bytes, size_t size)
{
    return size >= 2 && memcmp(bytes, "\x1f\x8b", 2) == 0;
}

#if CADRE_GZIP
#include <zlib.h>

#define AT_ONCE   (1 << 17) /* packed bytes */
#define GZIP_ONLY (MAX_WBITS + 16)

struct cdr_gzip {
    const char *name;
    z_stream stream; /* next_in, avail_in: packed bytes that are still to be used */
    bool between;    /* a part is complete */
    bool ended;      /* no more packed bytes come */
    unsigned char in[AT_ONCE];
};

int cdr_gzip_open(struct cdr_gzip **out, const char *name, const void *first,
                  size_t size, struct cdr_failure *why)
{
    struct cdr_gzip *z = calloc(1, sizeof *z);

    *out = z;
    if (!z)
        return cdr_fails_memory(why);
    z->name = name;
    memcpy(z->in, first, size);
    z->stream.next_in = z->in;
    z->stream.avail_in = (uInt)size;
    if (inflateInit2(&z->stream, GZIP_ONLY) == Z_OK)
        return 0;
    free(z);
    *out = NULL;
    return cdr_fails_memory(why);
}

void cdr_gzip_close(struct cdr_gzip *z)
{
    if (z)
        (void)inflateEnd(&z->stream); /* fails for a stream that is none only */
    free(z);
}

/* Have at least `least` packed bytes at hand, if that many are left. */
static int supply(struct cdr_gzip *z, size_t least, cdr_gzip_read *read, void *arg,
                  struct cdr_failure *why)
{
    z_stream *s = &z->stream;
    int rc = 0;

    if (s->avail_in > 0 && s->avail_in < least && s->next_in != z->in)
        memmove(z->in, s->next_in, s->avail_in);
    while (rc == 0 && s->avail_in < least && !z->ended) {
        size_t got = 0;

        rc = read(arg, z->in + s->avail_in, AT_ONCE - s->avail_in, &got, why);
        s->next_in = z->in;
        s->avail_in += (uInt)got;
        z->ended = got == 0;
    }
    return rc;
}

static int damaged(const struct cdr_gzip *z, struct cdr_failure *why)
{
    return cdr_fails(why, CDR_EXIT_INPUT, "%s: the gzip'd data are damaged: %s",
                     z->name, z->stream.msg ? z->stream.msg : "they end too early");
}

static int has_tail(const struct cdr_gzip *z, struct cdr_failure *why)
{
    return cdr_fails(why, CDR_EXIT_INPUT,
                     "%s: something else follows the gzip'd data: was plain text "
                     "appended? Unpack the file and append to that, or gzip the parts "
                     "one by one",
                     z->name);
}

/* After a part: begin the next, or make sure that this was the last. */
static int next_part(struct cdr_gzip *z, cdr_gzip_read *read, void *arg, bool *last,
                     struct cdr_failure *why)
{
    z_stream *s = &z->stream;
    bool zeros = false;
    int rc;

    while (!(rc = supply(z, 2, read, arg, why)) && s->avail_in > 0 && !*s->next_in) {
        s->next_in++;
        s->avail_in--;
        zeros = true;
    }
    *last = s->avail_in == 0;
    if (rc || *last)
        return rc;
    if (zeros || !cdr_gzip_is(s->next_in, s->avail_in))
        return has_tail(z, why);
    z->between = false;
    return inflateReset(s) == Z_OK ? 0 : damaged(z, why);
}

/* One step of zlib's: packed bytes in, unpacked ones out. */
static int unpack(struct cdr_gzip *z, struct cdr_failure *why)
{
    switch (inflate(&z->stream, Z_NO_FLUSH)) {
    case Z_OK: return 0;
    case Z_STREAM_END: z->between = true; return 0;
    case Z_BUF_ERROR: /* there was nothing more to take */
        return cdr_fails(why, CDR_EXIT_INPUT,
                         "%s: the gzip'd data end too early: the file is cut off",
                         z->name);
    case Z_MEM_ERROR: return cdr_fails_memory(why);
    default: return damaged(z, why);
    }
}

int cdr_gzip_next(struct cdr_gzip *z, cdr_gzip_read *read, void *arg, void *bytes,
                  size_t size, size_t *got, struct cdr_failure *why)
{
    bool last = false;
    int rc = 0;

    z->stream.next_out = bytes;
    z->stream.avail_out = (uInt)size;
    while (rc == 0 && !last && z->stream.avail_out == size) {
        rc = z->between ? next_part(z, read, arg, &last, why)
                        : supply(z, 1, read, arg, why);
        if (rc == 0 && !last)
            rc = unpack(z, why);
    }
    *got = size - z->stream.avail_out;
    return rc;
}

#else
int cdr_gzip_open(struct cdr_gzip **out, const char *name, const void *first,
                  size_t size, struct cdr_failure *why)
{
    (void)first;
    (void)size;
    *out = NULL;
    return cdr_fails(why, CDR_EXIT_INPUT,
                     "%s: the file is gzip'd, and this cadre was built without zlib: "
                     "unpack it with gzip -d",
                     name);
}

void cdr_gzip_close(struct cdr_gzip *z)
{
    (void)z;
}

int cdr_gzip_next(struct cdr_gzip *z, cdr_gzip_read *read, void *arg, void *bytes,
                  size_t size, size_t *got, struct cdr_failure *why)
{
    (void)z;
    (void)read;
    (void)arg;
    (void)bytes;
    (void)size;
    *got = 0;
    return cdr_fails(why, CDR_EXIT_INPUT, "built without zlib");
}
#endif
