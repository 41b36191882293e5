/* request.c - an attempt written down for a rank to run, and what became of it.
 * SPDX-License-Identifier: MIT
 */
#include "cli/map/request.h"

#include <errno.h>
#include <string.h>

static void add_text(struct cdr_buffer *b, const char *text)
{
    cdr_buffer_add(b, text, strlen(text) + 1);
}

bool cdr_request_pack_common(struct cdr_buffer *out,
                             const struct cdr_start_common *start,
                             const struct cdr_ending *ending, const char *folder,
                             const struct cdr_args *variables)
{
    struct cdr_request_common c;

    memset(&c, 0, sizeof c); /* what lies between the fields is sent, too */
    c.ending = *ending;
    c.mask = start->mask;
    c.default_pipe = start->default_pipe;
    c.renice = start->renice;
    c.nice = start->nice;
    c.n_variables = variables->n;
    cdr_buffer_add(out, &c, sizeof c);
    add_text(out, folder);
    for (size_t i = 0; i < variables->n; i++)
        add_text(out, cdr_args_get(variables, i));
    return !out->failed;
}

/* What the job reads goes along. */
static bool add_input(struct cdr_buffer *out, const struct cdr_block *block)
{
    uint64_t size = cdr_block_bytes(block);

    errno = ENOMEM;
    if (size > SIZE_MAX / 4)
        return false;
    cdr_buffer_reserve(out, (size_t)size);
    if (out->failed || !cdr_block_read(block, out->data + out->size))
        return false;
    out->size += (size_t)size;
    return true;
}

bool cdr_request_pack(struct cdr_buffer *out, const struct cdr_attempt *how,
                      const struct cdr_job *job, const struct cdr_buffer *own)
{
    struct cdr_request r;

    memset(&r, 0, sizeof r);
    cdr_buffer_add(out, &r, sizeof r);
    add_text(out, how->path);
    for (; how->argv[r.n_words]; r.n_words++)
        add_text(out, how->argv[r.n_words]);
    cdr_buffer_add(out, own->data, own->size);
    for (size_t i = 0; i < own->size; i++)
        r.n_own += own->data[i] == '\0';
    r.limit = how->limit;
    r.has_input = job->block != NULL;
    r.input = job->block ? cdr_block_bytes(job->block) : 0;
    errno = ENOMEM;
    if (out->failed || (job->block && !add_input(out, job->block)))
        return false;
    memcpy(out->data, &r, sizeof r);
    return true;
}

const char *cdr_request_text(const char **at)
{
    const char *text = *at;

    *at += strlen(text) + 1;
    return text;
}

bool cdr_request_piece(const char **at, size_t *left, struct cdr_piece_head *head,
                       const char **bytes)
{
    if (*left < sizeof *head)
        return false;
    memcpy(head, *at, sizeof *head);
    if (head->size > *left - sizeof *head)
        return false;
    *bytes = *at + sizeof *head;
    *at = *bytes + head->size;
    *left -= sizeof *head + head->size;
    return true;
}
