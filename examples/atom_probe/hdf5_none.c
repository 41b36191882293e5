/* hdf5_none.c - without libhdf5: HDF5 files are refused, and what would help is said.
 * SPDX-License-Identifier: MIT
 */
#include "failure.h"
#include "ions_hdf5.h"

const bool ap_have_hdf5 = false;

static int refuse(const char *path, cadre_error *err)
{
    return ap_fail(err, CADRE_ENOTSUP,
                   "%s: this program was built without libhdf5, which HDF5 files need",
                   path);
}

int ap_hdf5_open(struct ap_reader *r, cadre_error *err)
{
    return refuse(r->path, err);
}

int ap_hdf5_read(struct ap_reader *r, uint64_t first, uint64_t count,
                 struct ap_event *events, cadre_error *err)
{
    (void)first;
    (void)count;
    (void)events;
    return refuse(r->path, err);
}

void ap_hdf5_close(struct ap_reader *r)
{
    (void)r;
}

int ap_hdf5_create(struct ap_hdf5_writer **out, const struct ap_output *output,
                   cadre_error *err)
{
    *out = NULL;
    return refuse(output->path, err);
}

int ap_hdf5_append(struct ap_hdf5_writer *w, const struct ap_event *events, uint64_t n,
                   cadre_error *err)
{
    (void)w;
    (void)events;
    (void)n;
    return refuse("the output", err);
}

int ap_hdf5_finish(struct ap_hdf5_writer *w, cadre_error *err)
{
    (void)w;
    return refuse("the output", err);
}

int ap_hdf5_write_stops(struct ap_hdf5_writer *w, const struct ap_stops *stops,
                        cadre_error *err)
{
    (void)w;
    (void)stops;
    return refuse("the output", err);
}

int ap_hdf5_read_stops(struct ap_stops *stops, const char *path, cadre_error *err)
{
    *stops = (struct ap_stops){ 0 };
    return refuse(path, err);
}
