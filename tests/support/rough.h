/* rough.h - programs in rough surroundings: each case in a process of its own.
 * SPDX-License-Identifier: MIT
 *
 * A case closes descriptors, sets limits, has system calls refused, ...: what must not be
 * done to the test itself. It ends within two minutes, or is killed and has failed.
 */
#ifndef CADRE_TESTS_ROUGH_H
#define CADRE_TESTS_ROUGH_H

#include "contract.h"

/* Fork, run the body there, and fail the test with its words if one of its conditions did
 * not hold, it died, or took longer than two minutes. No child of it may be left. */
void rough_case(const char *name, void (*body)(const void *arg), const void *arg);

/* In a case: end it unless the condition holds, with the text, as printf has it. */
#define rough_must(condition, ...)                                   \
    do {                                                             \
        if (!(condition))                                            \
            rough_fail(__FILE__, __LINE__, #condition, __VA_ARGS__); \
    } while (0)

_Noreturn void rough_fail(const char *file, int line, const char *condition,
                          const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* What a pool may be: NULL, "serial", "threads", "auto", "processes", "persistent". */
extern const char *const rough_kinds[];
enum { ROUGH_KINDS = 6, ROUGH_PROCESSES = 4 }; /* from the latter on: processes */

/* Two workers; what cadre_open returns. `opt` has the rest. The log goes to rough_log. */
int rough_open(cadre_pool **pool, const char *kind, cadre_options opt,
               cadre_error *err);
extern char rough_log[4000];

/* The same, that must open. */
cadre_pool *rough_pool(const char *kind, cadre_options opt);

/* A map, a reduction, a map that emits and a stream, all with the right results. */
void rough_work(cadre_pool *pool);

#endif
