/* recover.h - when a worker process has died: who pays, and who goes on.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CORE_FAULT_RECOVER_H
#define CDR_CORE_FAULT_RECOVER_H

#include "core/board/intent.h"
#include "core/run/run.h"

/* A task that took workers down, and may be run again. */
struct cdr_suspect {
    uint64_t item;
    unsigned deaths;
};

/* The caller's process keeps this for a run; nobody else sees it. */
struct cdr_recovery {
    struct cdr_suspect *suspects;
    size_t n, room;
    unsigned dead;   /* workers, in all */
    unsigned barren; /* of these in a row, that died before they entered a task */
    uint64_t done;   /* tasks, when the last one died */
};

void cdr_recovery_fini(struct cdr_recovery *recovery);

/* Count one more death of this item: true when it may be run again. */
bool cdr_may_retry(cadre_run *run, uint64_t item);

/* The error for an item whose worker died like that. */
void cdr_word_death(cadre_error *error, const cadre_run *run, unsigned seat,
                    uint64_t item, const cadre_death *death);

/* One more worker has died, in a task or without having come to one; ends the run when too
 * many have. */
void cdr_recovery_note(cadre_run *run, unsigned seat, bool in_task,
                       const cadre_death *death);

/* cadre_run_lost, where workers share memory. */
bool cdr_recover(cadre_run *run, unsigned seat, const cadre_death *death);

/* Maps and reductions (recover_map.c): whether the worker was inside the kernel. */
bool cdr_lost_in_map(cadre_run *run, unsigned seat, const cadre_death *death);

/* Streams (recover_stream.c): whether the worker was inside the kernel, and the rest as
 * cdr_recover. */
bool cdr_lost_in_ring(cadre_run *run, unsigned seat, const cadre_death *death);

#endif
