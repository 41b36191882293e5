/* source_values.c - the values of one source, one after another.
 * SPDX-License-Identifier: MIT
 */
#include "cli/map/source_values.h"

#include <string.h>

static int next(struct cdr_values *v, const char **value, size_t *size,
                struct cdr_failure *why)
{
    if (!v->words)
        return cdr_record_reader_next(&v->reader, value, size, why);
    if (v->next == v->n_words)
        return CDR_NO_MORE;
    *value = v->words[v->next++];
    *size = strlen(*value);
    return 0;
}

static bool is_blank(const char *value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (!strchr(" \t\r\n\v\f", value[i]))
            return false;
    return true;
}

static bool is_eof(const struct cdr_values *v, const char *value, size_t size)
{
    return v->eof && strlen(v->eof) == size && memcmp(v->eof, value, size) == 0;
}

int cdr_values_next(struct cdr_values *v, const char **value, size_t *size,
                    struct cdr_failure *why)
{
    int rc = v->ended ? CDR_NO_MORE : next(v, value, size, why);

    while (rc == 0 && v->skip_blank && is_blank(*value, *size))
        rc = next(v, value, size, why);
    if (rc == 0 && is_eof(v, *value, *size))
        rc = CDR_NO_MORE;
    v->ended = v->ended || rc != 0;
    return rc;
}

int cdr_values_all(struct cdr_values *v, struct cdr_args *all, struct cdr_failure *why)
{
    const char *value;
    size_t size;
    int rc;

    while ((rc = cdr_values_next(v, &value, &size, why)) == 0)
        if (!cdr_args_add(all, value, size))
            return cdr_fails_memory(why);
    return rc == CDR_NO_MORE ? 0 : rc;
}
