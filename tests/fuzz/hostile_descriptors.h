/* hostile_descriptors.h - what hostile kernels do to descriptors.
 * SPDX-License-Identifier: MIT
 */
#ifndef CADRE_TESTS_FUZZ_HOSTILE_DESCRIPTORS_H
#define CADRE_TESTS_FUZZ_HOSTILE_DESCRIPTORS_H

void close_stderr(void);
void close_stdout(void);
void close_stdin(void);
void close_the_first_three(void);
void replace_stderr(void);
void reopen_stderr(void);
void close_all(void);
void use_up_descriptors(void);
void shout(void);
void make_stderr_nonblocking(void);

#endif
