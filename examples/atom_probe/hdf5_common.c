/* hdf5_common.c - what reading and writing HDF5 files share.
 * SPDX-License-Identifier: MIT
 */
#include "hdf5_common.h"
#include "failure.h"

#include <string.h>

const bool ap_have_hdf5 = true;

#define AT(field) offsetof(struct ap_event, field)
#define CM        10.0 /* mm */

const struct ap_dld ap_dld[] = {
    { { "dld/x" }, AT(x), CM, false, true },
    { { "dld/y" }, AT(y), CM, false, true },
    { { "dld/t" }, AT(t), 1, false, true },
    { { "dld/high_voltage" }, AT(voltage), 1, false, true },
    { { "dld/voltage_pulse", "dld/pulse", "dld/pulse_voltage" },
      AT(pulse),
      1,
      false,
      false },
    { { "dld/laser_pulse", "dld/laser_intensity" }, AT(laser), 1, false, false },
    { { "dld/start_counter" }, AT(start), 1, true, false },
    { { "dld/t_c" }, AT(t_c), 1, false, false }, /* these two are written only */
    { { "dld/mc" }, AT(mc), 1, false, false },
};

/* Nor is it to write again what it could not, when the program ends: it crashes then. */
void ap_hdf5_quiet(void)
{
    (void)H5dont_atexit();                       /* fails when it was called before */
    (void)H5Eset_auto2(H5E_DEFAULT, NULL, NULL); /* fails without memory only */
}

/* The innermost reason is the last. */
static herr_t remember(unsigned n, const H5E_error2_t *e, void *text)
{
    (void)n;
    snprintf(text, 160, "%s", e->desc ? e->desc : "no reason given");
    return 0;
}

int ap_hdf5_fails(const char *path, const char *what, const char *name,
                  cadre_error *err)
{
    char reason[160] = "no reason given";

    (void)H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, remember, reason);
    return ap_fail(err, CADRE_ESYS, "%s: cannot %s %s: %s", path, what, name, reason);
}
