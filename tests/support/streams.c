/* streams.c - sources and drains that the tests of streams share.
 * SPDX-License-Identifier: MIT
 */
#include "streams.h"

int count_source(void *arg, void *item, cadre_error *err)
{
    struct counter *c = arg;

    if (c->fail_at && c->next == c->fail_at)
        return cadre_source_fail(err, 77, "no item number %d", (int)c->next);
    if (c->next == c->end)
        return CADRE_DONE;
    *(uint64_t *)item = c->next++;
    atomic_fetch_add(&c->given, 1);
    if (c->taken && c->next - *c->taken > c->limit)
        c->exceeded = true;
    return CADRE_OK;
}

size_t babble_size(uint64_t i)
{
    return i % 7 == 0 ? 0 : (size_t)(i * 2654435761u % 1500);
}

int babble_source(void *arg, void *item, cadre_error *err)
{
    struct babbler *b = arg;
    size_t size = babble_size(b->next);

    (void)err;
    if (b->next == b->end) {
        free(b->buffer);
        b->buffer = NULL;
        return CADRE_DONE;
    }
    if (b->large_at && b->next == b->large_at)
        size = b->large;
    free(b->buffer); /* what was given before is no longer there */
    b->buffer = malloc(size + 1);
    if (!b->buffer)
        return 5;
    memset(b->buffer, (int)(b->next % 251), size);
    *(cadre_bytes *)item = (cadre_bytes){ b->buffer, size };
    if (b->large_at && b->next == b->large_at)
        b->large_at = 0;
    b->next++;
    return CADRE_OK;
}

bool is_babble(uint64_t i, const void *bytes, size_t size)
{
    const unsigned char *b = bytes;

    if (size != babble_size(i) || (b == NULL) != (size == 0))
        return false;
    for (size_t k = 0; k < size; k++)
        if (b[k] != i % 251)
            return false;
    return true;
}

cadre_stream *open_stream(const struct contract *c, cadre_job job)
{
    cadre_stream *s;
    cadre_error err;

    if (!job.chunk)
        job.chunk = c->chunk;
    if (cadre_stream_open(&s, c->pool, &job, &err))
        fail_msg("cadre_stream_open: %s", err.message);
    return s;
}

void close_stream(cadre_stream *s, uint64_t memory_limit)
{
    cadre_flow flow;

    cadre_stream_flow(s, &flow);
    assert_in_range(flow.most_items, flow.taken > 0, flow.window);
    assert_in_range(flow.fed, flow.taken, flow.taken + flow.window);
    if (memory_limit) {
        assert_int_equal(flow.memory_limit, memory_limit);
        assert_in_range(flow.most_bytes, 0,
                        memory_limit < 16384 ? 16384 : memory_limit);
    }
    cadre_stream_close(s);
}

uint64_t drain_u64(const struct contract *c, cadre_job job, uint64_t *y, uint64_t room)
{
    cadre_stream *s = open_stream(c, job);
    cadre_record r;
    cadre_error err;
    uint64_t n = 0;
    int rc;

    memset(y, 0xEE, room * sizeof *y);
    while ((rc = cadre_stream_next(s, &r, &err)) == CADRE_OK) {
        assert_true(r.index < room);
        assert_true(job.unordered || r.index == n);
        assert_int_equal(r.size, sizeof *y);
        assert_null(r.error);
        memcpy(&y[r.index], r.data, sizeof *y);
        n++;
    }
    if (rc != CADRE_DONE)
        fail_msg("cadre_stream_next: %s", err.message);
    close_stream(s, 0);
    return n;
}

uint64_t count_until_end(const struct contract *c, cadre_job job, int code,
                         cadre_error *err)
{
    cadre_stream *s = open_stream(c, job);
    cadre_record r;
    cadre_flow flow;
    uint64_t n = 0;
    int rc;

    while ((rc = cadre_stream_next(s, &r, err)) == CADRE_OK)
        n++;
    if (rc != code)
        fail_msg("the stream ended with %d (%s), not %d", rc,
                 rc == CADRE_DONE ? "done" : err->message, code);
    assert_int_equal(cadre_stream_next(s, &r, err), code); /* and stays so */
    cadre_stream_flow(s, &flow);
    assert_int_equal(flow.taken, n);
    cadre_stream_close(s);
    return n;
}
