/* code_id_peer.c - name functions, start this program again, and call them there.
 * SPDX-License-Identifier: MIT
 *
 * Built in every way that programs are. usage: code_id_peer [LIBRARY], which is opened at
 * run time, here and there. Then the other process runs `code_id_peer - [LIBRARY]` and has
 * the names as its standard input. Exits with 0 when all is as it should be.
 */
#include "code/code_id.h"

#ifndef PEER_STATIC
#include "code_id_library.h"
#include <dlfcn.h>
#else
typedef int number_fn(int x);
#endif
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST 4

static int minus_one(int x)
{
    return x - 1;
}

struct named {
    number_fn *fn;
    const char *what;
};

#ifndef PEER_STATIC
static number_fn *open_library(const char *path)
{
    void *library = path ? dlopen(path, RTLD_NOW) : NULL;
    void *symbol = library ? dlsym(library, "library_hidden") : NULL;
    number_fn *(*hidden)(void);

    if (path && !symbol) {
        fprintf(stderr, "%s\n", dlerror());
        exit(9);
    }
    memcpy(&hidden, &symbol, sizeof hidden);
    return symbol ? hidden() : NULL;
}
#else
static number_fn *open_library(const char *path)
{
    (void)path;
    return NULL;
}
#endif

/* What is to be called, here and there. */
static unsigned list(struct named *out, const char *path)
{
    unsigned n = 0;

    out[n++] = (struct named){ minus_one, "a static function" };
    out[n++] = (struct named){ abs, "a function of the C library" };
#ifndef PEER_STATIC
    out[n++] = (struct named){ library_thrice, "a function of a library" };
#endif
    if (path)
        out[n++] = (struct named){ open_library(path), "one from a library opened" };
    return n;
}

static int call(const struct cdr_code_id *name, const struct named *here)
{
    cadre_error err;
    cdr_code *code;

    if (cdr_code_id_find(&code, name, here->what, &err)) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    if (((number_fn *)code)(-20) != here->fn(-20)) {
        fprintf(stderr, "%s: not the same function\n", here->what);
        return 1;
    }
    return 0;
}

static int serve(const char *path)
{
    struct named here[MOST];
    unsigned n = list(here, path);
    struct cdr_code_id name;
    int failed = 0;

    for (unsigned k = 0; k < n; k++) {
        if (fread(&name, sizeof name, 1, stdin) != 1)
            return 2;
        failed |= call(&name, &here[k]);
    }
    return failed;
}

static void become(int input, const char *self, const char *path)
{
    char again[] = "-", *const args[] = { (char *)(uintptr_t)self, again,
                                          (char *)(uintptr_t)path, NULL };

    dup2(input, STDIN_FILENO);
    execv("/proc/self/exe", args);
    _exit(127);
}

int main(int n_args, char **args)
{
    bool again = n_args > 1 && strcmp(args[1], "-") == 0;
    const char *path = n_args > 1 + again ? args[1 + again] : NULL;
    struct cdr_code_id name[MOST];
    struct named here[MOST];
    int ends[2], status = 0;
    cadre_error err;
    unsigned n;
    pid_t pid;

    if (again)
        return serve(path);
    n = list(here, path);
    for (unsigned k = 0; k < n; k++) {
        if (cdr_code_id_name(&name[k], (cdr_code *)here[k].fn, here[k].what, &err)) {
            fprintf(stderr, "%s\n", err.message);
            return 3;
        }
    }
    if (pipe(ends) || (pid = fork()) < 0)
        return 4;
    if (pid == 0) {
        close(ends[1]);
        become(ends[0], args[0], path);
    }
    close(ends[0]);
    if (write(ends[1], name, n * sizeof *name) != (ssize_t)(n * sizeof *name))
        return 5;
    close(ends[1]);
    if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
        return 6;
    return WEXITSTATUS(status);
}
