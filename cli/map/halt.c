/* halt.c - when the run is to end before the inputs do, and what it exits with.
 * SPDX-License-Identifier: MIT
 */
#include "cli/map/halt.h"
#include "cli/base/text.h"
#include "cli/options/options.h"

#include <stdlib.h>
#include <string.h>

#define FAILED_MAX 100 /* more of them are one exit status */
#define FEW        3   /* ended jobs before a share of those begun means anything */

static int wrong(struct cdr_failure *why, const char *text)
{
    char shown[CDR_SHOWN];

    return cdr_fails(
        why, CDR_EXIT_USAGE,
        "--halt is %s: expected never, or now or soon, then fail, success or "
        "done and a number or percentage, such as now,fail=1 or soon,done=30%%",
        cdr_quote(shown, text));
}

static bool parse_number(struct cdr_halt *halt, const char *text)
{
    size_t size = strlen(text);
    uint64_t value;
    char copy[32];

    if (size == 0 || size >= sizeof copy)
        return false;
    memcpy(copy, text, size + 1);
    if (copy[size - 1] == '%')
        copy[size - 1] = '\0';
    if (!cdr_parse_count(&value, copy) || (value == 0 && text[size - 1] == '%'))
        return false;
    halt->count = value;
    if (text[size - 1] != '%')
        return value > 0;
    halt->share = (double)value / 100;
    return value <= 100;
}

static bool parse_old(struct cdr_halt *halt, const char *text)
{
    bool negative = *text == '-';
    const char *digit = text + negative;

    if (text[strlen(text) - 1] == '%' && !negative) {
        halt->when = CDR_HALT_SOON;
        halt->why = CDR_HALT_FAIL;
        return parse_number(halt, text);
    }
    if (strlen(digit) != 1 || *digit < '0' || *digit > '2' ||
        (negative && *digit == '0'))
        return false;
    halt->when = *digit == '0'   ? CDR_HALT_NEVER
                 : *digit == '1' ? CDR_HALT_SOON
                                 : CDR_HALT_NOW;
    halt->why = negative ? CDR_HALT_SUCCESS : CDR_HALT_FAIL;
    halt->count = 1;
    return true;
}

static bool parse_why(struct cdr_halt *halt, const char *text)
{
    static const char *const words[] = { "fail", "success", "done" };
    const char *equals = strchr(text, '=');

    for (int i = 0; equals && i < 3; i++)
        if (strlen(words[i]) == (size_t)(equals - text) &&
            strncmp(words[i], text, (size_t)(equals - text)) == 0) {
            halt->why = (enum cdr_halt_why)i;
            return parse_number(halt, equals + 1);
        }
    return false;
}

int cdr_halt_parse(struct cdr_halt *halt, const char *text, struct cdr_failure *why)
{
    *halt = (struct cdr_halt){ .when = CDR_HALT_NEVER };
    if (!text || strcmp(text, "never") == 0)
        return 0;
    if (*text && parse_old(halt, text))
        return 0;
    *halt = (struct cdr_halt){ .when = CDR_HALT_NEVER };
    if (strncmp(text, "now,", 4) == 0 && parse_why(halt, text + 4))
        halt->when = CDR_HALT_NOW;
    else if (strncmp(text, "soon,", 5) == 0 && parse_why(halt, text + 5))
        halt->when = CDR_HALT_SOON;
    else
        return wrong(why, text);
    return 0;
}

static uint64_t counted(const struct cdr_halt *halt, const struct cdr_tally *tally)
{
    switch (halt->why) {
    case CDR_HALT_FAIL: return tally->failed;
    case CDR_HALT_SUCCESS: return tally->succeeded;
    case CDR_HALT_DONE: break;
    }
    return tally->ended;
}

static bool reached(const struct cdr_halt *halt, const struct cdr_tally *tally)
{
    uint64_t n = counted(halt, tally);

    if (halt->share == 0)
        return n >= halt->count;
    return (tally->known || tally->ended >= FEW) &&
           (double)n >= halt->share * (double)tally->total;
}

static bool counts(const struct cdr_halt *halt, bool failed)
{
    return halt->why == CDR_HALT_DONE || (halt->why == CDR_HALT_FAIL) == failed;
}

enum cdr_halt_when cdr_halt_count(const struct cdr_halt *halt, struct cdr_tally *tally,
                                  const struct cdr_job *job)
{
    bool failed = cdr_job_failed(job);

    tally->ended++;
    tally->failed += failed;
    tally->succeeded += !failed;
    if (halt->when == CDR_HALT_NEVER || tally->halted || !counts(halt, failed))
        return CDR_HALT_NEVER;
    tally->last_code = cdr_job_code(job);
    if (failed && !tally->last_code)
        tally->last_code = 1; /* a time-out that the job took well */
    if (!reached(halt, tally))
        return CDR_HALT_NEVER;
    tally->halted = true;
    return halt->when;
}

int cdr_halt_exit(const struct cdr_halt *halt, const struct cdr_tally *tally)
{
    double total = tally->total ? (double)tally->total : 1;

    if (tally->halted && halt->why == CDR_HALT_SUCCESS)
        return 0;
    if (tally->halted && halt->share > 0)
        return (int)(100 * (double)tally->failed / total + 0.5);
    if (tally->halted && halt->count == 1)
        return tally->last_code & 255;
    return tally->failed > FAILED_MAX ? FAILED_MAX + 1 : (int)tally->failed;
}
