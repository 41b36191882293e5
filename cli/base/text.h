/* text.h - text that came from elsewhere, made fit for a message, a table, a picture.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_TEXT_H
#define CDR_CLI_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#define CDR_SHOWN 100 /* bytes that cdr_quote needs at most */

/* The text with control characters and bytes that are not UTF-8 written as \n or
 * \x1b: valid UTF-8, on one line. Yours to free; NULL without memory. */
char *cdr_printable(const char *text);

/* The same in quotes, cut to some sixty characters: for messages. Returns out. */
const char *cdr_quote(char out[CDR_SHOWN], const char *text);

/* The same with dots for its middle if it has more than `most` characters; yours to
 * free. */
char *cdr_abridge(const char *text, size_t most);

/* Characters of valid UTF-8. */
size_t cdr_characters(const char *text);

/* How many bytes the character at `text` has; 0: it is not UTF-8 (or the end). */
size_t cdr_character_size(const char *text);

/* Which of the n candidates the text is likely to have been meant for; NULL: none is
 * near. Letters differ little by case; swapped neighbours count as one mistake. */
const char *cdr_nearest(const char *text, const char *const *candidates, size_t n);

/* `"a", "b" and 3 more` of the n names into out. Returns out. */
const char *cdr_list(char *out, size_t size, const char *const *names, size_t n);

#define CDR_PLACES_MAX 12 /* that cdr_list_places looks at */

/* "column 1", "columns 1, 3 and 5", or that and how many more, into out. Returns out. */
const char *cdr_list_places(char *out, size_t size, const size_t *places, size_t n);

#endif
