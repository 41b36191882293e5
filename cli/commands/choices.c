/* choices.c - operating points as users ask for them.
 * SPDX-License-Identifier: MIT
 */
#include "cli/commands/choices.h"
#include "cli/base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool needs_target(int kind)
{
    return kind == CADRE_TARGET_RECALL || kind == CADRE_TARGET_PRECISION ||
           kind == CADRE_TARGET_FPR;
}

static int unknown(const char *text, const char *name, struct cdr_failure *why)
{
    static const char *const names[] = {
#define NAME(kind, name, text) name,
        CADRE_SELECTORS(NAME)
#undef NAME
    };
    char shown[CDR_SHOWN], hint[CDR_SHOWN];

    return cdr_fails(
        why, CDR_EXIT_USAGE, "--select %s: no operating point is called so; %s",
        cdr_quote(shown, text),
        cdr_hint(hint, sizeof hint, name, names, sizeof names / sizeof names[0],
                 "expected max_f1, youden, recall=R, precision=P or fpr=F"));
}

/* What follows the equals sign. */
static int take_target(struct cdr_choice *out, const char *value,
                       struct cdr_failure *why)
{
    const bool zero = out->selector.kind == CADRE_TARGET_FPR;
    char shown[CDR_SHOWN], *end;
    const double target = strtod(value, &end);

    if (*value && !*end && target <= 1 && (target > 0 || (zero && target == 0))) {
        out->selector.target = target;
        return 0;
    }
    return cdr_fails(why, CDR_EXIT_USAGE,
                     "--select %s: expected a share between 0 and 1",
                     cdr_quote(shown, out->text));
}

int cdr_choice_take(struct cdr_choice *out, const char *text, struct cdr_failure *why)
{
    const char *equals = strchr(text, '=');
    char name[32] = "", shown[CDR_SHOWN];
    const size_t size = equals ? (size_t)(equals - text) : strlen(text);

    *out = (struct cdr_choice){ .text = text };
    if (size < sizeof name)
        memcpy(name, text, size);
    out->selector.kind = cadre_selector_find(name);
    if (out->selector.kind < 0)
        return unknown(text, name, why);
    if (!needs_target(out->selector.kind))
        return !equals
                   ? 0
                   : cdr_fails(why, CDR_EXIT_USAGE, "--select %s: %s takes no value",
                               cdr_quote(shown, text), name);
    return equals ? take_target(out, equals + 1, why)
                  : cdr_fails(why, CDR_EXIT_USAGE,
                              "--select %s: say which, such as %s=0.9", name, name);
}

int cdr_choices_take(struct cdr_choice **out, size_t *n, const struct cdr_texts *texts,
                     struct cdr_failure *why)
{
    int rc = 0;

    *out = calloc(texts->n ? texts->n : 1, sizeof **out);
    if (!*out)
        return cdr_fails_memory(why);
    for (*n = 0; *n < texts->n && !rc; ++*n)
        rc = cdr_choice_take(&(*out)[*n], texts->at[*n], why);
    return rc;
}
