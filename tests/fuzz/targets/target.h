/* target.h - what each target has: one function, fed with bytes that nobody has chosen.
 * SPDX-License-Identifier: MIT
 *
 * With clang and -Dfuzzers=true a target is a program of libFuzzer's, which looks for bytes
 * that break it: tests/fuzz/targets/README.md. In the normal tests replay.c feeds it the files
 * of its corpus.
 */
#ifndef CDR_TESTS_FUZZ_TARGET_H
#define CDR_TESTS_FUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold whatever the bytes are. */
#define HOLDS(condition)                                                      \
    do {                                                                      \
        if (!(condition)) {                                                   \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, \
                    #condition);                                              \
            abort();                                                          \
        }                                                                     \
    } while (0)

#endif
