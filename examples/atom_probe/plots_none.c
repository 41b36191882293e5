/* plots_none.c - without cairo and Pango: no pictures, and what would help is said.
 * SPDX-License-Identifier: MIT
 */
#include "failure.h"
#include "program.h"

int ap_plots_write(const char *folder, const struct ap_calibrated *c,
                   const struct ap_calibrate *what, cadre_error *err)
{
    (void)c;
    (void)what;
    return ap_fail(err, CADRE_ENOTSUP,
                   "--plots is \"%s\": this program was built without cairo and Pango, "
                   "which pictures need",
                   folder);
}
