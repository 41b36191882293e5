/* stop.c - stop a stream, or wake its caller: from any thread, and from signal handlers.
 * SPDX-License-Identifier: MIT
 */
#include "core/stream/stream.h"
#include "machine/process.h"

#include <errno.h>

/* In a process that was forked from the stream's, the window and the event may be shared with
 * it: nothing happens to those. Who sees the limit that cdr_window_halt lowers sees why, too. */
void cadre_stream_stop(cadre_stream *s)
{
    int number = errno;

    for (; s; s = s->source.upstream) {
        atomic_store_explicit(&s->stopped, true, memory_order_relaxed);
        if (cdr_own_pid() != s->owner)
            continue;
        cdr_window_halt(s->run.window, 0);
        cdr_run_wake_caller(&s->run);
    }
    errno = number;
}

/* The event stays signalled until the caller has looked: nothing is missed. */
void cadre_stream_wake(cadre_stream *s)
{
    if (s && cdr_own_pid() == s->owner)
        cdr_run_wake_caller(&s->run);
}

bool cadre_stream_stopped(const cadre_stream *s)
{
    return s && cdr_stream_is_stopped(s);
}
