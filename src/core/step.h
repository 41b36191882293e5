/* step.h - where the ring's tests cut in.
 * SPDX-License-Identifier: MIT
 *
 * Before each access to what threads share, the ring says CDR_STEP(). It is nothing,
 * but for one test that is built with a function there, which decides who goes on: so
 * it can try every order of the steps of several threads.
 */
#ifndef CDR_CORE_STEP_H
#define CDR_CORE_STEP_H

#ifdef CDR_STEP_FUNCTION
void CDR_STEP_FUNCTION(void);
#define CDR_STEP() CDR_STEP_FUNCTION()
#else
#define CDR_STEP() ((void)0)
#endif

#endif
