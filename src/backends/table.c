/* table.c - the backends that come with cadre, by name, and those that were registered.
 * SPDX-License-Identifier: MIT
 */
#include "backends/table.h"
#include "base/error.h"

#include <ctype.h>
#include <stdatomic.h>
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

/* ---- those that were registered ---- */

#define REGISTERED_MAX 8

/* Filled from the front, and never emptied: compare-exchange, acquire. */
static _Atomic(const cadre_backend *) registered[REGISTERED_MAX];

static const cadre_backend *find_registered(const char *name)
{
    for (int i = 0; i < REGISTERED_MAX; i++) {
        const cadre_backend *b =
            atomic_load_explicit(&registered[i], memory_order_acquire);
        if (!b || strcmp(b->name, name) == 0)
            return b;
    }
    return NULL;
}

static int check_registered(const cadre_backend *backend, cadre_error *err)
{
    if (!backend || backend->abi != CADRE_BACKEND_ABI)
        return cdr_fail(err, CADRE_EINVAL,
                        "a backend to be registered is for version %u of the contract, "
                        "this is %d",
                        backend ? backend->abi : 0, CADRE_BACKEND_ABI);
    if (!backend->name || !*backend->name || strcmp(backend->name, "auto") == 0)
        return cdr_fail(err, CADRE_EINVAL,
                        "a backend to be registered has no name of its own");
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (strcmp(backend->name, table[i].name) == 0)
            return cdr_fail(err, CADRE_EINVAL, "cadre itself has a backend \"%.60s\"",
                            backend->name);
    return CADRE_OK;
}

int cadre_backend_register(const cadre_backend *backend, cadre_error *err)
{
    int rc = check_registered(backend, err);

    if (rc)
        return rc;
    cdr_error_clear(err);
    for (int i = 0; i < REGISTERED_MAX; i++) {
        const cadre_backend *there = NULL;
        if (atomic_compare_exchange_strong(&registered[i], &there, backend) ||
            there == backend)
            return CADRE_OK;
        if (strcmp(there->name, backend->name) == 0)
            return cdr_fail(err, CADRE_EINVAL,
                            "another backend is registered as \"%.60s\"",
                            backend->name);
    }
    return cdr_fail(err, CADRE_EBUSY, "no more than %d backends can be registered",
                    REGISTERED_MAX);
}

const cadre_backend *cdr_backend_available(unsigned *workers)
{
    for (int i = 0; i < REGISTERED_MAX; i++) {
        const cadre_backend *b =
            atomic_load_explicit(&registered[i], memory_order_acquire);
        if (!b)
            break;
        *workers = b->available ? b->available() : 0;
        if (*workers > 0)
            return b;
    }
    return NULL;
}

const cadre_backend *cdr_backend_find(const char *name, bool persistent)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (strcmp(name, table[i].name) == 0)
            return persistent ? persistent_variant(table[i].backend) : table[i].backend;
    return find_registered(name);
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
