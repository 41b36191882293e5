/* ions_hdf5.h - ions and raw stops in HDF5 files, in the layout of pyccapt's raw data.
 * SPDX-License-Identifier: MIT
 *
 * dld/x and dld/y in cm, dld/t in ns, dld/high_voltage and dld/voltage_pulse in V,
 * dld/laser_pulse in pJ, dld/start_counter; one number for each ion. Corrected times are in
 * dld/t_c, masses in dld/mc, beside what was recorded. tdc/channel, time_data,
 * start_counter, high_voltage, voltage_pulse: one for each raw stop.
 */
#ifndef ATOM_PROBE_IONS_HDF5_H
#define ATOM_PROBE_IONS_HDF5_H

#include "events.h"
#include "output.h"
#include "reader.h"

/* A file of ions that grows chunk by chunk. The output has been opened with a name. */
struct ap_hdf5_writer;
int ap_hdf5_create(struct ap_hdf5_writer **out, const struct ap_output *output,
                   cadre_error *err);
int ap_hdf5_append(struct ap_hdf5_writer *w, const struct ap_event *events, uint64_t n,
                   cadre_error *err);
int ap_hdf5_finish(struct ap_hdf5_writer *w, cadre_error *err); /* frees it, always */

/* The raw stops: added to a file before it is finished; read from a file. */
int ap_hdf5_write_stops(struct ap_hdf5_writer *w, const struct ap_stops *stops,
                        cadre_error *err);
int ap_hdf5_read_stops(struct ap_stops *stops, const char *path, cadre_error *err);

#endif
