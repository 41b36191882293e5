/* joblog.c - a line for each job that has ended, as GNU parallel writes it.
 * SPDX-License-Identifier: MIT
 */
#include "cli/map/joblog.h"
#include "cli/base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

static int cannot(const struct cdr_joblog *log, int number, struct cdr_failure *why)
{
    char shown[CDR_SHOWN];

    return cdr_fails(why, CDR_EXIT_FAILED, "cannot write the job log %s: %s",
                     cdr_quote(shown, log->path), strerror(number));
}

int cdr_joblog_open(struct cdr_joblog *log, const char *path, struct cdr_failure *why)
{
    bool add = path && *path == '+';

    *log = (struct cdr_joblog){ .path = path + (add ? 1 : 0) };
    if (!path)
        return 0;
    log->file = fopen(log->path, add ? "ae" : "we");
    if (!log->file)
        return cannot(log, errno, why);
    /* Where a file that is added to stands before the first write, C does not say. */
    if (!add || (fseek(log->file, 0, SEEK_END) == 0 && ftell(log->file) == 0))
        cdr_joblog_head(log->file);
    return 0;
}

void cdr_joblog_head(FILE *file)
{
    fputs("Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\n",
          file);
}

/* A command of several lines stays on one. */
static void put_command(FILE *file, const struct cdr_job *job, bool shell)
{
    struct cdr_buffer text = { 0 };

    cdr_job_command(job, shell, &text);
    for (size_t i = 0; i < text.size; i++)
        fputc(text.data[i] == '\n' ? '\0' : text.data[i], file);
    cdr_buffer_free(&text);
}

void cdr_joblog_line(FILE *file, const struct cdr_job *job, bool shell)
{
    const struct cdr_end *end = &job->end;

    fprintf(file, "%" PRIu64 "\t:\t%.3f\t%10.3f\t0\t%" PRIu64 "\t%d\t%d\t", job->seq,
            end->began, end->seconds, job->bytes, end->timed_out ? -1 : end->status,
            end->signal);
    put_command(file, job, shell);
    fputc('\n', file);
}

void cdr_joblog_add(struct cdr_joblog *log, const struct cdr_job *job, bool shell)
{
    if (!log->file)
        return;
    cdr_joblog_line(log->file, job, shell);
    if (fflush(log->file) != 0 && !log->failed)
        log->failed = errno; /* said at the end: jobs go on */
}

int cdr_joblog_close(struct cdr_joblog *log, struct cdr_failure *why)
{
    int failed;

    if (!log->file)
        return 0;
    failed = log->failed;
    if (fclose(log->file) != 0 && !failed)
        failed = errno;
    log->file = NULL;
    return failed ? cannot(log, failed, why) : 0;
}
