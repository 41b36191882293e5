/* job.c - from what the user wrote to what workers need.
 * SPDX-License-Identifier: MIT
 */
#include "core/run/job.h"
#include "base/alloc.h"
#include "base/error.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- how many tasks ---- */

static uint64_t column_tasks(const cadre_column *columns, unsigned n)
{
    uint64_t shortest = UINT64_MAX, longest = 0;
    bool ends = false;

    for (unsigned k = 0; k < n; k++) {
        if (columns[k].same)
            continue;
        if (columns[k].n > longest)
            longest = columns[k].n;
        if (!columns[k].fill && columns[k].n <= shortest) {
            shortest = columns[k].n;
            ends = true;
        }
    }
    return ends ? shortest : longest;
}

static bool only_constants(const cadre_column *columns, unsigned n)
{
    for (unsigned k = 0; k < n; k++)
        if (!columns[k].same)
            return false;
    return true;
}

/* Columns that together have an end: not all of them constants, none with a source. */
static bool only_arrays(const cadre_column *columns, unsigned n)
{
    for (unsigned k = 0; k < n; k++)
        if (columns[k].source)
            return false;
    return !only_constants(columns, n);
}

uint64_t cadre_job_tasks(const cadre_job *job)
{
    if (!job)
        return 0;
    if (job->n || !job->columns)
        return job->n;
    return column_tasks(job->columns, job->n_columns);
}

/* ---- checks ---- */

static int check_column(const cadre_column *c, unsigned k, bool stream,
                        cadre_error *err)
{
    size_t bytes;

    if (c->source && (!stream || c->data || c->same))
        return cdr_fail(err, CADRE_EINVAL, "column %u: %s", k,
                        stream ? "it has a source and data: only one"
                               : "a source is for streams");
    if (!c->source && !c->data && (c->same || c->n > 0))
        return cdr_fail(err, CADRE_EINVAL, "column %u: data is NULL", k);
    if (!c->same && c->size == 0)
        return cdr_fail(err, CADRE_EINVAL, "column %u: size is 0", k);
    if (c->source && c->size == CADRE_BYTES)
        return cdr_fail(err, CADRE_EINVAL,
                        "column %u: elements of any size cannot come from a source", k);
    if (c->size > PTRDIFF_MAX)
        return cdr_fail(err, CADRE_EINVAL, "column %u: size is %zu", k, c->size);
    if (!cdr_array_size(&bytes, c->n, c->size))
        return cdr_fail(err, CADRE_EINVAL,
                        "column %u: %" PRIu64
                        " elements of %zu bytes do not fit in memory",
                        k, c->n, c->size);
    return CADRE_OK;
}

static int check_columns(const cadre_job *job, bool stream, cadre_error *err)
{
    uint64_t tasks;
    int rc = CADRE_OK;

    if (!job->columns)
        return job->n_columns
                   ? cdr_fail(err, CADRE_EINVAL, "n_columns is %u but columns is NULL",
                              job->n_columns)
                   : CADRE_OK;
    if (job->n_columns == 0)
        return cdr_fail(err, CADRE_EINVAL, "columns is set but n_columns is 0");
    if (job->items)
        return cdr_fail(err, CADRE_EINVAL, "a job has items or columns, not both");
    if (!job->fn)
        return cdr_fail(err, CADRE_EINVAL, "a %s takes items or indices, not columns",
                        job->fold ? "fold" : "range kernel");
    for (unsigned k = 0; k < job->n_columns && !rc; k++)
        rc = check_column(&job->columns[k], k, stream, err);
    if (!rc && job->n == 0 && only_constants(job->columns, job->n_columns))
        return cdr_fail(err, CADRE_EINVAL,
                        "n is 0, but the columns do not say how many tasks there are: "
                        "each is one element for all of them");
    if (rc || job->n == 0 || !only_arrays(job->columns, job->n_columns))
        return rc;
    tasks = column_tasks(job->columns, job->n_columns);
    if (job->n == CADRE_ENDLESS)
        return cdr_fail(err, CADRE_EINVAL,
                        "n is CADRE_ENDLESS, but the columns have an end");
    if (job->n > tasks)
        return cdr_fail(err, CADRE_EINVAL,
                        "n is %" PRIu64 " but the columns give %" PRIu64 " tasks",
                        job->n, tasks);
    return CADRE_OK;
}

static int check_array(const char *name, const char *size_name, const void *array,
                       uint64_t n, size_t size, cadre_error *err)
{
    size_t bytes;

    if (array && size == 0)
        return cdr_fail(err, CADRE_EINVAL, "%s is set but %s is 0", name, size_name);
    if (array && !cdr_array_size(&bytes, n, size))
        return cdr_fail(err, CADRE_EINVAL,
                        "%s: %" PRIu64 " of %zu bytes do not fit in memory", name, n,
                        size);
    return CADRE_OK;
}

static int check_policy(const cadre_job *job, bool stream, cadre_error *err)
{
    if (job->on_error != CADRE_STOP && job->on_error != CADRE_KEEP_GOING)
        return cdr_fail(err, CADRE_EINVAL, "no on_error is called %d", job->on_error);
    if (!stream && (job->source || job->range_source || job->window ||
                    job->memory_limit || job->unordered || job->caller_waits))
        return cdr_fail(
            err, CADRE_EINVAL,
            "source, range_source, window, memory_limit, unordered and caller_waits are for streams: see "
            "cadre_stream_open");
    if (!stream && job->on_error == CADRE_KEEP_GOING && !job->statuses)
        return cdr_fail(
            err, CADRE_EINVAL,
            "to keep going over failures, statuses must be set: nothing else "
            "would tell which tasks failed");
    if (job->worker_end && !job->worker_begin)
        return cdr_fail(err, CADRE_EINVAL,
                        "worker_end is set but worker_begin is NULL: there is no state "
                        "to end");
    if (job->keep_state && !job->worker_begin)
        return cdr_fail(err, CADRE_EINVAL,
                        "keep_state is set but worker_begin is NULL: there is no state "
                        "to keep");
    if (!job->kernel_name != !job->kernel_name_size)
        return cdr_fail(err, CADRE_EINVAL, "%s",
                        job->kernel_name
                            ? "kernel_name is set but kernel_name_size is 0"
                            : "kernel_name_size is set but kernel_name is NULL");
    for (size_t i = 0; i < sizeof job->reserved / sizeof job->reserved[0]; i++)
        if (job->reserved[i])
            return cdr_fail(
                err, CADRE_EINVAL,
                "reserved[%zu] is not zero: this program was built for another "
                "version of cadre",
                i);
    return CADRE_OK;
}

/* The highest index there may be: those after it are still below CADRE_NO_ITEM. */
#define INDEX_MAX (CADRE_NO_ITEM - 1 - CDR_UNITS_MAX)

static int check_indexes(const cadre_job *job, uint64_t n, bool stream,
                         cadre_error *err)
{
    const uint64_t *at = job->indexes;
    bool open_end = stream && n == 0;

    if (!at != !job->n_indexes)
        return cdr_fail(err, CADRE_EINVAL, "%s",
                        at ? "indexes is set but n_indexes is 0"
                           : "n_indexes is set but indexes is NULL");
    if (job->n_indexes > (open_end ? CDR_UNITS_MAX : n))
        return cdr_fail(err, CADRE_EINVAL,
                        "n_indexes is %" PRIu64 ", but there are %" PRIu64 " tasks",
                        job->n_indexes, n);
    for (uint64_t k = 1; k < job->n_indexes; k++)
        if (at[k] <= at[k - 1])
            return cdr_fail(err, CADRE_EINVAL,
                            "indexes[%" PRIu64 "] is %" PRIu64
                            ", but the one before it is %" PRIu64 ": they must grow",
                            k, at[k], at[k - 1]);
    if (at && at[job->n_indexes - 1] > INDEX_MAX)
        return cdr_fail(err, CADRE_EINVAL,
                        "indexes[%" PRIu64 "] is %" PRIu64 ": at most %" PRIu64,
                        job->n_indexes - 1, at[job->n_indexes - 1], INDEX_MAX);
    return CADRE_OK;
}

static int check(const cadre_job *job, uint64_t n, bool stream, cadre_error *err)
{
    int kernels, rc;

    kernels = (job->fn != NULL) + (job->range_fn != NULL) + (job->fold != NULL);
    if (kernels != 1)
        return cdr_fail(err, CADRE_EINVAL, "a job needs %s of fn, range_fn and fold",
                        kernels ? "only one" : "one");
    if (n == CADRE_ENDLESS && !stream)
        return cdr_fail(err, CADRE_EINVAL, "n is CADRE_ENDLESS, which is for streams");
    if (n == CADRE_ENDLESS && job->items)
        return cdr_fail(err, CADRE_EINVAL, "n is CADRE_ENDLESS, but items have an end");
    if (n > CDR_UNITS_MAX && n != CADRE_ENDLESS)
        return cdr_fail(err, CADRE_EINVAL,
                        "%" PRIu64 " tasks are more than a run can have (%" PRIu64 ")",
                        n, CDR_UNITS_MAX);
    rc = check_policy(job, stream, err);
    if (!rc)
        rc = check_columns(job, stream, err);
    if (!rc)
        rc = check_indexes(job, n, stream, err);
    if (!rc)
        rc = check_array("items", "item_size", job->items, n, job->item_size, err);
    if (!rc)
        rc = check_array("results", "result_size", job->results, n, job->result_size,
                         err);
    if (!rc)
        rc = check_array("emitted", "", job->emitted, n, sizeof *job->emitted, err);
    if (!rc)
        rc = check_array("statuses", "", job->statuses, n, sizeof *job->statuses, err);
    return rc;
}

int cdr_job_refuse_fold(const cadre_job *job, cadre_error *err)
{
    return job->fold ? cdr_fail(err, CADRE_EINVAL,
                                "fold is for cadre_reduce: maps and streams have "
                                "range_fn")
                     : CADRE_OK;
}

int cdr_job_prepare(struct cdr_program *p, const cadre_job *job, bool stream,
                    cadre_error *err)
{
    uint64_t n;
    int rc;

    cdr_error_clear(err);
    if (!job)
        return cdr_fail(err, CADRE_EINVAL, "the job is NULL");
    n = cadre_job_tasks(job);
    rc = check(job, n, stream, err);
    if (rc)
        return rc;
    *p = (struct cdr_program){
        .fn = job->fn,
        .range_fn = job->fold ? job->fold : job->range_fn,
        .folds = job->fold != NULL,
        .name = job->name,
        .kernel_name = job->kernel_name,
        .kernel_name_size = job->kernel_name_size,
        .n = n,
        .indexes = job->indexes,
        .n_indexes = job->n_indexes,
        .grain = 1,
        .items = (uintptr_t)job->items,
        .item_size = job->items ? job->item_size : 0,
        .results = (uintptr_t)job->results,
        .result_size = job->results ? job->result_size : 0,
        .columns = job->columns,
        .n_columns = job->n_columns,
        .emits = job->emitted != NULL,
        .emitted = job->emitted,
        .statuses = job->statuses,
        .keep_going = job->on_error == CADRE_KEEP_GOING,
        .needs_processes = job->timeout_ms || job->retries,
        .local = job->local,
        .shared = job->shared,
        .shared_size = job->shared_size,
        .worker_begin = job->worker_begin,
        .worker_end = job->worker_end,
        .keep_state = job->keep_state,
        .seed = job->seed,
        .seed_sequence = job->seed_sequence,
    };
    return CADRE_OK;
}

/* ---- outcomes ---- */

void cdr_job_clear_outcomes(const struct cdr_program *p)
{
    if (p->emitted && p->n > 0)
        memset(p->emitted, 0, p->n * sizeof *p->emitted);
    for (uint64_t i = 0; p->statuses && i < p->n; i++)
        p->statuses[i] = CADRE_ECANCELLED;
}

void cdr_job_settle_unwanted(const struct cdr_program *p)
{
    for (uint64_t i = 0; p->statuses && i < p->n; i++)
        if (p->statuses[i] == CDR_UNWANTED)
            p->statuses[i] = CADRE_ECANCELLED;
}

void cdr_job_cut_outcomes(const struct cdr_program *p, uint64_t item)
{
    if (p->emitted)
        cadre_bytes_free(p->emitted + item, p->n - item);
    for (uint64_t i = item + 1; p->statuses && i < p->n; i++)
        p->statuses[i] = CADRE_ECANCELLED;
}

void cadre_bytes_free(cadre_bytes *bytes, uint64_t n)
{
    for (uint64_t i = 0; bytes && i < n; i++) {
        free(bytes[i].data);
        bytes[i].data = NULL;
        bytes[i].size = 0;
    }
}
