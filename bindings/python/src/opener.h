/* opener.h - how one extension has another open its pools.
 * SPDX-License-Identifier: MIT
 */
#ifndef CADRE_PYTHON_OPENER_H
#define CADRE_PYTHON_OPENER_H

#include "python.h"

#include <cadre/cadre.h>

/* The name of a capsule with one of these. */
#define CDP_OPENER "cadre.opener"

/* As cadre_open. CADRE_DONE: this process has served as a worker, and is done. Called
 * without the interpreter. */
struct cdp_opener {
    int (*open)(cadre_pool **out, const cadre_options *options, cadre_error *err);
};

#endif
