/* template.h - the command with its replacement strings, and what comes of it for a job.
 * SPDX-License-Identifier: MIT
 *
 * {} stands for the arguments, {.} for them without extension, {/} without folder, {//}
 * for the folder, {/.} for the name without extension; {1}, {2/}, {-1.} for one argument
 * alone, counted from either end; {name} for the column called so; {#} for the job's
 * number, {%} for its slot. Other braces are left as they are.
 */
#ifndef CDR_CLI_MAP_TEMPLATE_H
#define CDR_CLI_MAP_TEMPLATE_H

#include "cli/map/args.h"
#include "cli/map/bytes.h"
#include "cli/map/inputs.h"
#include <stdint.h>

struct cdr_template;

struct cdr_template_setting {
    const char *const *words; /* of the command */
    size_t n_words;
    const char *replace; /* what stands for {}; NULL: {} */
    bool shell;          /* the words, joined, are a shell's command line */
    bool context; /* -X: text around a replacement string comes with each argument */
    bool no_arguments; /* append no {} to a command without any */
    bool raw;          /* quote nothing: the arguments are commands themselves */
    const struct cdr_inputs *inputs; /* for {name}; NULL: there are no names */
};

int cdr_template_open(struct cdr_template **out, const struct cdr_template_setting *set,
                      struct cdr_failure *why);
void cdr_template_close(struct cdr_template *t); /* NULL is fine */

struct cdr_place_of_job {
    uint64_t seq;  /* {#} */
    unsigned slot; /* {%} */
};

/* The words of a job's command; for a shell it is one word. False: no memory. */
bool cdr_template_words(const struct cdr_template *t, const struct cdr_args *args,
                        const struct cdr_place_of_job *place, struct cdr_args *words);

/* Another text with replacement strings, such as that of --tagstring. */
int cdr_template_text(struct cdr_template **out, const char *text,
                      const struct cdr_template_setting *like, struct cdr_failure *why);

/* Whether there is anything in it to be replaced. */
bool cdr_template_replaces(const struct cdr_template *t);

bool cdr_template_is_shell(const struct cdr_template *t);

/* About how many bytes a job's command has: what -m and -X reckon with. */
size_t cdr_template_length(const struct cdr_template *t, const struct cdr_args *args);

/* The command as it was given: what names it in a journal. */
void cdr_template_source(const struct cdr_template *t, struct cdr_buffer *out);

#endif
