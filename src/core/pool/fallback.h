/* fallback.h - jobs that do not suit the workers of a pool, and who runs them instead.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CORE_POOL_FALLBACK_H
#define CDR_CORE_POOL_FALLBACK_H

#include "core/pool/pool.h"

enum cdr_fallback {
    CDR_AS_PLANNED,
    CDR_FALLBACK_SERIAL, /* too few items for processes */
    CDR_FALLBACK_THREADS,
    CDR_FALLBACK_PERSISTENT
};

/* Who would run this program; *why says what persistent workers lack, if it is threads. */
enum cdr_fallback cdr_fallback_of(const cadre_pool *pool, const struct cdr_program *p,
                                  cadre_error *why);

/* Replace the pool by the one that runs this program: mostly itself. */
int cdr_pool_choose(cadre_pool **pool, const struct cdr_program *p, cadre_error *err);

/* Fewer items than min_items, what counts with processes only, and the one hint that more workers are to be had. */
int cdr_pool_suits(cadre_pool *pool, const cadre_job *job, uint64_t n,
                   cadre_error *err);

#endif
