/* temporary.c - a file without a name, for what memory has no room for.
 * SPDX-License-Identifier: MIT
 */
#include "memory/temporary.h"
#include "base/descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#define PATH_ROOM 4096

/* For file systems and kernels that do not make files without a name. */
static int open_and_unlink(const char *directory)
{
    char path[PATH_ROOM];
    int n = snprintf(path, sizeof path, "%s/cadre-XXXXXX", directory), fd;

    if (n < 0 || n >= (int)sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        unlink(path); /* one that stays is a nuisance, and no failure */
    return fd;
}

static int open_in(const char *directory)
{
    int fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL))
        fd = open_and_unlink(directory);
    return cdr_fd_own(fd);
}

int cdr_temporary_open(void)
{
    const char *named = secure_getenv("TMPDIR");
    int fd = named && *named == '/' ? open_in(named) : -1;

    if (fd < 0)
        fd = open_in("/var/tmp");
    if (fd < 0)
        fd = open_in("/tmp");
    return fd >= 0 ? fd : cdr_fd_own(memfd_create("cadre", MFD_CLOEXEC));
}

bool cdr_file_may_reach(uint64_t size)
{
    struct rlimit limit;

    return size <= INT64_MAX &&
           (getrlimit(RLIMIT_FSIZE, &limit) || limit.rlim_cur == RLIM_INFINITY ||
            size <= limit.rlim_cur);
}
