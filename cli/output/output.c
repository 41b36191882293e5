/* output.c - where results and pictures go: whole, or not at all.
 * SPDX-License-Identifier: MIT
 */
#include "cli/output/output.h"
#include "cli/base/interrupt.h"
#include "cli/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int cannot(struct cdr_failure *why, const char *path, int number)
{
    char shown[CDR_SHOWN];

    return cdr_fails(why, CDR_EXIT_FAILED, "cannot write %s: %s",
                     path ? cdr_quote(shown, path) : "standard output",
                     strerror(number));
}

/* ---- opening ---- */

/* What a new file would get. */
static mode_t usual_mode(void)
{
    mode_t mask = umask(0);

    umask(mask);
    return 0666 & ~mask;
}

/* Replacing a file needs its folder's permission only: its own counts all the same, and
 * one that nobody may write is not even root's to lose. */
static bool may_write(const char *path, mode_t mode)
{
    return (mode & 0222) != 0 && faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0;
}

static int open_directly(struct cdr_output *out, const char *path,
                         struct cdr_failure *why)
{
    out->path = strdup(path);
    if (!out->path)
        return cdr_fails_memory(why);
    out->stream = fopen(path, "we");
    return out->stream ? 0 : cannot(why, path, errno);
}

/* Beside the file that is meant, so that renaming stays within one file system. */
static int name_files(struct cdr_output *out, const char *path, struct cdr_failure *why)
{
    out->path = realpath(path, NULL); /* a link stays, what it points to is replaced */
    if (!out->path)
        out->path = strdup(path);
    if (!out->path || asprintf(&out->temporary, "%s.XXXXXX", out->path) < 0) {
        out->temporary = NULL;
        return cdr_fails_memory(why);
    }
    return 0;
}

static int open_beside(struct cdr_output *out, const char *path, mode_t mode,
                       struct cdr_failure *why)
{
    int fd, rc = name_files(out, path, why);

    if (rc)
        return rc;
    fd = mkostemp(out->temporary, O_CLOEXEC);
    if (fd < 0) {
        rc = cannot(why, path, errno);
        free(out->temporary); /* there is nothing of that name to remove */
        out->temporary = NULL;
        return rc;
    }
    cdr_interrupt_remember(out->temporary);
    if (fchmod(fd, mode) < 0 || !(out->stream = fdopen(fd, "w"))) {
        rc = cannot(why, path, errno);
        close(fd);
    }
    return rc;
}

int cdr_output_open(struct cdr_output *out, const char *path, struct cdr_failure *why)
{
    struct stat there;
    int rc;

    *out = (struct cdr_output){ 0 };
    if (!path || strcmp(path, "-") == 0) {
        out->stream = stdout;
        return 0;
    }
    if (stat(path, &there) < 0)
        rc = open_beside(out, path, usual_mode(), why);
    else if (S_ISREG(there.st_mode) && !may_write(path, there.st_mode))
        rc = cannot(why, path, EACCES);
    else if (S_ISREG(there.st_mode))
        rc = open_beside(out, path, there.st_mode & 0777, why);
    else
        rc = open_directly(out, path, why);
    if (rc)
        cdr_output_drop(out);
    return rc;
}

/* ---- closing ---- */

static void forget(struct cdr_output *out)
{
    free(out->path);
    free(out->temporary);
    *out = (struct cdr_output){ 0 };
}

void cdr_output_drop(struct cdr_output *out)
{
    if (out->stream && out->path)
        fclose(out->stream);
    if (out->temporary) {
        (void)unlink(out->temporary); /* gone is gone */
        cdr_interrupt_forget(out->temporary);
    }
    forget(out);
}

/* The error of a stream, if any, as an errno value. fclose tells of what is buffered
 * only; ferror of what went before, but not why. */
static int close_stream(FILE *stream)
{
    int failed = fflush(stream) != 0 ? errno : ferror(stream) ? EIO : 0;

    if (fclose(stream) != 0 && !failed)
        failed = errno;
    return failed;
}

int cdr_output_commit(struct cdr_output *out, struct cdr_failure *why)
{
    int failed, rc = 0;

    if (!out->path)
        return cdr_output_flush_standard(why);
    failed = close_stream(out->stream);
    if (out->failed)
        failed = out->failed;
    out->stream = NULL;
    if (!failed && out->temporary && rename(out->temporary, out->path) < 0)
        failed = errno;
    if (failed) {
        rc = cannot(why, out->path, failed);
    } else if (out->temporary) {
        cdr_interrupt_forget(out->temporary);
        free(out->temporary);
        out->temporary = NULL;
    }
    cdr_output_drop(out);
    return rc;
}

int cdr_output_flush_standard(struct cdr_failure *why)
{
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return 0;
    if (errno == EPIPE)
        return cdr_fails(why, CDR_EXIT_FAILED, "%s", "");
    return cannot(why, NULL, errno ? errno : EIO);
}
