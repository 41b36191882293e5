/* table.h - the backends that come with cadre, and those that were registered.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_BACKENDS_TABLE_H
#define CDR_BACKENDS_TABLE_H

#include <cadre/backend.h>

#define CDR_WORKERS_MAX 32768 /* of a pool, whatever its backend */

extern const cadre_backend cdr_serial_backend;
extern const cadre_backend cdr_threads_backend;
extern const cadre_backend cdr_processes_backend;
extern const cadre_backend
    cdr_persistent_backend; /* processes that stay: by option, not name */

/* By name or alias ("thread", "sequential", ...), case counts; NULL when there is
 * none. "auto" is not a backend. `persistent`: the variant whose workers stay, where there
 * is one. */
const cadre_backend *cdr_backend_find(const char *name, bool persistent);

/* Whether it is the name of a backend that comes with another library of cadre's. */
bool cdr_backend_is_absent(const char *name);

/* Of those that were registered (cadre_backend_register), the first that has workers for
 * whoever asks for none by name, and how many; or NULL. */
const cadre_backend *cdr_backend_available(unsigned *workers);

/* The name that this may be a slip for, or the same in other letters; NULL: none is near. */
const char *cdr_backend_near(const char *name);

/* All names that may be given, for messages: "auto, serial, threads, processes". */
const char *cdr_backend_names(void);

#endif
