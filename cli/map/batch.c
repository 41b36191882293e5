/* batch.c - how many arguments a job gets: one tuple, N of them, or as many as fit.
 * SPDX-License-Identifier: MIT
 */
#include "cli/map/batch.h"
#include "cli/base/text.h"

#define LONGEST 131000 /* Linux allows 131071 for one argument */

static int wrong(struct cdr_failure *why, const char *option, const char *text,
                 const char *expected)
{
    char shown[CDR_SHOWN];

    return cdr_fails(why, CDR_EXIT_USAGE, "--%s is %s: expected %s", option,
                     cdr_quote(shown, text), expected);
}

static int read_count(uint64_t *out, const char *option, const char *text,
                      uint64_t least, struct cdr_failure *why)
{
    if (text && (!cdr_parse_count(out, text) || *out < least))
        return wrong(why, option, text,
                     least ? "a whole number, 1 or more" : "a whole number");
    return 0;
}

int cdr_batch_init(struct cdr_batch *b, const struct cdr_command_options *set,
                   struct cdr_failure *why)
{
    uint64_t replace = 1, longest = LONGEST;
    int rc = read_count(&b->most, "max-args", set->max_args, 1, why);

    if (!rc)
        rc = read_count(&replace, "max-replace-args", set->replace_args, 0, why);
    if (!rc && set->max_lines) {
        b->by_tuple = true;
        rc = read_count(&b->most, "max-lines", set->max_lines, 1, why);
    }
    if (!rc)
        rc = read_count(&longest, "max-chars", set->max_chars, 1, why);
    if (set->replace_args)
        b->most = replace;
    b->none = set->replace_args && replace == 0;
    b->fill = set->many || set->context;
    b->longest = longest < LONGEST ? longest : LONGEST;
    return rc;
}

/* See to it that there is an argument to be used. 0, CDR_NO_MORE or an exit code. */
static int look(struct cdr_batch *b, struct cdr_failure *why)
{
    int rc = 0;

    while (rc == 0 && b->used == b->tuple.n) {
        rc = b->ended ? CDR_NO_MORE : cdr_inputs_next(b->inputs, &b->tuple, why);
        b->used = 0;
        if (rc)
            b->tuple.n = 0;
        b->ended = rc == CDR_NO_MORE;
    }
    return rc;
}

static int take(struct cdr_batch *b, struct cdr_args *args, struct cdr_failure *why)
{
    size_t i = b->used++;

    if (!cdr_args_add(args, cdr_args_get(&b->tuple, i), cdr_args_size(&b->tuple, i)))
        return cdr_fails_memory(why);
    return 0;
}

/* So many arguments, or what there is. */
static int take_some(struct cdr_batch *b, struct cdr_args *args,
                     struct cdr_failure *why)
{
    int rc = 0;

    while (args->n < b->most && (rc = look(b, why)) == 0)
        if ((rc = take(b, args, why)) != 0)
            return rc;
    return rc == CDR_NO_MORE && args->n > 0 ? 0 : rc;
}

/* All of a tuple at once: the lists change places. */
static void take_all(struct cdr_batch *b, struct cdr_args *args)
{
    struct cdr_args empty = *args;

    *args = b->tuple;
    b->tuple = empty;
    b->used = 0;
}

static int take_tuples(struct cdr_batch *b, struct cdr_args *args, uint64_t most,
                       struct cdr_failure *why)
{
    int rc = 0;

    for (uint64_t i = 0; i < most && (rc = look(b, why)) == 0; i++) {
        if (args->n == 0 && b->used == 0)
            take_all(b, args);
        while (rc == 0 && b->used < b->tuple.n)
            rc = take(b, args, why);
    }
    return rc == CDR_NO_MORE && args->n > 0 ? 0 : rc;
}

/* What one argument adds to the command's length. */
static size_t length_of(const struct cdr_batch *b, size_t empty, struct cdr_args *one,
                        const char *text, size_t size)
{
    size_t length;

    cdr_args_clear(one);
    if (!cdr_args_add(one, text, size))
        return SIZE_MAX;
    length = cdr_template_length(b->command, one);
    return length > empty ? length - empty : 1;
}

/* As many as fit. *full: more would not have, or were not to be. */
static int take_what_fits(struct cdr_batch *b, struct cdr_args *args, bool *full,
                          struct cdr_failure *why)
{
    struct cdr_args one = { 0 };
    size_t empty = cdr_template_length(b->command, &one), length = empty;
    int rc = 0;

    *full = false;
    while (!*full && (rc = look(b, why)) == 0) {
        size_t more = length_of(b, empty, &one, cdr_args_get(&b->tuple, b->used),
                                cdr_args_size(&b->tuple, b->used));

        *full = args->n > 0 && (length >= b->longest || more > b->longest - length ||
                                (b->most > 0 && args->n == b->most));
        if (*full)
            break;
        length = more > SIZE_MAX - length ? SIZE_MAX : length + more;
        if ((rc = take(b, args, why)) != 0)
            break;
    }
    cdr_args_free(&one);
    return rc == CDR_NO_MORE && args->n > 0 ? 0 : rc;
}

/* The next share of the last arguments. */
static int take_share(struct cdr_batch *b, struct cdr_args *args,
                      struct cdr_failure *why)
{
    for (size_t i = 0; i < b->share && b->rest_used < b->rest.n; i++, b->rest_used++)
        if (!cdr_args_add(args, cdr_args_get(&b->rest, b->rest_used),
                          cdr_args_size(&b->rest, b->rest_used)))
            return cdr_fails_memory(why);
    return 0;
}

static int fill(struct cdr_batch *b, struct cdr_args *args, struct cdr_failure *why)
{
    bool full;
    int rc;

    if (b->rest_used < b->rest.n)
        return take_share(b, args, why);
    rc = take_what_fits(b, args, &full, why);
    if (rc || full || b->most > 0 || b->jobs < 2)
        return rc;
    cdr_args_clear(&b->rest);
    b->rest_used = 0;
    if (!cdr_args_add_all(&b->rest, args))
        return cdr_fails_memory(why);
    b->share = (b->rest.n + b->jobs - 1) / b->jobs;
    cdr_args_clear(args);
    return take_share(b, args, why);
}

int cdr_batch_next(struct cdr_batch *b, struct cdr_args *args, struct cdr_failure *why)
{
    int rc;

    cdr_args_clear(args);
    if (b->none) {
        rc = look(b, why);
        b->used = b->tuple.n;
        return rc;
    }
    if (b->fill)
        return fill(b, args, why);
    if (b->most == 0 || b->by_tuple)
        return take_tuples(b, args, b->most ? b->most : 1, why);
    return take_some(b, args, why);
}

bool cdr_batch_is_tuple(const struct cdr_batch *b)
{
    return b->none || (!b->fill && b->most == 0);
}

void cdr_batch_free(struct cdr_batch *b)
{
    cdr_args_free(&b->tuple);
    cdr_args_free(&b->rest);
}
