/* table.c - the backends that come with cadre, by name.
 * SPDX-License-Identifier: MIT
 */
#include "backends/table.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

static const struct {
    const char *name;
    const cadre_backend *backend;
} table[] = {
    { "serial", &cdr_serial_backend },
    { "sequential", &cdr_serial_backend },
    { "synchronous", &cdr_serial_backend },
    { "threads", &cdr_threads_backend },
    { "thread", &cdr_threads_backend },
    { "threading", &cdr_threads_backend },
    { "multithreading", &cdr_threads_backend },
    { "processes", &cdr_processes_backend },
    { "process", &cdr_processes_backend },
    { "multiprocessing", &cdr_processes_backend },
    { "multiprocess", &cdr_processes_backend },
    { "multicore", &cdr_processes_backend },
    { "loky", &cdr_processes_backend },
};

/* Those that have a variant whose workers stay. */
static const cadre_backend *persistent_variant(const cadre_backend *backend)
{
    return backend == &cdr_processes_backend ? &cdr_persistent_backend : backend;
}

const cadre_backend *cdr_backend_find(const char *name, bool persistent)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (strcmp(name, table[i].name) == 0)
            return persistent ? persistent_variant(table[i].backend) : table[i].backend;
    return NULL;
}

bool cdr_backend_is_absent(const char *name)
{
    return strcmp(name, "mpi") == 0;
}

static bool is_letter(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Whether `a` can be had from `b` by changing, adding or leaving out at most `most`
 * letters, or by nothing but case. Names are short. */
static bool is_near(const char *a, const char *b, int most)
{
    while (*a && is_letter(*a, *b)) {
        a++;
        b++;
    }
    if (!*a && !*b)
        return true;
    if (most == 0)
        return false;
    return (*a && is_near(a + 1, b, most - 1)) || (*b && is_near(a, b + 1, most - 1)) ||
           (*a && *b && is_near(a + 1, b + 1, most - 1));
}

const char *cdr_backend_near(const char *name)
{
    if (is_near(name, "auto", 0))
        return "auto";
    for (int most = 0; most <= 2; most++)
        for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
            if (is_near(name, table[i].name, most))
                return table[i].name;
    return NULL;
}

const char *cdr_backend_names(void)
{
    return "auto, serial, threads, processes";
}
