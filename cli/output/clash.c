/* clash.c - files that are read and written at once, or written twice.
 * SPDX-License-Identifier: MIT
 *
 * Files that exist are one if their device and number say so, which sees through links;
 * files yet to be made, if their folder is one and their name the same. Terminals, pipes
 * and devices may be shared.
 */
#include "cli/output/clash.h"
#include "cli/base/text.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct place {
    const char *what; /* for messages */
    const char *path; /* NULL: a standard file */
    const char *name; /* within its folder */
    bool there;       /* a regular file, and `file` says which */
    bool is_new;      /* no file yet, and `file` is its folder */
    struct stat file;
};

/* The folder that a file is to be made in. */
static bool find_folder(struct place *p, const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    bool found = folder && stat(folder, &p->file) == 0;

    p->name = slash ? slash + 1 : path;
    free(folder);
    return found;
}

static struct place find(const struct cdr_clash_file *file)
{
    struct place p = { .what = file->what };
    const char *path = file->path;

    if (!path || strcmp(path, "-") == 0) {
        p.there = file->standard >= 0 && fstat(file->standard, &p.file) == 0 &&
                  S_ISREG(p.file.st_mode);
        return p;
    }
    p.path = path;
    if (stat(path, &p.file) == 0)
        p.there = S_ISREG(p.file.st_mode);
    else
        p.is_new = find_folder(&p, path);
    return p;
}

static bool are_one(const struct place *a, const struct place *b)
{
    if (a->file.st_dev != b->file.st_dev || a->file.st_ino != b->file.st_ino)
        return false;
    return (a->there && b->there) ||
           (a->is_new && b->is_new && strcmp(a->name, b->name) == 0);
}

static int refuse(const struct place *a, const struct place *b, struct cdr_failure *why)
{
    const char *path = b->path ? b->path : a->path;
    char shown[CDR_SHOWN];

    return cdr_fails(why, CDR_EXIT_USAGE,
                     "%s is both %s and %s: nothing has been written; choose another "
                     "file",
                     path ? cdr_quote(shown, path) : "one file", a->what, b->what);
}

int cdr_clash_check(const struct cdr_clash_file *files, size_t n,
                    struct cdr_failure *why)
{
    struct place *places = calloc(n + 1, sizeof *places);
    int rc = 0;

    if (!places)
        return cdr_fails_memory(why);
    for (size_t i = 0; i < n; i++)
        places[i] = find(&files[i]);
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n && !rc; j++)
            if ((files[i].written || files[j].written) &&
                are_one(&places[i], &places[j]))
                rc = refuse(&places[i], &places[j], why);
    free(places);
    return rc;
}
