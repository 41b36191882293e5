/* none.c - says that there are no plots without cairo and Pango.
 * SPDX-License-Identifier: MIT
 */
#include "cli/plot/plot.h"

int cdr_plot_open(struct cdr_plot *plot, const char *path, struct cdr_failure *why)
{
    (void)plot;
    return path ? cdr_fails(why, CDR_EXIT_USAGE,
                            "--plot: this cadre was built without cairo and Pango")
                : 0;
}
