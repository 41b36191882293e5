/* event.h - one ion of a file, and how each kind of file has it.
 * SPDX-License-Identifier: MIT
 */
#ifndef ATOM_PROBE_EVENT_H
#define ATOM_PROBE_EVENT_H

#include <cadre/cadre.h>

enum ap_format {
    AP_EPOS = 0, /* 44 bytes: nine floats, two counts, big-endian */
    AP_POS,      /* 16 bytes: x, y, z in nm and the mass-to-charge ratio, big-endian */
    AP_HDF5,     /* columns; between file and kernel they are a struct ap_event each */
    AP_FORMATS
};

struct ap_event {
    double x, y;                  /* on the detector, mm; both NaN: a partial hit */
    double t;                     /* time of flight, ns, as recorded */
    double t_c;                   /* corrected */
    double voltage, pulse, laser; /* V, V, pJ */
    double mc;                    /* mass-to-charge ratio, Da */
    uint64_t start;               /* start counter */
    float place[3];               /* reconstructed, nm */
    uint32_t pslep, ipp; /* pulses since the last event pulse, ions of this pulse */
    uint32_t unused;
};

extern const char *const ap_format_name[AP_FORMATS];

/* By the end of the name: .epos, .pos, .h5 or .hdf5. CADRE_EINVAL: none of them. */
int ap_format_of(int *format, const char *path, cadre_error *err);

size_t ap_record_size(int format);
void ap_decode(struct ap_event *event, int format, const void *record);

/* The time of flight of an EPOS record is the corrected one. */
void ap_encode(void *record, int format, const struct ap_event *event);

/* Which of the event's numbers is impossible, in words; NULL: none is. mc: the mass is what
 * counts, or else the time of flight. */
const char *ap_event_trouble(const struct ap_event *event, bool mc, double *value);

/* The record is in order once its bytes are swapped: its file is little-endian. */
bool ap_record_is_swapped(int format, const void *record, bool mc);

#endif
