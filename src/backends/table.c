/* table.c - the backends that come with cadre, by name.
 * SPDX-License-Identifier: MIT
 */
#include "backends/table.h"

#include <stddef.h>
#include <string.h>

static const struct {
    const char *name;
    const cadre_backend *backend;
} table[] = {
    { "serial", &cdr_serial_backend },
    { "sequential", &cdr_serial_backend },
    { "threads", &cdr_threads_backend },
    { "thread", &cdr_threads_backend },
    { "threading", &cdr_threads_backend },
    { "processes", &cdr_processes_backend },
    { "process", &cdr_processes_backend },
    { "multiprocessing", &cdr_processes_backend },
    { "loky", &cdr_processes_backend },
};

const cadre_backend *cdr_backend_find(const char *name)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (strcmp(name, table[i].name) == 0)
            return table[i].backend;
    return NULL;
}

const char *cdr_backend_names(void)
{
    return "auto, serial, threads, processes";
}
