/* replay.c - feed a target the files of a directory, in TAP.
 * SPDX-License-Identifier: MIT
 */
#include "target.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

static int is_file(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* In memory of just that size, so that a sanitizer or valgrind sees a byte too many. */
static int feed(const char *directory, const char *name)
{
    char path[4096];
    uint8_t *bytes = NULL;
    long size = -1;
    FILE *file;
    int ok = 0;

    snprintf(path, sizeof path, "%s/%s", directory, name);
    file = fopen(path, "rb");
    if (file && fseek(file, 0, SEEK_END) == 0)
        size = ftell(file);
    if (size >= 0)
        bytes = malloc(size > 0 ? (size_t)size : 1);
    if (bytes && fseek(file, 0, SEEK_SET) == 0)
        ok = fread(bytes, 1, (size_t)size, file) == (size_t)size;
    if (ok)
        LLVMFuzzerTestOneInput(bytes, (size_t)size);
    free(bytes);
    if (file)
        fclose(file);
    return ok;
}

int main(int argc, char **argv)
{
    struct dirent **names;
    int n, failed = 0;

    if (argc != 2)
        return fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]), 2;
    n = scandir(argv[1], &names, is_file, alphasort);
    if (n <= 0)
        return fprintf(stderr, "%s: %s\n", argv[1], n ? strerror(errno) : "no files"),
               1;
    printf("1..%d\n", n);
    for (int k = 0; k < n; k++) {
        int ok = feed(argv[1], names[k]->d_name);
        printf("%s %d - %s\n", ok ? "ok" : "not ok", k + 1, names[k]->d_name);
        fflush(stdout);
        failed += !ok;
        free(names[k]);
    }
    free(names);
    return failed > 0;
}
