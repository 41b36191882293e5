/* process.h - what of itself and its children a process can find out.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_MACHINE_PROCESS_H
#define CDR_MACHINE_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* As getpid(), at the price of a read. From any thread and from signal handlers. (own_pid.c) */
pid_t cdr_own_pid(void);

/* Threads of this process now; 1 when Linux does not say. */
unsigned cdr_threads_now(void);

/* Memory that this process has in use, in KiB; 0: Linux does not say. */
uint64_t cdr_resident_kib(void);

/* The part of it that no other process can have. */
uint64_t cdr_private_kib(void);

/* Bytes that are different each time, and in each process. Of Linux, or where that gives
 * none, made from what else it told this program. Nothing is to rely on their secrecy. */
void cdr_different_bytes(void *out, size_t size);

/* How often Linux has killed somebody on this machine to get memory. False: it does not
 * say, or not now. */
bool cdr_oom_kills(uint64_t *kills);

/* In a worker process: when memory runs out, it is to die rather than the program. Only an
 * offer, which may fail. */
void cdr_offer_to_oom_killer(void);

#endif
