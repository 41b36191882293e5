/* making.h - jobs, one after another, as a stream's source.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_MAP_MAKING_H
#define CDR_CLI_MAP_MAKING_H

#include "cli/map/map.h"

/* A cadre_source: arg is the struct cdr_map *, an item a struct cdr_job *. Jobs that the
 * journal says are done are written and passed over. */
int cdr_make_job(void *arg, void *item, cadre_error *err);

/* Write and count what was passed over. From the thread that makes jobs, before it waits for
 * an input: arg is the struct cdr_map *. */
void cdr_make_flush(void *arg);

#endif
