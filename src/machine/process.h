/* process.h - what of itself and its children a process can find out.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_MACHINE_PROCESS_H
#define CDR_MACHINE_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

/* Threads of this process now; 1 when Linux does not say. */
unsigned cdr_threads_now(void);

/* Memory that this process has in use, in KiB; 0: Linux does not say. */
uint64_t cdr_resident_kib(void);

/* The part of it that no other process can have. */
uint64_t cdr_private_kib(void);

/* How often Linux has killed somebody on this machine to get memory. False: it does not
 * say, or not now. */
bool cdr_oom_kills(uint64_t *kills);

#endif
