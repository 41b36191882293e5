/* choices.h - operating points as users ask for them.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_CHOICES_H
#define CDR_CLI_CHOICES_H

#include "cli/options/options.h"
#include <cadre/stats.h>

struct cdr_choice {
    const char *text; /* as it was typed */
    cadre_selector selector;
};

/* "youden" or "recall=0.9". 0, or CDR_EXIT_USAGE. */
int cdr_choice_take(struct cdr_choice *out, const char *text, struct cdr_failure *why);

/* All of them, to be freed by free, also after a failure. */
int cdr_choices_take(struct cdr_choice **out, size_t *n, const struct cdr_texts *texts,
                     struct cdr_failure *why);

#endif
