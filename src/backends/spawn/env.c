/* env.c - the environment that spawned workers are started with.
 * SPDX-License-Identifier: MIT
 *
 * That of the program, but that libraries which would start threads of their own in each
 * worker are told how many they may. Where the user has said less, that stays.
 */
#include "backends/spawn/spawn.h"
#include "base/alloc.h"
#include "machine/read.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const capped[] = {
    "OMP_NUM_THREADS",     "OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS",
    "MKL_NUM_THREADS",     "BLIS_NUM_THREADS",     "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS", "NUMBA_NUM_THREADS",    "RAYON_NUM_THREADS",
    "NUMEXPR_MAX_THREADS",
};

#define CAPPED (sizeof capped / sizeof capped[0])

struct cdr_env {
    size_t n;
    char *vars[]; /* all from malloc; the first is CADRE_WORKER's; NULL ends them */
};

/* What follows the name of a variable and "=", or NULL. */
static const char *value_of(const char *variable, const char *name)
{
    size_t size = strlen(name);

    if (strncmp(variable, name, size) != 0 || variable[size] != '=')
        return NULL;
    return variable + size + 1;
}

static bool is_low_enough(const char *value, unsigned threads)
{
    uint64_t said;

    return cdr_parse_number(&said, value, threads) && said > 0;
}

/* Whether workers have this variable as it is. */
static bool stays(const char *variable, unsigned threads, bool preload)
{
    const char *value;

    if (value_of(variable, CDR_SPAWN_VARIABLE) ||
        (preload && value_of(variable, "LD_PRELOAD")))
        return false;
    for (size_t k = 0; k < CAPPED; k++)
        if ((value = value_of(variable, capped[k])) != NULL)
            return is_low_enough(value, threads);
    return true;
}

/* Whether the user has set it to no more than it may be. */
static bool is_set_low(const char *name, unsigned threads)
{
    const char *value = getenv(name);

    return value && is_low_enough(value, threads);
}

/* The program may change its environment later, so the workers' is a copy. */
static bool add(struct cdr_env *s, const char *name, const char *value)
{
    size_t size = strlen(name) + strlen(value) + 2;
    char *variable = malloc(size);

    if (!variable)
        return false;
    snprintf(variable, size, "%s=%s", name, value);
    s->vars[s->n++] = variable;
    return true;
}

static bool add_preload(struct cdr_env *s)
{
    const char *old = getenv("LD_PRELOAD");
    size_t size = sizeof CDR_SPAWN_PRELOAD ":" + (old ? strlen(old) : 0);
    char *value = malloc(size);
    bool good;

    if (!value)
        return false;
    snprintf(value, size, "%s%s%s", CDR_SPAWN_PRELOAD, old && *old ? ":" : "",
             old ? old : "");
    good = add(s, "LD_PRELOAD", value);
    free(value);
    return good;
}

static bool fill(struct cdr_env *s, unsigned threads, bool preload)
{
    static const char room[] = "ddddddddddd:0123456789abcdef";
    char number[16];

    snprintf(number, sizeof number, "%u", threads);
    if (!add(s, CDR_SPAWN_VARIABLE, room) || (preload && !add_preload(s)))
        return false;
    for (size_t k = 0; k < CAPPED; k++)
        if (!is_set_low(capped[k], threads) && !add(s, capped[k], number))
            return false;
    for (char **v = environ; v && *v; v++)
        if (stays(*v, threads, preload) && (s->vars[s->n++] = strdup(*v)) == NULL)
            return false;
    return true;
}

struct cdr_env *cdr_env_make(unsigned threads, bool preload)
{
    struct cdr_env *s;
    size_t n = 0, size;

    while (environ && environ[n])
        n++;
    if (!cdr_array_size(&size, n + CAPPED + 3, sizeof s->vars[0]) ||
        !(s = calloc(1, sizeof *s + size)))
        return NULL;
    if (fill(s, threads ? threads : 1, preload))
        return s;
    cdr_env_free(s);
    return NULL;
}

void cdr_env_free(struct cdr_env *s)
{
    if (!s)
        return;
    for (size_t k = 0; k < s->n; k++)
        free(s->vars[k]);
    free(s);
}

char **cdr_env_for(struct cdr_env *s, uint64_t nonce)
{
    sprintf(s->vars[0], "%s=%d:%016" PRIx64, CDR_SPAWN_VARIABLE, CDR_SPAWN_SOCKET,
            nonce);
    return s->vars;
}
