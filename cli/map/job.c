/* job.c - one command to be run, from its arguments to how it ended.
 * SPDX-License-Identifier: MIT
 */
#include "cli/map/job.h"
#include "cli/map/template.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct cdr_job *cdr_job_new(void)
{
    return calloc(1, sizeof(struct cdr_job));
}

void cdr_job_free(struct cdr_job *job, struct cdr_spool *spool)
{
    if (!job)
        return;
    cdr_held_clear(&job->output, spool);
    cdr_held_clear(&job->errors, spool);
    cdr_args_free(&job->args);
    cdr_args_free(&job->words);
    cdr_args_free(&job->name);
    cdr_block_free(job->block);
    free(job->reason);
    free(job);
}

bool cdr_job_failed(const struct cdr_job *job)
{
    return job->end.ran && (job->end.status || job->end.signal || job->end.timed_out);
}

int cdr_job_code(const struct cdr_job *job)
{
    return job->end.signal ? 128 + job->end.signal : job->end.status;
}

void cdr_job_command(const struct cdr_job *job, bool shell, struct cdr_buffer *out)
{
    for (size_t i = 0; i < job->words.n; i++) {
        const char *word = cdr_args_get(&job->words, i);
        size_t size = cdr_args_size(&job->words, i);

        if (i > 0)
            cdr_buffer_add(out, " ", 1);
        if (shell)
            cdr_buffer_add(out, word, size);
        else
            cdr_buffer_quoted(out, word, size);
    }
}

const struct cdr_args *cdr_job_key(const struct cdr_job *job)
{
    return job->name.n > 0 ? &job->name : &job->args;
}

void cdr_job_input(const struct cdr_job *job, struct cdr_buffer *out)
{
    const struct cdr_args *key = cdr_job_key(job);

    for (size_t i = 0; i < key->n; i++) {
        if (i > 0)
            cdr_buffer_add(out, " ", 1);
        cdr_buffer_add(out, cdr_args_get(key, i), cdr_args_size(key, i));
    }
}

void cdr_job_tag(const struct cdr_job *job, const struct cdr_template *tag,
                 struct cdr_buffer *out)
{
    struct cdr_place_of_job place = { job->seq, job->slot };
    struct cdr_args words = { 0 };

    if (cdr_template_words(tag, &job->args, &place, &words))
        for (size_t i = 0; i < words.n; i++) {
            if (i > 0)
                cdr_buffer_add(out, " ", 1);
            cdr_buffer_add(out, cdr_args_get(&words, i), cdr_args_size(&words, i));
        }
    cdr_buffer_add(out, "\t", 1);
    cdr_args_free(&words);
}

void cdr_job_says(struct cdr_job *job, const char *format, ...)
{
    va_list args;

    if (job->reason)
        return;
    va_start(args, format);
    if (vasprintf(&job->reason, format, args) < 0)
        job->reason = NULL; /* without memory there is less to say */
    va_end(args);
}
