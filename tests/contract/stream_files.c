/* stream_files.c - files as sources: lines, records, and all that is odd.
 * SPDX-License-Identifier: MIT
 */
#include "contract.h"
#include "pipes.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* ---- kernels ---- */
static int echo(cadre_task *t, const void *item, void *result)
{
    const cadre_bytes *bytes = item;

    (void)result;
    jitter(cadre_task_index(t) % 3);
    return cadre_task_emit(t, bytes->data, bytes->size);
}

/* Records: the result is the item. */
static int copy_record(cadre_task *t, const void *item, void *result)
{
    memcpy(result, item, *(const size_t *)cadre_task_shared(t));
    return 0;
}

/* ---- texts and what is to come of them ---- */

struct text {
    char *bytes;
    size_t size, room;
};

static void add(struct text *text, const void *bytes, size_t size)
{
    while (text->size + size > text->room) {
        text->room = text->room ? 2 * text->room : 1024;
        assert_non_null(text->bytes = realloc(text->bytes, text->room));
    }
    if (size > 0)
        memcpy(text->bytes + text->size, bytes, size);
    text->size += size;
}

static void add_line(struct text *text, int byte, size_t size, const char *end)
{
    char *line = malloc(size + 1);

    assert_non_null(line);
    memset(line, byte, size);
    add(text, line, size);
    add(text, end, strlen(end));
    free(line);
}

/* The line of the text that begins at *at, its end passed over; NULL when there is none. */
static const char *next_line(const struct text *text, size_t *at, size_t *size)
{
    const char *from = text->bytes + *at, *end;

    if (*at >= text->size)
        return NULL;
    end = memchr(from, '\n', text->size - *at);
    *size = end ? (size_t)(end - from) : text->size - *at;
    *at += *size + (end != NULL);
    return from;
}

static cadre_job job_over(cadre_file *file, size_t record_size)
{
    return (cadre_job){ .fn = record_size ? copy_record : echo,
                        .source = cadre_file_source,
                        .source_arg = file,
                        .item_size = record_size ? record_size : CADRE_BYTES };
}

static void check_line(const cadre_record *r, const char *line, size_t size)
{
    assert_int_equal(r->size, size);
    assert_true((r->data == NULL) == (size == 0));
    if (size > 0)
        assert_memory_equal(r->data, line, size);
}

static void check_lines_of(const struct contract *c, const char *path,
                           const struct text *text, uint64_t window)
{
    cadre_file *file = open_file(path, 0);
    cadre_job job = job_over(file, 0);
    size_t at = 0, size = 0;
    cadre_record r;
    cadre_error err;
    cadre_stream *s;
    int rc;

    job.window = window;
    s = open_stream(c, job);
    while ((rc = cadre_stream_next(s, &r, &err)) == CADRE_OK) {
        const char *line = next_line(text, &at, &size);
        assert_non_null(line);
        check_line(&r, line, size);
    }
    if (rc != CADRE_DONE)
        fail_msg("%s", err.message);
    assert_null(next_line(text, &at, &size));
    close_stream(s, 0);
    cadre_file_close(file);
}

/* As a file, as a pipe that is full from the beginning, and as one that trickles. */
static void check_lines(const struct contract *c, const struct text *text)
{
    struct plain plain;
    struct pour p;

    plain_begin(&plain, text->bytes ? text->bytes : "", text->size);
    for (uint64_t window = 0; window < 30; window = window * 7 + 1)
        check_lines_of(c, plain.path, text, window);
    plain_end(&plain);
    for (int slowly = 0; slowly < 2; slowly++) {
        pour_begin(&p, text->bytes ? text->bytes : "", text->size, slowly);
        check_lines_of(c, p.path, text, slowly ? 1 : 0);
        pour_end(&p);
    }
}

/* ---- lines ---- */

static void test_small_texts(void **state)
{
    static const struct text texts[] = {
        { (char *)(uintptr_t) "", 0, 0 },
        { (char *)(uintptr_t) "\n", 1, 0 },
        { (char *)(uintptr_t) "\n\n\n", 3, 0 },
        { (char *)(uintptr_t) "a", 1, 0 }, /* no end of the last line */
        { (char *)(uintptr_t) "a\n", 2, 0 },
        { (char *)(uintptr_t) "a\n\n", 3, 0 },
        { (char *)(uintptr_t) "\nb", 2, 0 },
        { (char *)(uintptr_t) "one\ntwo\nthree", 13, 0 },
        { (char *)(uintptr_t) "a\r\nb\r\n\r\nc\r", 10, 0 }, /* \r is kept */
        { (char *)(uintptr_t) "\0\0\n\0x\0\n\n\0", 9, 0 },
    };

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        check_lines(*state, &texts[i]);
}

static void test_many_lines(void **state)
{
    struct text text = { 0 };

    for (uint64_t i = 0; i < 3000; i++)
        add_line(&text, (int)(i % 256) == '\n' ? 0 : (int)(i % 256), i * i % 91, "\n");
    check_lines(*state, &text);
    free(text.bytes);
}

/* Longer than what is read at once, at every place between others. */
static void test_lines_longer_than_a_block(void **state)
{
    static const size_t sizes[] = {
        262143, 3, 262144, 0, 262145, 900000, 1, 1, 300001
    };
    struct text text = { 0 };

    for (int i = 0; i < 9; i++)
        add_line(&text, 'a' + i, sizes[i], i < 8 ? "\n" : "");
    check_lines(*state, &text);
    free(text.bytes);
}

/* After the lines before it, an error that names the file, however it was read. */
static void check_too_long(const struct contract *c, size_t size, bool from_pipe)
{
    struct text text = { 0 };
    struct plain plain;
    struct pour p;
    cadre_file *file;
    cadre_job job;
    cadre_error err;
    char expected[120];

    for (int i = 0; i < 20; i++)
        add_line(&text, i == 10 ? 'x' : '.', i == 10 ? size : 50, "\n");
    plain_begin(&plain, text.bytes, text.size);
    pour_begin(&p, text.bytes, text.size, false);
    file = open_file(from_pipe ? p.path : plain.path, 0);
    job = job_over(file, 0);
    job.memory_limit = 64 << 10;
    assert_int_equal(count_until_end(c, job, CADRE_ENOMEM, &err), 10);
    assert_int_equal(err.item, 10);
    snprintf(
        expected, sizeof expected,
        "%s: line 11 is longer than the stream's memory_limit allows (16384 bytes)",
        from_pipe ? p.path : plain.path);
    assert_string_equal(err.message, expected);
    cadre_file_close(file);
    pour_end(&p);
    plain_end(&plain);
    free(text.bytes);
}

static void test_lines_larger_than_memory_allows(void **state)
{
    static const size_t sizes[] = { 65 << 10, 400 << 10, 3 << 20 };

    for (int i = 0; i < 6; i++)
        check_too_long(*state, sizes[i / 2], i % 2);
}

/* ---- records ---- */

/* So many records come of so many bytes; a torn one is told of after them. */
static void check_records_of(const struct contract *c, const char *path,
                             const struct text *text, size_t record_size)
{
    cadre_file *file = open_file(path, record_size);
    cadre_job job = job_over(file, record_size);
    uint64_t n = 0, whole = text->size / record_size;
    cadre_stream *s;
    cadre_record r;
    cadre_error err;
    char torn[100];
    int rc;

    job.result_size = record_size;
    job.shared = &record_size;
    job.shared_size = sizeof record_size;
    s = open_stream(c, job);
    while ((rc = cadre_stream_next(s, &r, &err)) == CADRE_OK) {
        assert_true(r.index == n && n < whole && r.size == record_size);
        assert_memory_equal(r.data, text->bytes + n * record_size, record_size);
        n++;
    }
    assert_int_equal(n, whole);
    assert_int_equal(rc, text->size % record_size ? CADRE_ESOURCE : CADRE_DONE);
    snprintf(torn, sizeof torn, "%s: the last record is torn: %d of %d bytes", path,
             (int)(text->size % record_size), (int)record_size);
    assert_true(rc == CADRE_DONE || strstr(err.message, torn));
    assert_true(rc == CADRE_DONE || err.item == whole);
    close_stream(s, 0);
    cadre_file_close(file);
}

static void check_records(const struct contract *c, size_t size, size_t record_size)
{
    struct text text = { 0 };
    struct plain plain;
    struct pour p;

    for (size_t i = 0; i < size; i++)
        add(&text, &(char){ (char)(i * 7 + i / 256) }, 1);
    plain_begin(&plain, text.bytes ? text.bytes : "", size);
    check_records_of(c, plain.path, &text, record_size);
    plain_end(&plain);
    for (int slowly = 0; slowly < 2; slowly++) {
        pour_begin(&p, text.bytes ? text.bytes : "", size, slowly);
        check_records_of(c, p.path, &text, record_size);
        pour_end(&p);
    }
    free(text.bytes);
}

static void test_records(void **state)
{
    check_records(*state, 0, 8); /* none at all */
    check_records(*state, 8, 8);
    check_records(*state, 80000, 8);
    check_records(*state, 3000, 1);
    check_records(*state, 300000 * 3, 300000); /* longer than a block */
}

static void test_torn_records(void **state)
{
    check_records(*state, 7, 8);
    check_records(*state, 80001, 8);
    check_records(*state, 9999, 10);
    check_records(*state, 262144 + 1, 16);
    check_records(*state, 300000 + 299999, 300000);
}

/* ---- what cannot be read ---- */

static void cannot_open(const char *path, int number)
{
    cadre_file *file;
    cadre_error err;
    char expected[200];

    snprintf(expected, sizeof expected, "cannot open %s: %s", path, strerror(number));
    assert_int_equal(cadre_file_open(&file, path, 0, &err), CADRE_ESYS);
    assert_null(file);
    assert_int_equal(err.sys, number);
    assert_string_equal(err.message, expected);
}

static void test_files_that_cannot_be_opened(void **state)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)state;
    cannot_open("/nonexistent/file", ENOENT);
    cannot_open("/dev/null/file", ENOTDIR);
    cannot_open("", ENOENT);
    snprintf(address.sun_path, sizeof address.sun_path, "/tmp/cadre-socket-%d",
             (int)getpid());
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
    cannot_open(address.sun_path, ENXIO);
    unlink(address.sun_path);
    close(fd);
}

static void cannot_read(const struct contract *c, const char *path, int number)
{
    char expected[200];

    snprintf(expected, sizeof expected, "cannot read %s: %s", path, strerror(number));
    for (size_t record_size = 0; record_size <= 8; record_size += 8) {
        cadre_file *file = open_file(path, record_size);
        cadre_error err;
        cadre_job job = job_over(file, record_size);
        assert_int_equal(count_until_end(c, job, CADRE_ESYS, &err), 0);
        assert_int_equal(err.sys, number);
        assert_string_equal(err.message, expected);
        cadre_file_close(file);
    }
}

static void test_files_that_cannot_be_read(void **state)
{
    cannot_read(*state, "/", EISDIR);
    cannot_read(*state, "/proc/self/mem", EIO); /* nothing is at address 0 */
}

/* Permissions are nothing to the superuser: who is, is nobody meanwhile. */
static void test_a_file_that_may_not_be_read(void **state)
{
    char path[] = "/tmp/cadre-secret-XXXXXX";
    int fd = mkstemp(path), me = (int)geteuid();

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(fchmod(fd, 0), 0);
    assert_true(me != 0 || seteuid(65534) == 0);
    cannot_open(path, EACCES);
    assert_int_equal(seteuid((uid_t)me), 0);
    unlink(path);
    close(fd);
}

static void refused(const struct contract *c, cadre_job job, const char *expected)
{
    cadre_stream *s;
    cadre_error err;

    job.result_size = 8;
    assert_int_equal(cadre_stream_open(&s, c->pool, &job, &err), CADRE_EINVAL);
    assert_string_equal(err.message, expected);
    assert_null(s);
}

static void test_items_of_another_size(void **state)
{
    struct plain plain;
    cadre_file *lines, *records;
    cadre_job job;

    plain_begin(&plain, "0123456789abcdef", 16);
    lines = open_file(plain.path, 0);
    records = open_file(plain.path, 8);
    job = job_over(lines, 8);
    refused(*state, job, "item_size is 8, but lines are of any size: use CADRE_BYTES");
    job = job_over(records, 4);
    refused(*state, job, "item_size is 4, but the file's records have 8 bytes");
    job = job_over(NULL, 8);
    refused(*state, job, "source_arg is NULL, not a file");
    cadre_file_close(lines);
    cadre_file_close(records);
    plain_end(&plain);
}

/* ---- standard input ---- */

static void test_standard_input(void **state)
{
    static const struct text text = { (char *)(uintptr_t) "standard\ninput", 14, 0 };
    struct pour p;
    int old = dup(STDIN_FILENO);

    pour_begin(&p, text.bytes, text.size, false);
    assert_int_equal(dup2(p.read_end, STDIN_FILENO), STDIN_FILENO);
    check_lines_of(*state, "-", &text, 0);
    assert_int_equal(fcntl(STDIN_FILENO, F_GETFD), 0); /* it is left open */
    pour_end(&p);
    if (old >= 0)
        dup2(old, STDIN_FILENO);
    else
        close(STDIN_FILENO);
    close(old);
}

static void test_standard_input_is_opened_once(void **state)
{
    cadre_file *first = open_file("-", 0), *second;
    cadre_error err;

    (void)state;
    assert_true(cadre_file_open(&second, "-", 0, &err) < 0);
    assert_null(second);
    assert_non_null(strstr(err.message, "standard input"));
    cadre_file_close(first);
    second = open_file("-", 8); /* now it may be again */
    cadre_file_close(second);
}

/* ---- files that change, and files that are read on ---- */

/* Whatever is read is a beginning of what was there; and nothing dies of it. */
static void check_shrinking(const struct contract *c, size_t left)
{
    struct text text = { 0 };
    struct plain plain;
    cadre_file *file;
    cadre_stream *s;
    cadre_record r;
    cadre_error err;
    size_t at = 0, size = 0;
    int rc;

    for (int i = 0; i < 20000; i++)
        add_line(&text, 'a' + i % 26, 99, "\n");
    plain_begin(&plain, text.bytes, text.size);
    file = open_file(plain.path, 0);
    s = open_stream(c, job_over(file, 0));
    while ((rc = cadre_stream_next(s, &r, &err)) == CADRE_OK) {
        const char *line = next_line(&text, &at, &size);
        check_line(&r, line, r.size < size ? r.size : size);
        if (r.index == 10)
            assert_int_equal(ftruncate(plain.fd, (off_t)left), 0);
    }
    assert_int_equal(rc, CADRE_DONE);
    assert_true(at < text.size);
    cadre_stream_close(s);
    cadre_file_close(file);
    plain_end(&plain);
    free(text.bytes);
}

static void test_a_file_that_shrinks(void **state)
{
    check_shrinking(*state, 0);
    check_shrinking(*state, 1000);
    check_shrinking(*state, 700001);
}

/* Of each stream no more than its n is read: the next goes on there. */
static void test_two_streams_one_after_the_other(void **state)
{
    struct plain plain;
    cadre_file *file;
    cadre_error err;
    cadre_job job;

    plain_begin(&plain, "1\n2\n3\n4\n5\n", 10);
    file = open_file(plain.path, 0);
    job = job_over(file, 0);
    job.n = 3;
    assert_int_equal(count_until_end(*state, job, CADRE_DONE, &err), 3);
    job.n = 0;
    assert_int_equal(count_until_end(*state, job, CADRE_DONE, &err), 2);
    cadre_file_close(file);
    plain_end(&plain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small_texts),
        cmocka_unit_test(test_many_lines),
        cmocka_unit_test(test_lines_longer_than_a_block),
        cmocka_unit_test(test_lines_larger_than_memory_allows),
        cmocka_unit_test(test_records),
        cmocka_unit_test(test_torn_records),
        cmocka_unit_test(test_files_that_cannot_be_opened),
        cmocka_unit_test(test_files_that_cannot_be_read),
        cmocka_unit_test(test_a_file_that_may_not_be_read),
        cmocka_unit_test(test_items_of_another_size),
        cmocka_unit_test(test_standard_input),
        cmocka_unit_test(test_standard_input_is_opened_once),
        cmocka_unit_test(test_a_file_that_shrinks),
        cmocka_unit_test(test_two_streams_one_after_the_other),
    };

    return cmocka_run_group_tests(tests, contract_open, contract_close);
}
