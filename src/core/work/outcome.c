/* outcome.c - what became of a task: failed, not wanted, done, and what it emitted.
 * SPDX-License-Identifier: MIT
 */
#include "core/run/run.h"
#include "core/run/staging.h"
#include "core/work/sink.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void word_failure(const struct cadre_task *t, uint64_t at, cadre_error *e)
{
    const char *name = t->program->name;
    int used =
        snprintf(e->message, sizeof e->message, "%s%sitem %llu: ", name ? name : "",
                 name ? ": " : "", (unsigned long long)e->item);
    size_t room =
        (size_t)used < sizeof e->message ? sizeof e->message - (size_t)used : 0;

    if (t->message_for == at)
        snprintf(e->message + used, room, "%s", t->message);
    else if (e->code == CADRE_EKERNEL)
        snprintf(e->message + used, room, "the kernel returned %d", e->user);
    else
        snprintf(e->message + used, room, "%s", cadre_strerror(e->code));
}

/* What it emitted nobody gets; nor what an earlier run of it did, whose worker died. */
static void drop_emitted(struct cadre_task *t, uint64_t position)
{
    if (t->emitting == position) {
        t->emitted_size = 0;
        if (t->program->spill_file)
            cdr_spill_file_drop(t->program->spill_file, &t->extent);
    }
    if (t->program->spill)
        t->program->spill->of[position].size = 0;
}

void cdr_task_failed(struct cadre_task *t, uint64_t position, int code, int user,
                     bool fatal)
{
    const struct cdr_program *p = t->program;

    memset(&t->error, 0, sizeof t->error);
    t->error.code = code;
    t->error.user = user;
    t->error.item = cdr_program_index(p, position);
    word_failure(t, position, &t->error);
    if (p->statuses)
        *cdr_program_status(p, position) = code;
    t->failed_at = position;
    drop_emitted(t, position);
    if (p->sink)
        cdr_sink_fail(p->sink, position, &t->error);
    cdr_window_fail(t->run->window, t->seat, position,
                    p->keep_going && !fatal ? CADRE_NO_ITEM : position / p->grain,
                    &t->error);
}

void cdr_task_unwanted(struct cadre_task *t, uint64_t first, uint64_t end)
{
    const struct cdr_program *p = t->program;

    for (uint64_t i = first; i < end; i++) {
        if (p->statuses)
            *cdr_program_status(p, i) = CDR_UNWANTED;
        drop_emitted(t, i);
    }
    if (p->sink)
        cdr_sink_note_unwanted(p->sink, first);
    t->unwanted_at = end - 1;
    t->n_unwanted += end - first;
}

bool cdr_task_returned(struct cadre_task *t, uint64_t position, int rc)
{
    if (t->unwanted_at == position)
        return true; /* the limit ends it */
    if (t->failed_at != position)
        cdr_task_failed(t, position, CADRE_EKERNEL, rc, false);
    return t->program->keep_going;
}

/* Tasks first .. end-1 have been run; those that failed have their status already. */
void cdr_note_done(const struct cdr_program *p, uint64_t first, uint64_t end)
{
    for (uint64_t i = first; p->statuses && i < end; i++)
        if (*cdr_program_status(p, i) == CADRE_ECANCELLED)
            *cdr_program_status(p, i) = CADRE_OK;
}

/* A task's bytes are handed over when the next one emits, or the slice ends. */
void cdr_task_flush(struct cadre_task *t)
{
    cadre_bytes *place;
    uint64_t position = t->emitting;

    t->emitting = CADRE_NO_ITEM;
    if (position == CADRE_NO_ITEM || t->emitted_size == 0 ||
        !(t->program->emitted || t->program->spill || t->program->sink))
        return;
    if (t->program->sink) {
        if (!cdr_sink_emit(t->program->sink, position, t->emitted, t->emitted_size))
            cdr_task_failed(t, position, CADRE_ENOMEM, 0, false);
        return;
    }
    if (t->program->spill) {
        if (!cdr_spill_put(t->program->spill, position, t->emitted, t->emitted_size))
            cdr_task_failed(t, position, CADRE_ENOMEM, 0, false);
        return;
    }
    place = &t->program->emitted[position];
    place->data = malloc(t->emitted_size);
    if (!place->data) {
        cdr_task_failed(t, position, CADRE_ENOMEM, 0, false);
        return;
    }
    memcpy(place->data, t->emitted, t->emitted_size);
    place->size = t->emitted_size;
}
