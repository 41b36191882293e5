/* walk.c - a command's tables of options, walked as one list.
 * SPDX-License-Identifier: MIT
 */
#include "cli/options/walk.h"
#include "cli/commands/command.h"

#include <string.h>

static const struct cdr_option common_options[] = {
    { .kind = CDR_HELP,
      .letter = 'h',
      .name = "help",
      .help = "show this help and exit" },
    { .kind = CDR_END },
};

static const struct cdr_group common = { "Other", common_options, 0 };

const struct cdr_group *cdr_options_group(const struct cdr_command *command, size_t i)
{
    for (size_t k = 0; k <= i; k++)
        if (!command->groups[k].title)
            return k == i ? &common : NULL;
    return &command->groups[i];
}

const struct cdr_option *
cdr_option_next(struct cdr_walk *w, const struct cdr_command *command, size_t *offset)
{
    const struct cdr_group *group;

    while ((group = cdr_options_group(command, w->group))) {
        const struct cdr_option *option = &group->options[w->at];

        if (option->kind != CDR_END && w->index < CDR_OPTIONS_MAX) {
            *offset = group->offset + option->offset;
            w->at++;
            w->index++;
            return option;
        }
        w->group++;
        w->at = 0;
    }
    return NULL;
}

bool cdr_option_is_operand(const struct cdr_option *option)
{
    return option->kind == CDR_OPERAND || option->kind == CDR_REST;
}

static bool is_called(const struct cdr_option *option, const char *name, size_t length)
{
    const char *names[] = { option->name, option->alias };

    if (cdr_option_is_operand(option))
        return false;
    for (int i = 0; i < 2; i++)
        if (names[i] && strlen(names[i]) == length &&
            strncmp(names[i], name, length) == 0)
            return true;
    return false;
}

const struct cdr_option *cdr_option_find(struct cdr_walk *w,
                                         const struct cdr_command *command,
                                         const char *name, size_t length, char letter,
                                         size_t *offset)
{
    const struct cdr_option *option;

    while ((option = cdr_option_next(w, command, offset)))
        if (name ? is_called(option, name, length) : option->letter == letter)
            return option;
    return NULL;
}

bool cdr_option_takes_value(const struct cdr_option *option)
{
    return option->kind != CDR_FLAG && option->kind != CDR_HELP &&
           !cdr_option_is_operand(option);
}
