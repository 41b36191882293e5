/* test_machine_hostile.c - machines that nobody would build.
 * SPDX-License-Identifier: MIT
 *
 * Pipes, files without end, lines without end, trees without end; and mutated
 * copies of all fixtures. Nothing may hang, leave its buffers (the sanitizers
 * watch) or give less than one CPU.
 */
#include "machine/read.h"
#include "machine_case.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

/* ---- a machine in a temporary directory ---- */

static char root[PATH_MAX / 2];

static const char *no_variable(void *arg, const char *name)
{
    (void)arg;
    (void)name;
    return NULL;
}

static const struct cdr_view view = { .root = root,
                                      .getenv = no_variable,
                                      .affinity = 4 };

static int make_root(void **state)
{
    const char *base = getenv("TMPDIR");

    (void)state;
    snprintf(root, sizeof root, "%s/cadre-machine-XXXXXX", base ? base : "/tmp");
    return mkdtemp(root) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

static int remove_root(void **state)
{
    (void)state;
    return nftw(root, remove_one, 2 * CDR_MAX_FACTS, FTW_DEPTH | FTW_PHYS);
}

/* root + path, its directories made. */
static const char *place(const char *path)
{
    static char full[PATH_MAX];

    snprintf(full, sizeof full, "%s%s", root, path);
    for (char *c = full + strlen(root) + 1; *c; c++)
        if (*c == '/') {
            *c = '\0';
            if (mkdir(full, 0777) != 0)
                assert_int_equal(errno, EEXIST);
            *c = '/';
        }
    return full;
}

static void put(const char *path, const char *bytes, size_t size)
{
    FILE *file;

    unlink(place(path)); /* file systems take their time over one that is cut */
    file = fopen(place(path), "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void put_text(const char *path, const char *text)
{
    put(path, text, strlen(text));
}

static void put_v2(const char *path)
{
    char line[8192];

    put_text("/proc/self/mountinfo",
             "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
    snprintf(line, sizeof line, "0::%s\n", path);
    put_text("/proc/self/cgroup", line);
}

static bool has_fact(const struct cdr_machine *m, const char *text)
{
    for (unsigned i = 0; i < m->n_facts; i++)
        if (strcmp(m->facts[i].text, text) == 0)
            return true;
    for (unsigned i = 0; i < m->n_facts; i++)
        print_message("# found: %s\n", m->facts[i].text);
    return false;
}

/* ---- files that are none ---- */

static void test_pipes(void **state)
{
    struct cdr_machine m;

    (void)state;
    put_v2("/");
    assert_int_equal(mkfifo(place("/sys/fs/cgroup/cpu.max"), 0666), 0);
    assert_int_equal(mkfifo(place("/proc/meminfo"), 0666), 0);
    cdr_machine_read(&m, &view);
    machine_check_sane(&m);
    assert_true(has_fact(&m, "cpu.max of / is \"\": ignored"));
    assert_true(has_fact(&m, "no MemAvailable in /proc/meminfo"));
}

static void test_files_without_end(void **state)
{
    struct cdr_machine m;
    char loop[128];

    (void)state;
    put_v2("/");
    assert_int_equal(symlink("/dev/zero", place("/proc/meminfo")), 0);
    assert_int_equal(symlink("/dev/zero", place("/sys/fs/cgroup/cpu.max")), 0);
    assert_int_equal(symlink("loop", place("/sys/fs/cgroup/loop")), 0);
    assert_int_equal(symlink("loop", place("/sys/fs/cgroup/memory.max")), 0);
    cdr_machine_read(&m, &view);
    machine_check_sane(&m);
    assert_true(has_fact(&m, "cpu.max of / is unreadable: File too large"));
    assert_true(has_fact(&m, "/proc/meminfo is unreadable: File too large"));
    snprintf(loop, sizeof loop, "memory.max of / is unreadable: %s", strerror(ELOOP));
    assert_true(has_fact(&m, loop));
}

static void test_lines_without_end(void **state)
{
    static char text[4 * CDR_LINE_SIZE];
    struct cdr_machine m;
    char *c = text;

    (void)state;
    put_v2("/");
    c += sprintf(c, "1:cpu:/");
    memset(c, 'x', CDR_LINE_SIZE);
    c += CDR_LINE_SIZE;
    c += sprintf(c, "\n2:cpuset:/");
    memset(c, 'y', 3000);
    c += 3000;
    c += sprintf(c, "\n0::/job\n3:memory:/");
    memset(c, 'z', CDR_LINE_SIZE);
    put_text("/proc/self/cgroup", text);
    put_text("/sys/fs/cgroup/job/cpu.max", "200000 100000");
    put("/sys/fs/cgroup/cpu.max", text, CDR_LINE_SIZE + 5);
    cdr_machine_read(&m, &view);
    machine_check_sane(&m);
    assert_int_equal(m.cpus, 2);
    assert_true(has_fact(&m, "3 lines of /proc/self/cgroup cannot be read: ignored"));
    assert_true(has_fact(&m, "cpu.max of / is unreadable: File too large"));
}

/* Lines that end just before, at and behind the end of the buffer. */
static void test_lines_as_long_as_the_buffer(void **state)
{
    static char text[2 * CDR_LINE_SIZE];
    static struct cdr_reader r;

    (void)state;
    for (size_t length = CDR_LINE_SIZE - 4; length < CDR_LINE_SIZE + 4; length++)
        for (int more = 0; more < 2; more++) {
            bool fits = length <= CDR_LINE_SIZE - 2;
            const char *line;

            memset(text, 'x', length);
            strcpy(text + length, more ? "\nnext" : "");
            put_text("/file", text);
            assert_int_equal(cdr_reader_open(&r, root, "/%s", "file"), 0);
            line = cdr_reader_line(&r);
            if (fits) {
                assert_non_null(line);
                assert_int_equal(strlen(line), length);
                line = cdr_reader_line(&r);
            }
            if (more)
                assert_string_equal(line, "next");
            else
                assert_null(line);
            assert_int_equal(r.longs, !fits);
            assert_int_equal(r.error, 0);
            cdr_reader_close(&r);
        }
}

static void test_paths_without_end(void **state)
{
    static char path[6000];
    struct cdr_reader r;

    (void)state;
    memset(path, '/', sizeof path - 1);
    assert_int_equal(cdr_reader_open(&r, root, "%s", path), ENAMETOOLONG);
    path[PATH_MAX - 5] = '\0';
    assert_int_equal(cdr_reader_open(&r, root, "%s", path), ENAMETOOLONG);
}

/* ---- a tree deeper than there is room for facts ---- */

static void test_deep_tree(void **state)
{
    struct cdr_machine m;
    char path[CDR_MAX_FACTS * 4 + 64] = "", file[CDR_MAX_FACTS * 4 + 128];

    (void)state;
    for (unsigned depth = 0; depth < CDR_MAX_FACTS + 10; depth++) {
        strcat(path, "/d");
        snprintf(file, sizeof file, "/sys/fs/cgroup%s/cpu.max", path);
        put_text(file, "300000 100000\n");
    }
    put_text("/sys/fs/cgroup/d/cpu.max", "200000 100000\n");
    put_v2(path);
    cdr_machine_read(&m, &view);
    machine_check_sane(&m);
    assert_int_equal(m.n_facts, CDR_MAX_FACTS);
    assert_int_equal(m.n_more, 12); /* affinity and no meminfo are the first two */
    assert_int_equal(m.cpus, 2);
    assert_string_equal(m.cpu_reason,
                        "2 CPUs: cgroup quota of /d (cpu.max 200000 100000 "
                        "= 2); affinity allows 4");
}

/* ---- mutated fixtures ---- */

enum { MUTANTS = 4000, MAX_FILES = 32, MAX_SIZE = 65536 };

struct file {
    char path[512];
    char *bytes;
    size_t size;
};

static struct file files[MAX_FILES];
static size_t n_files, root_length;
static uint64_t seed;

static size_t below(size_t n) /* xorshift64* */
{
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return (size_t)((seed * UINT64_C(2685821657736338717) >> 33) % n);
}

static int take_file(const char *path, const struct stat *st, int type, struct FTW *at)
{
    struct file *file = &files[n_files];
    FILE *f;

    (void)at;
    if (type != FTW_F || n_files == MAX_FILES || st->st_size > MAX_SIZE / 2)
        return 0;
    f = fopen(path, "r");
    if (!f)
        return -1;
    file->bytes = malloc(MAX_SIZE);
    if (file->bytes) {
        file->size = fread(file->bytes, 1, MAX_SIZE, f);
        snprintf(file->path, sizeof file->path, "%s", path + root_length);
        n_files++;
    }
    fclose(f);
    return file->bytes ? 0 : -1;
}

/* Put text into bytes, which has room for MAX_SIZE. */
static size_t insert(char *bytes, size_t size, size_t at, const char *text,
                     size_t length)
{
    if (length > MAX_SIZE - size)
        length = MAX_SIZE - size;
    memmove(bytes + at + length, bytes + at, size - at);
    memmove(bytes + at, text, length); /* may be a part of bytes */
    return size + length;
}

static size_t mutate(char *bytes, size_t size)
{
    static const char *const words[] = {
        "max",
        "-1",
        "0",
        "18446744073709551616",
        "/..",
        "/../..",
        "\\040",
        "\\000",
        ":",
        "::",
        " - cgroup2 x x\n",
        ",",
        "-",
        "(x",
        ")",
        "\n\n",
        " ",
        "0::/\n",
        "\x1b[2J",
        "9223372036854771712",
        "cgroup",
        "\xc3",
        "/",
        "4294967295",
    };
    size_t at = below(size + 1), length = below(size - at + 1);
    const char *word = words[below(sizeof words / sizeof words[0])];

    switch (below(8)) {
    case 0: return at; /* cut off */
    case 1:            /* cut out */
        memmove(bytes + at, bytes + at + length, size - at - length);
        return size - length;
    case 2: return insert(bytes, size, at, word, strlen(word));
    case 3: return insert(bytes, size, at, "", 1); /* a zero byte */
    case 4:                                        /* repeat until it is long */
        for (int i = 0; i < 12 && size < MAX_SIZE / 2; i++)
            size = insert(bytes, size, at, bytes + at, size - at);
        return size;
    case 5: /* any byte */
        if (at < size)
            bytes[at] = (char)below(256);
        return size;
    case 6: /* one bit */
        if (at < size)
            bytes[at] = (char)(bytes[at] ^ (1 << below(7)));
        return size;
    default: /* borrow a beginning */
        length = below(files[0].size + 1);
        return insert(bytes, size, at, files[0].bytes, length);
    }
}

/* Variables of nonsense, made of the files at hand. */
static const char *any_variable(void *arg, const char *name)
{
    static char text[MAX_SIZE + 1];
    const struct file *file = &files[below(n_files)];

    (void)arg;
    (void)name;
    if (below(2))
        return NULL;
    memcpy(text, file->bytes, file->size);
    text[mutate(text, file->size < MAX_SIZE / 2 ? file->size : 9)] = '\0';
    return text;
}

static void mutate_machine(const char *name, unsigned mutants)
{
    static char bytes[MAX_SIZE];
    char fixture[PATH_MAX];
    struct cdr_view broken = view;
    struct cdr_machine m;

    snprintf(fixture, sizeof fixture, "%s/%s", MACHINE_FIXTURES, name);
    root_length = strlen(fixture);
    assert_int_equal(nftw(fixture, take_file, 16, FTW_PHYS), 0);
    assert_true(n_files > 0);
    for (size_t i = 0; i < n_files; i++)
        put(files[i].path, files[i].bytes, files[i].size);
    broken.getenv = any_variable;
    for (unsigned i = 0; i < mutants; i++) {
        const struct file *file = &files[below(n_files)];
        size_t size = file->size;

        memcpy(bytes, file->bytes, size);
        for (size_t times = 1 + below(3); times > 0; times--)
            size = mutate(bytes, size);
        put(file->path, bytes, size);
        broken.affinity = 1 + (unsigned)below(64);
        cdr_machine_read(&m, &broken);
        machine_check_sane(&m);
        if (below(4)) /* else it stays broken for a while */
            put(file->path, file->bytes, file->size);
    }
    while (n_files > 0)
        free(files[--n_files].bytes);
}

static void test_mutants(void **state)
{
    static const char *const names[] = {
        "v1_nested", "v2_middle",       "hybrid",     "docker_v1",     "escapes",
        "cpuset_v1", "namespace_above", "slurm_step", "garbage_binary"
    };
    const size_t n = sizeof names / sizeof names[0];

    (void)state;
    seed = 20240229;
    for (size_t i = 0; i < n; i++)
        mutate_machine(names[i], MUTANTS / (unsigned)n);
}

#define IN_A_ROOT(test) cmocka_unit_test_setup_teardown(test, make_root, remove_root)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_ROOT(test_pipes),
        IN_A_ROOT(test_files_without_end),
        IN_A_ROOT(test_lines_without_end),
        IN_A_ROOT(test_lines_as_long_as_the_buffer),
        IN_A_ROOT(test_paths_without_end),
        IN_A_ROOT(test_deep_tree),
        IN_A_ROOT(test_mutants),
    };

    return cmocka_run_group_tests_name("hostile machines", tests, NULL, NULL);
}
