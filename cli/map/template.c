/* template.c - the command with its replacement strings, and what comes of it for a job.
 * SPDX-License-Identifier: MIT
 *
 * Started directly, each word of the command is an argument, whatever is put in. A word
 * with {} in it becomes several where there are several arguments, as a shell would see
 * them: pre{}post becomes "prea", "bpost", or with -X "preapost", "prebpost".
 *
 * For a shell the command is one text, and what is put in is quoted. The text is taken
 * apart at white space all the same, for -X.
 */
#include "cli/map/template.h"
#include "cli/map/pieces.h"

#include <stdlib.h>
#include <string.h>

struct word {
    struct cdr_pieces pieces;
    bool repeats; /* a {} is in it */
};

struct cdr_template {
    char *source; /* the command, joined by spaces */
    char **copy;  /* of each word: pieces point into these */
    struct word *word;
    size_t n;
    bool shell, context, raw;
    bool replaces; /* something in it is replaced */
};

/* ---- parsing ---- */

static bool add_word(struct cdr_template *t, const char *text, size_t size,
                     const struct cdr_template_setting *set)
{
    struct word *words = reallocarray(t->word, t->n + 1, sizeof *words);
    char **copies;

    if (!words)
        return false;
    t->word = words;
    copies = reallocarray(t->copy, t->n + 1, sizeof *copies);
    if (!copies)
        return false;
    t->copy = copies;
    words[t->n] = (struct word){ .repeats = false };
    copies[t->n] = strndup(text, size);
    if (!copies[t->n++])
        return false;
    return cdr_pieces_parse(&words[t->n - 1].pieces, copies[t->n - 1], set->replace,
                            set->inputs);
}

static bool takes_arguments(struct cdr_template *t)
{
    bool some = false;

    for (size_t w = 0; w < t->n; w++)
        for (size_t i = 0; i < t->word[w].pieces.n; i++) {
            enum cdr_piece_kind kind = t->word[w].pieces.at[i].kind;

            some = some || kind != CDR_PIECE_TEXT;
            t->word[w].repeats = t->word[w].repeats || kind == CDR_PIECE_ALL;
        }
    return some;
}

/* A shell's text: runs of white space and of other bytes in turn, so that joining them
 * gives the text again. */
static bool add_runs(struct cdr_template *t, const char *text,
                     const struct cdr_template_setting *set)
{
    static const char space[] = " \t\n";

    while (*text) {
        size_t size = strspn(text, space);

        if (size == 0)
            size = strcspn(text, space);
        if (!add_word(t, text, size, set))
            return false;
        text += size;
    }
    return true;
}

static bool parse(struct cdr_template *t, const struct cdr_template_setting *set)
{
    const char *replace = set->replace ? set->replace : "{}";

    if (t->shell ? !add_runs(t, t->source, set) : false)
        return false;
    for (size_t i = 0; !t->shell && i < set->n_words; i++)
        if (!add_word(t, set->words[i], strlen(set->words[i]), set))
            return false;
    t->replaces = takes_arguments(t);
    if (t->replaces || set->no_arguments)
        return true;
    if (t->shell && t->n > 0 && !add_word(t, " ", 1, set))
        return false;
    if (!add_word(t, replace, strlen(replace), set))
        return false;
    return takes_arguments(t);
}

static int check_names(const struct cdr_template *t, const struct cdr_inputs *inputs,
                       struct cdr_failure *why)
{
    int rc = 0;

    for (size_t w = 0; w < t->n; w++)
        for (size_t i = 0; i < t->word[w].pieces.n && !rc; i++) {
            const struct cdr_piece *piece = &t->word[w].pieces.at[i];

            if (piece->kind == CDR_PIECE_ONE && piece->text)
                rc = cdr_inputs_check_name(inputs, piece->text, piece->size, why);
        }
    return rc;
}

static char *joined(const char *const *words, size_t n)
{
    struct cdr_buffer b = { 0 };

    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            cdr_buffer_add(&b, " ", 1);
        cdr_buffer_text(&b, words[i]);
    }
    cdr_buffer_add(&b, "", 1);
    if (b.failed)
        cdr_buffer_free(&b);
    return b.data;
}

int cdr_template_open(struct cdr_template **out, const struct cdr_template_setting *set,
                      struct cdr_failure *why)
{
    struct cdr_template *t = calloc(1, sizeof *t);
    int rc;

    *out = t;
    if (!t)
        return cdr_fails_memory(why);
    t->shell = set->shell;
    t->context = set->context;
    t->raw = set->raw;
    t->source = joined(set->words, set->n_words);
    rc = t->source && parse(t, set) ? check_names(t, set->inputs, why)
                                    : cdr_fails_memory(why);
    if (rc) {
        cdr_template_close(t);
        *out = NULL;
    }
    return rc;
}

int cdr_template_text(struct cdr_template **out, const char *text,
                      const struct cdr_template_setting *like, struct cdr_failure *why)
{
    struct cdr_template_setting set = { .words = &text,
                                        .n_words = 1,
                                        .replace = like->replace,
                                        .inputs = like->inputs,
                                        .no_arguments = true };

    return cdr_template_open(out, &set, why);
}

void cdr_template_close(struct cdr_template *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < t->n; i++) {
        cdr_pieces_free(&t->word[i].pieces);
        free(t->copy[i]);
    }
    free(t->word);
    free(t->copy);
    free(t->source);
    free(t);
}

/* ---- rendering ---- */

/* A job's words while they are put together. */
struct making {
    const struct cdr_template *t;
    const struct cdr_args *args;
    const struct cdr_place_of_job *place;
    struct cdr_args *words;
    struct cdr_buffer now; /* the word at hand; for a shell, all of it */
    bool failed;
};

static void put(struct making *m, const char *text, size_t size)
{
    if (m->t->shell && !m->t->raw)
        cdr_buffer_quoted(&m->now, text, size);
    else
        cdr_buffer_add(&m->now, text, size);
}

static void end_word(struct making *m)
{
    if (m->t->shell) {
        cdr_buffer_add(&m->now, " ", 1);
        return;
    }
    m->failed = m->failed ||
                !cdr_args_add(m->words, m->now.data ? m->now.data : "", m->now.size);
    m->now.size = 0;
}

static void put_argument(struct making *m, const struct cdr_piece *piece, size_t i)
{
    size_t size = cdr_args_size(m->args, i);
    const char *text = cdr_part_of(piece->part, cdr_args_get(m->args, i), &size);

    put(m, text, size);
}

/* {}: `only` is the one argument that is meant, or -1 for all of them. */
static void put_all(struct making *m, const struct cdr_piece *piece, long only)
{
    for (size_t i = 0; i < m->args->n; i++) {
        if (only >= 0 && i != (size_t)only)
            continue;
        if (only < 0 && i > 0)
            end_word(m);
        put_argument(m, piece, i);
    }
}

static void put_piece(struct making *m, const struct cdr_piece *piece, long only)
{
    const char *text;
    size_t size;

    switch (piece->kind) {
    case CDR_PIECE_TEXT: cdr_buffer_add(&m->now, piece->text, piece->size); break;
    case CDR_PIECE_ALL: put_all(m, piece, only); break;
    case CDR_PIECE_ONE:
        text = cdr_piece_argument(piece, m->args, &size);
        if (text)
            put(m, text, size);
        break;
    case CDR_PIECE_SEQ: cdr_buffer_count(&m->now, m->place->seq); break;
    case CDR_PIECE_SLOT: cdr_buffer_count(&m->now, m->place->slot); break;
    }
}

static void put_word(struct making *m, const struct word *w, long only)
{
    for (size_t i = 0; i < w->pieces.n; i++)
        put_piece(m, &w->pieces.at[i], only);
}

/* A word that is {} alone, or one of -X, comes once for each argument; so not at all where
 * there is none. */
static void make_word(struct making *m, const struct word *w)
{
    if (!w->repeats || !m->t->context) {
        bool nothing = w->repeats && w->pieces.n == 1 && m->args->n == 0;

        put_word(m, w, -1);
        if (!m->t->shell && !nothing)
            end_word(m);
        return;
    }
    for (size_t i = 0; i < m->args->n; i++) {
        if (m->t->shell && i > 0)
            end_word(m);
        put_word(m, w, (long)i);
        if (!m->t->shell)
            end_word(m);
    }
}

bool cdr_template_words(const struct cdr_template *t, const struct cdr_args *args,
                        const struct cdr_place_of_job *place, struct cdr_args *words)
{
    struct making m = { .t = t, .args = args, .place = place, .words = words };

    cdr_args_clear(words);
    for (size_t i = 0; i < t->n; i++)
        make_word(&m, &t->word[i]);
    if (t->shell)
        m.failed = !cdr_args_add(words, m.now.data ? m.now.data : "", m.now.size);
    m.failed = m.failed || m.now.failed;
    cdr_buffer_free(&m.now);
    return !m.failed;
}

bool cdr_template_replaces(const struct cdr_template *t)
{
    return t->replaces;
}

bool cdr_template_is_shell(const struct cdr_template *t)
{
    return t->shell;
}

size_t cdr_template_length(const struct cdr_template *t, const struct cdr_args *args)
{
    struct cdr_place_of_job place = { .seq = 1000000, .slot = 10 };
    struct cdr_args words = { 0 };
    size_t length = cdr_template_words(t, args, &place, &words) ? words.used : SIZE_MAX;

    cdr_args_free(&words);
    return length;
}

void cdr_template_source(const struct cdr_template *t, struct cdr_buffer *out)
{
    cdr_buffer_text(out, t->source);
}
