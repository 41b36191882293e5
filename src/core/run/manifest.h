/* manifest.h - a run written down for workers in spawned processes.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CORE_RUN_MANIFEST_H
#define CDR_CORE_RUN_MANIFEST_H

#include "core/run/call.h"
#include "core/run/run.h"

/* Shared memory that is kept from one run for the next. Zero: none yet. */
struct cdr_shm_buffer {
    void *memory;
    size_t size;
};

/* At least so many bytes, with anything in them. False: there is no memory, or none that
 * spawned workers would have. */
bool cdr_shm_buffer_grow(struct cdr_shm_buffer *buffer, size_t size);
void cdr_shm_buffer_trim(
    struct cdr_shm_buffer *buffer); /* after a run: not more than is worth keeping */
void cdr_shm_buffer_fini(struct cdr_shm_buffer *buffer);

/* Write the manifest for a run that is about to begin, into the buffer; it is run->manifest. What
 * the job points to is copied into it, but for what workers can see where it is.
 * CADRE_ENOTSUP: they cannot have the kernel, and what to do. */
int cdr_manifest_write(struct cdr_shm_buffer *buffer, cadre_run *run,
                       const struct cdr_call *call, cadre_error *err);

/* Whether workers can have the job's functions, as far as is known here: what
 * cdr_manifest_write would say, and that they are not sure to have a library. */
int cdr_manifest_check(const struct cdr_program *p, cadre_error *err);

/* Whether a worker has to be asked if it has the kernel, and how many descriptors go with
 * the manifest. */
bool cdr_manifest_is_unsure(const struct cdr_manifest *manifest);
unsigned cdr_manifest_fds(const struct cdr_manifest *manifest);

/* In the worker: cadre_run_join and cadre_run_leave. */
int cdr_manifest_join(cadre_run **out, const struct cdr_manifest *manifest,
                      const int *fds, void (*wake)(void *arg), void *arg,
                      cadre_error *err);
void cdr_manifest_leave(cadre_run *run);

#endif
