/* death.c - how a worker died, as a message, and which tasks have taken workers down.
 * SPDX-License-Identifier: MIT
 */
#include "core/fault/recover.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- suspects ---- */

void cdr_recovery_fini(struct cdr_recovery *recovery)
{
    free(recovery->suspects);
    memset(recovery, 0, sizeof *recovery);
}

static struct cdr_suspect *suspect(struct cdr_recovery *l, uint64_t item)
{
    struct cdr_suspect *more;
    size_t room = l->room ? 2 * l->room : 16;

    for (size_t i = 0; i < l->n; i++)
        if (l->suspects[i].item == item)
            return &l->suspects[i];
    if (l->n == l->room) {
        more = realloc(l->suspects, room * sizeof *more);
        if (!more)
            return NULL;
        l->suspects = more;
        l->room = room;
    }
    l->suspects[l->n] = (struct cdr_suspect){ .item = item };
    return &l->suspects[l->n++];
}

bool cdr_may_retry(cadre_run *run, uint64_t item)
{
    struct cdr_suspect *s = run->retries ? suspect(run->recovery, item) : NULL;

    return s && ++s->deaths <= run->retries;
}

/* ---- the message ---- */

static int add(cadre_error *e, int used, const char *format, ...) CADRE_PRINTF(3, 4);

/* Append to the message, which had `used` bytes; returns how many it has. */
static int add(cadre_error *e, int used, const char *format, ...)
{
    int room = (int)sizeof e->message - used, n;
    va_list args;

    va_start(args, format);
    n = vsnprintf(e->message + used, (size_t)room, format, args);
    va_end(args);
    return n < 0 ? used : n < room ? used + n : (int)sizeof e->message - 1;
}

static int add_how(cadre_error *e, int used, const cadre_death *d)
{
    if (d->unknown)
        return add(e, used, " died; how is not known, as somebody else waited for it");
    if (d->signal)
        used = add(e, used, " was killed by signal %d (%s)", d->signal,
                   strsignal(d->signal));
    else
        used = add(e, used, " exited with status %d", d->status);
    if (d->flags & CADRE_DUMPED_CORE)
        used = add(e, used, ", with a core dump");
    if (d->flags & CADRE_OUT_OF_MEMORY)
        used = add(e, used, ", as memory ran out; it had %" PRIu32 " KiB", d->peak_kib);
    return used;
}

static int add_stderr(cadre_error *e, int used, const cadre_death *d)
{
    return d->stderr_tail && *d->stderr_tail
               ? add(e, used, "; it wrote last: %s", d->stderr_tail)
               : used;
}

void cdr_word_death(cadre_error *e, const cadre_run *run, unsigned seat, uint64_t item,
                    const cadre_death *d)
{
    const char *name = run->program->name;
    uint64_t index =
        item == CADRE_NO_ITEM ? item : cdr_program_index(run->program, item);
    bool expired = item != CADRE_NO_ITEM && d->expired == item;
    int used = 0;

    memset(e, 0, sizeof *e);
    e->code = expired ? CADRE_ETIMEOUT : CADRE_ECRASH;
    e->signal = d->signal;
    e->item = index;
    e->pid = d->pid;
    e->status = d->status;
    e->flags = d->flags;
    e->peak_kib = d->peak_kib;
    if (name)
        used = add(e, used, "%s: ", name);
    if (item != CADRE_NO_ITEM)
        used = add(e, used, "item %" PRIu64 ": ", index);
    if (expired)
        used =
            add(e, used,
                "it ran for longer than %" PRIu64 " ms: ", run->timeout_ns / 1000000);
    used = add(e, used, "worker %u (pid %d)", seat, d->pid);
    if (d->where)
        used = add(e, used, " on %s", d->where);
    used = add_how(e, used, d);
    if (run->retries && item != CADRE_NO_ITEM)
        used = add(e, used, ", the last of %u that ran it", run->retries + 1);
    add_stderr(e, used, d);
}
