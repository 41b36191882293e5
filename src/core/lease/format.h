/* format.h - what manifests, leases and outcomes look like as bytes.
 * SPDX-License-Identifier: MIT
 *
 *     manifest   a run: what to call, on what, under which limits; written once
 *     lease      some tasks of it, with their items; or two results to combine
 *     outcome    what became of them, or of the first of them
 *
 * See wire.h. Numbers of tasks and of units (blocks of a reduction) are those of the run.
 */
#ifndef CDR_CORE_LEASE_FORMAT_H
#define CDR_CORE_LEASE_FORMAT_H

#include "core/run/functions.h"
#include "core/run/wire.h"

#define CDR_MANIFEST_MAGIC UINT64_C(0x316e616d65726463)
#define CDR_LEASE_MAGIC    UINT64_C(0x3173616c65726463)
#define CDR_OUTCOME_MAGIC  UINT64_C(0x3174756f65726463)

/* ---- manifests ---- */

enum cdr_program_flags {
    CDR_RANGES = 1,      /* the kernel is one of ranges */
    CDR_EMITS = 2,       /* tasks may emit */
    CDR_KEEPS_GOING = 4, /* failures are gone over */
    CDR_BYTES_ITEMS = 8, /* items are of any size */
    CDR_IS_STREAM = 16,
    CDR_REDUCES = 32,
    CDR_TOGETHER = 64,      /* a range kernel may have several at once */
    CDR_HAS_STATUSES = 128, /* outcomes say how each task ended */
    CDR_KEEPS_STATE = 256,  /* what worker_begin makes outlives the run */
    CDR_FOLDS = 512         /* the kernel is a fold */
};

struct cdr_column_head {
    uint64_t size; /* of an element */
    uint64_t at;   /* where in an item it lies, unless it is the same for all */
    uint32_t same, reserved;
    struct cdr_part data; /* if it is */
};

struct cdr_manifest_head {
    struct cdr_wire_head wire;
    struct cdr_code_id code[CDR_FUNCTIONS];
    uint32_t has; /* a bit for each of those that there is */
    uint32_t flags;
    uint64_t n_indexes;
    uint64_t n, grain;    /* n is CADRE_ENDLESS where that is not known */
    uint64_t item_stride; /* of items in leases; 0: there are none */
    uint64_t result_size;
    uint64_t seed, deadline_ns, timeout_ns; /* deadline: what is left; 0: none */
    uint64_t chunk, retire_after, retire_kib;
    uint32_t size, workers; /* of the run: cadre_size, and who shares CPUs */
    uint32_t n_columns, reserved;
    struct cdr_part name, shared, columns, seed_sequence, indexes, kernel_name;
};

/* ---- leases ---- */

enum cdr_lease_flags {
    CDR_SINGLY = 1,  /* each task is reported as it begins and as it ends */
    CDR_COMBINES = 2 /* fold `from` into `into` */
};

struct cdr_lease_head {
    struct cdr_wire_head wire;
    uint64_t id;
    uint64_t first, end; /* units; of what is combined: the first task of `from` */
    uint32_t flags, seat;
    struct cdr_part items; /* of its tasks, packed */
    struct cdr_part
        lengths; /* items of any size: of each, in `bytes` one after another */
    struct cdr_part bytes;    /* each on a boundary */
    struct cdr_part results;  /* what is there already; empty: zeros */
    struct cdr_part statuses; /* of tasks of a reduction that is run again; or empty */
    struct cdr_part into, from;
};

/* ---- outcomes ---- */

enum cdr_outcome_flags {
    CDR_FINAL = 1,   /* nothing more comes of the lease */
    CDR_ANY = 2,     /* what was combined is there */
    CDR_IN_TASK = 4, /* task `task` is about to begin */
    CDR_HALTS = 8,   /* the last of the errors ends the run */
    CDR_HEARD = 16   /* a task heard that it is no longer wanted */
};

struct cdr_outcome_head {
    struct cdr_wire_head wire;
    uint64_t id;
    uint64_t first, end; /* units that this tells of */
    uint64_t told, task; /* tasks from here on up to this one have run, or failed */
    uint64_t ns;         /* what running them took */
    uint32_t flags, reserved;
    struct cdr_part results;  /* of the units; what was combined */
    struct cdr_part any;      /* reductions: which blocks have a result */
    struct cdr_part statuses; /* of the tasks */
    struct cdr_part sunk;     /* struct cdr_sunk, in the order of the tasks */
    struct cdr_part bytes;
    struct cdr_part errors; /* in the order of the tasks */
};

/* ---- both sides ---- */

/* The first task of a unit, and the first of none: n tasks, `grain` a unit. */
static inline uint64_t cdr_task_of(uint64_t unit, uint64_t grain, uint64_t n)
{
    uint64_t task;

    return __builtin_mul_overflow(unit, grain, &task) || task > n ? n : task;
}

#endif
