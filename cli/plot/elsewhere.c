/* elsewhere.c - plots are drawn by a program of its own.
 * SPDX-License-Identifier: MIT
 *
 * cairo, Pango and what they need take tens of milliseconds to load, which a program that
 * is started for each of many inputs has not. So cadre is linked without them, and becomes
 * cadre-plot, which is all of cadre and they, as soon as a plot is asked for: before
 * anything was read or written.
 */
#include "cli/base/self.h"
#include "cli/plot/plot.h"

#include <string.h>

int cdr_plot_open(struct cdr_plot *plot, const char *path, struct cdr_failure *why)
{
    static const char name[] = "cadre-plot";

    (void)plot;
    return path ? cdr_fails(why, CDR_EXIT_FAILED,
                            "--plot needs the program %s, which cannot be started: %s",
                            name, strerror(cdr_self_exec(name)))
                : 0;
}
