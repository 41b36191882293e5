/* counter.h - how often lines of memory are written that more than one CPU writes.
 * SPDX-License-Identifier: MIT
 *
 * In a build with -Dcounters=true alone; in others CDR_COUNT is nothing. Each place that
 * writes a word which other workers write or poll says so, and cadre_explain then tells how
 * often that was in all processes of this program together (doc/internals/scaling.md).
 */
#ifndef CDR_BASE_COUNTER_H
#define CDR_BASE_COUNTER_H

#ifdef CDR_COUNTERS

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The kinds of lines, by the names that cdr_counter_text gives them. */
#define CDR_COUNTERS_ALL(X)                                                         \
    X(SLICE, "slices")          /* no line: slices of maps that were run */         \
    X(BATCH, "batches")         /* nor this: batches of streams */                  \
    X(NEXT, "next")             /* tries to claim, of a window or a ring ... */     \
    X(CLAIM, "claims")          /* ... and no line: those that came to be */        \
    X(CONFIRMED, "confirmed")   /* processes: a claim is confirmed for its owner */ \
    X(RANGE, "range")           /* a seat's range, by whomever */                   \
    X(STOLEN, "stolen")         /* ... of these by others than its owner */         \
    X(STOP_AT, "stop_at")       /* a seat's stop_at, in the line of its range */    \
    X(LIMIT, "limit")           /* tasks that halt the run, and who stops it */     \
    X(TAIL, "tail")             /* the caller fed the ring */                       \
    X(STATUS, "status")         /* a record has ended */                            \
    X(MOVED, "moved")           /* any order: a position that is not at home */     \
    X(AWAITED, "awaited")       /* the caller sleeps, or is to be woken */          \
    X(RELEASED, "released")     /* records finished with, and room in arenas */     \
    X(EVENT, "events")          /* no line: a stream's caller was woken */          \
    X(BELL, "bell")             /* the doorbell of threads */                       \
    X(GATE, "gate")             /* who is inside a run */                           \
    X(SCOREBOARD, "scoreboard") /* processes: idle bits, calls */                   \
    X(WAIT, "waits")            /* no line: futex calls that sleep ... */           \
    X(WAKE, "wakes")            /* ... and those that wake */                       \
    X(LOOK, "looks")            /* other seats that were looked at for work */

enum cdr_counter {
#define CDR_COUNTER_CODE(code, name) CDR_COUNT_##code,
    CDR_COUNTERS_ALL(CDR_COUNTER_CODE)
#undef CDR_COUNTER_CODE
        CDR_COUNTERS_N
};

/* The calling CPU writes the word, or tries to. NULL: there is none. Any thread. */
void cdr_counter_add(enum cdr_counter counter, const volatile void *word);

/* `NAME WRITES MOVED` for number k, since the program began: moved are those writes to a
 * line that another CPU wrote last. False: there is no such number. */
bool cdr_counter_text(unsigned k, char *text, size_t size);

#define CDR_COUNT(counter, word) cdr_counter_add(CDR_COUNT_##counter, word)
#else
#define CDR_COUNT(counter, word) ((void)0)
#endif

#endif
