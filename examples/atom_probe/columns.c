/* columns.c - the peak's ions as columns, from a pass over the file.
 * SPDX-License-Identifier: MIT
 */
#include "columns.h"
#include "failure.h"
#include "numbers.h"

#include <stdlib.h>

int ap_columns_open(struct ap_columns *c, unsigned has, uint64_t room,
                    const char *folder, cadre_error *err)
{
    int rc = CADRE_OK;

    *c = (struct ap_columns){ .has = has, .room = room };
    for (unsigned k = 0; k < 4; k++)
        c->column[k].fd = -1;
    for (unsigned k = 0; rc == CADRE_OK && k < 4; k++)
        if (has & 1u << k)
            rc = folder ? ap_store_open_file(&c->column[k], folder, room,
                                             sizeof(double), err)
                        : ap_store_open(&c->column[k], room, sizeof(double), err);
    if (rc)
        ap_columns_close(c);
    return rc;
}

void ap_columns_close(struct ap_columns *c)
{
    for (unsigned k = 0; k < 4; k++)
        ap_store_close(&c->column[k]);
}

int ap_columns_take(void *arg, const void *bytes, size_t size, cadre_error *err)
{
    struct ap_columns *c = arg;
    unsigned columns = 0;
    const double *from = bytes;
    uint64_t n;
    int rc = CADRE_OK;

    for (unsigned k = 0; k < 4; k++)
        columns += (c->has & 1u << k) != 0;
    n = size / sizeof(double) / columns;
    if (n > c->room - c->n)
        return ap_fail(err, CADRE_EDATA, "the file has changed while it was read");
    for (unsigned k = 0; rc == CADRE_OK && n > 0 && k < 4; k++) {
        if (!(c->has & 1u << k))
            continue;
        rc = ap_store_write(&c->column[k], c->n, n, from, err);
        from += n;
    }
    c->n += n;
    return rc;
}

/* ---- the mean ---- */

struct summing {
    struct ap_store column;
    uint64_t n;
};

static int sum_block(cadre_task *task, const void *item, void *result)
{
    const struct summing *s = cadre_task_shared(task);
    uint64_t first = cadre_task_index(task) * AP_SUM_BLOCK;
    uint64_t n = s->n - first < AP_SUM_BLOCK ? s->n - first : AP_SUM_BLOCK;
    double *buffer = cadre_task_scratch(task, AP_SUM_BLOCK * sizeof *buffer);
    const double *x;
    cadre_error err;

    (void)item;
    if (!buffer)
        return 1;
    x = ap_store_read(&s->column, first, n, buffer, &err);
    if (!x)
        return cadre_task_fail(task, 1, "%s", err.message);
    *(double *)result = ap_sum_block(x, n);
    return 0;
}

int ap_columns_mean(double *mean, cadre_pool *pool, const struct ap_store *column,
                    uint64_t n, cadre_error *err)
{
    struct summing s = { .column = *column, .n = n };
    uint64_t blocks = (n + AP_SUM_BLOCK - 1) / AP_SUM_BLOCK;
    double sum = 0, *sums = malloc((blocks ? blocks : 1) * sizeof *sums);
    cadre_job job = { .fn = sum_block,
                      .name = "mean",
                      .n = blocks,
                      .results = sums,
                      .result_size = sizeof *sums,
                      .shared = &s,
                      .shared_size = sizeof s };
    int rc;

    if (!sums)
        return ap_fail_memory(err, blocks * sizeof *sums);
    rc = cadre_map(pool, &job, err);
    for (uint64_t b = 0; rc == CADRE_OK && b < blocks; b++)
        sum += sums[b];
    free(sums);
    *mean = sum / (double)n;
    return rc;
}
