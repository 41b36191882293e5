/* modules.c - the program and the libraries that a process has, and whether two agree.
 * SPDX-License-Identifier: MIT
 *
 * A library that only one of the two has is no difference: the kernel's own is asked for by
 * its build-id.
 */
#include "census.h"

#include <elf.h>
#include <limits.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct list {
    char *text;
    size_t size;
    bool good;
};

static void append(struct list *l, const char *text, size_t size)
{
    char *larger = l->good ? realloc(l->text, l->size + size + 1) : NULL;

    if (!larger) {
        l->good = false;
        return;
    }
    memcpy(larger + l->size, text, size);
    l->text = larger;
    l->size += size;
    larger[l->size] = '\0';
}

static void append_id(struct list *l, const unsigned char *id, size_t size)
{
    char pair[3];

    for (size_t i = 0; i < size; i++) {
        snprintf(pair, sizeof pair, "%02x", id[i]);
        append(l, pair, 2);
    }
}

/* The build-id among the notes of a segment; NULL: none. */
static const unsigned char *find_id(const char *at, size_t size, size_t *id_size)
{
    while (size >= sizeof(ElfW(Nhdr))) {
        const ElfW(Nhdr) *note = (const void *)at;
        size_t name = (note->n_namesz + 3) & ~(size_t)3;
        size_t whole = sizeof *note + name + ((note->n_descsz + 3) & ~(size_t)3);
        if (whole > size)
            return NULL;
        if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 &&
            memcmp(note + 1, "GNU", 4) == 0) {
            *id_size = note->n_descsz;
            return (const unsigned char *)(note + 1) + name;
        }
        at += whole;
        size -= whole;
    }
    return NULL;
}

static int add_module(struct dl_phdr_info *info, size_t size, void *arg)
{
    struct list *l = arg;
    char path[PATH_MAX];
    const char *name = info->dlpi_name;
    ssize_t length;

    (void)size;
    if (l->size == 0) { /* the program comes first */
        length = readlink("/proc/self/exe", path, sizeof path - 1);
        path[length > 0 ? length : 0] = '\0';
        name = path;
    }
    for (int k = 0; k < info->dlpi_phnum; k++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[k];
        const char *at = (const char *)(uintptr_t)(info->dlpi_addr + p->p_vaddr);
        size_t id_size;
        const unsigned char *id =
            p->p_type == PT_NOTE ? find_id(at, p->p_memsz, &id_size) : NULL;
        if (!id)
            continue;
        append(l, name, strlen(name));
        append(l, "\t", 1);
        append_id(l, id, id_size);
        append(l, "\n", 1);
        return 0;
    }
    if (l->size == 0) /* a program without one has a line, too */
        append(l, "\t\n", 2);
    return 0;
}

char *cdr_mpi_modules_list(void)
{
    struct list l = { .good = true };

    dl_iterate_phdr(add_module, &l);
    if (!l.good) {
        free(l.text);
        return NULL;
    }
    return l.text;
}

/* ---- comparing ---- */

struct line {
    const char *path, *file, *id;
    size_t path_size, file_size, id_size;
};

static const char *read_line(struct line *line, const char *at)
{
    const char *tab = strchr(at, '\t'), *end = strchr(at, '\n');

    if (!tab || !end || tab > end)
        return NULL;
    *line = (struct line){ .path = at, .file = at, .id = tab + 1 };
    for (const char *p = at; p < tab; p++)
        if (*p == '/')
            line->file = p + 1;
    line->path_size = (size_t)(tab - at);
    line->file_size = (size_t)(tab - line->file);
    line->id_size = (size_t)(end - tab - 1);
    return end + 1;
}

static bool is_same(const char *a, size_t n, const char *b, size_t m)
{
    return n == m && memcmp(a, b, n) == 0;
}

/* Those of one file name, other than the program. */
static bool find_file(struct line *out, const char *list, const struct line *wanted)
{
    const char *at = read_line(out, list);

    while (at && *at && (at = read_line(out, at)))
        if (is_same(out->file, out->file_size, wanted->file, wanted->file_size))
            return true;
    return false;
}

bool cdr_mpi_modules_differ(const char *here, const char *there, char *file,
                            size_t size)
{
    struct line a, b;
    const char *at = read_line(&b, there);

    if (at && read_line(&a, here) && !is_same(a.id, a.id_size, b.id, b.id_size)) {
        snprintf(file, size, "%.*s", (int)b.path_size, b.path);
        return true;
    }
    while (at && *at && (at = read_line(&b, at))) {
        if (b.file_size == 0 || !find_file(&a, here, &b) ||
            is_same(a.id, a.id_size, b.id, b.id_size))
            continue;
        snprintf(file, size, "%.*s", (int)b.path_size, b.path);
        return true;
    }
    return false;
}
