/* rank.h - what a rank does with an attempt that rank 0 has sent: a kernel.
 * SPDX-License-Identifier: MIT
 *
 * The command has the rank's own environment, as its launcher gave it, and what rank 0 sends
 * beside. A guard of the rank's own ends the commands if the rank is gone.
 */
#ifndef CDR_CLI_MAP_RANK_H
#define CDR_CLI_MAP_RANK_H

#include <cadre/cadre.h>

/* A cadre_begin and its cadre_end; the job's shared bytes are a request's common ones. */
int cdr_rank_begin(cadre_task *task, void **state);
void cdr_rank_end(void *state);

/* The item is a request, as cadre_bytes; the pieces of what becomes of it are emitted. */
int cdr_rank_attempt(cadre_task *task, const void *item, void *result);

#endif
