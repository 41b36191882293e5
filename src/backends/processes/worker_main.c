/* worker_main.c - a program that a pool has started by a command becomes its worker.
 * SPDX-License-Identifier: MIT
 */
#include "backends/spawn/spawn.h"
#include "backends/processes/supervisor.h"
#include "base/error.h"

#include <cadre/worker.h>

int cadre_worker_main(cadre_error *err)
{
    cadre_error local;
    unsigned seat;
    int rc;

    if (!err)
        err = &local;
    rc = cdr_spawn_arrive(&seat, err);
    if (rc)
        return rc;
    cdr_persistent_main(CDR_SPAWN_SOCKET, seat);
    cdr_error_clear(err);
    return CADRE_OK;
}
