/* version.h - version numbers, and the three macros every public header needs.
 * SPDX-License-Identifier: MIT
 *
 * CADRE_API_* is the library's interface: the soname is its MAJOR. It moves
 * apart from the release number in meson.build.
 */
#ifndef CADRE_VERSION_H
#define CADRE_VERSION_H

#define CADRE_API_MAJOR 0
#define CADRE_API_MINOR 1
#define CADRE_API_PATCH 0

/* Names the mapping from (seed, item) to random bits. It will never change
 * without this number changing. 1: PCG64 by SeedSequence, as NumPy 1.17 on. */
#define CADRE_RANDOM_FORMAT 1

#ifdef __cplusplus
#define CADRE_BEGIN_DECLS extern "C" {
#define CADRE_END_DECLS   }
#else
#define CADRE_BEGIN_DECLS
#define CADRE_END_DECLS
#endif

#if defined(__GNUC__)
#define CADRE_API          __attribute__((visibility("default")))
#define CADRE_PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#define CADRE_API
#define CADRE_PRINTF(f, a)
#endif

#endif
