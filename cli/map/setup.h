/* setup.h - from the options to a run that is ready to begin, and back.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_MAP_SETUP_H
#define CDR_CLI_MAP_SETUP_H

#include "cli/map/map.h"

/* Everything but the outlet, whose callbacks are the caller's. */
int cdr_map_set_up(struct cdr_map *map, const struct cdr_map_settings *set,
                   struct cdr_failure *why);
void cdr_map_tear_down(struct cdr_map *map);

#endif
