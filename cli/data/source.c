/* source.c - bytes of an input file, gzip'd or not.
 * SPDX-License-Identifier: MIT
 *
 * The first two bytes decide whether the file is gzip'd, whatever its name is; they are
 * read first, however slowly a pipe brings them.
 */
#include "cli/data/source.h"
#include "cli/base/interrupt.h"
#include "cli/base/text.h"
#include "cli/data/gzip.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct cdr_source {
    char *name; /* printable */
    int file;
    struct cdr_gzip *gzip; /* NULL: the bytes are as they are */
    bool begun;            /* what kind it is has been found out */
    char first[2];         /* read for that */
    size_t n_first;        /* of these, still to be handed on */
};

static int cannot(struct cdr_failure *why, const char *name, const char *reason)
{
    return cdr_fails(why, CDR_EXIT_INPUT, "%s: %s", name, reason);
}

static int begin(struct cdr_source *s, const char *path, struct cdr_failure *why)
{
    bool standard = strcmp(path, "-") == 0;

    s->name = standard ? strdup("standard input") : cdr_printable(path);
    if (!s->name)
        return cdr_fails_memory(why);
    /* Waits for a writer when it is a named pipe. */
    s->file =
        standard ? fcntl(0, F_DUPFD_CLOEXEC, 0) : open(path, O_RDONLY | O_CLOEXEC);
    if (s->file < 0)
        return cdr_interrupted() ? cdr_fails_interrupted(why)
                                 : cannot(why, s->name, strerror(errno));
    cdr_interrupt_reading(s->file);
    return 0;
}

int cdr_input_open(struct cdr_source **out, const char *path, struct cdr_failure *why)
{
    struct cdr_source *s = calloc(1, sizeof *s);
    int rc = s ? begin(s, path, why) : cdr_fails_memory(why);

    if (rc && s) {
        free(s->name);
        free(s);
    }
    *out = rc ? NULL : s;
    return rc;
}

void cdr_input_close(struct cdr_source *source)
{
    if (!source)
        return;
    cdr_interrupt_reading(-1);
    cdr_gzip_close(source->gzip);
    close(source->file);
    free(source->name);
    free(source);
}

const char *cdr_source_name(const struct cdr_source *source)
{
    return source->name;
}

/* ---- reading ---- */

/* A cdr_gzip_read: bytes as they lie in the file. */
static int read_file(void *arg, void *bytes, size_t size, size_t *got,
                     struct cdr_failure *why)
{
    struct cdr_source *s = arg;
    ssize_t n = cdr_interrupted() ? 0 : read(s->file, bytes, size);

    *got = n > 0 ? (size_t)n : 0;
    if (cdr_interrupted())
        return cdr_fails_interrupted(why);
    return n < 0 ? cannot(why, s->name, strerror(errno)) : 0;
}

static int find_kind(struct cdr_source *s, struct cdr_failure *why)
{
    size_t got = 1;
    int rc = 0;

    s->begun = true;
    while (s->n_first < sizeof s->first && got > 0 && rc == 0) {
        rc = read_file(s, s->first + s->n_first, sizeof s->first - s->n_first, &got,
                       why);
        s->n_first += got;
    }
    if (!rc && cdr_gzip_is(s->first, s->n_first))
        rc = cdr_gzip_open(&s->gzip, s->name, s->first, s->n_first, why);
    return rc;
}

int cdr_source_read(struct cdr_source *source, void *bytes, size_t size, size_t *got,
                    struct cdr_failure *why)
{
    int rc = source->begun ? 0 : find_kind(source, why);

    *got = 0;
    if (rc)
        return rc;
    if (source->gzip)
        return cdr_gzip_next(source->gzip, read_file, source, bytes, size, got, why);
    if (source->n_first == 0)
        return read_file(source, bytes, size, got, why);
    *got = source->n_first < size ? source->n_first : size;
    memcpy(bytes, source->first, *got);
    memmove(source->first, source->first + *got, source->n_first - *got);
    source->n_first -= *got;
    return 0;
}
