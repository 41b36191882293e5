/* flow.c - where memory goes.
 * SPDX-License-Identifier: MIT
 *
 * Half is for the stream: a quarter of that for chunks on their way to workers, a quarter
 * for what becomes of them, and a quarter each for one that is larger than its share
 * (cadre_stream(3)). The other half is for what workers have of their own: a chunk that is
 * mapped, and what it becomes.
 */
#include "calibrate.h"
#include "failure.h"
#include "numbers.h"

#define UNLIMITED  ((uint64_t)1 << 30) /* what is used without a limit */
#define CHUNK_MOST (16 * (uint64_t)AP_SUM_BLOCK)
#define BLOCK_MOST ((uint64_t)1 << 18)
#define SORTED     52 /* bytes for an ion while its block is sorted from file to file */

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* The larger of a record read, a record written, and an ion's four columns. */
static uint64_t largest_record(const struct ap_calibrate *what)
{
    uint64_t size = 4 * sizeof(double);

    if (ap_record_size(what->in_format) > size)
        size = ap_record_size(what->in_format);
    if (what->out && ap_record_size(what->out_format) > size)
        size = ap_record_size(what->out_format);
    return size;
}

int ap_flow_plan(struct ap_flow *flow, uint64_t *block, const struct ap_calibrate *what,
                 unsigned workers, cadre_error *err)
{
    uint64_t memory = what->memory ? what->memory : UNLIMITED;
    uint64_t record = largest_record(what), needed;

    flow->memory_limit = memory / 2;
    flow->window = 2 * (uint64_t)workers + 2;
    flow->chunk = least(memory / 8 / (workers + 1), memory / 4 / workers / 2) / record;
    flow->chunk = least(flow->chunk - flow->chunk % AP_SUM_BLOCK, CHUNK_MOST);
    *block = least(memory / 3 / workers / SORTED, BLOCK_MOST);
    needed = AP_SUM_BLOCK * record * 8 * (workers + 1);
    if (flow->chunk == 0)
        return ap_fail(
            err, CADRE_EINVAL,
            "%llu bytes of memory are too little for %u worker%s: at least %llu "
            "KiB are needed, or fewer workers",
            (unsigned long long)memory, workers, workers == 1 ? "" : "s",
            (unsigned long long)(needed / 1024 + 1));
    return CADRE_OK;
}
