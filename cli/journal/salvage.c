/* salvage.c - commands and jobs among the records of a damaged journal.
 * SPDX-License-Identifier: MIT
 */
#include "cli/journal/salvage.h"
#include "cli/journal/identity.h"
#include "cli/journal/outputs.h"
#include "cli/journal/row.h"

#include <stdlib.h>
#include <string.h>

/* ---- commands ---- */

static bool is_text(const struct cdr_value *v)
{
    return v->kind == CDR_STRING;
}

static bool is_text_or_null(const struct cdr_value *v)
{
    return v->kind == CDR_STRING || v->kind == CDR_NULL;
}

/* Where the record has template, folder, shell and id; 0: nowhere. False: it is none. */
static bool find_parts(const struct cdr_record *r, size_t part[3], int64_t *id)
{
    const struct cdr_value *v = r->value;

    if (r->torn)
        return false;
    if (!r->of_index && r->n == 4) {
        memcpy(part, (const size_t[]){ 1, 2, 3 }, 3 * sizeof *part);
        *id = r->id;
        return v[0].kind == CDR_NULL && is_text(&v[1]) && is_text(&v[2]) &&
               is_text_or_null(&v[3]);
    }
    memcpy(part, (const size_t[]){ 0, 3, 1 }, 3 * sizeof *part);
    *id = r->of_index && r->n == 3 ? v[2].number : 0;
    return *id > 0 && is_text(&v[0]) && is_text_or_null(&v[1]) &&
           v[2].kind == CDR_INTEGER;
}

/* NULL where there is no text; *failed: there was no memory. */
static char *copy(const struct cdr_value *v, bool *failed)
{
    char *text;

    if (v->kind != CDR_STRING)
        return NULL;
    text = malloc(v->size + 1);
    *failed = *failed || !text;
    if (!text)
        return NULL;
    memcpy(text, v->bytes, v->size);
    text[v->size] = '\0';
    return text;
}

bool cdr_old_command_add(struct cdr_old_commands *c, const struct cdr_record *r)
{
    struct cdr_old_command *more, *one;
    bool failed = false;
    size_t part[3];
    int64_t id;

    if (!find_parts(r, part, &id))
        return true;
    more = reallocarray(c->at, c->n + 1, sizeof *more);
    if (!more)
        return false;
    c->at = more;
    one = &more[c->n++];
    *one = (struct cdr_old_command){ .id = id };
    one->template = copy(&r->value[part[0]], &failed);
    one->folder = r->of_index ? NULL : copy(&r->value[part[1]], &failed);
    one->shell = copy(&r->value[part[2]], &failed);
    one->hash = cdr_command_hash(one->template, one->shell != NULL);
    return !failed;
}

void cdr_old_commands_free(struct cdr_old_commands *c)
{
    for (size_t i = 0; i < c->n; i++) {
        free(c->at[i].template);
        free(c->at[i].folder);
        free(c->at[i].shell);
    }
    free(c->at);
    *c = (struct cdr_old_commands){ 0 };
}

/* That the job says it has, and whose hash agrees. */
static struct cdr_old_command *command_of(const struct cdr_old_commands *c,
                                          const struct cdr_value *v)
{
    for (size_t i = 0; i < c->n; i++)
        if (c->at[i].id == v[CDR_OLD_COMMAND].number &&
            cdr_hash(c->at[i].hash, v[CDR_OLD_INPUT].bytes, v[CDR_OLD_INPUT].size) ==
                (uint64_t)v[CDR_OLD_HASH].number)
            return &c->at[i];
    return NULL;
}

/* ---- jobs ---- */

static bool state_is(const struct cdr_value *v, const char *state)
{
    return v[CDR_OLD_STATE].size == strlen(state) &&
           memcmp(v[CDR_OLD_STATE].bytes, state, strlen(state)) == 0;
}

/* Those that an earlier cadre has written end before the digest. */
static bool looks_like_job(const struct cdr_record *r)
{
    const struct cdr_value *v = r->value;

    return !r->of_index && r->id > 0 &&
           (r->n == CDR_OLD_COLUMNS || r->n == CDR_OLD_COLUMNS - 1) &&
           v[0].kind == CDR_NULL && v[CDR_OLD_HASH].kind == CDR_INTEGER &&
           v[CDR_OLD_COMMAND].kind == CDR_INTEGER &&
           v[CDR_OLD_INPUT].kind == CDR_BLOB && v[CDR_OLD_EQUAL].kind == CDR_INTEGER &&
           v[CDR_OLD_STATE].kind == CDR_STRING && v[CDR_OLD_SEQ].kind == CDR_INTEGER &&
           (state_is(v, "running") || state_is(v, "done") || state_is(v, "failed"));
}

static bool is_whole(const struct cdr_record *r, const struct cdr_old_command *command)
{
    const struct cdr_value *v = r->value;
    struct cdr_row_parts p = { .id = r->id,
                               .command = command->hash,
                               .equal = (uint32_t)v[CDR_OLD_EQUAL].number,
                               .failed = state_is(v, "failed"),
                               .timed_out = v[CDR_OLD_TIMED_OUT].number != 0,
                               .status = (int)v[CDR_OLD_STATUS].number,
                               .signal = (int)v[CDR_OLD_SIGNAL].number,
                               .input = v[CDR_OLD_INPUT].bytes,
                               .input_size = v[CDR_OLD_INPUT].size,
                               .words = v[CDR_OLD_WORDS].bytes,
                               .words_size = v[CDR_OLD_WORDS].size };

    for (int which = 0; which < 2; which++) {
        const struct cdr_value *out = &v[CDR_OLD_OUTPUT + which];

        p.output[which] = out->bytes;
        p.size[which] = (uint64_t)v[CDR_OLD_OUTPUT_SIZE + which].number;
        if (p.size[which] != out->size && p.size[which] <= CDR_OUTPUT_INSIDE)
            return false;
    }
    return r->n < CDR_OLD_COLUMNS || v[CDR_OLD_DIGEST].kind == CDR_NULL ||
           cdr_row_digest(&p) == (uint64_t)v[CDR_OLD_DIGEST].number;
}

enum cdr_old_job cdr_old_job_judge(const struct cdr_old_commands *c,
                                   const struct cdr_record *r)
{
    struct cdr_old_command *command;

    if (!looks_like_job(r))
        return CDR_OLD_NONE;
    command = command_of(c, r->value);
    if (!command)
        return CDR_OLD_ORPHAN;
    command->known = true;
    if (r->torn)
        return CDR_OLD_TORN;
    if (state_is(r->value, "running"))
        return CDR_OLD_RUNNING;
    return is_whole(r, command) ? CDR_OLD_ENDED : CDR_OLD_TORN;
}
