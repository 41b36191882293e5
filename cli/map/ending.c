/* ending.c - how a job is ended: which signals, and how long it is given after each.
 * SPDX-License-Identifier: MIT
 */
#include "cli/map/ending.h"
#include "cli/base/text.h"
#include "cli/options/options.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define USUAL "TERM,200,TERM,100,TERM,50,KILL,25"

static const struct {
    const char *name;
    int number;
} signals[] = {
    { "HUP", SIGHUP },   { "INT", SIGINT },   { "QUIT", SIGQUIT }, { "ILL", SIGILL },
    { "TRAP", SIGTRAP }, { "ABRT", SIGABRT }, { "BUS", SIGBUS },   { "FPE", SIGFPE },
    { "KILL", SIGKILL }, { "USR1", SIGUSR1 }, { "SEGV", SIGSEGV }, { "USR2", SIGUSR2 },
    { "PIPE", SIGPIPE }, { "ALRM", SIGALRM }, { "TERM", SIGTERM }, { "CONT", SIGCONT },
    { "STOP", SIGSTOP }, { "TSTP", SIGTSTP }, { "XCPU", SIGXCPU }, { "XFSZ", SIGXFSZ },
    { "SYS", SIGSYS },
};

const char *cdr_signal_name(int number)
{
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        if (signals[i].number == number)
            return signals[i].name;
    return "of the real-time kind";
}

static int number_of(const char *name)
{
    uint64_t number;

    if (strncmp(name, "SIG", 3) == 0)
        name += 3;
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        if (strcmp(signals[i].name, name) == 0)
            return signals[i].number;
    return cdr_parse_count(&number, name) && number > 0 && number < 65 ? (int)number
                                                                       : 0;
}

static bool parse(struct cdr_ending *e, char *text)
{
    char *word;

    while ((word = strsep(&text, ","))) {
        uint64_t ms = 0;

        if (e->n + 1 >= CDR_ENDING_MAX || !(e->signal[e->n] = number_of(word)))
            return false;
        word = strsep(&text, ",");
        if (word && (!cdr_parse_count(&ms, word) || ms > INT_MAX))
            return false;
        e->after_ms[e->n++] = (int)ms;
    }
    return e->n > 0;
}

int cdr_ending_parse(struct cdr_ending *e, const char *text, struct cdr_failure *why)
{
    char *copy = strdup(text ? text : USUAL), shown[CDR_SHOWN];
    bool good;

    *e = (struct cdr_ending){ 0 };
    if (!copy)
        return cdr_fails_memory(why);
    good = parse(e, copy);
    free(copy);
    if (!good)
        return cdr_fails(
            why, CDR_EXIT_USAGE,
            "--termseq is %s: expected signals and milliseconds in turn, such "
            "as TERM,200,KILL,25",
            cdr_quote(shown, text));
    if (e->signal[e->n - 1] != SIGKILL) {
        e->signal[e->n] = SIGKILL;
        e->after_ms[e->n++] = 0;
    }
    return 0;
}
