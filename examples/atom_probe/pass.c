/* pass.c - one pass over a file: chunks through an ordered stream.
 * SPDX-License-Identifier: MIT
 */
#include "pass.h"
#include "failure.h"
#include "numbers.h"

#include <cadre/stream.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An item: this, and behind it the records, unless workers map them. */
struct chunk {
    uint64_t first, count;
};

/* ---- kernels: records to bytes ---- */

struct work {
    const struct ap_pass *pass;
    const unsigned char *records;
    uint64_t first, count;
    void *out;   /* working memory, as much as output_size says */
    size_t size; /* filled */
};

static void event_at(struct ap_event *e, const struct work *w, uint64_t i)
{
    ap_decode(e, w->pass->format, w->records + i * ap_record_size(w->pass->format));
}

/* Words for a record that cannot be right; NULL if it can. */
static int check(cadre_task *task, const struct work *w, uint64_t i,
                 const struct ap_event *e)
{
    const void *record = w->records + i * ap_record_size(w->pass->format);
    bool mc = w->pass->chain.mc;
    double value;
    const char *what = ap_event_trouble(e, mc, &value);

    if (!what)
        return 0;
    if (ap_record_is_swapped(w->pass->format, record, mc))
        return cadre_task_fail(task, CADRE_EDATA,
                               "record %llu: %s is %g; it makes sense with its bytes "
                               "swapped, so the file is little-endian, and EPOS is not",
                               (unsigned long long)(w->first + i), what, value);
    return cadre_task_fail(task, CADRE_EDATA, "record %llu: %s is %g",
                           (unsigned long long)(w->first + i), what, value);
}

static int add_block(cadre_task *task, const struct work *w, uint64_t from, uint64_t n,
                     struct ap_sums *sums)
{
    static const struct ap_sums none = { .least = INFINITY, .greatest = -INFINITY };
    double *square = (double *)((struct ap_sums *)w->out + w->count / AP_SUM_BLOCK + 1);
    double *voltage = square + AP_SUM_BLOCK, *t = voltage + AP_SUM_BLOCK;
    struct ap_event e;

    *sums = none;
    for (uint64_t i = from; i < from + n; i++) {
        event_at(&e, w, i);
        if (check(task, w, i, &e))
            return 1;
        if (!isnan(e.x))
            square[sums->placed++] = ap_chain_square(&w->pass->chain, &e);
        voltage[sums->n] = ap_chain_voltage(&w->pass->chain, &e);
        t[sums->n] = ap_chain_apply(&w->pass->chain, &e);
        sums->least = fmin(sums->least, t[sums->n]);
        sums->greatest = fmax(sums->greatest, t[sums->n++]);
    }
    sums->square = ap_sum_block(square, sums->placed);
    sums->voltage = ap_sum_block(voltage, sums->n);
    sums->t = ap_sum_block(t, sums->n);
    return 0;
}

static int add_up(cadre_task *task, struct work *w)
{
    struct ap_sums *sums = w->out;

    for (uint64_t i = 0; i < w->count; i += AP_SUM_BLOCK) {
        uint64_t n = w->count - i < AP_SUM_BLOCK ? w->count - i : AP_SUM_BLOCK;

        if (add_block(task, w, i, n, sums++))
            return 1;
    }
    w->size = (size_t)((char *)sums - (char *)w->out);
    return 0;
}

static void count_value(uint64_t *counts, const struct ap_range *range, double t)
{
    if (!(t >= range->low && t < range->high))
        return;
    t = (t - range->low) * (AP_BINS / (range->high - range->low));
    counts[t < AP_BINS ? (unsigned)t : AP_BINS - 1]++;
}

static int count_values(struct work *w)
{
    const struct ap_pass *p = w->pass;
    uint64_t *counts = w->out;
    struct ap_event e;

    w->size = p->ranges * AP_BINS * sizeof *counts;
    memset(counts, 0, w->size);
    for (uint64_t i = 0; i < w->count; i++) {
        double t, raw;

        event_at(&e, w, i);
        t = ap_chain_apply(&p->chain, &e);
        raw = p->chain.mc ? e.mc : e.t;
        for (unsigned k = 0; k < p->ranges; k++)
            count_value(counts + k * AP_BINS, &p->range[k], p->range[k].raw ? raw : t);
    }
    return 0;
}

/* Columns one after another, each as long as there are ions of the peak. */
static int pick_peak(struct work *w)
{
    const struct ap_pass *p = w->pass;
    unsigned k = 0, columns = p->columns;
    double *column[4] = { NULL }, *out = w->out;
    uint64_t n = 0;
    struct ap_event e;

    for (unsigned bit = 0; bit < 4; bit++)
        if (columns & 1u << bit)
            column[bit] = out + w->count * k++;
    for (uint64_t i = 0; i < w->count; i++) {
        double t;

        event_at(&e, w, i);
        t = ap_chain_apply(&p->chain, &e);
        if (!(p->low < t && t < p->high) || (column[0] && isnan(e.x)))
            continue;
        if (column[0])
            column[0][n] = e.x;
        if (column[1])
            column[1][n] = e.y;
        if (column[2])
            column[2][n] = ap_chain_voltage(&p->chain, &e);
        if (column[3])
            column[3][n] = t;
        n++;
    }
    for (unsigned c = 1; c < k; c++)
        memmove(out + c * n, out + c * w->count, n * sizeof *out);
    w->size = k * n * sizeof *out;
    return 0;
}

static int apply(struct work *w)
{
    const struct ap_pass *p = w->pass;
    size_t size = ap_record_size(p->out_format);
    char *out = w->out;
    struct ap_event e;

    for (uint64_t i = 0; i < w->count; i++, out += size) {
        double t;

        event_at(&e, w, i);
        t = ap_chain_apply(&p->chain, &e);
        if (p->chain.mc)
            e.mc = t;
        else
            e.t_c = t;
        if (!p->chain.mc && p->mass > 0)
            e.mc = p->mass * t * t;
        ap_encode(out, p->out_format, &e);
    }
    w->size = w->count * size;
    return 0;
}

static size_t output_size(const struct ap_pass *p, uint64_t count)
{
    switch (p->kind) {
    case AP_PASS_SUMS:
        return (count / AP_SUM_BLOCK + 1) * sizeof(struct ap_sums) +
               3 * AP_SUM_BLOCK * sizeof(double);
    case AP_PASS_COUNTS: return p->ranges * AP_BINS * sizeof(uint64_t);
    case AP_PASS_PEAK: return count * 4 * sizeof(double);
    default: return count * ap_record_size(p->out_format);
    }
}

static int do_chunk(cadre_task *task, struct work *w)
{
    w->out = cadre_task_scratch(task, output_size(w->pass, w->count));
    if (!w->out)
        return 1;
    switch (w->pass->kind) {
    case AP_PASS_SUMS: return add_up(task, w);
    case AP_PASS_COUNTS: return count_values(w);
    case AP_PASS_PEAK: return pick_peak(w);
    default: return apply(w);
    }
}

static int pass_kernel(cadre_task *task, const void *item, void *result)
{
    const cadre_bytes *bytes = item;
    const struct chunk *chunk = bytes->data;
    struct work w = { .pass = cadre_task_shared(task),
                      .records = (const unsigned char *)(chunk + 1),
                      .first = chunk->first,
                      .count = chunk->count };
    struct ap_window window;
    cadre_error err;
    int rc;

    (void)result;
    if (!w.pass->mapped)
        return do_chunk(task, &w) || cadre_task_emit(task, w.out, w.size);
    if (ap_window_open(&window, &w.pass->file, w.first, w.count, &err))
        return cadre_task_fail(task, CADRE_ESYS, "%s", err.message);
    w.records = window.records;
    rc = do_chunk(task, &w);
    ap_window_close(&window); /* before it may have to wait for its place */
    return rc || cadre_task_emit(task, w.out, w.size);
}

/* ---- the source, in the caller's thread ---- */

struct source {
    struct ap_reader *reader;
    const struct ap_flow *flow;
    bool mapped;
    struct chunk *chunk; /* and room for its records */
    uint64_t next;
};

static int next_chunk(void *arg, void *item, cadre_error *err)
{
    struct source *s = arg;
    uint64_t left = s->reader->records - s->next;
    cadre_bytes *bytes = item;
    int rc = CADRE_OK;

    if (left == 0)
        return CADRE_DONE;
    *s->chunk =
        (struct chunk){ s->next, left < s->flow->chunk ? left : s->flow->chunk };
    *bytes = (cadre_bytes){ s->chunk, sizeof *s->chunk };
    if (!s->mapped) {
        bytes->size += s->chunk->count * ap_record_size(s->reader->format);
        rc = ap_reader_read(s->reader, s->next, s->chunk->count, s->chunk + 1, err);
    }
    s->next += s->chunk->count;
    return rc;
}

/* ---- the pass ---- */

/* What failed was a record of the file: so say that, and not which chunk it was in. */
static int say_record(const struct ap_reader *reader, cadre_error *err)
{
    char text[sizeof err->message];
    const char *record = err ? strstr(err->message, "record ") : NULL;

    if (!record || err->code != CADRE_EKERNEL)
        return err ? err->code : CADRE_EKERNEL;
    snprintf(text, sizeof text, "%s", record);
    return ap_fail(err, CADRE_EDATA, "%s: %s", reader->path, text);
}

static int take_all(struct ap_flow *flow, const cadre_job *job, ap_take *take,
                    void *arg, cadre_error *err)
{
    cadre_stream *stream = NULL;
    cadre_record record;
    cadre_flow seen;
    int rc = cadre_stream_open(&stream, flow->pool, job, err);

    while (rc == CADRE_OK) {
        rc = cadre_stream_next(stream, &record, err);
        if (rc == CADRE_OK && take(arg, record.data, record.size, err))
            rc = err ? err->code : CADRE_ESYS;
    }
    if (stream) {
        cadre_stream_flow(stream, &seen);
        flow->seen = seen.most_items > flow->seen.most_items ? seen : flow->seen;
    }
    cadre_stream_close(stream);
    return rc == CADRE_DONE ? CADRE_OK : rc;
}

int ap_pass_run(struct ap_flow *flow, struct ap_reader *reader,
                const struct ap_pass *pass, ap_take *take, void *arg, cadre_error *err)
{
    size_t size = sizeof(struct chunk) +
                  (pass->mapped ? 0 : flow->chunk * ap_record_size(reader->format));
    struct source source = {
        .reader = reader, .flow = flow, .mapped = pass->mapped, .chunk = malloc(size)
    };
    cadre_job job = { .fn = pass_kernel,
                      .name = reader->path,
                      .n = (reader->records + flow->chunk - 1) / flow->chunk,
                      .item_size = CADRE_BYTES,
                      .shared = pass,
                      .shared_size = sizeof *pass,
                      .source = next_chunk,
                      .source_arg = &source,
                      .window = flow->window,
                      .memory_limit = flow->memory_limit,
                      .progress = flow->progress,
                      .progress_arg = flow->progress_arg };
    cadre_error own;
    int rc;

    err = err ? err : &own;
    if (!source.chunk)
        return ap_fail_memory(err, size);
    rc = take_all(flow, &job, take, arg, err);
    free(source.chunk);
    return rc ? say_record(reader, err) : CADRE_OK;
}
