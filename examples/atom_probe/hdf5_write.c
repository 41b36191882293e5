/* hdf5_write.c - ions and raw stops to HDF5 files.
 * SPDX-License-Identifier: MIT
 */
#include "failure.h"
#include "hdf5_common.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK 65536 /* numbers of a column that lie together in the file */

struct ap_hdf5_writer {
    const char *path;
    hid_t file, set[AP_DLD_WRITE];
    uint64_t n;
    double *numbers;
    uint64_t room;
};

static bool make_group(hid_t file, const char *name)
{
    hid_t group = H5Gcreate2(file, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);

    return group >= 0 && H5Gclose(group) >= 0;
}

/* Empty, and growing. */
static hid_t make_set(hid_t file, const char *name, hid_t type)
{
    hsize_t none = 0, endless = H5S_UNLIMITED, chunk = CHUNK;
    hid_t space = H5Screate_simple(1, &none, &endless), plist = -1, set = -1;

    if (space < 0)
        return -1;
    plist = H5Pcreate(H5P_DATASET_CREATE);
    if (plist >= 0 && H5Pset_chunk(plist, 1, &chunk) >= 0)
        set = H5Dcreate2(file, name, type, space, H5P_DEFAULT, plist, H5P_DEFAULT);
    if (plist >= 0)
        H5Pclose(plist);
    H5Sclose(space);
    return set;
}

static bool append(hid_t set, uint64_t at, uint64_t n, hid_t type, const void *from)
{
    hsize_t length = at + n, start = at, size = n;
    hid_t space, memory;
    bool ok = false;

    if (H5Dset_extent(set, &length) < 0)
        return false;
    space = H5Dget_space(set);
    if (space < 0)
        return false;
    memory = H5Screate_simple(1, &size, NULL);
    if (memory >= 0 &&
        H5Sselect_hyperslab(space, H5S_SELECT_SET, &start, NULL, &size, NULL) >= 0)
        ok = H5Dwrite(set, type, memory, space, H5P_DEFAULT, from) >= 0;
    if (memory >= 0)
        H5Sclose(memory);
    H5Sclose(space);
    return ok;
}

int ap_hdf5_create(struct ap_hdf5_writer **out, const struct ap_output *output,
                   cadre_error *err)
{
    struct ap_hdf5_writer *w = calloc(1, sizeof *w);
    int rc = CADRE_OK;

    *out = NULL;
    if (!w)
        return ap_fail_memory(err, sizeof *w);
    ap_hdf5_quiet();
    w->path = output->path;
    w->file = -1;
    for (int k = 0; k < AP_DLD_WRITE; k++)
        w->set[k] = -1;
    if (output->temporary)
        w->file = H5Fcreate(output->temporary, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    if (!output->temporary)
        rc = ap_fail(err, CADRE_EINVAL,
                     "%s: an HDF5 file cannot be written to a device", w->path);
    else if (w->file < 0 || !make_group(w->file, "dld"))
        rc = ap_hdf5_fails(w->path, "create", "it as HDF5", err);
    for (int k = 0; rc == CADRE_OK && k < AP_DLD_WRITE; k++) {
        w->set[k] = make_set(w->file, ap_dld[k].name[0],
                             ap_dld[k].whole ? H5T_STD_U64LE : H5T_IEEE_F64LE);
        if (w->set[k] < 0)
            rc = ap_hdf5_fails(w->path, "create", ap_dld[k].name[0], err);
    }
    if (rc)
        (void)ap_hdf5_finish(w, NULL);
    else
        *out = w;
    return rc;
}

static bool make_room(struct ap_hdf5_writer *w, uint64_t n)
{
    double *more = n > w->room ? realloc(w->numbers, n * sizeof *more) : w->numbers;

    if (!more)
        return n == 0;
    w->numbers = more;
    w->room = n > w->room ? n : w->room;
    return true;
}

int ap_hdf5_append(struct ap_hdf5_writer *w, const struct ap_event *events, uint64_t n,
                   cadre_error *err)
{
    if (!make_room(w, n))
        return ap_fail_memory(err, n * sizeof *w->numbers);
    for (int k = 0; k < AP_DLD_WRITE; k++) {
        const struct ap_dld *d = &ap_dld[k];
        hid_t type = d->whole ? H5T_NATIVE_UINT64 : H5T_NATIVE_DOUBLE;

        for (uint64_t i = 0; i < n; i++) {
            memcpy(&w->numbers[i], (const char *)&events[i] + d->at,
                   sizeof *w->numbers);
            if (!d->whole)
                w->numbers[i] /= d->scale;
        }
        if (!append(w->set[k], w->n, n, type, w->numbers))
            return ap_hdf5_fails(w->path, "write", d->name[0], err);
    }
    w->n += n;
    return CADRE_OK;
}

int ap_hdf5_finish(struct ap_hdf5_writer *w, cadre_error *err)
{
    bool ok = true;

    for (int k = 0; k < AP_DLD_WRITE; k++)
        if (w->set[k] >= 0 && H5Dclose(w->set[k]) < 0)
            ok = false;
    if (w->file >= 0 && H5Fclose(w->file) < 0)
        ok = false;
    if (!ok)
        ap_hdf5_fails(w->path, "write", "all of it", err);
    free(w->numbers);
    free(w);
    return ok ? CADRE_OK : CADRE_ESYS;
}

int ap_hdf5_write_stops(struct ap_hdf5_writer *w, const struct ap_stops *stops,
                        cadre_error *err)
{
    const struct {
        const char *name;
        hid_t in_file, in_memory;
        const void *from;
    } columns[] = {
        { "tdc/channel", H5T_STD_U32LE, H5T_NATIVE_UINT32, stops->channel },
        { "tdc/time_data", H5T_STD_U64LE, H5T_NATIVE_UINT32, stops->time },
        { "tdc/start_counter", H5T_STD_U64LE, H5T_NATIVE_UINT32, stops->start_counter },
        { "tdc/high_voltage", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, stops->voltage },
        { "tdc/voltage_pulse", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, stops->pulse },
    };

    if (!make_group(w->file, "tdc"))
        return ap_hdf5_fails(w->path, "create", "tdc", err);
    for (size_t k = 0; k < sizeof columns / sizeof columns[0]; k++) {
        hid_t set = make_set(w->file, columns[k].name, columns[k].in_file);
        bool ok =
            set >= 0 && append(set, 0, stops->n, columns[k].in_memory, columns[k].from);

        if (set >= 0 && H5Dclose(set) < 0)
            ok = false;
        if (!ok)
            return ap_hdf5_fails(w->path, "write", columns[k].name, err);
    }
    return CADRE_OK;
}
