/* hdf5_read.c - ions and raw stops from HDF5 files.
 * SPDX-License-Identifier: MIT
 *
 * One number for each ion in each data set, or, in older files, a matrix with one column.
 */
#include "failure.h"
#include "hdf5_common.h"

#include <stdlib.h>
#include <string.h>

struct reading {
    hid_t file, set[AP_DLD_READ];
    double *numbers; /* a chunk of one column */
    uint64_t room;
};

/* ---- data sets ---- */

static bool exists(hid_t file, const char *name)
{
    char group[16];

    snprintf(group, sizeof group, "%.*s", (int)strcspn(name, "/"), name);
    return H5Lexists(file, group, H5P_DEFAULT) > 0 &&
           H5Lexists(file, name, H5P_DEFAULT) > 0;
}

/* The set of the first of the names that is there; negative: none. */
static hid_t open_set(hid_t file, const char *const names[3])
{
    for (int k = 0; k < 3 && names[k]; k++)
        if (exists(file, names[k]))
            return H5Dopen2(file, names[k], H5P_DEFAULT);
    return -1;
}

static int length_of(uint64_t *length, hid_t set, const char *path, const char *name,
                     cadre_error *err)
{
    hid_t space = H5Dget_space(set);
    hsize_t size[2] = { 0, 1 };
    int rank = space < 0 ? -1 : H5Sget_simple_extent_ndims(space);

    if (rank == 1 || rank == 2)
        rank = H5Sget_simple_extent_dims(space, size, NULL);
    if (space >= 0)
        H5Sclose(space);
    if ((rank != 1 && rank != 2) || (rank == 2 && size[1] != 1))
        return ap_fail(err, CADRE_EDATA, "%s: %s is no column of numbers", path, name);
    *length = size[0];
    return CADRE_OK;
}

/* `type` in memory. */
static herr_t read_part(hid_t set, uint64_t first, uint64_t count, hid_t type, void *to)
{
    hid_t space = H5Dget_space(set), memory;
    hsize_t start[2] = { first, 0 }, size[2] = { count, 1 };
    herr_t rc = -1;

    if (space < 0)
        return -1;
    memory = H5Screate_simple(1, size, NULL);
    if (memory >= 0 &&
        H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, size, NULL) >= 0)
        rc = H5Dread(set, type, memory, space, H5P_DEFAULT, to);
    if (memory >= 0)
        H5Sclose(memory);
    H5Sclose(space);
    return rc;
}

/* ---- ions ---- */

static int open_columns(struct ap_reader *r, struct reading *h, cadre_error *err)
{
    for (int k = 0; k < AP_DLD_READ; k++) {
        const struct ap_dld *d = &ap_dld[k];
        uint64_t length;
        int rc;

        h->set[k] = open_set(h->file, d->name);
        if (h->set[k] < 0 && d->required)
            return ap_fail(err, CADRE_EDATA, "%s has no data set %s", r->path,
                           d->name[0]);
        if (h->set[k] < 0)
            continue;
        rc = length_of(&length, h->set[k], r->path, d->name[0], err);
        if (rc)
            return rc;
        if (k == 0)
            r->records = length;
        if (length != r->records)
            return ap_fail(
                err, CADRE_EDATA,
                "%s: %s has %llu numbers, but %s has %llu: the file is cut off",
                r->path, d->name[0], (unsigned long long)length, ap_dld[0].name[0],
                (unsigned long long)r->records);
    }
    return r->records > 0 ? CADRE_OK
                          : ap_fail(err, CADRE_EDATA, "%s is empty: %s has no numbers",
                                    r->path, ap_dld[0].name[0]);
}

int ap_hdf5_open(struct ap_reader *r, cadre_error *err)
{
    struct reading *h = calloc(1, sizeof *h);

    if (!h)
        return ap_fail_memory(err, sizeof *h);
    ap_hdf5_quiet();
    r->hdf5 = h;
    for (int k = 0; k < AP_DLD_READ; k++)
        h->set[k] = -1;
    h->file = H5Fopen(r->path, H5F_ACC_RDONLY, H5P_DEFAULT);
    if (h->file < 0)
        return ap_hdf5_fails(r->path, "open", "it as HDF5", err);
    return open_columns(r, h, err);
}

static int make_room(struct reading *h, uint64_t count, cadre_error *err)
{
    double *more;

    if (count <= h->room)
        return CADRE_OK;
    more = realloc(h->numbers, count * sizeof *more);
    if (!more)
        return ap_fail_memory(err, count * sizeof *more);
    h->numbers = more;
    h->room = count;
    return CADRE_OK;
}

int ap_hdf5_read(struct ap_reader *r, uint64_t first, uint64_t count,
                 struct ap_event *events, cadre_error *err)
{
    struct reading *h = r->hdf5;
    int rc = make_room(h, count, err);

    memset(events, 0, count * sizeof *events);
    for (int k = 0; rc == CADRE_OK && k < AP_DLD_READ; k++) {
        const struct ap_dld *d = &ap_dld[k];
        hid_t type = d->whole ? H5T_NATIVE_UINT64 : H5T_NATIVE_DOUBLE;

        if (h->set[k] < 0)
            continue;
        if (read_part(h->set[k], first, count, type, h->numbers) < 0)
            return ap_hdf5_fails(r->path, "read", d->name[0], err);
        for (uint64_t i = 0; i < count; i++) {
            char *to = (char *)&events[i] + d->at;
            double number = h->numbers[i] * d->scale;

            memcpy(to, d->whole ? (const void *)&h->numbers[i] : &number,
                   sizeof number);
        }
    }
    for (uint64_t i = 0; rc == CADRE_OK && i < count; i++)
        events[i].t_c = events[i].t;
    return rc;
}

void ap_hdf5_close(struct ap_reader *r)
{
    struct reading *h = r->hdf5;

    if (!h)
        return;
    for (int k = 0; k < AP_DLD_READ; k++)
        if (h->set[k] >= 0)
            H5Dclose(h->set[k]);
    if (h->file >= 0)
        H5Fclose(h->file);
    free(h->numbers);
    free(h);
    r->hdf5 = NULL;
}

/* ---- raw stops ---- */

static int read_column(hid_t file, const char *path, const char *const names[3],
                       uint64_t n, hid_t type, void *to, cadre_error *err)
{
    hid_t set = open_set(file, names);
    uint64_t length;
    int rc;

    if (set < 0)
        return ap_fail(err, CADRE_EDATA, "%s has no data set %s", path, names[0]);
    rc = length_of(&length, set, path, names[0], err);
    if (rc == CADRE_OK && length != n)
        rc = ap_fail(err, CADRE_EDATA,
                     "%s: %s has %llu numbers, but tdc/channel has %llu", path,
                     names[0], (unsigned long long)length, (unsigned long long)n);
    if (rc == CADRE_OK && n > 0 && read_part(set, 0, n, type, to) < 0)
        rc = ap_hdf5_fails(path, "read", names[0], err);
    H5Dclose(set);
    return rc;
}

static int read_stops(struct ap_stops *stops, hid_t file, const char *path,
                      cadre_error *err)
{
    static const char *const names[][3] = {
        { "tdc/channel" },
        { "tdc/time_data" },
        { "tdc/start_counter" },
        { "tdc/high_voltage" },
        { "tdc/voltage_pulse", "tdc/pulse" },
    };
    hid_t set = open_set(file, names[0]);
    uint64_t n = 0;
    int rc = CADRE_OK;

    if (set < 0)
        return ap_fail(err, CADRE_EDATA, "%s has no data set %s", path, names[0][0]);
    rc = length_of(&n, set, path, names[0][0], err);
    H5Dclose(set);
    if (rc == CADRE_OK)
        rc = ap_stops_alloc(stops, n, err);
    for (int k = 0; rc == CADRE_OK && k < 5; k++) {
        void *to[] = { stops->channel, stops->time, stops->start_counter,
                       stops->voltage, stops->pulse };

        rc = read_column(file, path, names[k], n,
                         k < 3 ? H5T_NATIVE_UINT32 : H5T_NATIVE_DOUBLE, to[k], err);
    }
    if (rc)
        ap_stops_free(stops);
    return rc;
}

int ap_hdf5_read_stops(struct ap_stops *stops, const char *path, cadre_error *err)
{
    hid_t file;
    int rc;

    *stops = (struct ap_stops){ 0 };
    ap_hdf5_quiet();
    file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    if (file < 0)
        return ap_hdf5_fails(path, "open", "it as HDF5", err);
    rc = read_stops(stops, file, path, err);
    H5Fclose(file);
    return rc;
}
