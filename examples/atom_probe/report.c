/* report.c - what each stage takes on one CPU, and on several.
 * SPDX-License-Identifier: MIT
 */
#include "program.h"
#include "failure.h"

int ap_cmd_report(const struct ap_settings *s, cadre_error *err)
{
    (void)s;
    return ap_fail(err, CADRE_ENOTSUP, "not there yet");
}
