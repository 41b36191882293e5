/* worker_program.c - a program that a pool starts as its workers: it has the kernels.
 * SPDX-License-Identifier: MIT
 *
 * usage: worker_program [FILE]
 *
 * Once the pool is closed it writes to FILE what it was told: that all is well, and what
 * a second call of cadre_worker_main says.
 */
#include <cadre/worker.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int square(cadre_task *t, const void *item, void *result)
{
    int64_t x = *(const int64_t *)item;

    if (x < 0)
        return cadre_task_fail(t, 5, "%lld is negative", (long long)x);
    if (x == 666)
        _exit(9);
    *(int64_t *)result = x * x;
    return 0;
}

static int add(cadre_task *t, void *into, const void *from)
{
    (void)t;
    *(int64_t *)into += *(const int64_t *)from;
    return 0;
}

/* Who runs it, in words; and how often this process has. */
static int who(cadre_task *t, const void *item, void *result)
{
    int *state = cadre_task_state(t);
    char text[80];

    (void)item;
    *(int64_t *)result = getpid();
    snprintf(text, sizeof text, "%s %d", (const char *)cadre_task_shared(t), ++*state);
    return cadre_task_emit(t, text, strlen(text));
}

static int begin(cadre_task *t, void **state)
{
    (void)t;
    *state = calloc(1, sizeof(int));
    return *state ? 0 : 1;
}

static int resolve(void *arg, const void *name, size_t size, cadre_functions *out)
{
    const char *prefix = arg;
    size_t skip = strlen(prefix);

    if (size <= skip || memcmp(name, prefix, skip) != 0)
        return 1;
    name = (const char *)name + skip;
    size -= skip;
    if (size == 6 && memcmp(name, "square", size) == 0)
        *out = (cadre_functions){ .fn = square, .combine = add };
    else if (size == 3 && memcmp(name, "who", size) == 0)
        *out =
            (cadre_functions){ .fn = who, .worker_begin = begin, .worker_end = free };
    else
        return 1;
    return 0;
}

int main(int argc, char **argv)
{
    static char prefix[] = "test."; /* what all names begin with */
    cadre_error err;
    FILE *file;
    int rc;

    cadre_register_resolver(resolve, prefix);
    rc = cadre_worker_main(&err);
    if (rc) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    file = argc > 1 ? fopen(argv[1], "w") : NULL;
    if (!file)
        return argc > 1;
    rc = cadre_worker_main(&err);
    fprintf(file, "%s; then: %s", cadre_strerror(CADRE_OK), err.message);
    return fclose(file) || rc != CADRE_EINVAL;
}
