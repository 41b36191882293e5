/* code_id.h - names of functions that hold in other processes.
 * SPDX-License-Identifier: MIT
 *
 * A function's name is the build-id of the program or library that it is in, and its place
 * there. So a static function has one, and no name ever means other code: another build has
 * another build-id. No name has what was made at run time: the trampoline of a nested
 * function, code from a JIT compiler.
 *
 * In a program that is not position-independent, the address of a library's function may be
 * that of the program's entry for it; it is named so, and leads to the library's function
 * there as it does here. A function that was chosen for this machine's CPU among several
 * (an ifunc, as memcpy is) is named as what was chosen: on another kind of machine the name
 * may lead to instructions that this does not have.
 */
#ifndef CDR_CODE_CODE_ID_H
#define CDR_CODE_CODE_ID_H

#include "code/module.h"

#include <cadre/cadre.h>

typedef void cdr_code(void); /* any function: cast to its own type before calling */

/* Plain bytes, the same in every process; crosses pipes and networks as is. */
struct cdr_code_id {
    struct cdr_build_id id;
    uint32_t reserved; /* 0 */
    uint64_t offset;   /* from the module's load address */
    char module[80];   /* its file, for messages; perhaps cut */
};

/* The name of fn. CADRE_ENOTSUP: it has none; the message begins with `what` and says what
 * to do. Any thread; see module.h for what it may wait for. */
int cdr_code_id_name(struct cdr_code_id *out, cdr_code *fn, const char *what,
                     cadre_error *err);

/* The function of that name in this process. CADRE_ENOTSUP: what it is in is not loaded
 * here; CADRE_EINVAL: no function can be there. The name may come from anywhere, but to
 * call what is found takes trust in whoever sent it. */
int cdr_code_id_find(cdr_code **out, const struct cdr_code_id *name, const char *what,
                     cadre_error *err);

#endif
