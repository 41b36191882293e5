/* test_cli_data.c - CSV files: any bytes give data, or an error that says where.
 * SPDX-License-Identifier: MIT
 */
#include "cli/data/data.h"
#include "cli/data/number.h"

#include <cadre/random.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

static const char *const names[] = { "x", "z" };

static const struct cdr_wanted both = {
    .label = "y", .scores = names, .n_scores = 2, .delimiter = ','
};
static const struct cdr_wanted every = { .label = "y",
                                         .every_score = true,
                                         .delimiter = ',' };

/* Read the bytes by way of a file in memory. */
static int read_bytes(struct cdr_data *data, const void *bytes, size_t size,
                      const struct cdr_wanted *wanted, struct cdr_failure *why)
{
    int fd = memfd_create("scores", 0);
    char path[40];
    int rc;

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), (ssize_t)size);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    *why = (struct cdr_failure){ 0 };
    rc = cdr_data_read(data, path, wanted, why);
    close(fd);
    return rc;
}

static void test_numbers(void **state)
{
    static const struct {
        const char *text;
        enum cdr_number what;
        double value;
    } cases[] = {
        { "1", CDR_NUMBER, 1 },
        { " \t-2.5e-3 ", CDR_NUMBER, -2.5e-3 },
        { "+.5", CDR_NUMBER, 0.5 },
        { "5.", CDR_NUMBER, 5 },
        { "1e-400", CDR_NUMBER, 0 },
        { "4.9e-324", CDR_NUMBER, 4.9e-324 },
        { "1.7976931348623157e308", CDR_NUMBER, 1.7976931348623157e308 },
        { "1.7976931348623159e308", CDR_TOO_LARGE, 0 },
        { "-1e999", CDR_TOO_LARGE, 0 },
        { "", CDR_MISSING, 0 },
        { "  ", CDR_MISSING, 0 },
        { "NA", CDR_MISSING, 0 },
        { "n/a", CDR_MISSING, 0 },
        { "NaN", CDR_MISSING, 0 },
        { "-nan", CDR_MISSING, 0 },
        { "NULL", CDR_MISSING, 0 },
        { "inf", CDR_NOT_FINITE, 0 },
        { "-Infinity", CDR_NOT_FINITE, 0 },
        { "nan(7)", CDR_NO_NUMBER, 0 },
        { "-NA", CDR_NO_NUMBER, 0 },
        { "0x10", CDR_NO_NUMBER, 0 },
        { "1 2", CDR_NO_NUMBER, 0 },
        { "1,5", CDR_NO_NUMBER, 0 },
        { "1e", CDR_NO_NUMBER, 0 },
        { "-", CDR_NO_NUMBER, 0 },
        { "1-2", CDR_NO_NUMBER, 0 },
        { "\xd9\xa1", CDR_NO_NUMBER, 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double value = 0;

        if (cdr_number_parse(&value, cases[i].text, '.') != cases[i].what)
            fail_msg("\"%s\"", cases[i].text);
        assert_true(value == cases[i].value);
    }
}

static void test_commas(void **state)
{
    double value = 0;

    (void)state;
    assert_int_equal(cdr_number_parse(&value, " -1,5e3 ", ','), CDR_NUMBER);
    assert_true(value == -1500);
    assert_int_equal(cdr_number_parse(&value, "7", ','), CDR_NUMBER);
    assert_int_equal(cdr_number_parse(&value, "1.5", ','), CDR_NO_NUMBER);
    assert_int_equal(cdr_number_parse(&value, "1,5,5", ','), CDR_NO_NUMBER);
    assert_int_equal(cdr_number_parse(&value, "NA", ','), CDR_MISSING);
    assert_int_equal(cdr_number_parse(&value, "1e999", ','), CDR_TOO_LARGE);
}

static void test_columns(void **state)
{
    static const char text[] = "\xef\xbb\xbfname,z,y,\"x\"\r\n"
                               "\"a \"\"b\"\"\nc\",1,0,2\r\n"
                               "\r\n"
                               ",3, 1 ,\" 4 \"";
    struct cdr_failure why;
    struct cdr_data d;

    (void)state;
    assert_int_equal(read_bytes(&d, text, sizeof text - 1, &both, &why), 0);
    assert_int_equal(d.rows, 2);
    assert_int_equal(d.positives, 1);
    assert_int_equal(d.n_scores, 2);
    assert_string_equal(d.scores[0].name, "x"); /* as asked for */
    assert_true(d.scores[0].values[0] == 2 && d.scores[0].values[1] == 4);
    assert_true(d.scores[1].values[0] == 1 && d.scores[1].values[1] == 3);
    assert_true(d.labels[0] == 0 && d.labels[1] == 1);
    cdr_data_free(&d);

    assert_int_equal(read_bytes(&d, text, sizeof text - 1, &every, &why), 0);
    assert_int_equal(d.n_scores, 2);
    assert_string_equal(d.scores[0].name, "z"); /* as in the file */
    assert_int_equal(d.n_left_out, 1);
    assert_string_equal(d.left_out[0], "name");
    cdr_data_free(&d);
}

/* Two labels of any form, a line that names the delimiter, comments, decimal commas. */
static void test_other_forms(void **state)
{
    static const char text[] = "\xef\xbb\xbfsep=;\r\n#a\r\n#b\n"
                               ";y;x;z\r\n#c\r\n#d;yes;1,5;\"#\n#\"\r\n"
                               "\"#e\n#\"; yes ;1,5;2\n#\n1; no;-2;\"3,25\"";
    struct cdr_wanted w = every;
    struct cdr_failure why;
    struct cdr_data d;

    (void)state;
    w.positive = "yes";
    w.delimiter = '\0';
    w.decimal = ',';
    w.comment = '#';
    assert_int_equal(read_bytes(&d, text, sizeof text - 1, &w, &why), 0);
    assert_int_equal(d.rows, 2);
    assert_int_equal(d.positives, 1);
    assert_string_equal(d.negative, "no");
    assert_int_equal(d.n_nameless, 1);
    assert_int_equal(d.nameless[0], 1);
    assert_int_equal(d.n_scores, 2);
    assert_true(d.scores[0].values[0] == 1.5 && d.scores[0].values[1] == -2);
    assert_true(d.scores[1].values[0] == 2 && d.scores[1].values[1] == 3.25);
    cdr_data_free(&d);
}

/* Enough rows for the arrays to grow several times, and for lines to lie across what is
 * read at once. */
static void test_many_rows(void **state)
{
    enum { ROWS = 100000 };
    struct cdr_failure why;
    struct cdr_data d;
    char *text = malloc(40 * ROWS), *at = text;

    (void)state;
    assert_non_null(text);
    at += sprintf(at, "y,x,z\n");
    for (int i = 0; i < ROWS; i++)
        at += sprintf(at, "%d,%d.25,\"%d\n\"\n", i % 3 == 0, i, -i);
    assert_int_equal(read_bytes(&d, text, (size_t)(at - text), &both, &why), 0);
    assert_int_equal(d.rows, ROWS);
    for (int i = 0; i < ROWS; i++) {
        assert_true(d.scores[0].values[i] == i + 0.25);
        assert_true(d.scores[1].values[i] == -i);
        assert_int_equal(d.labels[i], i % 3 == 0);
    }
    cdr_data_free(&d);

    strcpy(at, "1,2\n"); /* the row after 1 + 2 ROWS lines */
    assert_int_equal(read_bytes(&d, text, (size_t)(at - text) + 4, &both, &why),
                     CDR_EXIT_INPUT);
    assert_non_null(strstr(why.text, ":200002: 2 fields"));
    free(text);
}

/* ---- any bytes ---- */

/* As `every`, with all that can be told about a file. */
static const struct cdr_wanted other = {
    .label = "y", .positive = "1", .every_score = true, .decimal = ',', .comment = ';'
};

static const char seed_text[] = "y,x,z,\"na\"\"me\"\r\n"
                                "1,0.5,1e3,\"two\nlines\"\r\n"
                                "0,-7,2,plain\n"
                                "1,0.25,NA,\"quo\"\"ted, with comma\"\n"
                                "\n"
                                "0, 12 ,\"3\",\n";

static const char tokens[] = ",\"\n\r\0 \t;.e+-019yxzNAinf\xef\xbb\xbf\xff\x1f\x8b";

/* Replace, insert, delete, repeat or cut, some times. */
static size_t mutate(cadre_rng *rng, char *bytes, size_t room)
{
    size_t size = sizeof seed_text - 1;

    memcpy(bytes, seed_text, size);
    for (uint64_t n = 1 + cadre_rng_below(rng, 4); n > 0 && size > 0; n--) {
        size_t at = (size_t)cadre_rng_below(rng, size);
        size_t some = 1 + (size_t)cadre_rng_below(rng, size - at);
        char token = tokens[cadre_rng_below(rng, sizeof tokens - 1)];

        switch (cadre_rng_below(rng, 5)) {
        case 0: bytes[at] = token; break;
        case 1:
            memmove(bytes + at, bytes + at + 1, size - at - 1);
            size--;
            break;
        case 2:
            if (size + some > room)
                break;
            memmove(bytes + at + some, bytes + at, size - at);
            size += some;
            break;
        case 3:
            if (size == room)
                break;
            memmove(bytes + at + 1, bytes + at, size - at);
            bytes[at] = token;
            size++;
            break;
        default: size = at; break;
        }
    }
    return size;
}

static void test_mutated(void **state)
{
    enum { TIMES = 20000, ROOM = 4096 };
    struct cdr_failure why;
    struct cdr_data d;
    uint64_t good = 0;
    cadre_seed seed;
    cadre_rng rng;
    char *bytes = malloc(ROOM);

    (void)state;
    assert_non_null(bytes);
    cadre_seed_init(&seed, 20260101);
    cadre_rng_init(&rng, &seed);
    for (int i = 0; i < TIMES; i++) {
        size_t size = mutate(&rng, bytes, ROOM);
        const struct cdr_wanted *wanted = i % 3 == 0   ? &both
                                          : i % 3 == 1 ? &every
                                                       : &other;
        int rc = read_bytes(&d, bytes, size, wanted, &why);

        if (rc == 0) {
            assert_true(d.rows > 0 && d.n_scores > 0);
            for (size_t k = 0; k < d.n_scores; k++)
                for (size_t row = 0; row < d.rows; row++)
                    assert_true(isfinite(d.scores[k].values[row]));
            cdr_data_free(&d);
            good++;
            continue;
        }
        assert_int_equal(rc, CDR_EXIT_INPUT);
        assert_int_equal(strncmp(why.text, "/proc/self/fd/", 14), 0);
        for (const char *c = why.text; *c; c++)
            assert_true((unsigned char)*c >= ' ' && *c != 0x7f);
    }
    free(bytes);
    print_message("# %d files, %d of them good\n", TIMES, (int)good);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),   cmocka_unit_test(test_commas),
        cmocka_unit_test(test_columns),   cmocka_unit_test(test_other_forms),
        cmocka_unit_test(test_many_rows), cmocka_unit_test(test_mutated),
    };

    return cmocka_run_group_tests_name("cli_data", tests, NULL, NULL);
}
