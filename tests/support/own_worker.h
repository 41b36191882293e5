/* own_worker.h - a backend that shares no memory with its worker, and is that worker.
 * SPDX-License-Identifier: MIT
 *
 * All that a run is goes through a manifest, leases and outcomes, as if the worker were on
 * another machine. It runs in the caller's thread, which polls, so that runs are the same
 * each time.
 */
#ifndef CADRE_TESTS_OWN_WORKER_H
#define CADRE_TESTS_OWN_WORKER_H

#include <cadre/backend.h>

extern const cadre_backend own_worker;

#endif
