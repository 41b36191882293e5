/* material.c - the job of a case: its arrays, columns, sources, and who cancels it.
 * SPDX-License-Identifier: MIT
 */
#include "case.h"

#include <linux/futex.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static void *must(void *memory)
{
    if (!memory) {
        printf("Bail out! no memory for the test itself\n");
        exit(1);
    }
    return memory;
}

/* ---- sources ---- */

static int give(void *arg, void *item, cadre_error *err)
{
    struct material *m = arg;
    const struct fuzz_case *c = m->c;
    uint64_t i = m->given++;

    if (i == c->source_fails_at)
        return cadre_source_fail(err, 55, "the source is dry");
    if (i >= c->n)
        return CADRE_DONE;
    if (c->input == SOURCE) {
        expand(part_of(c, PART_ITEM, i), item, c->item_size);
        return CADRE_OK;
    }
    *(cadre_bytes *)item = (cadre_bytes){ m->buffer, item_bytes(c, i) };
    expand(part_of(c, PART_ITEM, i), m->buffer, item_bytes(c, i));
    return CADRE_OK;
}

static int give_element(void *arg, void *item, cadre_error *err)
{
    struct column_source *s = arg;
    struct fuzz_column *l = &s->c->column[s->k];

    (void)err;
    if (l->given >= l->n)
        return CADRE_DONE;
    column_element(s->c, s->k, l->given++, item);
    return CADRE_OK;
}

/* ---- arrays ---- */

static void make_column(struct material *m, unsigned k)
{
    struct fuzz_case *c = m->c;
    struct fuzz_column *l = &c->column[k];
    cadre_column *to = &m->columns[k];

    l->given = 0;
    to->size = l->size;
    to->same = l->same;
    if (l->fill)
        to->fill = column_element(c, k, UINT32_MAX, m->fills[k]);
    if (l->sourced) {
        m->sources[k] = (struct column_source){ c, k };
        to->source = give_element;
        to->source_arg = &m->sources[k];
        return;
    }
    m->elements[k] = must(malloc(l->n * l->size + 1));
    for (uint64_t i = 0; i < l->n; i++)
        column_element(c, k, i, m->elements[k] + i * l->size);
    to->data = m->elements[k];
    to->n = l->n;
}

static void make_items(struct material *m, cadre_job *job)
{
    struct fuzz_case *c = m->c;

    if (c->input == ARRAY) {
        m->items = must(malloc(c->n * c->item_size + 1));
        for (uint64_t i = 0; i < c->n; i++)
            expand(part_of(c, PART_ITEM, i), (char *)m->items + i * c->item_size,
                   c->item_size);
        job->items = m->items;
    }
    if (c->input == COLUMNS) {
        for (unsigned k = 0; k < c->columns; k++)
            make_column(m, k);
        job->columns = m->columns;
        job->n_columns = (unsigned)c->columns;
        job->n = 0;
    } else if (c->input != INDEX) {
        job->item_size = c->input == BYTES_SOURCE ? CADRE_BYTES : c->item_size;
    }
    if (c->input == SOURCE || c->input == BYTES_SOURCE) {
        m->buffer = must(malloc(BYTES_MAX));
        job->source = give;
        job->source_arg = m;
    }
    if (c->by_source)
        job->n = 0;
}

static void make_results(struct material *m, cadre_job *job)
{
    struct fuzz_case *c = m->c;
    size_t size = c->n * c->result_size + 1;

    job->result_size = c->result_size;
    if (c->statuses)
        job->statuses = m->statuses = must(malloc((c->n + 1) * sizeof(int)));
    if (c->kind != MAP)
        return;
    if (c->emit_most || c->n % 2)
        job->emitted = m->emitted = must(calloc(c->n + 1, sizeof *m->emitted));
    if (!c->result_size)
        return;
    m->results =
        must(c->shared_results ? cadre_alloc_shared(size, NULL) : malloc(size));
    for (uint64_t i = 0; i < c->n; i++)
        expand(part_of(c, PART_BEFORE, i), (char *)m->results + i * c->result_size,
               c->result_size);
    job->results = m->results;
}

static void hear(void *arg, const cadre_counts *counts)
{
    struct material *m = arg;

    if (counts->done < m->reported || (counts->total && counts->done > counts->total))
        m->went_back = true;
    m->reported = counts->done;
}

void material_make(struct material *m, struct fuzz_case *c, cadre_job *job)
{
    memset(m, 0, sizeof *m);
    m->c = c;
    *job = (cadre_job){ .name = "fuzz",
                        .n = c->endless ? CADRE_ENDLESS : c->n,
                        .shared = c,
                        .shared_size = sizeof *c,
                        .seed = c->seed,
                        .chunk = c->chunk,
                        .on_error = c->keep_going ? CADRE_KEEP_GOING : CADRE_STOP,
                        .deadline_ms = (uint32_t)c->deadline_ms,
                        .retries = (unsigned)c->retries,
                        .timeout_ms = (uint32_t)c->timeout_ms,
                        .grace_ms = (uint32_t)c->grace_ms,
                        .window = c->window,
                        .memory_limit = c->memory_limit,
                        .unordered = c->unordered };
    if (c->range)
        job->range_fn = fuzz_ranges;
    else
        job->fn = fuzz_kernel;
    if (c->progress) {
        job->progress = hear;
        job->progress_arg = m;
    }
    make_items(m, job);
    make_results(m, job);
}

void material_free(struct material *m)
{
    if (m->emitted)
        cadre_bytes_free(m->emitted, m->c->n);
    if (m->c->shared_results)
        cadre_free_shared(m->results);
    else
        free(m->results);
    for (unsigned k = 0; k < COLUMNS_MAX; k++)
        free(m->elements[k]);
    free(m->items);
    free(m->emitted);
    free(m->statuses);
    free(m->buffer);
}

/* ---- who cancels ---- */

struct canceller {
    struct common *common;
    cadre_pool *pool;
    cadre_stream *stream; /* or else the pool */
    pthread_t thread;
};

static void *wait_and_cancel(void *arg)
{
    struct canceller *k = arg;

    while (atomic_load(&k->common->told) == 0)
        syscall(SYS_futex, &k->common->told, FUTEX_WAIT, 0, NULL, NULL, 0);
    if (k->stream)
        cadre_stream_stop(k->stream);
    else
        cadre_cancel(k->pool);
    return NULL;
}

struct canceller *canceller_begin(struct common *common, cadre_pool *pool,
                                  cadre_stream *stream)
{
    struct canceller *k = must(malloc(sizeof *k));

    *k = (struct canceller){ .common = common, .pool = pool, .stream = stream };
    if (pthread_create(&k->thread, NULL, wait_and_cancel, k))
        must(NULL);
    return k;
}

void canceller_end(struct canceller *k)
{
    atomic_store(&k->common->told, 2);
    syscall(SYS_futex, &k->common->told, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
    pthread_join(k->thread, NULL);
    free(k);
}
