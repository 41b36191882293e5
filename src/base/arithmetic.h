/* arithmetic.h - what the machine and the compiler must grant; included in every source.
 * SPDX-License-Identifier: MIT
 *
 * The build includes this file first in every source of the libraries. Their promise of
 * the same bytes holds only where every operation that is written rounds once, in the
 * order written.
 */
#ifndef CDR_BASE_ARITHMETIC_H
#define CDR_BASE_ARITHMETIC_H

#if !defined __LP64__ || !defined __SIZEOF_INT128__
#error "cadre needs a 64-bit machine: 64-bit pointers and long, and __int128"
#endif

#if defined __FAST_MATH__ || defined __ASSOCIATIVE_MATH__ ||      \
    defined __RECIPROCAL_MATH__ || defined __NO_SIGNED_ZEROS__ || \
    (defined __FINITE_MATH_ONLY__ && __FINITE_MATH_ONLY__)
#error "the results would depend on the build: leave out -ffast-math and its parts"
#endif

#endif
