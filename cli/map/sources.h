/* sources.h - where values come from: words, files, standard input.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_MAP_SOURCES_H
#define CDR_CLI_MAP_SOURCES_H

#include "cli/map/settings.h"
#include "cli/map/source_values.h"

/* All zero: none. */
struct cdr_sources {
    struct cdr_values *at;
    size_t n;
};

/* Those of -a, and those that the words say; if there are none, standard input. What was
 * opened is to be closed also after an error. */
int cdr_sources_open(struct cdr_sources *sources, const struct cdr_input_options *set,
                     const char *const *words, size_t n_words, struct cdr_failure *why);
void cdr_sources_close(struct cdr_sources *sources);

/* Whether a word begins a source. */
bool cdr_is_source_word(const char *word);

#endif
