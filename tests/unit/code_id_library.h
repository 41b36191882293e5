/* code_id_library.h - functions in a library of their own.
 * SPDX-License-Identifier: MIT
 */
#ifndef PORTABLE_LIBRARY_H
#define PORTABLE_LIBRARY_H

#define PORTABLE_EXPORT __attribute__((visibility("default")))

typedef int number_fn(int x);

PORTABLE_EXPORT int library_thrice(int x);

/* A static function of the library. */
PORTABLE_EXPORT number_fn *library_hidden(void);

struct cadre_task;

/* A kernel: every result is 77. */
PORTABLE_EXPORT int library_kernel(struct cadre_task *task, const void *item,
                                   void *result);

#endif
