/* program.h - a run as a worker has it that shares no memory with its caller.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CORE_LEASE_PROGRAM_H
#define CDR_CORE_LEASE_PROGRAM_H

#include "core/board/tree.h"
#include "core/lease/format.h"
#include "core/work/block.h"
#include "core/work/sink.h"

/* What of a lease is known to lie where it says. */
struct cdr_lease_view {
    const struct cdr_lease_head *head;
    const void *items, *lengths, *bytes, *results, *statuses, *into, *from;
};

/* One worker's at a time, which alone touches it; but for the window's limit, which
 * cadre_program_halt lowers from anywhere. */
struct cadre_program {
    cadre_run run;
    struct cdr_program program;
    struct cdr_tree tree; /* reductions: what to combine with; nothing lies in it */
    struct cdr_sink sink;
    cadre_seed seed;
    cadre_column *columns;
    size_t *column_at;
    size_t item_stride;
    bool is_stream, has_statuses, times_tasks;
    struct cadre_window *window; /* of one seat */
    struct cadre_worker *worker; /* who runs leases of it; or NULL */
    uint64_t failed;             /* the failure that was reported: of this task ... */
    bool failed_halts;           /* ... or none: NO_ITEM */

    /* The lease that is being run. */
    uint64_t lease;      /* 0: none */
    bool finished;       /* nothing more comes of it */
    bool placed;         /* its items and statuses are where tasks look for them */
    bool announced;      /* the next task was reported to begin */
    uint64_t next;       /* the first unit that has not been run */
    uint64_t first_task; /* of the lease */
    struct cdr_block block;
    bool in_block;
    char *sum;           /* of that block */
    cadre_bytes *pieces; /* items of any size */
    uint64_t pieces_capacity;
    int *statuses; /* of the lease's tasks */
    uint64_t statuses_capacity;
};

/* The outcome that is being written. */
struct cdr_telling {
    cadre_packet *packet;
    uint64_t first, task; /* unit; and the first task that it tells of */
    uint64_t began;
    uint32_t flags;
    struct cdr_part results;
    cadre_packet any;
};

static inline uint64_t cdr_program_task(const struct cadre_program *p, uint64_t unit)
{
    return cdr_task_of(unit, p->program.grain, p->program.n);
}

/* Write the outcome: of tasks, or of two results that were combined. */
int cdr_outcome_tell(struct cadre_program *p, struct cdr_telling *t, cadre_error *err);
int cdr_outcome_tell_pair(struct cadre_program *p, struct cdr_telling *t,
                          cadre_error *err);

/* CADRE_ENOMEM, in words. */
int cdr_lease_no_memory(cadre_error *err);

/* A lease of this program, or CADRE_EINVAL. */
int cdr_lease_open(struct cdr_lease_view *v, const struct cadre_program *p,
                   const void *lease, size_t size, cadre_error *err);

#endif
