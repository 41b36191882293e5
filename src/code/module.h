/* module.h - the program and the libraries that this process has loaded.
 * SPDX-License-Identifier: MIT
 *
 * Each function walks the dynamic linker's list, and waits while another thread is inside
 * dlopen or dlclose. What it finds is a copy, and stays right for as long as the module
 * stays loaded.
 */
#ifndef CDR_CODE_MODULE_H
#define CDR_CODE_MODULE_H

#include <limits.h>
#include <link.h>
#include <stdbool.h>
#include <stdint.h>

#define CDR_BUILD_ID_MAX 32

/* What the linker wrote into the module to tell it from all others. Plain bytes. */
struct cdr_build_id {
    uint32_t size; /* 0: it has none; above CDR_BUILD_ID_MAX: bytes are not here */
    uint8_t bytes[CDR_BUILD_ID_MAX];
};

struct cdr_module {
    uintptr_t base; /* its load address: what is added to the addresses in its file */
    bool program;   /* it is the executable */
    bool vdso;      /* it comes from the kernel, and from no file */
    bool code;      /* the address asked for is inside an executable segment */
    struct cdr_build_id id;
    char path[PATH_MAX]; /* of its file, as the dynamic linker has it */
};

/* dl_iterate_phdr(), with no fork of this process meanwhile. `visit` may call that again, and
 * nothing else here. */
int cdr_modules_each(int (*visit)(struct dl_phdr_info *, size_t, void *), void *arg);

/* False in a process that was forked from one with several threads: one of those may have
 * been inside the dynamic linker, whose lock nobody would ever give back then. Nothing
 * else here is to be called there. */
bool cdr_modules_can_be_read(void);

/* The module with a loaded segment that holds `address`. False: none. */
bool cdr_module_at(struct cdr_module *out, uintptr_t address);

/* The first module with that build-id; out->code tells of the address at `offset` from its
 * base. False: none. */
bool cdr_module_with_id(struct cdr_module *out, const struct cdr_build_id *id,
                        uint64_t offset);

/* Whether there is a module whose file is called so, wherever that is. */
bool cdr_module_is_called(const char *file);

/* Whether the module that holds `address` was loaded from the file that fd is open for, by
 * program headers and notes (the build-id is one of those). */
bool cdr_module_is_from(uintptr_t address, int fd);

/* The same of the program itself. */
bool cdr_program_is_from(int fd);

/* Whether the module that holds `address` is there whenever the program starts: it is the
 * program, or among the libraries that this was linked with, and those with, ... */
bool cdr_module_is_linked(uintptr_t address);

/* The part of a path behind its last slash. */
const char *cdr_file_of(const char *path);

#endif
