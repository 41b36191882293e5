/* serial.c - the backend without workers: the caller's thread does it all.
 * SPDX-License-Identifier: MIT
 */
#include "backends/table.h"

const cadre_backend cdr_serial_backend = {
    .abi = CADRE_BACKEND_ABI,
    .name = "serial",
};
