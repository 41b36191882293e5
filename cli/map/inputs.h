/* inputs.h - where the arguments of jobs come from: sources, combined.
 * SPDX-License-Identifier: MIT
 *
 * A source is the words after ":::", a file after "::::" or -a, or standard input. Several
 * are combined: every value of one with every value of the other, the last changing
 * fastest; ":::+" and "::::+" link a source to the one before instead, value by value, up
 * to the shorter one's end; --link links all, and begins short ones anew. With --colsep a
 * value is several columns. The first source is read as it is needed, however long it is;
 * those after it are kept in memory.
 */
#ifndef CDR_CLI_MAP_INPUTS_H
#define CDR_CLI_MAP_INPUTS_H

#include "cli/map/args.h"
#include "cli/map/settings.h"

struct cdr_inputs;

/* `words` begins at the first ":::" or its like, or is empty: then -a or standard input
 * is the source. The seed is for --shuf. */
int cdr_inputs_open(struct cdr_inputs **out, const struct cdr_input_options *set,
                    const char *const *words, size_t n_words, uint64_t seed,
                    struct cdr_failure *why);
void cdr_inputs_close(struct cdr_inputs *inputs); /* NULL is fine */

/* The next tuple of arguments, one for each column: 0, CDR_NO_MORE or an exit code. */
int cdr_inputs_next(struct cdr_inputs *inputs, struct cdr_args *tuple,
                    struct cdr_failure *why);

/* Call this before a file is read: that may wait for long. */
void cdr_inputs_before_reading(struct cdr_inputs *inputs, void (*call)(void *arg),
                               void *arg);

/* Where the last tuple stood before --shuf, from 0. */
uint64_t cdr_inputs_place(const struct cdr_inputs *inputs);

/* Which column is called so, counted from 1; 0: none. Names come with --header. */
int cdr_inputs_column(const struct cdr_inputs *inputs, const char *name, size_t size);

/* Refuses the name of several columns. */
int cdr_inputs_check_name(const struct cdr_inputs *inputs, const char *name,
                          size_t size, struct cdr_failure *why);

/* The name of the column, counted from 0; further ones begin with the first name again, as
 * further inputs of a job do. NULL: there are no names. */
const char *cdr_inputs_name(const struct cdr_inputs *inputs, size_t column,
                            size_t *size);

/* Whether a line of a file ended in CR LF. */
bool cdr_inputs_saw_return(const struct cdr_inputs *inputs);

/* How many tuples there are in all, where that is known beforehand; else 0. */
uint64_t cdr_inputs_total(const struct cdr_inputs *inputs);

#endif
