/* summary.c - at the end: how many jobs failed, which, and how.
 * SPDX-License-Identifier: MIT
 */
#include "cli/map/summary.h"
#include "cli/map/ending.h"
#include "cli/base/text.h"

#include <inttypes.h>
#include <stdlib.h>

const char *cdr_summary_how(char *out, size_t size, const struct cdr_job *job)
{
    const struct cdr_end *end = &job->end;

    if (job->reason)
        snprintf(out, size, "%s", job->reason);
    else if (end->timed_out)
        snprintf(out, size, "timed out after %.3g s", end->seconds);
    else if (end->signal)
        snprintf(out, size, "killed by signal %d (%s)", end->signal,
                 cdr_signal_name(end->signal));
    else if (end->status == 127)
        snprintf(out, size, "exit status 127 (a shell's for \"command not found\")");
    else
        snprintf(out, size, "exit status %d", end->status);
    return out;
}

static char *line_of(const struct cdr_job *job)
{
    struct cdr_buffer input = { 0 };
    char how[400], shown[CDR_SHOWN], *line = NULL;

    cdr_job_input(job, &input);
    cdr_buffer_add(&input, "", 1);
    if (!input.failed &&
        asprintf(&line, "job %" PRIu64 ", %s: %s%s", job->seq,
                 cdr_quote(shown, input.data), cdr_summary_how(how, sizeof how, job),
                 job->end.tries > 1 ? ", each time" : "") < 0)
        line = NULL;
    cdr_buffer_free(&input);
    return line;
}

void cdr_summary_add(struct cdr_summary *s, const struct cdr_job *job)
{
    s->ended += job->end.ran && (!job->stored || cdr_job_failed(job));
    if (!cdr_job_failed(job))
        return;
    if (s->failed < CDR_SUMMARY_NAMED)
        s->line[s->failed] = line_of(job);
    s->failed++;
}

void cdr_summary_print(const struct cdr_summary *s, FILE *out)
{
    if (s->failed == 0)
        return;
    fprintf(out, "cadre: %" PRIu64 " of %" PRIu64 " jobs failed\n", s->failed,
            s->ended);
    for (uint64_t i = 0; i < s->failed && i < CDR_SUMMARY_NAMED; i++)
        if (s->line[i])
            fprintf(out, "cadre: %s\n", s->line[i]);
    if (s->failed > CDR_SUMMARY_NAMED)
        fprintf(out, "cadre: ... and %" PRIu64 " more\n",
                s->failed - CDR_SUMMARY_NAMED);
}

void cdr_summary_free(struct cdr_summary *s)
{
    for (int i = 0; i < CDR_SUMMARY_NAMED; i++)
        free(s->line[i]);
    *s = (struct cdr_summary){ 0 };
}
