/* output.c - a file that is there when it is complete, and not before.
 * SPDX-License-Identifier: MIT
 */
#include "output.h"
#include "failure.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static mode_t usual_mode(void)
{
    mode_t mask = umask(0);

    umask(mask);
    return 0666 & ~mask;
}

_Atomic(const char *) ap_output_in_use;

static int open_temporary(struct ap_output *out)
{
    if (asprintf(&out->temporary, "%s.XXXXXX", out->real) < 0) {
        out->temporary = NULL;
        errno = ENOMEM;
        return -1;
    }
    out->fd = mkostemp(out->temporary, O_CLOEXEC);
    if (out->fd < 0) {
        free(out->temporary); /* there is nothing of that name to remove */
        out->temporary = NULL;
        return -1;
    }
    ap_output_in_use = out->temporary;
    return 0;
}

/* Not every file system makes files without a name. */
static int open_nameless(struct ap_output *out)
{
    char *copy = strdup(out->real);

    if (!copy)
        return -1;
    out->fd = open(dirname(copy), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    free(copy);
    if (out->fd >= 0)
        return 0;
    return errno == EOPNOTSUPP || errno == EISDIR ? open_temporary(out) : -1;
}

/* Replacing a file needs its folder's permission only: its own counts all the same, and one
 * that nobody may write is not even root's to lose. */
static bool may_replace(const char *path, mode_t mode)
{
    if ((mode & 0222) != 0)
        return access(path, W_OK) == 0;
    errno = EACCES;
    return false;
}

static int open_file(struct ap_output *out, bool named)
{
    struct stat there;
    bool exists = stat(out->path, &there) == 0;

    if (exists && !S_ISREG(there.st_mode)) {
        out->direct = true;
        out->fd = open(out->path, O_WRONLY | O_CLOEXEC);
        return out->fd < 0 ? -1 : 0;
    }
    if (exists && !may_replace(out->path, there.st_mode))
        return -1;
    if ((named ? open_temporary(out) : open_nameless(out)) < 0)
        return -1;
    return fchmod(out->fd, exists ? there.st_mode & 0777 : usual_mode());
}

static int open_output(struct ap_output *out, const char *path, bool named,
                       cadre_error *err)
{
    int rc;

    *out = (struct ap_output){ .fd = -1, .path = path };
    out->real = realpath(path, NULL); /* a link stays; what it leads to is replaced */
    if (!out->real)
        out->real = strdup(path);
    if (!out->real)
        return ap_fail_memory(err, strlen(path));
    if (open_file(out, named) == 0)
        return CADRE_OK;
    rc = ap_fail_system(err, "write", path);
    ap_output_drop(out);
    return rc;
}

int ap_output_open(struct ap_output *out, const char *path, cadre_error *err)
{
    return open_output(out, path, false, err);
}

int ap_output_open_named(struct ap_output *out, const char *path, cadre_error *err)
{
    return open_output(out, path, true, err);
}

int ap_output_write(struct ap_output *out, const void *bytes, size_t size,
                    cadre_error *err)
{
    const char *at = bytes;

    while (size > 0) {
        ssize_t did = write(out->fd, at, size);

        if (did < 0 && errno == EINTR)
            continue;
        if (did < 0)
            return ap_fail_system(err, "write", out->path);
        at += did;
        size -= (size_t)did;
    }
    return CADRE_OK;
}

/* A link cannot take the place of a file, a renaming can. */
static int give_name(struct ap_output *out)
{
    char name[64];

    if (out->temporary)
        return 0;
    if (asprintf(&out->temporary, "%s.%d.new", out->real, (int)getpid()) < 0) {
        out->temporary = NULL;
        errno = ENOMEM;
        return -1;
    }
    snprintf(name, sizeof name, "/proc/self/fd/%d", out->fd);
    (void)unlink(out->temporary); /* of an earlier process with our number, if any */
    return linkat(AT_FDCWD, name, AT_FDCWD, out->temporary, AT_SYMLINK_FOLLOW);
}

int ap_output_commit(struct ap_output *out, cadre_error *err)
{
    int rc = out->direct ? 0 : give_name(out), fd = out->fd;

    out->fd = -1;
    if (close(fd) < 0)
        rc = -1;
    if (rc == 0 && !out->direct)
        rc = rename(out->temporary, out->real);
    rc = rc == 0 ? CADRE_OK : ap_fail_system(err, "write", out->path);
    if (rc == CADRE_OK) {
        ap_output_in_use = NULL;
        free(out->temporary); /* it has become the file */
        out->temporary = NULL;
    }
    ap_output_drop(out);
    return rc;
}

void ap_output_drop(struct ap_output *out)
{
    if (out->fd >= 0)
        close(out->fd);
    if (out->temporary)
        (void)unlink(out->temporary); /* gone is gone */
    ap_output_in_use = NULL;
    free(out->temporary);
    free(out->real);
    *out = (struct ap_output){ .fd = -1 };
}
