/* instead.h - jobs that do not suit the workers of a pool, and who runs them instead.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CORE_INSTEAD_H
#define CDR_CORE_INSTEAD_H

#include "core/pool.h"

enum cdr_instead { CDR_AS_PLANNED, CDR_THREADS_INSTEAD, CDR_KEPT_INSTEAD };

/* Who would run this program; *why says what kept workers lack, if it is threads. */
enum cdr_instead cdr_instead_of(const cadre_pool *pool, const struct cdr_program *p,
                                cadre_error *why);

/* Replace the pool by the one that runs this program: mostly itself. */
int cdr_pool_choose(cadre_pool **pool, const struct cdr_program *p, cadre_error *err);

#endif
