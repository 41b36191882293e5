/* recover.h - the recovery stage: hits from the raw stops of the delay lines.
 * SPDX-License-Identifier: MIT
 *
 * A million pulses of some tens of nanoseconds, with one to a few rows each: so an item is
 * a batch of pulses, and its result has any size. The rows are the same however large the
 * batches are. Stops that do not make a complete hit are paired first with first, second
 * with second; choosing pairs by the distance they come to would do as well, and differs in
 * one incomplete hit of some thousand.
 */
#ifndef ATOM_PROBE_RECOVER_H
#define ATOM_PROBE_RECOVER_H

#include "events.h"

enum ap_axis { AP_NO_AXIS = 0, AP_X, AP_Y, AP_XY };

enum ap_status {
    AP_FOUR_INSIDE = 0,
    AP_FOUR_OUTSIDE,
    AP_TWO_INSIDE,
    AP_TWO_OUTSIDE,
    AP_UNRECOVERABLE,
    AP_STATUS_COUNT
};

extern const char *const ap_status_text[AP_STATUS_COUNT];
extern const char *const ap_axis_text[];

struct ap_row {
    uint64_t pulse; /* from 0 */
    uint32_t group; /* of four stops, within the pulse */
    uint32_t stops; /* of the pulse */
    uint32_t start_counter;
    uint8_t lines; /* delay-line ends that it is made of: 4, 2, 0 */
    uint8_t axis;  /* an enum ap_axis */
    uint8_t accepted;
    uint8_t status; /* an enum ap_status */
    double voltage, pulse_voltage;
    double tof;          /* ns */
    double x, y, radius; /* cm */
};

/* Pulses are runs of one start counter: first[i] is the first stop of pulse i, first[pulses]
 * one more than the last. Free with cadre_free_shared. */
struct ap_pulses {
    uint64_t n;
    uint64_t *first;
};

int ap_pulses_find(struct ap_pulses *pulses, const struct ap_stops *stops,
                   cadre_error *err);

/* One pulse's rows, at most as many as it has stops; returns how many. The stops come in
 * the order of arrival and are put in that of hits. `valid` says that groups with all four
 * ends are complete hits. */
struct ap_stop {
    uint32_t channel, time, rank;
};
size_t ap_recover_pulse(struct ap_row *rows, struct ap_stop *stops, size_t n,
                        double limit);

/* The same of a group that has been put in order before, as it says whether it is valid. */
size_t ap_recover_group(struct ap_row *rows, const struct ap_stop *stops, size_t n,
                        bool valid, double limit);

struct ap_recover {
    struct ap_stops stops;
    struct ap_pulses pulses;
    double limit;   /* cm: hits beyond are outside of the detector */
    uint64_t batch; /* pulses of an item; 0: 4096 */
};

/* Rows in pieces, one after another: batches[0..ap_recover_batches). Free them with
 * cadre_bytes_free and free. */
uint64_t ap_recover_batches(const struct ap_recover *stage);
int ap_recover_run(cadre_bytes *batches, cadre_pool *pool,
                   const struct ap_recover *stage, cadre_error *err);
cadre_job ap_recover_job(cadre_bytes *batches, const struct ap_recover *stage);

struct ap_recovered {
    uint64_t rows, status[AP_STATUS_COUNT];
    double distance, tof; /* sums of |x| + |y| and of tof, of what was recovered */
};

struct ap_recovered ap_recover_sum(const cadre_bytes *batches, uint64_t n);

#endif
