/* hdf5_common.h - what reading and writing HDF5 files share.
 * SPDX-License-Identifier: MIT
 */
#ifndef ATOM_PROBE_HDF5_COMMON_H
#define ATOM_PROBE_HDF5_COMMON_H

#include "ions_hdf5.h"

#include <hdf5.h>
#include <stddef.h>

/* A column of the group dld: the names that it goes by, and where an event has it. */
struct ap_dld {
    const char *name[3]; /* the first is written; the others are read, too */
    size_t at;           /* in a struct ap_event */
    double scale;        /* event = file * scale */
    bool whole;          /* an uint64_t, or else a double */
    bool required;
};

#define AP_DLD_READ  7
#define AP_DLD_WRITE 9
extern const struct ap_dld ap_dld[AP_DLD_WRITE];

/* libhdf5 prints its errors unless told not to. */
void ap_hdf5_quiet(void);

/* CADRE_ESYS: "PATH: WHAT NAME failed: " and what libhdf5 says. */
int ap_hdf5_fails(const char *path, const char *what, const char *name,
                  cadre_error *err);

#endif
