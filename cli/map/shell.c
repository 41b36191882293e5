/* shell.c - whether a shell is to run a command, and which.
 * SPDX-License-Identifier: MIT
 */
#include "cli/map/shell.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_one_of(const char *name, const char *const *names)
{
    for (; *names; names++)
        if (strcmp(name, *names) == 0)
            return true;
    return false;
}

const char *cdr_shell(void)
{
    static const char *const known[] = { "sh",   "bash", "dash", "zsh", "ksh",
                                         "mksh", "ash",  "yash", NULL };
    const char *chosen = getenv("PARALLEL_SHELL"), *usual = getenv("SHELL");
    const char *name = usual ? strrchr(usual, '/') : NULL;

    if (chosen && *chosen)
        return chosen;
    if (name && is_one_of(name + 1, known) && access(usual, X_OK) == 0)
        return usual;
    return "/bin/sh";
}

bool cdr_has_shell_syntax(const char *word)
{
    return word[strcspn(word, " \t\n|&;<>()$`\\\"'*?[]~!")] != '\0';
}

bool cdr_only_shell_knows(const char *name)
{
    static const char *const builtins[] = {
        ".",    ":",     "alias",  "bg",     "cd",    "command", "declare", "eval",
        "exec", "exit",  "export", "fc",     "fg",    "getopts", "hash",    "jobs",
        "let",  "local", "read",   "return", "set",   "shift",   "source",  "times",
        "trap", "type",  "ulimit", "umask",  "unset", "wait",    NULL
    };
    char exported[256];

    if (is_one_of(name, builtins))
        return true;
    snprintf(exported, sizeof exported, "BASH_FUNC_%.200s%%%%", name);
    return getenv(exported) != NULL;
}
