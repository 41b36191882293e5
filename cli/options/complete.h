/* complete.h - what a shell may offer for the word being typed.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_COMPLETE_H
#define CDR_CLI_COMPLETE_H

#include "cli/options/options.h"
#include <stdio.h>

/* `words` are those after "cadre", up to the one being typed, which is the last and may
 * be empty. Writes a candidate a line, and after a tab what it is, if that is known; the
 * shell picks those that fit. For --name=value the candidates are values. A line ":files"
 * stands for the names of files. Whatever is wrong with the words, there are fewer
 * candidates, and no error. */
void cdr_complete(FILE *out, const char *const *words);

#endif
