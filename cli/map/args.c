/* args.c - the arguments of one job.
 * SPDX-License-Identifier: MIT
 */
#include "cli/map/args.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static bool reserve(struct cdr_args *args, size_t size)
{
    size_t wanted = args->used + size + 1, room = args->room ? args->room : 64;
    void *more;

    if (args->n == args->places) {
        size_t places = args->places ? 2 * args->places : 4;

        more = reallocarray(args->at, places, sizeof *args->at);
        if (!more)
            return false;
        args->at = more;
        args->places = places;
    }
    if (wanted <= args->room)
        return true;
    if (size > SIZE_MAX / 4)
        return false;
    while (room < wanted)
        room *= 2;
    more = realloc(args->text, room);
    if (!more)
        return false;
    args->text = more;
    args->room = room;
    return true;
}

bool cdr_args_add(struct cdr_args *args, const char *text, size_t size)
{
    if (!reserve(args, size))
        return false;
    args->has_nul = args->has_nul || (size > 0 && memchr(text, '\0', size));
    args->at[args->n++] = args->used;
    if (size > 0)
        memcpy(args->text + args->used, text, size);
    args->used += size;
    args->text[args->used++] = '\0';
    return true;
}

bool cdr_args_add_all(struct cdr_args *args, const struct cdr_args *more)
{
    for (size_t i = 0; i < more->n; i++)
        if (!cdr_args_add(args, cdr_args_get(more, i), cdr_args_size(more, i)))
            return false;
    return true;
}

const char *cdr_args_get(const struct cdr_args *args, size_t i)
{
    return args->text + args->at[i];
}

size_t cdr_args_size(const struct cdr_args *args, size_t i)
{
    return (i + 1 < args->n ? args->at[i + 1] : args->used) - args->at[i] - 1;
}

void cdr_args_clear(struct cdr_args *args)
{
    args->n = args->used = 0;
    args->has_nul = false;
}

void cdr_args_free(struct cdr_args *args)
{
    free(args->text);
    free(args->at);
    *args = (struct cdr_args){ 0 };
}
