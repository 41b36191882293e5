/* torture.h - fail each call that can fail, in turn.
 * SPDX-License-Identifier: MIT
 *
 * The linker puts the functions of torture.c in the place of the C library's in every
 * call that libcadre makes. A scenario is run with the first call failing, then with the
 * second, ... until it runs through. Each time it must end, with an error that is
 * worded or with the right results, and nothing may be left allocated, mapped, open or
 * running. Calls of worker processes are counted and fail like those of their parent.
 */
#ifndef CADRE_TESTS_TORTURE_H
#define CADRE_TESTS_TORTURE_H

#include "contract.h"

/* 0 after checking that everything is right, or the code of a failure that *err words. */
typedef int scenario(const void *arg, cadre_error *err);

void torture(scenario *run, const void *arg);

/* With memory alone failing, which is to be told as CADRE_ENOMEM. */
void torture_memory(scenario *run, const void *arg);

/* A pool of several workers on the backend CADRE_TEST_BACKEND; "null": the NULL pool. */
int torture_pool(cadre_pool **pool, cadre_error *err);

/* Whether its workers are processes. */
bool torture_is_apart(void);

#endif
