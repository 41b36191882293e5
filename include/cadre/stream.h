/* stream.h - a map in progress: results as they come, from inputs without an end.
 * SPDX-License-Identifier: MIT
 *
 * A stream runs a job over what a source gives, item by item, while the caller takes
 * the results one by one. It holds at most `window` items: those that were got from
 * the source and whose record the caller has not finished with. In order or not, with
 * one stage or several, a slow item never makes it hold more. Precisely: item i is asked
 * of the source only when at least i + 1 - window records have been handed out and
 * finished with, which a record is at the next call of cadre_stream_next. As a factor:
 * `window` = workers x buffer factor.
 *
 * A stream belongs to the thread that opened it, but for cadre_stream_stop and
 * cadre_stream_wake. On a NULL pool it runs in that thread, with the same records.
 *
 *     cadre_stream *s;
 *     cadre_record r;
 *     int rc;
 *
 *     if (cadre_stream_open(&s, pool, &job, &err)) ...
 *     while ((rc = cadre_stream_next(s, &r, &err)) == CADRE_OK)
 *         use(r.index, r.data, r.size);
 *     if (rc != CADRE_DONE) ... err says what failed
 *     cadre_stream_close(s);
 */
#ifndef CADRE_STREAM_H
#define CADRE_STREAM_H

#include <cadre/cadre.h>

CADRE_BEGIN_DECLS

typedef struct cadre_stream cadre_stream;

typedef struct cadre_record { /* valid until the next call on the stream */
    uint64_t index;           /* of the item, counted from 0 */
    const void *data; /* the result, or what the task emitted; NULL if nothing */
    size_t size;
    const cadre_error *error; /* keep going: why this item has no result; else NULL */
} cadre_record;

/* A job as for cadre_map, with these differences:
 *   source or range_source, source_arg   where items come from; without them, n items or
 *                       indices of an array, of columns, or CADRE_ENDLESS indices
 *   window              most items held; 0: automatic
 *   memory_limit        most bytes of items and results of varied size in memory; 0:
 *                       automatic; one larger than a quarter of it lies in a file
 *   unordered           records come as tasks finish, not in the order of the items
 *   results, emitted, statuses   must be NULL: records carry them. With result_size 0 a
 *                       record is what the task emitted; else its result.
 * What the job points to must stay until cadre_stream_close. */
CADRE_API int cadre_stream_open(cadre_stream **out, cadre_pool *pool,
                                const cadre_job *job, cadre_error *err);

/* The next record: CADRE_OK. CADRE_DONE after the last, and after cadre_stream_stop. A
 * failure comes after every record below it, and again at every further call. Waits
 * without using the CPU. */
CADRE_API int cadre_stream_next(cadre_stream *s, cadre_record *record,
                                cadre_error *err);

/* Begin no more tasks and hand out no more records, here and in the streams that this
 * one has its items from. Safe from any thread and from a signal handler. */
CADRE_API void cadre_stream_stop(cadre_stream *s);
CADRE_API bool cadre_stream_stopped(const cadre_stream *s);

/* Ask the source again: it has returned CADRE_LATER, and now there is more. Until then it is
 * not called for that, and the stream waits for records without using the CPU. One call is
 * enough however often it is made, also one made before the source has returned; more than
 * enough does no harm. Safe from any thread and from a signal handler. NULL is fine. */
CADRE_API void cadre_stream_wake(cadre_stream *s);

/* End the stream at any moment, and stop those that it has its items from. Tasks that run
 * can ask cadre_task_cancelled; threads are waited for, processes as long as grace_ms says.
 * NULL is fine. */
CADRE_API void cadre_stream_close(cadre_stream *s);

/* How far a stream is, and the most it ever held. */
typedef struct cadre_flow {
    uint64_t window;       /* in use: asked for, or chosen */
    uint64_t fed, taken;   /* items got from the source, but for those whose records are
                              dropped at the end; records handed out */
    uint64_t most_items;   /* the most held at once */
    uint64_t memory_limit; /* in use */
    uint64_t most_bytes;   /* of items and results of varied size, at once, at most */
} cadre_flow;

CADRE_API void cadre_stream_flow(const cadre_stream *s, cadre_flow *flow);

/* ---- sources ---- */

/* A source for source_arg = another stream, whose records become the items: maps that
 * feed maps. item_size must be the other's result_size, or CADRE_BYTES for records of
 * any size. Errors of that stream become this one's; it must stay open longer. */
CADRE_API int cadre_stream_source(void *stream, void *item, cadre_error *err);

/* A file as a source: its lines (item_size CADRE_BYTES, without their ends), or its
 * records of record_size bytes (item_size the same). `path` "-" is standard input, of
 * which only one may be open. A last record that is torn is an error that says so, after
 * those before it; a last line needs no end. */
typedef struct cadre_file cadre_file;

CADRE_API int cadre_file_open(cadre_file **out, const char *path, size_t record_size,
                              cadre_error *err);
CADRE_API void cadre_file_close(cadre_file *file); /* after the stream; NULL is fine */
CADRE_API int cadre_file_source(void *file, void *item, cadre_error *err);

/* For sources of your own: word a failure and return `user`, or CADRE_ESOURCE if that
 * is 0, CADRE_DONE (1) or CADRE_LATER (2):   return cadre_source_fail(err, 5, "no %s", name); */
CADRE_API int cadre_source_fail(cadre_error *err, int user, const char *format, ...)
    CADRE_PRINTF(3, 4);

CADRE_END_DECLS
#endif
