/* early_interrupt.c - put before the program's libraries: Ctrl-C comes as a run is about to begin.
 * SPDX-License-Identifier: MIT
 */
#include <cadre/cadre.h>
#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

typedef int map_function(cadre_pool *pool, const cadre_job *job, cadre_error *err);

/* In the place of libcadre's: the first time, just before. */
__attribute__((visibility("default"))) int
cadre_map(cadre_pool *pool, const cadre_job *job, cadre_error *err)
{
    static int calls;
    void *real = dlsym(RTLD_NEXT, "cadre_map");
    map_function *go_on;

    if (!real)
        abort();
    memcpy(&go_on, &real, sizeof go_on);
    if (calls++ == 0)
        raise(SIGINT);
    return go_on(pool, job, err);
}
