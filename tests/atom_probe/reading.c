/* reading.c - the atom probe's readers and stores: what is refused, and older layouts.
 * SPDX-License-Identifier: MIT
 */
#include <cadre/cadre.h>
#include "contract.h"
#include "columns.h"
#include "event.h"
#include "ions_hdf5.h"
#include "reader.h"

#include <math.h>
#include <unistd.h>
#if HAVE_HDF5
#include <hdf5.h>
#endif

#define N 5000

static void ok(int rc, const cadre_error *err)
{
    if (rc)
        fail_msg("%s", err->message);
}

/* A nameless file of N records, under a name that is good while it is open. */
static int make_epos(char *name, size_t size)
{
    char path[] = "/tmp/atom-probe-test.XXXXXX", record[44];
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(unlink(path), 0);
    for (int i = 0; i < N; i++) {
        struct ap_event e = {
            .x = i, .y = -i, .t_c = 500 + i, .voltage = 5000, .ipp = 1
        };

        ap_encode(record, AP_EPOS, &e);
        assert_int_equal(write(fd, record, sizeof record), sizeof record);
    }
    snprintf(name, size, "/proc/self/fd/%d", fd);
    return fd;
}

static void records_are_read(void **state)
{
    struct ap_reader r;
    struct ap_window w;
    struct ap_event e;
    char name[64], records[3 * 44];
    cadre_error err;
    int fd = make_epos(name, sizeof name);

    (void)state;
    ok(ap_reader_open(&r, name, AP_EPOS, false, ".", &err), &err);
    assert_int_equal(r.records, N);
    ok(ap_reader_read(&r, N - 3, 3, records, &err), &err);
    ap_decode(&e, AP_EPOS, records + 2 * 44);
    assert_true(e.x == N - 1 && e.y == -(N - 1.0) && e.t == 500 + N - 1 && e.ipp == 1);
    ok(ap_window_open(&w, &r.file, N - 3, 3, &err), &err); /* not at a page's begin */
    assert_memory_equal(w.records, records, sizeof records);
    ap_window_close(&w);
    assert_int_equal(ap_reader_read(&r, N - 2, 3, records, &err), CADRE_EINVAL);
    assert_non_null(strstr(err.message, "has no record 5000"));
    assert_int_equal(ap_reader_read(&r, UINT64_MAX, 1, records, &err), CADRE_EINVAL);
    ap_reader_close(&r);
    close(fd);
}

static void closed_is_closed(void **state)
{
    struct ap_reader r;
    char name[64], record[44];
    cadre_error err;
    int fd = make_epos(name, sizeof name);

    (void)state;
    ok(ap_reader_open(&r, name, AP_EPOS, false, ".", &err), &err);
    ap_reader_close(&r);
    ap_reader_close(&r); /* again */
    assert_int_equal(ap_reader_read(&r, 0, 1, record, &err), CADRE_EINVAL);
    assert_non_null(strstr(err.message, "is closed: record 0 cannot be read"));
    close(fd);
}

/* The file is cut off while it is open. */
static void shorter_than_it_was(void **state)
{
    struct ap_reader r;
    struct ap_window w;
    char name[64], record[44];
    cadre_error err;
    int fd = make_epos(name, sizeof name);

    (void)state;
    ok(ap_reader_open(&r, name, AP_EPOS, false, ".", &err), &err);
    assert_int_equal(ftruncate(fd, 44 * 100), 0);
    assert_int_equal(ap_reader_read(&r, 100, 1, record, &err), CADRE_ESYS);
    assert_non_null(strstr(err.message, "records from 100 cannot be read"));
    assert_int_equal(ap_window_open(&w, &r.file, 99, 2, &err), CADRE_EDATA);
    assert_non_null(strstr(err.message, "record 100: the file has become shorter"));
    ok(ap_window_open(&w, &r.file, 99, 1, &err), &err);
    ap_window_close(&w);
    ap_reader_close(&r);
    close(fd);
}

static void stores_are_the_same(void **state)
{
    struct ap_store memory, file;
    double values[100], buffer[100];
    cadre_error err;

    (void)state;
    for (int i = 0; i < 100; i++)
        values[i] = i;
    ok(ap_store_open(&memory, 200, sizeof(double), &err), &err);
    ok(ap_store_open_file(&file, ".", 200, sizeof(double), &err), &err);
    ok(ap_store_write(&memory, 100, 100, values, &err), &err);
    ok(ap_store_write(&file, 100, 100, values, &err), &err);
    assert_memory_equal(ap_store_read(&memory, 150, 50, buffer, &err), values + 50,
                        50 * sizeof(double));
    assert_memory_equal(ap_store_read(&file, 150, 50, buffer, &err), values + 50,
                        50 * sizeof(double));
    assert_null(ap_store_read(&file, 150, 51, buffer, &err)); /* beyond the end */
    assert_int_equal(err.code, CADRE_ESYS);
    ap_store_close(&memory);
    ap_store_close(&file);
    ap_store_close(&file);
    assert_int_equal(ap_store_open_file(&file, "/nowhere", 1, 8, &err), CADRE_ESYS);
}

static void formats_by_name(void **state)
{
    static const struct {
        const char *name;
        int format;
    } names[] = { { "a.epos", AP_EPOS }, { "A.EPOS", AP_EPOS }, { "x/a.pos", AP_POS },
                  { "a.h5", AP_HDF5 },   { "a.hdf5", AP_HDF5 }, { "a.epos.gz", -1 },
                  { ".epos", -1 },       { "epos", -1 },        { "", -1 } };
    cadre_error err;

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        int format = -1;

        assert_int_equal(ap_format_of(&format, names[i].name, &err),
                         names[i].format < 0 ? CADRE_EINVAL : CADRE_OK);
        assert_int_equal(format, names[i].format);
    }
}

#if HAVE_HDF5
/* One data set of n doubles k, k + 1, ..., in one column or as a matrix. */
static void put(hid_t file, const char *name, hsize_t n, double k, hsize_t columns)
{
    hsize_t size[2] = { n, columns };
    hid_t space = H5Screate_simple(columns ? 2 : 1, size, NULL);
    hid_t set = H5Dcreate2(file, name, H5T_IEEE_F64LE, space, H5P_DEFAULT, H5P_DEFAULT,
                           H5P_DEFAULT);
    double values[400];

    for (hsize_t i = 0; i < n * (columns ? columns : 1); i++)
        values[i] = k + (double)i;
    assert_true(
        H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
    H5Dclose(set);
    H5Sclose(space);
}

static hid_t begin_file(char *path)
{
    int fd = mkstemp(path);
    hid_t file, group;

    assert_true(fd >= 0);
    close(fd);
    file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    group = H5Gcreate2(file, "dld", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(file >= 0 && group >= 0);
    H5Gclose(group);
    put(file, "dld/x", 100, 1, 1); /* older files have matrices of one column */
    put(file, "dld/y", 100, 2, 0);
    return file;
}

static void older_layouts(void **state)
{
    char path[] = "/tmp/atom-probe-test.XXXXXX";
    hid_t file = begin_file(path);
    struct ap_reader r;
    struct ap_event e[2];
    cadre_error err;

    (void)state;
    put(file, "dld/t", 100, 500, 1);
    put(file, "dld/high_voltage", 100, 5000, 1);
    put(file, "dld/pulse_voltage", 100, 70, 0); /* another name of voltage_pulse */
    put(file, "dld/laser_intensity", 100, 9, 0);
    H5Fclose(file);
    ok(ap_reader_open(&r, path, AP_HDF5, false, ".", &err), &err);
    assert_int_equal(r.records, 100);
    ok(ap_reader_read(&r, 98, 2, e, &err), &err);
    assert_true(e[1].x == 1000 && e[1].y == 1010 && e[1].t == 599);
    assert_true(e[1].voltage == 5099 && e[1].pulse == 169 && e[1].laser == 108);
    assert_int_equal(e[1].start, 0);
    assert_int_equal(ap_reader_read(&r, 99, 2, e, &err), CADRE_EINVAL);
    ap_reader_close(&r);
    assert_int_equal(ap_reader_read(&r, 0, 1, e, &err), CADRE_EINVAL);
    unlink(path);
}

static void broken(double lines_of_t, hsize_t columns, const char *text)
{
    char path[] = "/tmp/atom-probe-test.XXXXXX";
    hid_t file = begin_file(path);
    struct ap_reader r;
    cadre_error err;

    if (lines_of_t > 0)
        put(file, "dld/t", (hsize_t)lines_of_t, 500, columns);
    H5Fclose(file);
    assert_int_equal(ap_reader_open(&r, path, AP_HDF5, false, ".", &err), CADRE_EDATA);
    if (!strstr(err.message, text))
        fail_msg("no \"%s\" in \"%s\"", text, err.message);
    unlink(path);
}

static void broken_layouts(void **state)
{
    (void)state;
    broken(0, 0, "has no data set dld/t");
    broken(60, 0, "dld/t has 60 numbers, but dld/x has 100: the file is cut off");
    broken(100, 3, "dld/t is no column of numbers");
    broken(100, 0, "has no data set dld/high_voltage");
}
#else
static void refused(void **state)
{
    struct ap_reader r;
    cadre_error err;

    (void)state;
    assert_int_equal(ap_reader_open(&r, "a.h5", AP_HDF5, false, ".", &err),
                     CADRE_ENOTSUP);
    assert_non_null(
        strstr(err.message, "a.h5: this program was built without libhdf5"));
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_are_read),
        cmocka_unit_test(closed_is_closed),
        cmocka_unit_test(shorter_than_it_was),
        cmocka_unit_test(stores_are_the_same),
        cmocka_unit_test(formats_by_name),
#if HAVE_HDF5
        cmocka_unit_test(older_layouts),
        cmocka_unit_test(broken_layouts),
#else
        cmocka_unit_test(refused),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
