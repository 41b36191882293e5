/* failure.h - say in a cadre_error what went wrong in this program's own code.
 * SPDX-License-Identifier: MIT
 *
 * Functions here end as cadre's own do: they return CADRE_OK or a negative code, and take
 * the error last. So what a map reports and what a file reports go up the same way, and
 * only main prints.
 */
#ifndef ATOM_PROBE_FAILURE_H
#define ATOM_PROBE_FAILURE_H

#include <cadre/cadre.h>

/* Word the failure; returns the code. err may be NULL. */
int ap_fail(cadre_error *err, int code, const char *format, ...) CADRE_PRINTF(3, 4);

/* CADRE_ESYS with what errno says: "cannot WHAT NAME: No space left on device". */
int ap_fail_system(cadre_error *err, const char *what, const char *name);

/* CADRE_ENOMEM for so many bytes. */
int ap_fail_memory(cadre_error *err, size_t size);

/* n elements of size bytes, all zero, that workers share; NULL with err filled when there
 * is no memory, or so much that it cannot be counted. */
void *ap_alloc(uint64_t n, size_t size, cadre_error *err);

#endif
