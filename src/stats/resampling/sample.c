/* sample.c - a task's sample, in its worker's memory.
 * SPDX-License-Identifier: MIT
 *
 * A worker's memory is what it keeps from task to task, then the units drawn, if those are
 * not rows, and then a workspace that is as large as the sample asks for. For statistics
 * of users there are rows, counts and their own room instead.
 */
#include "stats/resampling/sample.h"
#include "stats/fail.h"

#include <string.h>

struct head {
    struct cdr_kept kept;
    cadre_sample sample; /* of users' kernels */
    /* The last workspace, for as long as nothing that it depends on changes: */
    struct cdr_workspace work;
    const char *memory; /* NULL: there is none */
    size_t layer, most;
};

static size_t rounded(size_t bytes)
{
    return (bytes + 15) / 16 * 16;
}

static size_t units_at(void)
{
    return rounded(sizeof(struct head));
}

static size_t workspace_at(const struct cdr_layer *layer)
{
    const struct cdr_scheme *const s = &layer->scheme;

    return units_at() + rounded(s->begin ? s->units * sizeof(uint32_t) : 0);
}

/* ---- bare workspaces: of statistics that kernels compute ---- */

static size_t bare_size(const struct cdr_shared_inputs *in, size_t n, size_t most)
{
    return rounded(most * sizeof(uint32_t)) + rounded(n * sizeof(uint32_t)) + in->room;
}

static struct cdr_workspace bare(char *memory, size_t n, size_t most)
{
    char *const counted = memory + rounded(most * sizeof(uint32_t));

    return (struct cdr_workspace){ .rows = (uint32_t *)memory,
                                   .counted = (uint32_t *)counted,
                                   .room = counted + rounded(n * sizeof(uint32_t)) };
}

static struct cdr_needs needs_of(const struct cdr_shared_inputs *in, size_t layer,
                                 size_t most)
{
    struct cdr_needs needs = { .n = in->design->layer[layer].scheme.n, .most = most };

    for (size_t d = 0; d < in->designs || d == 0; d++)
        cdr_study_add_needs(&needs, &in->design[d].layer[layer].study);
    return needs;
}

/* Grows the worker's memory to a workspace for `most` rows. */
static bool make(struct cdr_workspace *work, cadre_task *task,
                 const struct cdr_shared_inputs *in, size_t layer, size_t most)
{
    const struct cdr_layer *const l = &in->design->layer[layer];
    const size_t at = workspace_at(l);
    struct head *head = cadre_task_scratch(task, at);

    if (head && head->memory == (char *)head && head->layer == layer &&
        head->most == most) {
        *work = head->work;
        return true;
    }
    const struct cdr_needs needs =
        in->design->studies ? needs_of(in, layer, most) : (struct cdr_needs){ 0 };
    const size_t bytes = in->design->studies ? cdr_workspace_size(&needs)
                                             : bare_size(in, l->scheme.n, most);
    char *const memory = cadre_task_scratch(task, at + bytes);

    if (!memory)
        return false;
    head = (struct head *)memory;
    head->work = in->design->studies ? cdr_workspace_in(memory + at, &needs)
                                     : bare(memory + at, l->scheme.n, most);
    head->memory = memory;
    head->layer = layer;
    head->most = most;
    *work = head->work;
    return true;
}

/* ---- drawing ---- */

static uint64_t resample_of(const cadre_task *task, const struct cdr_shared_inputs *in)
{
    const uint64_t index = cadre_task_index(task);

    return in->mode == CDR_DRAW_WITHOUT ? index / (in->design->layer->scheme.n + 1)
                                        : index;
}

/* Counted while they are drawn, if studies count them. */
static void draw(cadre_rng *rng, struct cdr_workspace *work, size_t n)
{
    work->counted_few = work->few != NULL;
    if (work->few) {
        memset(work->few, 0, n);
        cadre_rng_indices_counted(rng, work->rows, work->few, n, (uint32_t)n);
    } else {
        cadre_rng_indices(rng, work->rows, n, (uint32_t)n);
    }
}

static bool draw_rows(struct cdr_workspace *work, size_t *n, cadre_task *task,
                      const struct cdr_shared_inputs *in, size_t layer, size_t *part)
{
    const size_t rows = in->design->layer[layer].scheme.n;
    struct head *head;

    if (!make(work, task, in, layer, rows))
        return false;
    head = cadre_task_scratch(task, sizeof *head);
    cadre_rng *const rng =
        cdr_seeding_stream(in->seeding, resample_of(task, in), (*part)++, &head->kept);
    draw(rng, work, rows);
    *n = rows;
    return true;
}

static void draw_part(uint32_t *units, const struct cdr_part *p, cadre_task *task,
                      const struct cdr_shared_inputs *in, struct cdr_kept *kept,
                      size_t *part)
{
    if (p->fixed)
        return;
    cadre_rng *const rng =
        cdr_seeding_stream(in->seeding, resample_of(task, in), (*part)++, kept);
    cadre_rng_indices(rng, units + p->first, p->units, p->units);
}

static bool draw_units(struct cdr_workspace *work, size_t *n, cadre_task *task,
                       const struct cdr_shared_inputs *in, size_t layer, size_t *part)
{
    const struct cdr_layer *const l = &in->design->layer[layer];
    const struct cdr_scheme *const s = &l->scheme;
    char *memory = cadre_task_scratch(task, workspace_at(l));

    if (!memory)
        return false;
    for (size_t k = 0; k < s->parts; k++)
        draw_part((uint32_t *)(memory + units_at()), &s->part[k], task, in,
                  &((struct head *)memory)->kept, part);
    *n = cdr_scheme_count(s, (uint32_t *)(memory + units_at()));
    if (*n == SIZE_MAX)
        return true;
    if (!make(work, task, in, layer, *n > s->n ? *n : s->n))
        return false;
    memory = cadre_task_scratch(task, 1);
    cdr_scheme_rows(s, (uint32_t *)(memory + units_at()), work->rows);
    return true;
}

/* ---- what the task's number stands for ---- */

static void leave_out(uint32_t *rows, size_t *n, size_t place)
{
    memmove(rows + place, rows + place + 1, (*n - place - 1) * sizeof *rows);
    --*n;
}

bool cdr_sample_take(struct cdr_workspace *work, size_t *n, cadre_task *task,
                     const struct cdr_shared_inputs *in, size_t layer, size_t *part)
{
    const struct cdr_scheme *const s = &in->design->layer[layer].scheme;
    const uint64_t index = cadre_task_index(task);

    if (in->mode == CDR_ALL || in->mode == CDR_WITHOUT) {
        if (!make(work, task, in, layer, s->n))
            return false;
        *n = in->mode == CDR_ALL ? s->n : cdr_scheme_without(s, index, work->rows);
        for (size_t row = 0; in->mode == CDR_ALL && row < s->n; row++)
            work->rows[row] = (uint32_t)row;
        return true;
    }
    if (!(cdr_scheme_is_plain(s) ? draw_rows : draw_units)(work, n, task, in, layer,
                                                           part))
        return false;
    if (in->mode == CDR_DRAW_WITHOUT && index % (s->n + 1) > 0)
        leave_out(work->rows, n, (size_t)(index % (s->n + 1)) - 1);
    return true;
}

/* ---- for users' kernels ---- */

static void count(uint32_t *counted, size_t n_data, const uint32_t *rows, size_t n)
{
    memset(counted, 0, n_data * sizeof *counted);
    for (size_t i = 0; i < n; i++)
        counted[rows[i]]++;
}

const cadre_sample *cadre_task_sample(cadre_task *task)
{
    const struct cdr_shared_inputs *const in = cdr_task_inputs(task);
    const struct cdr_layer *const layer = in->design->layer;
    struct cdr_workspace work;
    size_t part = 0, n;
    struct head *head;

    if (!cdr_sample_take(&work, &n, task, in, 0, &part)) {
        cdr_stats_no_scratch(task, layer->scheme.n * sizeof(uint32_t));
        return NULL;
    }
    if (n == SIZE_MAX) {
        cadre_task_fail(task, CADRE_EDATA,
                        "a resample of whole clusters has more than 2^32 - 1 rows");
        return NULL;
    }
    count(work.counted, layer->scheme.n, work.rows, n);
    head = cadre_task_scratch(task, sizeof *head);
    head->sample = (cadre_sample){ .n = n,
                                   .rows = work.rows,
                                   .counts = work.counted,
                                   .n_data = layer->scheme.n,
                                   .data = in->data,
                                   .room = work.room };
    return &head->sample;
}
