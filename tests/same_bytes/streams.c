/* streams.c - one stream, however it is run: the same records, the same end.
 * SPDX-License-Identifier: MIT
 *
 * Each digest covers the records, by their index, and the error. That of the NULL pool,
 * in order and with everything automatic, is the reference.
 */
#include "pipes.h"

#define N        127
#define ITEM(i)  (UINT64_C(0x9E3779B97F4A7C15) * ((i) + 1))
#define FAILS_AT 37

static const struct process_pool {
    const char *backend;
    int workers;
} teams[] = { { NULL, 1 },      { "serial", 1 },  { "threads", 1 }, { "threads", 2 },
              { "threads", 3 }, { "threads", 8 }, { "auto", 0 } };
static const uint64_t windows[] = { 1, 2, 16, 0 }, chunks[] = { 1, 7, 0 };

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- kernels ---- */

enum shape { NOTHING, WORD, ARGUMENTS, BYTES };

struct how { /* what every task is told */
    enum shape item;
    bool emits;
    uint64_t fails; /* every so many tasks; 0: none */
    bool jitters;
};

struct signature {
    uint64_t item, draw;
    double normal;
};

static uint64_t hash_item(enum shape shape, const void *item)
{
    const cadre_bytes *bytes = item;
    uint64_t x[3];

    switch (shape) {
    case NOTHING: return item == NULL;
    case WORD: return fnv1a(item, sizeof(uint64_t), FNV_BEGIN);
    case BYTES: return fnv1a(bytes->data, bytes->size, FNV_BEGIN);
    default: break;
    }
    for (int k = 0; k < 3; k++)
        x[k] = ((const uint64_t *const *)item)[k][0];
    return fnv1a(x, sizeof x, FNV_BEGIN);
}

static int emit_words(cadre_task *t, const struct signature *s)
{
    for (uint64_t k = s->draw % 5; k > 0; k--)
        if (cadre_task_emit(t, s, k * 3))
            return 1;
    return 0;
}

static int sign(cadre_task *t, const void *item, void *result)
{
    const struct how *how = cadre_task_shared(t);
    uint64_t i = cadre_task_index(t);
    struct signature s = { hash_item(how->item, item), cadre_rng_u64(cadre_task_rng(t)),
                           cadre_rng_normal(cadre_task_rng(t)) };

    if (how->jitters)
        jitter(i * s.draw);
    if (how->fails && i % how->fails == how->fails - 1)
        return cadre_task_fail(t, 9, "no sign for %016llx", (unsigned long long)s.item);
    if (how->emits)
        return emit_words(t, &s);
    *(struct signature *)result = s;
    return 0;
}

/* ---- sources ---- */

/* All that stands behind one stream. */
struct stage {
    cadre_job job, up_job;
    struct how how, up_how;
    uint64_t n, next, fails_at;
    char bytes[64];
    cadre_column columns[3];
    cadre_file *file;
    struct pour pour;
    bool pours;
    cadre_stream *up;
};

typedef void kind(struct stage *g, const struct contract *c);

static uint64_t words[N];

static int give_word(void *arg, void *item, cadre_error *err)
{
    struct stage *g = arg;

    if (g->fails_at && g->next == g->fails_at)
        return cadre_source_fail(err, 31, "nothing after %d words", (int)g->next);
    if (g->next == g->n)
        return CADRE_DONE;
    *(uint64_t *)item = ITEM(g->next++);
    return CADRE_OK;
}

static int give_bytes(void *arg, void *item, cadre_error *err)
{
    struct stage *g = arg;
    uint64_t word = 0;
    int rc = give_word(arg, &word, err);

    memset(g->bytes, (int)(word >> 8), sizeof g->bytes);
    *(cadre_bytes *)item = (cadre_bytes){ g->bytes, word % 60 };
    return rc;
}

static void indices(struct stage *g, const struct contract *c)
{
    (void)c;
    g->job.n = N;
}

static void array(struct stage *g, const struct contract *c)
{
    (void)c;
    g->how.item = WORD;
    g->job.n = N;
    g->job.items = words;
    g->job.item_size = sizeof *words;
}

static void callback(struct stage *g, const struct contract *c)
{
    (void)c;
    g->how.item = WORD;
    g->job.source = give_word;
    g->job.source_arg = g;
    g->job.item_size = sizeof *words;
}

static void callback_of_bytes(struct stage *g, const struct contract *c)
{
    callback(g, c);
    g->how.item = BYTES;
    g->job.source = give_bytes;
    g->job.item_size = CADRE_BYTES;
}

/* An array, a source and a constant; of different lengths if the longest is to end it. */
static void columns(struct stage *g, const void *fill, uint64_t n)
{
    static const uint64_t constant = 77;

    g->how.item = ARGUMENTS;
    g->columns[0] =
        (cadre_column){ .data = words, .size = sizeof *words, .n = n, .fill = fill };
    g->columns[1] = (cadre_column){
        .source = give_word, .source_arg = g, .size = sizeof *words, .fill = fill
    };
    g->columns[2] =
        (cadre_column){ .data = &constant, .size = sizeof constant, .same = true };
    g->job.columns = g->columns;
    g->job.n_columns = 3;
}

static void zip(struct stage *g, const struct contract *c)
{
    (void)c;
    columns(g, NULL, N);
    g->n = N + 20;
}

static void longest(struct stage *g, const struct contract *c)
{
    static const uint64_t fill = 12345;

    (void)c;
    columns(g, &fill, N / 2);
}

static void over_file(struct stage *g, const char *path, size_t record_size)
{
    g->file = open_file(path, record_size);
    g->job.source = cadre_file_source;
    g->job.source_arg = g->file;
    g->job.item_size = record_size ? record_size : CADRE_BYTES;
    g->how.item = record_size ? WORD : BYTES;
}

static struct plain records_file, lines_file;

static void records(struct stage *g, const struct contract *c)
{
    (void)c;
    over_file(g, records_file.path, sizeof *words);
}

static void records_of_a_pipe(struct stage *g, const struct contract *c)
{
    (void)c;
    pour_begin(&g->pour, words, sizeof words, true);
    g->pours = true;
    over_file(g, g->pour.path, sizeof *words);
}

static void lines(struct stage *g, const struct contract *c)
{
    (void)c;
    over_file(g, lines_file.path, 0);
}

static void over_stream(struct stage *g, const struct contract *c, bool emits)
{
    g->up_how.item = g->how.item;
    g->up_how.emits = emits;
    g->up_job = g->job;
    g->up_job.unordered = false; /* or its records have other numbers here */
    g->up_job.fn = sign;
    g->up_job.shared = &g->up_how;
    g->up_job.shared_size = sizeof g->up_how;
    g->up_job.result_size = emits ? 0 : sizeof(struct signature);
    g->up = open_stream(c, g->up_job);
    g->job.source = cadre_stream_source;
    g->job.source_arg = g->up;
    g->job.item_size = emits ? CADRE_BYTES : sizeof(struct signature);
    g->how.item = emits ? BYTES : WORD;
}

static void stream(struct stage *g, const struct contract *c)
{
    callback(g, c);
    over_stream(g, c, false);
}

static void stream_of_bytes(struct stage *g, const struct contract *c)
{
    callback_of_bytes(g, c);
    over_stream(g, c, true);
}

static void end_stage(struct stage *g)
{
    cadre_stream_close(g->up);
    cadre_file_close(g->file);
    if (g->pours)
        pour_end(&g->pour);
}

/* ---- digests ---- */

struct book {
    uint64_t record[N + 1]; /* digests; 0: there was none */
    uint64_t n;
    int rc;
    cadre_error err;
};

static uint64_t digest_error(uint64_t hash, const cadre_error *err)
{
    hash = fnv1a(&err->code, sizeof err->code, hash);
    hash = fnv1a(&err->user, sizeof err->user, hash);
    hash = fnv1a(&err->sys, sizeof err->sys, hash);
    hash = fnv1a(&err->item, sizeof err->item, hash);
    return fnv1a(err->message, strlen(err->message), hash);
}

static void enter(struct book *b, const cadre_record *r, bool unordered)
{
    uint64_t hash = fnv1a(&r->size, sizeof r->size, FNV_BEGIN);

    assert_true(r->index <= N && b->record[r->index] == 0);
    assert_true(unordered || r->index == b->n);
    hash = fnv1a(r->data, r->size, hash);
    b->record[r->index] = r->error ? digest_error(hash, r->error) : hash;
    b->n++;
}

/* Unordered, records beyond a failure may have come, or not. */
static uint64_t close_book(const struct book *b)
{
    uint64_t n = b->rc == CADRE_DONE ? b->n : b->err.item;
    uint64_t hash = fnv1a(&b->rc, sizeof b->rc, FNV_BEGIN);

    assert_true(n <= N + 1);
    for (uint64_t i = 0; i < n; i++)
        if (b->record[i] == 0)
            fail_msg("there is no record %d of %d", (int)i, (int)n);
    hash = fnv1a(b->record, n * sizeof *b->record, hash);
    return b->rc == CADRE_DONE ? hash : digest_error(hash, &b->err);
}

static uint64_t drain(const struct contract *c, cadre_job job)
{
    cadre_stream *s = open_stream(c, job);
    struct book book = { .n = 0 };
    cadre_record r;

    while ((book.rc = cadre_stream_next(s, &r, &book.err)) == CADRE_OK)
        enter(&book, &r, job.unordered);
    close_stream(s, 0);
    return close_book(&book);
}

/* ---- the matrix ---- */

struct scenario {
    kind *begin;
    bool emits, keeps_going;
    uint64_t fails, source_fails, up_fails;
};

static uint64_t run(const struct scenario *s, const struct contract *c, cadre_job job)
{
    static struct stage g;
    uint64_t digest;

    g = (struct stage){ .job = job, .n = N, .fails_at = s->source_fails };
    g.how.emits = s->emits;
    g.how.fails = s->fails;
    g.up_how.fails = s->up_fails;
    s->begin(&g, c);
    g.job.fn = sign;
    g.job.shared = &g.how;
    g.job.shared_size = sizeof g.how;
    g.job.result_size = s->emits ? 0 : sizeof(struct signature);
    g.job.on_error = s->keeps_going ? CADRE_KEEP_GOING : CADRE_STOP;
    digest = drain(c, g.job);
    end_stage(&g);
    return digest;
}

static void check_team(const struct scenario *s,
                       const struct process_pool *process_pool, uint64_t reference)
{
    struct contract c = { .backend = process_pool->backend,
                          .workers = process_pool->workers };

    assert_int_equal(contract_pool(&c.pool, &c, (cadre_options){ 0 }), 0);
    for (size_t i = 0; i < 2 * COUNT(windows) * COUNT(chunks); i++) {
        cadre_job job = { .unordered = i % 2,
                          .window = windows[i / 2 % COUNT(windows)],
                          .chunk = chunks[i / 2 / COUNT(windows)],
                          .seed = 20240229 };
        if (run(s, &c, job) != reference)
            fail_msg("%s, %d workers, %s, window %d, chunk %d: not as the NULL pool",
                     process_pool->backend ? process_pool->backend : "NULL",
                     process_pool->workers, job.unordered ? "unordered" : "ordered",
                     (int)job.window, (int)job.chunk);
    }
    cadre_close(c.pool);
}

static uint64_t compare(struct scenario s)
{
    struct contract none = { .backend = NULL };
    uint64_t reference = run(&s, &none, (cadre_job){ .seed = 20240229 });

    for (size_t i = 0; i < COUNT(teams); i++)
        check_team(&s, &teams[i], reference);
    return reference;
}

static kind *const kinds[] = { indices, array,   callback,       callback_of_bytes,
                               zip,     longest, records,        records_of_a_pipe,
                               lines,   stream,  stream_of_bytes };

static void test_results(void **state)
{
    (void)state;
    for (size_t k = 0; k < COUNT(kinds); k++)
        compare((struct scenario){ .begin = kinds[k] });
}

static void test_emitted_bytes(void **state)
{
    (void)state;
    for (size_t k = 0; k < COUNT(kinds); k++)
        compare((struct scenario){ .begin = kinds[k], .emits = true });
}

static void test_failing_items(void **state)
{
    static kind *const some[] = { indices, callback, zip, stream_of_bytes };

    (void)state;
    for (size_t k = 0; k < COUNT(some); k++) {
        compare((struct scenario){ .begin = some[k], .fails = FAILS_AT });
        compare((struct scenario){ .begin = some[k], .fails = 1, .emits = true });
    }
}

static void test_keeping_going(void **state)
{
    static kind *const some[] = { array, lines, longest, stream };

    (void)state;
    for (size_t k = 0; k < COUNT(some); k++)
        compare((struct scenario){
            .begin = some[k], .fails = 5, .keeps_going = true, .emits = k % 2 });
}

static void test_failing_sources(void **state)
{
    static kind *const some[] = { callback, callback_of_bytes, zip, stream };

    (void)state;
    for (size_t k = 0; k < COUNT(some); k++)
        compare((struct scenario){ .begin = some[k], .source_fails = FAILS_AT });
    compare((struct scenario){ .begin = stream_of_bytes, .up_fails = FAILS_AT });
}

/* ---- whoever fails first ---- */

static int fails_at_random(cadre_task *t, const void *item, void *result)
{
    uint64_t i = cadre_task_index(t), draw = cadre_rng_u64(cadre_task_rng(t));

    (void)item;
    jitter(draw);
    if (draw % 16 == 0)
        return cadre_task_fail(t, (int)(draw >> 40), "item %d it is", (int)i);
    *(uint64_t *)result = draw;
    return 0;
}

static void test_the_lowest_failure_always(void **state)
{
    struct contract none = { .backend = NULL }, c = { .backend = "threads" };

    (void)state;
    for (c.workers = 2; c.workers <= 8; c.workers += 3) {
        assert_int_equal(contract_pool(&c.pool, &c, (cadre_options){ 0 }), 0);
        for (uint64_t seed = 0; seed < 100; seed++)
            for (int unordered = 0; unordered < 2; unordered++) {
                cadre_job job = { .fn = fails_at_random,
                                  .n = N,
                                  .result_size = sizeof(uint64_t),
                                  .window = seed % 2 ? 16 : 0,
                                  .unordered = unordered,
                                  .seed = seed };
                assert_true(drain(&c, job) == drain(&none, job));
            }
        cadre_close(c.pool);
    }
}

/* ---- */

static int write_files(void **state)
{
    char text[N * 64];
    size_t size = 0;

    (void)state;
    for (uint64_t i = 0; i < N; i++) {
        words[i] = ITEM(i);
        size += (size_t)snprintf(text + size, sizeof text - size, "%.*llx\n",
                                 (int)(i % 40), (unsigned long long)ITEM(i));
    }
    plain_begin(&records_file, words, sizeof words);
    plain_begin(&lines_file, text, size - 1); /* the last line needs no end */
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_results),
        cmocka_unit_test(test_emitted_bytes),
        cmocka_unit_test(test_failing_items),
        cmocka_unit_test(test_keeping_going),
        cmocka_unit_test(test_failing_sources),
        cmocka_unit_test(test_the_lowest_failure_always),
    };

    return cmocka_run_group_tests(tests, write_files, NULL);
}
