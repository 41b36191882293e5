/* outputs.c - outputs that are too long for the database: files in a folder beside it.
 * SPDX-License-Identifier: MIT
 */
#include "cli/journal/outputs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE 65536

char *cdr_outputs_folder(const char *journal)
{
    char *folder;

    return asprintf(&folder, "%s.outputs", journal) < 0 ? NULL : folder;
}

char *cdr_output_name(const char *journal, int64_t id, int which)
{
    char *name;

    return asprintf(&name, "%s.outputs/%" PRId64 ".%s", journal, id,
                    which ? "err" : "out") < 0
               ? NULL
               : name;
}

static int make_folder(const char *journal)
{
    char *folder = cdr_outputs_folder(journal);
    int failed = folder ? 0 : ENOMEM;

    if (folder && mkdir(folder, 0777) < 0 && errno != EEXIST)
        failed = errno;
    free(folder);
    return failed;
}

int cdr_output_save(const char *journal, int64_t id, int which, struct cdr_held *held,
                    struct cdr_spool *spool)
{
    char *name = cdr_output_name(journal, id, which);
    int failed = name ? make_folder(journal) : ENOMEM, fd;

    fd = failed ? -1 : open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (!failed && fd < 0)
        failed = errno;
    if (!failed)
        failed = cdr_held_write(held, spool, fd);
    if (!failed && fsync(fd) < 0)
        failed = errno;
    if (fd >= 0 && close(fd) < 0 && !failed)
        failed = errno;
    free(name);
    return failed;
}

void cdr_outputs_remove(const char *journal)
{
    char *folder = cdr_outputs_folder(journal);
    DIR *entries = folder ? opendir(folder) : NULL;
    struct dirent *entry;

    while (entries && (entry = readdir(entries)))
        (void)unlinkat(dirfd(entries), entry->d_name, 0); /* not "." and ".." */
    if (entries)
        closedir(entries);
    if (folder)
        (void)rmdir(folder);
    free(folder);
}

static int load(int fd, uint64_t size, struct cdr_held *held, struct cdr_spool *spool)
{
    char *piece = malloc(PIECE);
    int failed = piece ? 0 : ENOMEM;
    ssize_t n = 1;

    while (!failed && n > 0) {
        n = read(fd, piece, PIECE);
        if (n < 0)
            failed = errno;
        else if (n > 0)
            failed = cdr_held_add(held, spool, piece, (size_t)n);
    }
    free(piece);
    return !failed && held->total != size ? EIO : failed;
}

int cdr_output_load(const char *journal, int64_t id, int which, uint64_t size,
                    struct cdr_held *held, struct cdr_spool *spool)
{
    char *name = cdr_output_name(journal, id, which);
    int fd = name ? open(name, O_RDONLY | O_CLOEXEC) : -1;
    int failed = fd >= 0 ? load(fd, size, held, spool) : name ? errno : ENOMEM;

    if (fd >= 0)
        close(fd);
    if (failed)
        cdr_held_clear(held, spool);
    free(name);
    return failed;
}
