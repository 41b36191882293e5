/* making.h - jobs, one after another, as a stream's source.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_MAP_MAKING_H
#define CDR_CLI_MAP_MAKING_H

#include "cli/map/map.h"

/* A cadre_source: arg is the struct cdr_map *, an item a struct cdr_job *. Jobs that the
 * journal says are done are written and passed over. */
int cdr_make_job(void *arg, void *item, cadre_error *err);

#endif
