/* publish.c - what resampling reads, where workers of any kind see it.
 * SPDX-License-Identifier: MIT
 *
 * A design is some arrays behind pointers. Workers that do not have the caller's memory get
 * it packed, and unpack it once each.
 */
#include "stats/resampling/publish.h"
#include "stats/fail.h"

#include <cadre/pack.h>
#include <stdlib.h>

/* How many elements a pointer leads to. */
#define COUNT(name, type, expression)                           \
    static size_t name(const void *from)                        \
    {                                                           \
        const struct type *const s = (const struct type *)from; \
        return expression;                                      \
    }
#define LINK(type, member, count, shape)            \
    {                                               \
        offsetof(struct type, member), count, shape \
    }
#define SHAPE(name, type)                                                \
    static const cadre_shape name = { sizeof(struct type), name##_links, \
                                      sizeof name##_links / sizeof *name##_links }

static const cadre_shape bytes = { .size = 1 }, words = { .size = 4 };
static const cadre_shape doubles = { .size = 8 };
static const cadre_shape parts = { .size = sizeof(struct cdr_part) };
static const cadre_shape marks = { .size = sizeof(struct cdr_mark) };

COUNT(rows, cdr_measure, s->n)
COUNT(terms, cdr_measure, s->family == &cdr_orders ? s->groups : s->n)

COUNT(nears, cdr_measure, s->near ? CDR_NEAR_ROWS : 0)

/* The labels are a part of the study's. */
static const cadre_link measure_links[] = {
    LINK(cdr_measure, labels, rows, &bytes),
    LINK(cdr_measure, scores, rows, &doubles),
    LINK(cdr_measure, other, rows, &doubles),
    LINK(cdr_measure, weights, rows, &doubles),
    LINK(cdr_measure, term, terms, &doubles),
    LINK(cdr_measure, group, rows, &words),
    LINK(cdr_measure, other_group, rows, &words),
    LINK(cdr_measure, order, rows, &words),
    LINK(cdr_measure, marks, rows, &bytes),
    LINK(cdr_measure, near, nears, &bytes),
};
SHAPE(measure, cdr_measure);

COUNT(in_parts, cdr_layer, s->scheme.parts)
COUNT(begins, cdr_layer, s->scheme.units + 1)
COUNT(drawn, cdr_layer, s->scheme.n)
COUNT(studied, cdr_layer, s->study.n)
COUNT(of_classes, cdr_layer, s->study.n * s->study.classes)
COUNT(columns, cdr_layer, s->study.classes *(s->study.difference ? 2 : 1))

static const cadre_link layer_links[] = {
    LINK(cdr_layer, scheme.part, in_parts, &parts),
    LINK(cdr_layer, scheme.begin, begins, &words),
    LINK(cdr_layer, scheme.row, drawn, &words),
    LINK(cdr_layer, study.labels, of_classes, &bytes),
    LINK(cdr_layer, study.weights, studied, &doubles),
    LINK(cdr_layer, study.column, columns, &measure),
};
SHAPE(layer, cdr_layer);

COUNT(layers, cdr_design, s->layers)
COUNT(bounds, cdr_design, s->bounds)

static const cadre_link design_links[] = {
    LINK(cdr_design, layer, layers, &layer),
    LINK(cdr_design, bound, bounds, &words),
};
SHAPE(design, cdr_design);

COUNT(takes, cdr_seeding, s->single.blocks + 1)
COUNT(resamples, cdr_seeding, s->resamples)
COUNT(in_marks, cdr_seeding, s->resamples * s->parts)

static const cadre_link seeding_links[] = {
    LINK(cdr_seeding, single.taken, takes, &doubles),
    LINK(cdr_seeding, entropy, resamples, &doubles),
    LINK(cdr_seeding, mark, in_marks, &marks),
};
SHAPE(seeding, cdr_seeding);

COUNT(designs, cdr_shared_inputs, s->designs ? s->designs : 1)
COUNT(data, cdr_shared_inputs, s->data_size)

static const cadre_link inputs_links[] = {
    LINK(cdr_shared_inputs, design, designs, &design),
    LINK(cdr_shared_inputs, seeding, NULL, &seeding),
    LINK(cdr_shared_inputs, data, data, &bytes),
};
SHAPE(inputs, cdr_shared_inputs);

static int unpack(cadre_task *task, void **state)
{
    *state = cadre_unpack(cadre_task_shared(task));
    return *state ? 0 : cadre_task_fail(task, CADRE_ENOMEM, "no memory for a copy");
}

int cdr_publish(void **memory, cadre_job *job, const cadre_pool *pool, cadre_error *err)
{
    const struct cdr_shared_inputs *const in = job->shared;

    *memory = NULL;
    if (cadre_shares_memory(pool))
        return CADRE_OK;
    if (cadre_pack(memory, &job->shared_size, in, &inputs, NULL))
        return cdr_stats_no_memory(err, in->design->layer->scheme.n);
    job->shared = *memory;
    job->worker_begin = unpack;
    job->worker_end = free;
    return CADRE_OK;
}
