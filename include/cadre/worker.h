/* worker.h - programs that a pool starts as its workers: cadre_options.worker_command.
 * SPDX-License-Identifier: MIT
 *
 * Such a program may be any: an interpreter that has loaded this library, a program of
 * another language. It gets ready, says which functions are meant by the names that jobs
 * have for them, and calls cadre_worker_main, which serves the pool until that is closed.
 */
#ifndef CADRE_WORKER_H
#define CADRE_WORKER_H

#include <cadre/cadre.h>

CADRE_BEGIN_DECLS

/* What the functions of a job are here. Those that the job has are needed: of fn, range_fn
 * and fold the one that it has; combine for a reduction. */
typedef struct cadre_functions {
    cadre_fn *fn;
    cadre_range_fn *range_fn;
    cadre_fold *fold;
    cadre_combine *combine;
    cadre_begin *worker_begin;
    cadre_end *worker_end;
    uint64_t reserved[2];
} cadre_functions;

/* Fill *out, which is all zero, for the job's kernel_name. Returns 0; anything else: there
 * are none of that name. Called by a worker when it joins a run, from the thread that
 * serves; the functions stay valid as long as that run. */
typedef int cadre_resolver(void *arg, const void *name, size_t size,
                           cadre_functions *out);

/* Names that jobs have are resolved by this from now on, in this process, wherever runs
 * come from: cadre_worker_main, cadre_run_join, cadre_manifest_open. NULL: by none. To be
 * called before those. */
CADRE_API void cadre_register_resolver(cadre_resolver *resolver, void *arg);

/* Serve the pool that has started this process, from this thread, until the pool is closed:
 * CADRE_OK. It ends the process where the pool's is gone, and where it has served or grown
 * enough. CADRE_EINVAL: no pool has started it, or the call is not the first. */
CADRE_API int cadre_worker_main(cadre_error *err);

CADRE_END_DECLS
#endif
