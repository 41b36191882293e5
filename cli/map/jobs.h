/* jobs.h - how many jobs run at a time, and what limits that.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_MAP_JOBS_H
#define CDR_CLI_MAP_JOBS_H

#include "cli/map/map.h"

/* Sets map->jobs and map->workers by -j, CADRE_WORKERS, the CPUs, or else the ranks' workers,
 * and the descriptors that there may be, and says so if these are too few; and map->ranks
 * and map->common.files. */
int cdr_jobs_choose(struct cdr_map *map, struct cdr_failure *why);

/* "50%", "+1", "-1" of the CPUs, or a number; for --load, too. False: it is none. */
bool cdr_jobs_parse(double *out, const char *text, unsigned cpus);

unsigned cdr_cpus(void);

#endif
