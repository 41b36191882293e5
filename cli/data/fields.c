/* fields.c - a field of a row as a label or a score.
 * SPDX-License-Identifier: MIT
 */
#include "cli/base/text.h"
#include "cli/data/number.h"
#include "cli/data/reading.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int wrong_value(struct cdr_reading *r, const char *text, uint64_t line,
                       const char *wrong, const char *for_what)
{
    char name[CDR_SHOWN], shown[CDR_SHOWN];

    if (r->fields == 0 && cdr_may_be_comment(text[0]) && !r->wanted->comment)
        return cdr_fails(r->why, CDR_EXIT_INPUT,
                         "%s:%" PRIu64 ": column %s: %s %s; is this line a comment? "
                         "--comment '%c'",
                         r->file, line, cdr_quote(name, r->data->header[0]),
                         cdr_quote(shown, text), wrong, text[0]);
    return cdr_fails(r->why, CDR_EXIT_INPUT, "%s:%" PRIu64 ": column %s: %s %s%s",
                     r->file, line, cdr_quote(name, r->data->header[r->fields]),
                     cdr_quote(shown, text), wrong, for_what);
}

static enum cdr_number parse(const struct cdr_reading *r, double *out, const char *text)
{
    return cdr_number_parse(out, text, r->wanted->decimal);
}

static bool has_other_sign(const struct cdr_reading *r, const char *text)
{
    char other = r->wanted->decimal == ',' ? '.' : ',';
    double value;

    return cdr_number_parse(&value, text, other) == CDR_NUMBER;
}

/* The remedy for a number with the other decimal sign; "": it has none. */
static const char *other_sign(const struct cdr_reading *r, const char *text)
{
    if (!has_other_sign(r, text))
        return "";
    return r->wanted->decimal == ',' ? ": the decimal sign is a comma (--decimal)"
                                     : "; is the decimal sign a comma? --decimal ,";
}

static int wrong_number(struct cdr_reading *r, const char *text, uint64_t line,
                        enum cdr_number what)
{
    char name[CDR_SHOWN];

    switch (what) {
    case CDR_MISSING:
        if (!cdr_is_blank(text))
            return wrong_value(r, text, line, "is a missing value", "");
        return cdr_fails(r->why, CDR_EXIT_INPUT,
                         "%s:%" PRIu64 ": column %s: the value is missing", r->file,
                         line, cdr_quote(name, r->data->header[r->fields]));
    case CDR_NOT_FINITE: return wrong_value(r, text, line, "is not finite", "");
    case CDR_TOO_LARGE: return wrong_value(r, text, line, "is too large", "");
    default: return wrong_value(r, text, line, "is not a number", other_sign(r, text));
    }
}

/* ---- labels ---- */

/* The text without the blanks around it; yours to free. */
static char *trimmed(const char *text)
{
    size_t length;

    text += strspn(text, " \t");
    length = strlen(text);
    while (length > 0 && strchr(" \t", text[length - 1]))
        length--;
    return strndup(text, length);
}

/* The same label: the same text, or the same number in another form. */
static bool is_label(const struct cdr_reading *r, const char *label, const char *text)
{
    double a, b;
    size_t length = strlen(label);

    text += strspn(text, " \t");
    if (strncmp(text, label, length) == 0 && cdr_is_blank(text + length))
        return true;
    return parse(r, &a, label) == CDR_NUMBER && parse(r, &b, text) == CDR_NUMBER &&
           a == b;
}

/* No label was the one named: "; did you mean "yes"?", if one is near. */
static const char *positive_hint(char out[2 * CDR_SHOWN], const struct cdr_reading *r,
                                 const char *text)
{
    const char *const labels[] = { r->data->negative, text };
    const char *near = cdr_nearest(r->wanted->positive, labels, text ? 2 : 1);
    char shown[CDR_SHOWN];

    out[0] = '\0';
    if (near && r->data->positives == 0)
        snprintf(out, 2 * CDR_SHOWN, "; did you mean --positive %s?",
                 cdr_quote(shown, near));
    return out;
}

static int third_label(struct cdr_reading *r, const char *text, uint64_t line)
{
    const struct cdr_data *d = r->data;
    char column[CDR_SHOWN], shown[CDR_SHOWN], yes[CDR_SHOWN], no[CDR_SHOWN];
    char hint[2 * CDR_SHOWN];

    return cdr_fails(r->why, CDR_EXIT_INPUT,
                     "%s:%" PRIu64 ": column %s: %s is a third label, beside %s "
                     "(--positive) and %s%s",
                     r->file, line, cdr_quote(column, d->header[r->fields]),
                     cdr_quote(shown, text), cdr_quote(yes, r->wanted->positive),
                     cdr_quote(no, d->negative), positive_hint(hint, r, text));
}

/* The label that was named, or the one other that there is. */
static int take_named_label(struct cdr_reading *r, const char *text, uint64_t line)
{
    struct cdr_data *d = r->data;
    double value;

    if (is_label(r, r->wanted->positive, text)) {
        d->labels[d->rows] = 1;
        d->positives++;
        return 0;
    }
    if (parse(r, &value, text) == CDR_MISSING)
        return wrong_number(r, text, line, CDR_MISSING);
    if (!d->negative && !(d->negative = trimmed(text)))
        return cdr_fails_memory(r->why);
    d->labels[d->rows] = 0;
    if (r->wanted->against_rest)
        return 0;
    return is_label(r, d->negative, text) ? 0 : third_label(r, text, line);
}

static int take_label(struct cdr_reading *r, const char *text, uint64_t line)
{
    struct cdr_data *d = r->data;
    double value;
    enum cdr_number what;

    if (r->wanted->positive)
        return take_named_label(r, text, line);
    what = parse(r, &value, text);
    if (what == CDR_MISSING)
        return wrong_number(r, text, line, what);
    if (what != CDR_NUMBER || (value != 0 && value != 1))
        return wrong_value(r, text, line, "is neither 0 nor 1",
                           "; --positive VALUE names the label that counts as 1");
    d->labels[d->rows] = value == 1;
    d->positives += value == 1;
    return 0;
}

int cdr_labels_check(struct cdr_reading *r)
{
    const struct cdr_data *d = r->data;
    char column[CDR_SHOWN], yes[CDR_SHOWN], no[CDR_SHOWN], hint[2 * CDR_SHOWN];
    const char *positive = r->wanted->positive;

    if (!positive || d->positives > 0)
        return 0;
    return cdr_fails(r->why, CDR_EXIT_INPUT,
                     "%s: column %s: no label is %s (--positive); all are %s%s",
                     r->file, cdr_quote(column, r->wanted->label),
                     cdr_quote(yes, positive), cdr_quote(no, d->negative),
                     positive_hint(hint, r, NULL));
}

/* ---- scores ---- */

static int take_score(struct cdr_reading *r, size_t score, const char *text,
                      uint64_t line)
{
    double *to = &r->data->scores[score].values[r->data->rows];
    enum cdr_number what = parse(r, to, text);

    if (what != CDR_NUMBER)
        return wrong_number(r, text, line, what);
    if (r->wanted->probability_for && (*to < 0 || *to > 1))
        return wrong_value(r, text, line, "is not a probability, as needed for ",
                           r->wanted->probability_for);
    return 0;
}

/* ---- columns beside ---- */

static int take_group(struct cdr_reading *r, size_t extra, const char *text,
                      uint64_t line)
{
    struct cdr_groups *g = &r->data->groups[extra - CDR_NUMBER_COLUMNS];
    char *name = trimmed(text);
    double value;
    bool good;

    if (!name)
        return cdr_fails_memory(r->why);
    if (parse(r, &value, name) == CDR_MISSING) {
        free(name);
        return wrong_number(r, text, line, CDR_MISSING);
    }
    good = cdr_groups_take(g, &g->of_row[r->data->rows], name);
    free(name);
    return good ? 0 : cdr_fails_memory(r->why);
}

static int take_extra(struct cdr_reading *r, size_t extra, const char *text,
                      uint64_t line)
{
    double *to;
    enum cdr_number what;

    if (extra >= CDR_NUMBER_COLUMNS)
        return take_group(r, extra, text, line);
    to = &r->data->numbers[extra][r->data->rows];
    what = parse(r, to, text);
    if (what != CDR_NUMBER)
        return wrong_number(r, text, line, what);
    if (extra == CDR_WEIGHT && *to < 0)
        return wrong_value(r, text, line, "is negative, and no weight", "");
    return 0;
}

/* The first row decides. */
static int settle(struct cdr_reading *r, struct cdr_slot *slot, const char *text)
{
    struct cdr_data *d = r->data;
    double value;

    if (parse(r, &value, text) != CDR_NO_NUMBER) {
        if (!cdr_reading_add_score(r, slot, d->header[r->fields]))
            return cdr_fails_memory(r->why);
        return 0;
    }
    slot->use = CDR_NOTHING;
    r->other_decimal = r->other_decimal || has_other_sign(r, text);
    if (!cdr_reading_grow(&d->left_out, d->n_left_out + 1, sizeof *d->left_out))
        return cdr_fails_memory(r->why);
    d->left_out[d->n_left_out++] = d->header[r->fields];
    return 0;
}

int cdr_field_take(struct cdr_reading *r, const char *text, uint64_t line)
{
    struct cdr_slot *slot = &r->slots[r->fields];

    if (r->data->rows == r->room && slot->use != CDR_NOTHING &&
        !cdr_reading_grow_rows(r))
        return cdr_fails_memory(r->why);
    if (slot->use == CDR_PERHAPS && settle(r, slot, text))
        return r->why->code;
    switch (slot->use) {
    case CDR_LABELS: return take_label(r, text, line);
    case CDR_SCORES: return take_score(r, slot->score, text, line);
    case CDR_EXTRA: return take_extra(r, slot->score, text, line);
    default: return 0;
    }
}
