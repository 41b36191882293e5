/* spool.h - shared memory into which workers write results and errors of any size.
 * SPDX-License-Identifier: MIT
 */
#ifndef CADRE_PYTHON_SPOOL_H
#define CADRE_PYTHON_SPOOL_H

#include <stdint.h>
#include <stddef.h>

#define CDP_SPOOL_UNIT 64u /* pieces begin at multiples, so that an int can name one */

struct cdp_spool;

/* Before workers are forked; NULL without memory. Nothing is used of it until it is
 * written to. */
struct cdp_spool *cdp_spool_open(void);
void cdp_spool_close(struct cdp_spool *spool); /* NULL is fine */

/* In a worker process: room for `size` bytes, and its number, which is positive. NULL: the
 * spool is full. */
char *cdp_spool_put(struct cdp_spool *spool, size_t size, int32_t *number);

/* In the process that opened it: what was put there, and how long it is. */
const char *cdp_spool_get(const struct cdp_spool *spool, int32_t number, size_t *size);

#endif
