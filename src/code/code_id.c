/* code_id.c - names of functions that hold in other processes.
 * SPDX-License-Identifier: MIT
 */
#include "code/code_id.h"
#include "base/error.h"
#include "machine/read.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(struct cdr_code_id) == 128,
               "names cross pipes and networks as they are");

#define OWN_FUNCTION                                                                     \
    "make it a function of its own (static is fine) and give it what it needs in items " \
    "or shared bytes, or use threads or forked processes"

/* ---- why there is no name ---- */

/* A line of /proc/self/maps. */
struct mapping {
    uint64_t from, to;
    bool code;
    char path[CDR_SHOWN];
};

static bool parse_mapping(struct mapping *m, const char *line)
{
    char flags[5];
    int path = 0;

    if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %*x %*x:%*x %*u %n", &m->from, &m->to,
               flags, &path) < 3 ||
        path == 0)
        return false;
    m->code = flags[2] == 'x';
    cdr_show(m->path, sizeof m->path, line + path);
    return true;
}

/* False: nothing is there, or Linux does not say. */
static bool find_mapping(struct mapping *m, uintptr_t at)
{
    struct cdr_reader *r = malloc(sizeof *r);
    bool found = false;
    char *line;

    if (!r || cdr_reader_open(r, "", "/proc/self/maps")) {
        free(r);
        return false;
    }
    while (!found && (line = cdr_reader_line(r)) != NULL)
        found = parse_mapping(m, line) && at >= m->from && at < m->to;
    cdr_reader_close(r);
    free(r);
    return found;
}

/* The address is in nothing that was loaded. `context` is on the stack of this thread. */
static int refuse_stray(uintptr_t at, uintptr_t context, const char *what,
                        cadre_error *err)
{
    static const char no[] = "has no name for workers in other processes";
    struct mapping m;

    if (!find_mapping(&m, at))
        return cdr_fail(err, CADRE_ENOTSUP, "%s %s: no memory is at its address 0x%jx",
                        what, no, (uintmax_t)at);
    if (strcmp(m.path, "[vdso]") == 0)
        return cdr_fail(err, CADRE_ENOTSUP,
                        "%s %s: it is part of the kernel, not of a "
                        "library; call it from a function of your own",
                        what, no);
    if (strcmp(m.path, "[stack]") == 0 || (context >= m.from && context < m.to))
        return cdr_fail(err, CADRE_ENOTSUP,
                        "%s %s: its code is on the stack, as that of "
                        "nested functions is; " OWN_FUNCTION,
                        what, no);
    if (!m.code)
        return cdr_fail(
            err, CADRE_ENOTSUP, "%s %s: what is at its address 0x%jx (%s) is not code",
            what, no, (uintmax_t)at, m.path[0] ? m.path : "memory of the program");
    return cdr_fail(err, CADRE_ENOTSUP,
                    "%s %s: its code was made at run time, in %s; " OWN_FUNCTION, what,
                    no, m.path[0] ? m.path : "memory of the program");
}

static int refuse_module(const struct cdr_module *m, uintptr_t at, const char *what,
                         cadre_error *err)
{
    char path[CDR_SHOWN];

    cdr_show(path, sizeof path, m->path);
    if (m->vdso)
        return cdr_fail(err, CADRE_ENOTSUP,
                        "%s has no name for workers in other processes: it is part of "
                        "the kernel, not of a library; call it from a function of your "
                        "own",
                        what);
    if (!m->code)
        return cdr_fail(err, CADRE_ENOTSUP,
                        "%s has no name for workers in other processes: what is at its "
                        "address 0x%jx in %s is not code",
                        what, (uintmax_t)at, path);
    if (m->id.size > CDR_BUILD_ID_MAX)
        return cdr_fail(
            err, CADRE_ENOTSUP,
            "%s has no name for workers in other processes: the build-id of "
            "%s has %u bytes, and %d is the most; link it with "
            "-Wl,--build-id=sha1",
            what, path, (unsigned)m->id.size, CDR_BUILD_ID_MAX);
    return cdr_fail(
        err, CADRE_ENOTSUP,
        "%s has no name for workers in other processes: %s has no build-id; "
        "link it with -Wl,--build-id",
        what, path);
}

/* ---- from a function to its name, and back ---- */

int cdr_code_id_name(struct cdr_code_id *out, cdr_code *fn, const char *what,
                     cadre_error *err)
{
    uintptr_t at = (uintptr_t)fn;
    struct cdr_module m;

    if (!fn)
        return cdr_fail(err, CADRE_EINVAL, "%s is NULL", what);
    if (!cdr_modules_can_be_read())
        return cdr_fail(
            err, CADRE_ENOTSUP,
            "%s cannot be named for other processes: this process was forked "
            "from one with several threads, and the dynamic linker may be "
            "locked for good; use forked processes, or open the pool in a "
            "process that was started anew",
            what);
    if (!cdr_module_at(&m, at))
        return refuse_stray(at, (uintptr_t)&m, what, err);
    if (m.vdso || !m.code || m.id.size == 0 || m.id.size > CDR_BUILD_ID_MAX)
        return refuse_module(&m, at, what, err);
    memset(out, 0, sizeof *out);
    out->id = m.id;
    out->offset = at - m.base;
    cdr_show(out->module, sizeof out->module, cdr_file_of(m.path));
    cdr_error_clear(err);
    return CADRE_OK;
}

static void show_id(char *text, const struct cdr_build_id *id)
{
    for (unsigned k = 0; k < 4 && k < id->size; k++)
        snprintf(text + 2 * k, 3, "%02x", id->bytes[k]);
}

static int refuse_unknown(const struct cdr_code_id *name, const char *what,
                          cadre_error *err)
{
    char raw[sizeof name->module + 1], file[sizeof name->module], id[9] = "";

    memcpy(raw, name->module, sizeof name->module);
    raw[sizeof raw - 1] = '\0';
    cdr_show(file, sizeof file, raw);
    show_id(id, &name->id);
    if (cdr_module_is_called(file))
        return cdr_fail(
            err, CADRE_ENOTSUP,
            "%s is in a build of %s (build-id %s...) that worker processes "
            "do not have: they have loaded another; start the program again",
            what, file, id);
    return cdr_fail(err, CADRE_ENOTSUP,
                    "%s is in %s (build-id %s...), which worker processes have not "
                    "loaded: link the program with it, or load it before main "
                    "(LD_PRELOAD), or use threads or forked processes",
                    what, file, id);
}

int cdr_code_id_find(cdr_code **out, const struct cdr_code_id *name, const char *what,
                     cadre_error *err)
{
    struct cdr_module m;

    if (name->id.size == 0 || name->id.size > CDR_BUILD_ID_MAX || name->reserved)
        return cdr_fail(err, CADRE_EINVAL, "%s: its name makes no sense", what);
    if (!cdr_module_with_id(&m, &name->id, name->offset))
        return refuse_unknown(name, what, err);
    if (!m.code || name->offset > UINTPTR_MAX)
        return cdr_fail(err, CADRE_EINVAL,
                        "%s: there is no code at 0x%" PRIx64 " of %s", what,
                        name->offset, cdr_file_of(m.path));
    *out = (cdr_code *)(m.base + (uintptr_t)name->offset);
    cdr_error_clear(err);
    return CADRE_OK;
}
