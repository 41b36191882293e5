/* source.c - bytes of an input file, gzip'd or not.
 * SPDX-License-Identifier: MIT
 *
 * zlib looks at the first bytes itself and passes on what is not gzip'd, from pipes,
 * too. Built without zlib, a gzip'd file is refused when its first bytes are seen.
 */
#include "cli/data/source.h"
#include "cli/base/interrupt.h"
#include "cli/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#if CADRE_GZIP
#include <zlib.h>
#endif

#define AT_ONCE (1 << 17) /* compressed bytes */

struct cdr_source {
    char *name; /* printable */
#if CADRE_GZIP
    gzFile file;
#else
    int file;
    bool begun;
#endif
};

static int cannot(struct cdr_failure *why, const char *name, const char *reason)
{
    return cdr_fails(why, CDR_EXIT_INPUT, "%s: %s", name, reason);
}

/* ---- with zlib ---- */

#if CADRE_GZIP
static bool attach(struct cdr_source *s, int fd)
{
    s->file = gzdopen(fd, "r");
    if (s->file)
        gzbuffer(s->file, AT_ONCE); /* speed only */
    return s->file != NULL;
}

static void detach(struct cdr_source *s)
{
    gzclose_r(s->file); /* what it could complain of, reading has */
}

static int refuse(const struct cdr_source *s, struct cdr_failure *why)
{
    int number = errno, code;
    const char *text = gzerror(s->file, &code);

    if (code == Z_ERRNO)
        text = strerror(number);
    else if (code == Z_BUF_ERROR)
        text = "the gzip'd data end too early: the file is cut off";
    else if (code == Z_MEM_ERROR)
        return cdr_fails_memory(why);
    else
        return cdr_fails(why, CDR_EXIT_INPUT, "%s: the gzip'd data are damaged: %s",
                         s->name, text);
    return cannot(why, s->name, text);
}

static int more(struct cdr_source *s, void *bytes, size_t size, size_t *got,
                struct cdr_failure *why)
{
    int n, code = Z_OK;

    errno = 0;
    n = gzread(s->file, bytes, (unsigned)size);
    if (n == 0) /* also how the end of a truncated file looks */
        gzerror(s->file, &code);
    if (n < 0 || code != Z_OK)
        return refuse(s, why);
    *got = (size_t)n;
    return 0;
}

/* ---- without ---- */

#else
static bool attach(struct cdr_source *s, int fd)
{
    s->file = fd;
    return true;
}

static void detach(struct cdr_source *s)
{
    close(s->file);
}

static int more(struct cdr_source *s, void *bytes, size_t size, size_t *got,
                struct cdr_failure *why)
{
    ssize_t n = read(s->file, bytes, size);

    if (n < 0)
        return cannot(why, s->name, strerror(errno));
    if (!s->begun && n >= 2 && memcmp(bytes, "\x1f\x8b", 2) == 0)
        return cannot(why, s->name,
                      "the file is gzip'd, and this cadre was built without zlib");
    s->begun = true;
    *got = (size_t)n;
    return 0;
}
#endif

/* ---- both ---- */

const char *cdr_source_name(const struct cdr_source *source)
{
    return source->name;
}

static int begin(struct cdr_source *s, const char *path, struct cdr_failure *why)
{
    bool standard = strcmp(path, "-") == 0;
    int fd;

    s->name = standard ? strdup("standard input") : cdr_printable(path);
    if (!s->name)
        return cdr_fails_memory(why);
    /* Waits for a writer when it is a named pipe. */
    fd = standard ? fcntl(0, F_DUPFD_CLOEXEC, 0) : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return cdr_interrupted() ? cdr_fails_interrupted(why)
                                 : cannot(why, s->name, strerror(errno));
    if (attach(s, fd)) {
        cdr_interrupt_reading(fd);
        return 0;
    }
    close(fd);
    return cdr_fails_memory(why);
}

int cdr_source_open(struct cdr_source **out, const char *path, struct cdr_failure *why)
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

void cdr_source_close(struct cdr_source *source)
{
    if (!source)
        return;
    cdr_interrupt_reading(-1);
    detach(source);
    free(source->name);
    free(source);
}

int cdr_source_read(struct cdr_source *source, void *bytes, size_t size, size_t *got,
                    struct cdr_failure *why)
{
    int rc;

    if (cdr_interrupted())
        return cdr_fails_interrupted(why);
    rc = more(source, bytes, size, got, why);
    return cdr_interrupted() ? cdr_fails_interrupted(why) : rc;
}
