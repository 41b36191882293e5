/* value.h - what is written after an option, as the value that its table asks for.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_VALUE_H
#define CDR_CLI_VALUE_H

#include "cli/options/options.h"

#define CDR_WORDS_MAX  12
#define CDR_WORDS_ROOM 128

/* Read the text into what `target` points to. 0, CDR_WANTS_HELP or an exit code; lists
 * grow by it and are freed by cdr_options_free. */
int cdr_value_set(const struct cdr_option *option, void *target, const char *text,
                  struct cdr_failure *why);

/* The words of "table|json|csv" as an array, kept in `room`; returns how many. */
size_t cdr_words_split(const char *words[CDR_WORDS_MAX], char room[CDR_WORDS_ROOM],
                       const char *text);

#endif
