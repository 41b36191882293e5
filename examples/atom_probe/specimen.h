/* specimen.h - made-up files: a specimen of aluminium, as a detector would see it.
 * SPDX-License-Identifier: MIT
 */
#ifndef ATOM_PROBE_SPECIMEN_H
#define ATOM_PROBE_SPECIMEN_H

#include "output.h"
#include "pass.h"

/* Al+, Al2+, Al3+, H+ and a background, evaporated at 2000 to 8000 V; the time of flight is
 * spread by the voltage, by the place, and by chance. As many ions as asked for, block by
 * block through an ordered stream; flow->chunk is not used. HDF5 files also get the raw stops
 * of so many pulses, unless that is 0. */
int ap_specimen_write(const char *path, int format, uint64_t n, uint64_t pulses,
                      struct ap_flow *flow, cadre_error *err);

/* The i-th of n ions; its x and y are set already. */
struct ap_event;
void ap_specimen_ion(struct ap_event *e, uint64_t i, uint64_t n);

#endif
