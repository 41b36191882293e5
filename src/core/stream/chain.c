/* chain.c - a stream whose items are the records of another.
 * SPDX-License-Identifier: MIT
 *
 * The one thread that takes from the last stream drives all of them: a stream is looked at
 * without waiting, and all are waited for at once (wait.c).
 */
#include "base/error.h"
#include "core/stream/stream.h"

#include <string.h>

/* Once it is copied, the record is finished with. */
static enum cdr_fed settle_record(struct cdr_source *f, uint64_t p, char *slot,
                                  cadre_error *err)
{
    enum cdr_fed fed = f->arena ? cdr_source_settle(f, p, slot, err) : CDR_FED;

    if (fed == CDR_FED)
        cdr_take_back(f->upstream);
    return fed;
}

static enum cdr_fed from_upstream(struct cdr_source *f, uint64_t p, char *slot,
                                  cadre_error *err)
{
    cadre_record record;

    switch (cdr_stream_step(f->upstream, &record)) {
    case CDR_WAITING: return CDR_NOT_YET;
    case CDR_OVER:
        if (f->upstream->end_code == CADRE_DONE)
            return CDR_NO_MORE;
        *err = f->upstream->end;
        return CDR_BROKEN;
    default: break;
    }
    f->pending_error = record.error;
    f->pending = (cadre_bytes){ (void *)(uintptr_t)record.data, record.size };
    if (!f->bytes && !record.error)
        memcpy(slot, record.data, record.size);
    return settle_record(f, p, slot, err);
}

int cdr_chain_open(struct cdr_source *f, const cadre_job *job, cadre_error *err)
{
    cadre_stream *up = job->source_arg;
    size_t gives;

    if (!up)
        return cdr_fail(err, CADRE_EINVAL, "source_arg is NULL, not a stream");
    gives = up->program.emits ? CADRE_BYTES : up->program.result_size;
    if (gives != job->item_size)
        return cdr_fail(
            err, CADRE_EINVAL,
            gives == CADRE_BYTES
                ? "item_size is %zu, but the source's records are of any size: "
                  "use CADRE_BYTES"
                : "item_size is %zu, but the source's records have another",
            job->item_size);
    f->called = false;
    f->get = from_upstream;
    f->settle = settle_record;
    f->upstream = up;
    if (up->program.keep_going)
        f->error_at = cdr_error_at(f->item_size);
    if (f->error_at)
        f->item_size = f->error_at + (sizeof(struct cdr_piece) + 15) / 16 * 16;
    return CADRE_OK;
}
