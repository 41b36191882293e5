/* status.c - what a program is at, in a file that others may look into.
 * SPDX-License-Identifier: MIT
 */
#include "cli/top/status.h"
#include "cli/base/text.h"
#include "cli/map/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(sizeof(struct cdr_status_job) % sizeof(uint64_t) == 0,
               "a slot's job is whole words");

struct cdr_status {
    struct cdr_status_page *page;
    size_t size;
    char *path;
    int fd; /* locked */
};

/* ---- the folder ---- */

/* To be looked into it need not be there. */
static int check_folder(const char *folder, bool make, struct cdr_failure *why)
{
    char shown[CDR_SHOWN];
    struct stat is;

    if (make)
        (void)mkdir(folder, 0700);
    if (lstat(folder, &is) < 0 && !make && errno == ENOENT)
        return 0;
    if (lstat(folder, &is) < 0)
        return cdr_fails(why, CDR_EXIT_FAILED,
                         "--status: cannot make the folder %s: %s",
                         cdr_quote(shown, folder), strerror(errno));
    if (!S_ISDIR(is.st_mode) || is.st_uid != geteuid() || is.st_mode & 022)
        return cdr_fails(why, CDR_EXIT_FAILED,
                         "--status: %s is not a folder that only this user may write "
                         "to: remove it, or name a file with --status-file",
                         cdr_quote(shown, folder));
    return 0;
}

char *cdr_status_folder(bool make, struct cdr_failure *why)
{
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    char *folder = NULL;
    int n = runtime && *runtime == '/'
                ? asprintf(&folder, "%s/cadre", runtime)
                : asprintf(&folder, "/tmp/cadre-%lu", (unsigned long)geteuid());

    if (n < 0) {
        cdr_fails_memory(why);
        return NULL;
    }
    if (check_folder(folder, make, why)) {
        free(folder);
        return NULL;
    }
    return folder;
}

/* ---- opening ---- */

/* A program that was killed leaves its file behind, and that alone may be replaced. */
static bool is_left_behind(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    char magic[sizeof CDR_STATUS_MAGIC - 1];
    struct stat is;
    bool left = fd >= 0 && fstat(fd, &is) == 0 && S_ISREG(is.st_mode) &&
                read(fd, magic, sizeof magic) == (ssize_t)sizeof magic &&
                memcmp(magic, CDR_STATUS_MAGIC, sizeof magic) == 0 &&
                flock(fd, LOCK_SH | LOCK_NB) == 0;

    if (fd >= 0)
        close(fd);
    return left;
}

static int check_place(const char *path, struct cdr_failure *why)
{
    char shown[CDR_SHOWN];
    struct stat is;

    if (lstat(path, &is) < 0 || is_left_behind(path))
        return 0;
    return cdr_fails(why, CDR_EXIT_FAILED,
                     "--status: %s is there already, and no status that a program has "
                     "left behind: name a new file",
                     cdr_quote(shown, path));
}

/* Made and locked under another name, which nothing has: who finds it finds it whole. All of
 * it has its place on the disk, as storing into a mapped file that finds none is a bus
 * error. */
static int make_file(struct cdr_status *s, char *fresh)
{
    int failed;

    s->fd = mkostemp(fresh, O_CLOEXEC);
    if (s->fd < 0 || flock(s->fd, LOCK_EX | LOCK_NB) < 0)
        return errno;
    failed = posix_fallocate(s->fd, 0, (off_t)s->size);
    if (failed)
        return failed;
    s->page = mmap(NULL, s->size, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd, 0);
    if (s->page == MAP_FAILED) {
        s->page = NULL;
        return errno;
    }
    return 0;
}

static void fill(struct cdr_status_page *page, const char *command, unsigned slots)
{
    memcpy(page->magic, CDR_STATUS_MAGIC, sizeof page->magic);
    page->version = CDR_STATUS_VERSION;
    page->slots = slots;
    page->pid = getpid();
    page->began = cdr_wall_clock();
    snprintf(page->command, sizeof page->command, "%s", command);
}

static int make(struct cdr_status *s, const char *command, unsigned slots,
                struct cdr_failure *why)
{
    char *fresh = NULL, shown[CDR_SHOWN];
    int failed;

    if (asprintf(&fresh, "%s.XXXXXX", s->path) < 0)
        return cdr_fails_memory(why);
    failed = make_file(s, fresh);
    if (!failed) {
        fill(s->page, command, slots);
        failed = rename(fresh, s->path) < 0 ? errno : 0;
    }
    if (failed && s->fd >= 0)
        (void)unlink(fresh);
    free(fresh);
    return failed ? cdr_fails(why, CDR_EXIT_FAILED, "--status: cannot make %s: %s",
                              cdr_quote(shown, s->path), strerror(failed))
                  : 0;
}

static char *path_of(const char *path, struct cdr_failure *why)
{
    char *folder, *all = NULL;

    if (path)
        return strdup(path);
    folder = cdr_status_folder(true, why);
    if (folder && asprintf(&all, "%s/%ld", folder, (long)getpid()) < 0)
        all = NULL;
    free(folder);
    return all;
}

int cdr_status_open(struct cdr_status **out, const char *path, const char *command,
                    unsigned slots, struct cdr_failure *why)
{
    struct cdr_status *s = calloc(1, sizeof *s);

    *out = NULL;
    if (!s)
        return cdr_fails_memory(why);
    s->fd = -1;
    s->size = sizeof *s->page + slots * sizeof s->page->slot[0];
    s->path = path_of(path, why);
    if (!s->path && !why->code)
        cdr_fails_memory(why);
    if (!why->code && !check_place(s->path, why))
        make(s, command, slots, why);
    if (!why->code) {
        *out = s;
        return 0;
    }
    free(s->path);
    s->path = NULL;
    cdr_status_close(s);
    return why->code;
}

void cdr_status_close(struct cdr_status *s)
{
    if (!s)
        return;
    if (s->path)
        (void)unlink(s->path);
    if (s->page)
        munmap(s->page, s->size);
    if (s->fd >= 0)
        close(s->fd);
    free(s->path);
    free(s);
}

/* ---- while it runs ---- */

static void add_input(struct cdr_status_job *to, const struct cdr_job *job)
{
    const struct cdr_args *key = cdr_job_key(job);
    size_t size = key->used < sizeof to->input ? key->used : sizeof to->input;

    for (size_t i = 0; i + 1 < size;
         i++) /* spaces between arguments, a NUL at the end */
        to->input[i] = key->text[i] ? key->text[i] : ' ';
}

void cdr_status_run(struct cdr_status *s, unsigned worker, const struct cdr_job *job)
{
    struct cdr_status_job now = { 0 };
    uint64_t words[CDR_STATUS_WORDS], version;
    struct cdr_status_slot *slot;

    if (!s || worker >= s->page->slots)
        return;
    if (job) {
        now.number = job->seq;
        now.since = cdr_wall_clock();
        now.tries = job->end.tries;
        add_input(&now, job);
    }
    memcpy(words, &now, sizeof words);
    slot = &s->page->slot[worker];
    version = atomic_load_explicit(&slot->version, memory_order_relaxed);
    atomic_store_explicit(&slot->version, version + 1, memory_order_relaxed);
    atomic_thread_fence(memory_order_release);
    for (size_t i = 0; i < CDR_STATUS_WORDS; i++)
        atomic_store_explicit(&slot->word[i], words[i], memory_order_relaxed);
    atomic_store_explicit(&slot->version, version + 2, memory_order_release);
}

void cdr_status_count(struct cdr_status *s, enum cdr_status_count which, uint64_t n)
{
    if (s)
        atomic_store_explicit(&s->page->count[which], n, memory_order_relaxed);
}
