/* piece.h - streams: items and results of any size, in arenas and in the file.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CORE_WORK_PIECE_H
#define CDR_CORE_WORK_PIECE_H

#include "core/run/run.h"

/* Task p has run: what it emitted, or its error, is put where the caller finds it, which the
 * reference says. Waits for room in the arena; the task may fail by that. */
void cdr_piece_keep(struct cadre_worker *w, uint64_t p, struct cdr_ref *ref);

/* Around a task whose item may be of any size: false, it cannot be had, and the task has
 * failed. In between: the item. */
bool cdr_piece_open(struct cadre_worker *w, uint64_t p, uint32_t slot);
const cadre_bytes *cdr_piece_item(struct cadre_worker *w, uint32_t slot);
void cdr_piece_close(struct cadre_worker *w);

#endif
