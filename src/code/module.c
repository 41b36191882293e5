/* module.c - the program and the libraries that this process has loaded.
 * SPDX-License-Identifier: MIT
 */
#include "code/module.h"

#include <elf.h>
#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#if defined __GLIBC__ && defined __has_include
#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#define CDR_KNOWS_SINGLE_THREADED
#endif
#endif

typedef ElfW(Phdr) segment;
typedef ElfW(Nhdr) note_head;
typedef ElfW(Ehdr) file_head;

const char *cdr_file_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* ---- asking the linker ---- */

/* Held while the linker is asked, and over a fork: its lock would not be free in the new
 * process while another thread is inside. Others may be inside for reasons of their own. */
static pthread_mutex_t asking = PTHREAD_MUTEX_INITIALIZER;

/* Written where a process begins, by its only thread. */
static bool forks_wait, locked_for_good;

static void before_fork(void)
{
    pthread_mutex_lock(&asking);
}

static void after_fork(void)
{
    pthread_mutex_unlock(&asking);
}

/* musl keeps its linker's lock over a fork; an old glibc does not say. */
static void after_fork_in_child(void)
{
    pthread_mutex_unlock(&asking);
#ifdef CDR_KNOWS_SINGLE_THREADED
    if (!__libc_single_threaded) /* inherited */
        locked_for_good = true;
#endif
}

__attribute__((constructor)) static void begin(void)
{
    forks_wait = pthread_atfork(before_fork, after_fork, after_fork_in_child) == 0;
    locked_for_good = !forks_wait; /* no memory */
}

bool cdr_modules_can_be_read(void)
{
    return !locked_for_good;
}

int cdr_modules_each(int (*visit)(struct dl_phdr_info *, size_t, void *), void *arg)
{
    int rc;

    if (forks_wait)
        pthread_mutex_lock(&asking);
    rc = dl_iterate_phdr(visit, arg);
    if (forks_wait)
        pthread_mutex_unlock(&asking);
    return rc;
}

/* ---- segments and notes ---- */

static bool inside(const struct dl_phdr_info *m, const segment *p, uintptr_t at)
{
    uintptr_t from = m->dlpi_addr + p->p_vaddr;

    return p->p_type == PT_LOAD && at >= from && at - from < p->p_memsz;
}

/* The loaded segment that holds the address, or NULL. */
static const segment *segment_of(const struct dl_phdr_info *m, uintptr_t at)
{
    for (size_t k = 0; k < m->dlpi_phnum; k++)
        if (inside(m, &m->dlpi_phdr[k], at))
            return &m->dlpi_phdr[k];
    return NULL;
}

/* A segment's bytes in memory, where all of it was loaded; else NULL. */
static const uint8_t *bytes_of(const struct dl_phdr_info *m, const segment *p)
{
    uintptr_t at = m->dlpi_addr + p->p_vaddr;
    const segment *in = segment_of(m, at);

    if (!in || !(in->p_flags & PF_R) ||
        p->p_filesz > in->p_memsz - (at - m->dlpi_addr - in->p_vaddr))
        return NULL;
    return (const uint8_t *)at;
}

static size_t padded(size_t size, size_t align)
{
    return (size + align - 1) / align * align;
}

static bool note_is_id(const note_head *note, const uint8_t *name)
{
    return note->n_type == NT_GNU_BUILD_ID && note->n_namesz == sizeof "GNU" &&
           memcmp(name, "GNU", sizeof "GNU") == 0;
}

/* Look for a build-id among the notes of one segment. */
static bool read_notes(struct cdr_build_id *id, const uint8_t *notes, size_t left,
                       size_t align)
{
    note_head note;

    while (left >= sizeof note) {
        size_t name, all;
        memcpy(&note, notes, sizeof note);
        if (note.n_namesz > left || note.n_descsz > left)
            return false;
        name = padded(sizeof note + note.n_namesz, align);
        all = padded(name + note.n_descsz, align);
        if (name > left || note.n_descsz > left - name)
            return false;
        if (note_is_id(&note, notes + sizeof note)) {
            id->size = note.n_descsz;
            if (id->size <= CDR_BUILD_ID_MAX)
                memcpy(id->bytes, notes + name, id->size);
            return true;
        }
        if (all > left)
            return false;
        notes += all;
        left -= all;
    }
    return false;
}

static void read_id(struct cdr_build_id *id, const struct dl_phdr_info *m)
{
    memset(id, 0, sizeof *id);
    for (size_t k = 0; k < m->dlpi_phnum; k++) {
        const segment *p = &m->dlpi_phdr[k];
        const uint8_t *notes = p->p_type == PT_NOTE ? bytes_of(m, p) : NULL;
        if (notes && read_notes(id, notes, p->p_filesz, p->p_align == 8 ? 8 : 4))
            return;
    }
}

static bool same_id(const struct cdr_build_id *a, const struct cdr_build_id *b)
{
    return a->size == b->size && a->size > 0 && a->size <= CDR_BUILD_ID_MAX &&
           memcmp(a->bytes, b->bytes, a->size) == 0;
}

/* ---- finding one ---- */

struct search {
    uintptr_t at;
    const struct cdr_build_id *id; /* or NULL: by address */
    uint64_t offset;
    const char *file;
    unsigned seen; /* modules so far: the program is the first */
    struct cdr_module *out;
};

static bool is_vdso(const struct dl_phdr_info *m)
{
    uintptr_t vdso = getauxval(AT_SYSINFO_EHDR);

    return vdso && segment_of(m, vdso);
}

static void read_path(char *path, size_t size, const struct dl_phdr_info *m,
                      bool program)
{
    ssize_t n;

    snprintf(path, size, "%s", m->dlpi_name ? m->dlpi_name : "");
    if (!program || path[0])
        return;
    n = readlink("/proc/self/exe", path, size - 1);
    if (n < 0)
        snprintf(path, size, "%s", "the program");
    else
        path[n] = '\0';
}

static void describe(struct cdr_module *out, const struct dl_phdr_info *m, uintptr_t at,
                     bool program)
{
    const segment *p = segment_of(m, at);

    out->base = m->dlpi_addr;
    out->program = program;
    out->vdso = is_vdso(m);
    out->code = p && p->p_flags & PF_X;
    read_id(&out->id, m);
    read_path(out->path, sizeof out->path, m, program);
}

static int visit_at(struct dl_phdr_info *m, size_t size, void *arg)
{
    struct search *s = arg;

    (void)size;
    if (segment_of(m, s->at)) {
        describe(s->out, m, s->at, s->seen == 0);
        return 1;
    }
    s->seen++;
    return 0;
}

bool cdr_module_at(struct cdr_module *out, uintptr_t address)
{
    struct search s = { .at = address, .out = out };

    return cdr_modules_each(visit_at, &s) == 1;
}

static int visit_id(struct dl_phdr_info *m, size_t size, void *arg)
{
    struct search *s = arg;
    struct cdr_build_id id;

    (void)size;
    read_id(&id, m);
    if (same_id(&id, s->id)) {
        describe(s->out, m, m->dlpi_addr + (uintptr_t)s->offset, s->seen == 0);
        return 1;
    }
    s->seen++;
    return 0;
}

bool cdr_module_with_id(struct cdr_module *out, const struct cdr_build_id *id,
                        uint64_t offset)
{
    struct search s = { .id = id, .offset = offset, .out = out };

    return cdr_modules_each(visit_id, &s) == 1;
}

static int visit_file(struct dl_phdr_info *m, size_t size, void *arg)
{
    struct search *s = arg;
    char path[PATH_MAX];

    (void)size;
    read_path(path, sizeof path, m, s->seen == 0);
    s->seen++;
    return strcmp(cdr_file_of(path), s->file) == 0;
}

bool cdr_module_is_called(const char *file)
{
    struct search s = { .file = file };

    return cdr_modules_each(visit_file, &s) == 1;
}

/* ---- is it from this file? ---- */

struct comparison {
    bool program; /* the first module, instead of that which holds `at` */
    uintptr_t at;
    int fd;
    bool same;
};

static bool read_all(int fd, void *out, size_t size, uint64_t at)
{
    char *to = out;

    while (size > 0) {
        ssize_t n = pread(fd, to, size, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        to += n;
        at += (uint64_t)n;
        size -= (size_t)n;
    }
    return true;
}

static bool same_bytes(int fd, uint64_t at, const uint8_t *memory, size_t size)
{
    uint8_t block[512];

    while (size > 0) {
        size_t n = size < sizeof block ? size : sizeof block;
        if (!read_all(fd, block, n, at) || memcmp(block, memory, n) != 0)
            return false;
        memory += n;
        at += n;
        size -= n;
    }
    return true;
}

static bool same_headers(const struct dl_phdr_info *m, int fd)
{
    file_head header;

    if (!read_all(fd, &header, sizeof header, 0) ||
        memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
        header.e_phentsize != sizeof(segment) || header.e_phnum != m->dlpi_phnum)
        return false;
    return same_bytes(fd, header.e_phoff, (const uint8_t *)m->dlpi_phdr,
                      m->dlpi_phnum * sizeof(segment));
}

static int compare(struct dl_phdr_info *m, size_t size, void *arg)
{
    struct comparison *c = arg;

    (void)size;
    if (!c->program && !segment_of(m, c->at))
        return 0;
    c->same = same_headers(m, c->fd);
    for (size_t k = 0; k < m->dlpi_phnum && c->same; k++) {
        const segment *p = &m->dlpi_phdr[k];
        const uint8_t *notes = p->p_type == PT_NOTE ? bytes_of(m, p) : NULL;
        c->same = !notes || same_bytes(c->fd, p->p_offset, notes, p->p_filesz);
    }
    return 1;
}

bool cdr_module_is_from(uintptr_t address, int fd)
{
    struct comparison c = { .at = address, .fd = fd };

    cdr_modules_each(compare, &c);
    return c.same;
}

bool cdr_program_is_from(int fd)
{
    struct comparison c = { .program = true, .fd = fd };

    cdr_modules_each(compare, &c);
    return c.same;
}
