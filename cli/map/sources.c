/* sources.c - where values come from: words, files, standard input.
 * SPDX-License-Identifier: MIT
 */
#include "cli/map/sources.h"
#include "cli/base/text.h"

#include <stdlib.h>
#include <string.h>

bool cdr_is_source_word(const char *word)
{
    return strcmp(word, ":::") == 0 || strcmp(word, ":::+") == 0 ||
           strcmp(word, "::::") == 0 || strcmp(word, "::::+") == 0;
}

static int end_byte(char *end, const struct cdr_input_options *set,
                    struct cdr_failure *why)
{
    static const struct {
        const char *text;
        char byte;
    } escapes[] = {
        { "\\n", '\n' }, { "\\t", '\t' }, { "\\0", '\0' }, { "\\r", '\r' }
    };
    char shown[CDR_SHOWN];

    *end = set->null ? '\0' : '\n';
    if (!set->delimiter)
        return 0;
    for (size_t i = 0; i < sizeof escapes / sizeof escapes[0]; i++)
        if (strcmp(set->delimiter, escapes[i].text) == 0) {
            *end = escapes[i].byte;
            return 0;
        }
    if (strlen(set->delimiter) != 1)
        return cdr_fails(
            why, CDR_EXIT_USAGE,
            "--delimiter is %s: expected one character, or \\n, \\t, \\r or "
            "\\0",
            cdr_quote(shown, set->delimiter));
    *end = *set->delimiter;
    return 0;
}

static struct cdr_values *add_source(struct cdr_sources *s)
{
    struct cdr_values *more = reallocarray(s->at, s->n + 1, sizeof *s->at);

    if (!more)
        return NULL;
    s->at = more;
    more[s->n] = (struct cdr_values){ .reader = { .fd = -1 } };
    return &more[s->n++];
}

static int add_file(struct cdr_sources *s, const char *path, bool linked,
                    const struct cdr_input_options *set, struct cdr_failure *why)
{
    struct cdr_values *v = add_source(s);
    char end;

    if (!v)
        return cdr_fails_memory(why);
    v->linked = linked;
    if (end_byte(&end, set, why))
        return why->code;
    return cdr_record_reader_open(&v->reader, path, end, why);
}

static int add_words(struct cdr_sources *s, const char *const *words, size_t n,
                     bool linked, struct cdr_failure *why)
{
    struct cdr_values *v = add_source(s);

    if (!v)
        return cdr_fails_memory(why);
    v->linked = linked;
    v->words = words;
    v->n_words = n;
    return 0;
}

/* The words from one ":::" to the next. */
static int add_sources(struct cdr_sources *s, const char *kind,
                       const char *const *words, size_t n,
                       const struct cdr_input_options *set, struct cdr_failure *why)
{
    bool linked = kind[strlen(kind) - 1] == '+';
    int rc = 0;

    if (strncmp(kind, "::::", 4) != 0)
        return add_words(s, words, n, linked, why);
    if (n == 0)
        return cdr_fails(why, CDR_EXIT_USAGE, "%s needs the name of a file", kind);
    for (size_t i = 0; i < n && rc == 0; i++)
        rc = add_file(s, words[i], linked, set, why);
    return rc;
}

int cdr_sources_open(struct cdr_sources *s, const struct cdr_input_options *set,
                     const char *const *words, size_t n, struct cdr_failure *why)
{
    int rc = 0;

    for (size_t i = 0; i < set->files.n && rc == 0; i++)
        rc = add_file(s, set->files.at[i], false, set, why);
    for (size_t i = 0; i < n && rc == 0;) {
        size_t end = i + 1;

        while (end < n && !cdr_is_source_word(words[end]))
            end++;
        rc = add_sources(s, words[i], words + i + 1, end - i - 1, set, why);
        i = end;
    }
    if (rc == 0 && s->n == 0)
        rc = add_file(s, "-", false, set, why);
    for (size_t i = 0; i < s->n; i++) {
        s->at[i].skip_blank = set->no_run_if_empty;
        s->at[i].eof = set->eof;
    }
    return rc;
}

void cdr_sources_close(struct cdr_sources *s)
{
    for (size_t i = 0; i < s->n; i++)
        cdr_record_reader_close(&s->at[i].reader);
    free(s->at);
    *s = (struct cdr_sources){ 0 };
}
