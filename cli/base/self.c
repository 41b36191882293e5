/* self.c - the program as it was started, for who hands it over to another one.
 * SPDX-License-Identifier: MIT
 */
#include "cli/base/self.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char **arguments; /* written once, before there are threads */

void cdr_self_set(char **argv)
{
    arguments = argv;
}

/* The folder of this program's file, with the slash at its end. */
static bool own_folder(char folder[PATH_MAX])
{
    ssize_t n = readlink("/proc/self/exe", folder, PATH_MAX - 1);
    char *slash;

    folder[n > 0 ? n : 0] = '\0';
    slash = strrchr(folder, '/');
    if (!slash)
        return false;
    slash[1] = '\0';
    return true;
}

static void try_it(const char *folder, const char *under, const char *name)
{
    char path[PATH_MAX];

    if (snprintf(path, sizeof path, "%s%s%s", folder, under, name) < (int)sizeof path)
        execv(path, arguments);
}

int cdr_self_exec(const char *name)
{
    static const char installed[] = CADRE_LIBEXEC "/";
    char folder[PATH_MAX];
    int failed = ENOENT;

    if (arguments && own_folder(folder)) {
        try_it(*installed == '/' ? "" : folder, installed, name);
        if (errno != ENOENT)
            failed = errno;
        try_it(folder, "", name);
        if (errno != ENOENT)
            failed = errno;
    }
    return failed;
}
