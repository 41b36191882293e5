/* test_stream_torture.c - fail each call that streams and files make, in turn.
 * SPDX-License-Identifier: MIT
 */
#include "pipes.h"
#include "torture.h"

#include <signal.h>

enum { MANY = 40, LARGE = 300000, RECORDS = 3 };

/* ---- taking records ---- */

/* Whether these are what the task of item i makes. */
typedef bool is_right(uint64_t i, const void *data, size_t size);

struct taken {
    is_right *check;
    uint64_t n;    /* records there are */
    bool in_order; /* and they come so */
    uint64_t most; /* if not 0: stop after so many, */
    bool leave;    /* or just leave */
};

/* What goes wrong with one item, where failures are gone over, is worded too. */
static void check_record(const struct taken *want, const cadre_record *r)
{
    assert_true(r->index < want->n);
    if (!r->error) {
        assert_true(want->check(r->index, r->data, r->size));
        return;
    }
    assert_true(r->error->code < 0 && r->error->item == r->index);
    assert_true(strlen(r->error->message) > 10);
    assert_null(r->data);
}

/* All records come, each once, or those below what went wrong. */
static int take(cadre_stream *s, const struct taken *want, cadre_error *err)
{
    bool seen[MANY] = { false };
    uint64_t n = 0;
    cadre_record r;
    int rc;

    while ((rc = cadre_stream_next(s, &r, err)) == CADRE_OK) {
        check_record(want, &r);
        assert_false(seen[r.index]);
        assert_true(!want->in_order || r.index == n);
        seen[r.index] = true;
        n++;
        if (n == want->most && want->leave)
            return CADRE_OK;
        if (n == want->most)
            cadre_stream_stop(s);
    }
    if (rc == CADRE_DONE)
        assert_int_equal(n, want->most ? want->most : want->n);
    assert_int_equal(cadre_stream_next(s, &r, err), rc); /* and stays so */
    return rc == CADRE_DONE ? CADRE_OK : rc;
}

/* A pool, a stream on it, all of its records, and the end of both. */
static int run(const cadre_job *job, const struct taken *want, cadre_error *err)
{
    cadre_stream *s = NULL;
    cadre_pool *pool;
    int rc = torture_pool(&pool, err);

    if (rc)
        return rc;
    rc = cadre_stream_open(&s, pool, job, err);
    assert_true(!rc == (s != NULL));
    if (!rc)
        rc = take(s, want, err);
    cadre_stream_close(s);
    cadre_close(pool);
    return rc;
}

/* ---- an array ---- */

static int square(cadre_task *t, const void *item, void *result)
{
    uint64_t i = *(const uint64_t *)item;

    (void)t;
    jitter(i);
    *(uint64_t *)result = i * i;
    return 0;
}

static bool is_square(uint64_t i, const void *data, size_t size)
{
    return size == sizeof i && *(const uint64_t *)data == i * i;
}

static int squares(const struct taken *want, cadre_error *err)
{
    uint64_t x[MANY];

    for (uint64_t i = 0; i < MANY; i++)
        x[i] = i;
    return run(&(cadre_job){ .fn = square,
                             .n = MANY,
                             .items = x,
                             .item_size = sizeof *x,
                             .result_size = sizeof *x,
                             .window = 16,
                             .deadline_ms = 60000,
                             .unordered = !want->in_order },
               want, err);
}

static int array(const void *arg, cadre_error *err)
{
    const bool *unordered = arg;

    return squares(&(struct taken){ is_square, MANY, !*unordered, 0, false }, err);
}

static int array_stopped(const void *arg, cadre_error *err)
{
    const bool *unordered = arg;

    return squares(&(struct taken){ is_square, MANY, !*unordered, 7, false }, err);
}

static int array_left(const void *arg, cadre_error *err)
{
    const bool *unordered = arg;

    return squares(&(struct taken){ is_square, MANY, !*unordered, 3, true }, err);
}

/* ---- a worker process that dies, once ---- */

/* Some are larger than what a worker has for its results: it waits for those before. */
static uint64_t bytes_size(uint64_t i)
{
    return 50 * i;
}

static const char zeros[50 * MANY];

static bool are_zeros(uint64_t i, const void *data, size_t size)
{
    return size == bytes_size(i) && (size == 0 || memcmp(data, zeros, size) == 0);
}

static _Atomic int *dead; /* in memory that all share */

/* Whether that was Linux, as memory ran out. */
static bool starving;

bool __real_cdr_oom_kills(uint64_t *kills);
bool __wrap_cdr_oom_kills(uint64_t *kills);

bool __wrap_cdr_oom_kills(uint64_t *kills)
{
    bool known = __real_cdr_oom_kills(kills);

    *kills += starving && atomic_load(dead);
    return known;
}

static int deadly(cadre_task *t, const void *item, void *result)
{
    uint64_t i = cadre_task_index(t);

    (void)item;
    (void)result;
    if (i == 7 && torture_is_apart() && atomic_exchange(dead, 1) == 0)
        raise(SIGKILL);
    return cadre_task_emit(t, zeros, bytes_size(i));
}

static int dying(const void *arg, cadre_error *err)
{
    const bool *unordered = arg;
    uint32_t minute = torture_is_apart() ? 60000 : 0;

    atomic_store(dead, 0);
    return run(&(cadre_job){ .fn = deadly,
                             .n = MANY,
                             .unordered = *unordered,
                             .memory_limit = 16384,
                             .retries = minute ? 2 : 0,
                             .timeout_ms = minute },
               &(struct taken){ are_zeros, MANY, !*unordered, 0, false }, err);
}

/* ---- columns, one of which has a source, and all that tasks can ask for ---- */

static uint64_t busy_size(uint64_t i)
{
    return 1 + i % 8;
}

static bool is_busy(uint64_t i, const void *data, size_t size)
{
    return size == busy_size(i) && memcmp(data, &i, size) == 0;
}

static int busy(cadre_task *t, const void *item, void *result)
{
    uint64_t i = CADRE_ARG(item, 0, uint64_t) + CADRE_ARG(item, 1, uint64_t);
    uint64_t *scratch = cadre_task_scratch(t, 64 + 8 * (i % 100));

    (void)result;
    if (!scratch)
        return 1;
    jitter(i);
    return cadre_task_emit(t, &i, busy_size(i)) ? 2 : 0;
}

static int columns(const void *arg, cadre_error *err)
{
    const bool *keep_going = arg;
    uint64_t x[MANY] = { 0 };
    struct counter counter = { .end = MANY };
    cadre_column both[] = {
        { .data = x, .size = sizeof *x, .n = MANY },
        { .source = count_source, .source_arg = &counter, .size = sizeof *x },
    };

    return run(&(cadre_job){ .fn = busy,
                             .columns = both,
                             .n_columns = 2,
                             .unordered = true,
                             .on_error = *keep_going ? CADRE_KEEP_GOING : CADRE_STOP },
               &(struct taken){ is_busy, MANY, false, 0, false }, err);
}

/* ---- streams that feed each other ---- */

static int echo(cadre_task *t, const void *item, void *result)
{
    const cadre_bytes *bytes = item;

    (void)result;
    return cadre_task_emit(t, bytes->data, bytes->size);
}

static int size_of(cadre_task *t, const void *item, void *result)
{
    (void)t;
    *(uint64_t *)result = ((const cadre_bytes *)item)->size;
    return 0;
}

static bool is_bytes_size(uint64_t i, const void *data, size_t size)
{
    return size == sizeof i && *(const uint64_t *)data == bytes_size(i);
}

static int give_bytes(void *arg, void *item, cadre_error *err)
{
    uint64_t *next = arg;

    (void)err;
    if (*next == MANY)
        return CADRE_DONE;
    *(cadre_bytes *)item = (cadre_bytes){ (void *)(uintptr_t)zeros, bytes_size(*next) };
    ++*next;
    return CADRE_OK;
}

/* What cannot be opened leaves its source alone: opened once more, it has all items. */
static int open_second(cadre_stream **s, cadre_pool *pool, cadre_stream *first,
                       cadre_error *err)
{
    cadre_job job = { .fn = size_of,
                      .source = cadre_stream_source,
                      .source_arg = first,
                      .item_size = CADRE_BYTES,
                      .result_size = sizeof(uint64_t) };
    int rc = cadre_stream_open(s, pool, &job, err);

    if (!rc)
        return CADRE_OK;
    assert_null(*s);
    assert_int_equal(err->code, rc);
    assert_false(cadre_stream_stopped(first));
    return cadre_stream_open(s, pool, &job, err);
}

static int chain(const void *arg, cadre_error *err)
{
    uint64_t next = 0;
    cadre_job job = { .fn = echo,
                      .source = give_bytes,
                      .source_arg = &next,
                      .item_size = CADRE_BYTES,
                      .memory_limit = 16384 };
    cadre_stream *first = NULL, *second = NULL;
    cadre_pool *pool;
    int rc = torture_pool(&pool, err);

    (void)arg;
    if (rc)
        return rc;
    rc = cadre_stream_open(&first, pool, &job, err);
    if (!rc)
        rc = open_second(&second, pool, first, err);
    if (!rc)
        rc = take(second, &(struct taken){ is_bytes_size, MANY, true, 0, false }, err);
    cadre_stream_close(second);
    cadre_stream_close(first);
    cadre_close(pool);
    return rc;
}

/* ---- files ---- */

static struct plain plain;
static size_t plain_size;

/* The second line is longer than what is read at once. */
static uint64_t line_size(uint64_t i)
{
    return i == 1 ? LARGE : i;
}

static bool is_line_size(uint64_t i, const void *data, size_t size)
{
    return size == sizeof i && *(const uint64_t *)data == line_size(i);
}

static int first_byte(cadre_task *t, const void *item, void *result)
{
    (void)t;
    *(uint64_t *)result = *(const unsigned char *)item;
    return 0;
}

static bool is_first_byte(uint64_t i, const void *data, size_t size)
{
    return size == sizeof i && *(const uint64_t *)data == (i ? '.' : '\n');
}

static int read_file(cadre_fn *fn, size_t record_size, const struct taken *want,
                     cadre_error *err)
{
    cadre_file *file;
    int rc = cadre_file_open(&file, plain.path, record_size, err);

    if (rc)
        return rc;
    rc = run(&(cadre_job){ .fn = fn,
                           .source = cadre_file_source,
                           .source_arg = file,
                           .item_size = record_size ? record_size : CADRE_BYTES,
                           .result_size = sizeof(uint64_t) },
             want, err);
    cadre_file_close(file);
    return rc;
}

static int lines(const void *arg, cadre_error *err)
{
    (void)arg;
    return read_file(size_of, 0, &(struct taken){ is_line_size, MANY, true, 0, false },
                     err);
}

static int records(const void *arg, cadre_error *err)
{
    (void)arg;
    return read_file(first_byte, plain_size / RECORDS,
                     &(struct taken){ is_first_byte, RECORDS, true, 0, false }, err);
}

static int begin_file(void)
{
    static char text[2 * LARGE];
    size_t end = 0;

    for (uint64_t i = 0; i < MANY; i++) {
        memset(text + end, '.', line_size(i));
        end += line_size(i);
        text[end++] = '\n';
    }
    plain_begin(&plain, text, end);
    plain_size = end;
    return end % RECORDS ? -1 : 0;
}

/* ---- */

static int set_up(void **state)
{
    static const int not_yet = 0;

    (void)state;
    dead = shared_copy(&not_yet, sizeof not_yet);
    return begin_file();
}

static int tear_down(void **state)
{
    (void)state;
    plain_end(&plain);
    cadre_free_shared(dead);
    return 0;
}

static const bool no = false, yes = true;

static void test_an_array(void **state)
{
    (void)state;
    torture(array, &no);
    torture(array, &yes);
}

static void test_an_array_stopped(void **state)
{
    (void)state;
    torture(array_stopped, &no);
    torture(array_stopped, &yes);
}

static void test_an_array_left(void **state)
{
    (void)state;
    torture(array_left, &no);
    torture(array_left, &yes);
}

static void test_a_death(void **state)
{
    (void)state;
    starving = false;
    torture(dying, &no);
    torture(dying, &yes);
}

/* The others may wait for what was at its seat. */
static void test_a_death_for_want_of_memory(void **state)
{
    (void)state;
    starving = true;
    torture(dying, &no);
    torture(dying, &yes);
}

static void test_columns(void **state)
{
    (void)state;
    torture(columns, &no);
}

static void test_columns_keeping_going(void **state)
{
    (void)state;
    torture(columns, &yes);
}

static void test_a_chain(void **state)
{
    (void)state;
    torture(chain, NULL);
}

static void test_lines(void **state)
{
    (void)state;
    torture(lines, NULL);
}

static void test_records(void **state)
{
    (void)state;
    torture(records, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_array),
        cmocka_unit_test(test_an_array_stopped),
        cmocka_unit_test(test_an_array_left),
        cmocka_unit_test(test_a_death),
        cmocka_unit_test(test_a_death_for_want_of_memory),
        cmocka_unit_test(test_columns),
        cmocka_unit_test(test_columns_keeping_going),
        cmocka_unit_test(test_a_chain),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_records),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
