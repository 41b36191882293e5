/* fit.c - text that is too long: an ellipsis for what tells least.
 * SPDX-License-Identifier: MIT
 *
 * A text is cut at what a reader sees as characters, never between a letter and its
 * accent. Each character has a rank, and the best that fit are kept. In a text by itself
 * the ends rank best. Among names that would look alike, what differs ranks best:
 *
 *      model_2026_resnet50_seed1_calibrated        mod...resnet50...ted
 *      model_2026_vgg16_seed1_calibrated           model...vgg16...rated
 *
 * Names that still look alike are ranked anew, by what differs among those alone.
 */
#include "plot/pen.h"

#include <pango/pango.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DOTS   "\u2026"
#define ROUNDS 3 /* of ranking anew, before names are numbered */
#define WORD   8 /* characters by which a difference grows to whole words */

/* Where the characters of a text begin, and in which order they are kept. */
struct cut {
    const char *text;
    size_t n;
    size_t *at;    /* n + 1 bytes' places */
    size_t *order; /* the characters, most wanted first */
    bool *kept;
};

/* ---- characters ---- */

static void free_cut(struct cut *c)
{
    free(c->at);
    free(c->order);
    free(c->kept);
    *c = (struct cut){ 0 };
}

/* The text must be UTF-8. */
static bool find_characters(struct cut *c)
{
    int letters = (int)g_utf8_strlen(c->text, -1);
    PangoLogAttr *attrs = calloc((size_t)letters + 1, sizeof *attrs);
    const char *p = c->text;

    if (!attrs)
        return false;
    pango_get_log_attrs(c->text, (int)strlen(c->text), -1, pango_language_get_default(),
                        attrs, letters + 1);
    for (int i = 0; i < letters; i++, p = g_utf8_offset_to_pointer(p, 1))
        if (i == 0 || attrs[i].is_cursor_position)
            c->at[c->n++] = (size_t)(p - c->text);
    c->at[c->n] = strlen(c->text);
    free(attrs);
    return true;
}

static bool make_cut(struct cut *c, const char *text)
{
    size_t room = strlen(text) + 1;

    *c = (struct cut){ .text = text };
    c->at = calloc(room, sizeof *c->at);
    c->order = calloc(room, sizeof *c->order);
    c->kept = calloc(room, sizeof *c->kept);
    return c->at && c->order && c->kept && find_characters(c);
}

static bool same_character(const struct cut *a, size_t i, const struct cut *b, size_t k)
{
    size_t size = a->at[i + 1] - a->at[i];

    return size == b->at[k + 1] - b->at[k] &&
           memcmp(a->text + a->at[i], b->text + b->at[k], size) == 0;
}

/* ---- ranks ---- */

/* Append [from, to) from its ends inwards, less what is ranked already. */
static size_t rank_ends(struct cut *c, size_t ranked, size_t from, size_t to)
{
    while (from < to) {
        if (!c->kept[from]) {
            c->kept[from] = true;
            c->order[ranked++] = from;
        }
        if (from < --to && !c->kept[to]) {
            c->kept[to] = true;
            c->order[ranked++] = to;
        }
        from++;
    }
    return ranked;
}

static bool in_word(const struct cut *c, size_t i)
{
    return g_unichar_isalnum(g_utf8_get_char(c->text + c->at[i]));
}

/* What lies in [from, to) ranks first, then the rest of its words, then the ends. */
static void rank(struct cut *c, size_t from, size_t to)
{
    size_t first = from, last = to, ranked;

    while (first > 0 && from - first < WORD && in_word(c, first - 1))
        first--;
    while (last < c->n && last - to < WORD && in_word(c, last))
        last++;
    memset(c->kept, 0, c->n * sizeof *c->kept);
    ranked = rank_ends(c, 0, from, to);
    ranked = rank_ends(c, ranked, first, last);
    rank_ends(c, ranked, 0, c->n);
}

/* Keep the k best, and write what comes of it; `out` has room for the text and an
 * ellipsis for each of its characters. One lone character needs no ellipsis. */
static void write_best(struct cut *c, size_t k, char *out)
{
    size_t used = 0;
    bool dots = false;

    memset(c->kept, 0, c->n * sizeof *c->kept);
    for (size_t i = 0; i < k && i < c->n; i++)
        c->kept[c->order[i]] = true;
    for (size_t i = 0; i < c->n; i++) {
        bool lone = k > 0 && !c->kept[i] && (i == 0 || c->kept[i - 1]) &&
                    (i + 1 == c->n || c->kept[i + 1]);

        if (c->kept[i] || lone) {
            memcpy(out + used, c->text + c->at[i], c->at[i + 1] - c->at[i]);
            used += c->at[i + 1] - c->at[i];
        } else if (!dots) {
            memcpy(out + used, DOTS, strlen(DOTS));
            used += strlen(DOTS);
        }
        dots = !c->kept[i] && !lone;
    }
    out[used] = '\0';
}

/* The most characters that fit, with `end` behind them. NULL without memory. */
static char *write_fitting(cairo_t *cr, const struct cdr_style *style, struct cut *c,
                           double width, const char *end)
{
    size_t low = 0, high = c->n + 1, room = strlen(c->text) + c->n * strlen(DOTS) + 1;
    char *out = malloc(room + strlen(end));

    while (out && high - low > 1) {
        size_t middle = low + (high - low) / 2;

        /* All of it is the likeliest. */
        middle = high == c->n + 1 && low == 0 ? c->n : middle;
        write_best(c, middle, out);
        strcat(out, end);
        if (cdr_pen_width(cr, style, out) <= width)
            low = middle;
        else
            high = middle;
    }
    if (out) {
        write_best(c, low > 0 ? low : 1, out);
        strcat(out, end);
    }
    return out;
}

static char *fit_valid(cairo_t *cr, const struct cdr_style *style, const char *text,
                       double width)
{
    struct cut c;
    char *out = NULL;

    if (make_cut(&c, text)) {
        rank(&c, 0, c.n);
        out = write_fitting(cr, style, &c, width, "");
    }
    free_cut(&c);
    return out;
}

char *cdr_pen_fit(cairo_t *cr, const struct cdr_style *style, const char *text,
                  double width)
{
    char *valid = g_utf8_make_valid(text, -1);
    char *out = fit_valid(cr, style, valid, width);

    g_free(valid);
    return out;
}

/* ---- names that are seen together ---- */

struct entry {
    size_t place;    /* in the caller's list, from 0 */
    char *name;      /* UTF-8, of g_malloc */
    char *shown;     /* of malloc */
    struct cut *cut; /* of those that are cut, else NULL */
};

struct names {
    cairo_t *cr;
    const struct cdr_style *style;
    double width;
    struct entry *entries;
    size_t n;
};

static int by_name(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    int order = strcmp(x->name, y->name);

    return order ? order : (x->place > y->place) - (x->place < y->place);
}

static int by_shown(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    int order = strcmp(x->shown, y->shown);

    return order ? order : by_name(a, b);
}

/* Where those that look like entries[i] end; `differ`: they are not all one name. */
static size_t end_of_group(const struct names *s, size_t i, bool *differ)
{
    size_t k = i + 1;

    *differ = false;
    for (; k < s->n && strcmp(s->entries[k].shown, s->entries[i].shown) == 0; k++)
        *differ = *differ || strcmp(s->entries[k].name, s->entries[i].name) != 0;
    return k;
}

static bool show(struct names *s, struct entry *e, const char *end)
{
    char *shown = write_fitting(s->cr, s->style, e->cut, s->width, end);

    if (!shown)
        return false;
    free(e->shown);
    e->shown = shown;
    return true;
}

static bool show_first(struct names *s, struct entry *e)
{
    e->cut = calloc(1, sizeof *e->cut);
    if (!e->cut || !make_cut(e->cut, e->name))
        return false;
    rank(e->cut, 0, e->cut->n);
    return show(s, e, "");
}

/* Rank what differs among entries[from..to) before what all of them have. */
static bool show_difference(struct names *s, size_t from, size_t to)
{
    const struct cut *a = s->entries[from].cut;
    size_t head = a->n, tail = a->n;

    for (size_t i = from + 1; i < to; i++) {
        const struct cut *b = s->entries[i].cut;
        size_t k = 0, most;

        while (k < head && k < b->n && same_character(a, k, b, k))
            k++;
        head = k;
        most = (a->n < b->n ? a->n : b->n) - head;
        most = most < tail ? most : tail;
        for (k = 0; k < most && same_character(a, a->n - 1 - k, b, b->n - 1 - k);)
            k++;
        tail = k;
    }
    for (size_t i = from; i < to; i++) {
        struct cut *c = s->entries[i].cut;
        size_t last = c->n - (tail < c->n - head ? tail : c->n - head);

        rank(c, head, last);
        if (!show(s, &s->entries[i], ""))
            return false;
    }
    return true;
}

static bool number(struct names *s, size_t from, size_t to)
{
    char end[40];

    for (size_t i = from; i < to; i++) {
        snprintf(end, sizeof end, " (%zu)", s->entries[i].place + 1);
        if (!show(s, &s->entries[i], end))
            return false;
    }
    return true;
}

/* Treat each group that looks alike. *again: there was one. */
static bool part_groups(struct names *s,
                        bool (*part)(struct names *s, size_t from, size_t to),
                        bool *again)
{
    bool differ;

    *again = false;
    qsort(s->entries, s->n, sizeof *s->entries, by_shown);
    for (size_t i = 0, end; i < s->n; i = end) {
        end = end_of_group(s, i, &differ);
        *again = *again || differ;
        if (differ && !part(s, i, end))
            return false;
    }
    return true;
}

static bool fit_all(struct names *s)
{
    bool again = true;

    for (size_t i = 0; i < s->n; i++)
        if (!show_first(s, &s->entries[i]))
            return false;
    for (int round = 0; round < ROUNDS && again; round++)
        if (!part_groups(s, show_difference, &again))
            return false;
    return !again || part_groups(s, number, &again);
}

static void close_names(struct names *s)
{
    for (size_t i = 0; s->entries && i < s->n; i++) {
        struct entry *e = &s->entries[i];

        if (e->cut)
            free_cut(e->cut);
        free(e->cut);
        free(e->shown);
        g_free(e->name);
    }
    free(s->entries);
}

bool cdr_pen_fit_names(cairo_t *cr, const struct cdr_style *style,
                       const char *const *names, size_t n, double width, char **out)
{
    struct names s = { .cr = cr, .style = style, .width = width, .n = n };
    bool done;

    memset(out, 0, n * sizeof *out);
    s.entries = calloc(n ? n : 1, sizeof *s.entries);
    for (size_t i = 0; s.entries && i < n; i++)
        s.entries[i] =
            (struct entry){ .place = i, .name = g_utf8_make_valid(names[i], -1) };
    done = s.entries && fit_all(&s);
    for (size_t i = 0; done && i < n; i++) {
        out[s.entries[i].place] = s.entries[i].shown;
        s.entries[i].shown = NULL;
    }
    close_names(&s);
    return done;
}
