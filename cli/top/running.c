/* running.c - the programs that show what they are at.
 * SPDX-License-Identifier: MIT
 */
#include "cli/top/running.h"
#include "cli/base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define TURNS 1000 /* looks at a slot that is being written all the time */

enum finding { FOUND, NOTHING, NO_MEMORY };

/* ---- one file ---- */

/* What was consistent; a worker that was never seen so runs nothing that can be said. */
static void read_slot(struct cdr_status_job *job, const struct cdr_status_slot *slot)
{
    uint64_t words[CDR_STATUS_WORDS], before, after;

    for (int turn = 0; turn < TURNS; turn++) {
        before = atomic_load_explicit(&slot->version, memory_order_acquire);
        for (size_t i = 0; i < CDR_STATUS_WORDS; i++)
            words[i] = atomic_load_explicit(&slot->word[i], memory_order_relaxed);
        atomic_thread_fence(memory_order_acquire);
        after = atomic_load_explicit(&slot->version, memory_order_relaxed);
        if (before == after && before % 2 == 0) {
            memcpy(job, words, sizeof words);
            job->input[sizeof job->input - 1] = '\0';
            return;
        }
    }
    *job = (struct cdr_status_job){ 0 };
}

static enum finding copy(struct cdr_running *to, const struct cdr_status_page *page,
                         uint32_t slots)
{
    *to = (struct cdr_running){ .pid = page->pid,
                                .began = page->began,
                                .workers = slots };
    memcpy(to->command, page->command, sizeof to->command);
    to->command[sizeof to->command - 1] = '\0';
    to->job = calloc((size_t)slots + 1, sizeof *to->job);
    if (!to->job)
        return NO_MEMORY;
    for (int i = 0; i < CDR_STATUS_COUNTS; i++)
        to->count[i] = atomic_load_explicit(&page->count[i], memory_order_relaxed);
    for (uint32_t i = 0; i < slots; i++) {
        read_slot(&to->job[i], &page->slot[i]);
        to->busy += to->job[i].number != 0;
    }
    return FOUND;
}

/* The number of slots is read once: who writes the file may change it at any time. */
static bool is_status(const struct cdr_status_page *page, size_t size, uint32_t *slots)
{
    *slots = *(const volatile uint32_t *)&page->slots;
    return memcmp(page->magic, CDR_STATUS_MAGIC, sizeof page->magic) == 0 &&
           page->version == CDR_STATUS_VERSION &&
           *slots <= (size - sizeof *page) / sizeof page->slot[0];
}

/* A file that nobody has locked was left behind: it goes, if it is one of ours. */
static enum finding read_file(struct cdr_running *to, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct cdr_status_page *page = MAP_FAILED;
    enum finding found = NOTHING;
    uint32_t slots;
    struct stat is;

    if (fd >= 0 && fstat(fd, &is) == 0 && S_ISREG(is.st_mode) &&
        (size_t)is.st_size >= sizeof *page)
        page = mmap(NULL, (size_t)is.st_size, PROT_READ, MAP_SHARED, fd, 0);
    if (page != MAP_FAILED) {
        if (is_status(page, (size_t)is.st_size, &slots)) {
            if (flock(fd, LOCK_SH | LOCK_NB) == 0)
                (void)unlink(path);
            else
                found = copy(to, page, slots);
        }
        munmap(page, (size_t)is.st_size);
    }
    if (fd >= 0)
        close(fd);
    return found;
}

/* ---- all ---- */

static int add(struct cdr_running_list *list, const char *path, struct cdr_failure *why)
{
    struct cdr_running one, *more;
    enum finding found = read_file(&one, path);

    if (found == NOTHING)
        return 0;
    more = reallocarray(list->at, list->n + 1, sizeof *more);
    if (more)
        list->at = more;
    if (!more || found == NO_MEMORY) {
        free(one.job);
        return cdr_fails_memory(why);
    }
    more[list->n++] = one;
    return 0;
}

static bool is_number(const char *text)
{
    return *text && text[strspn(text, "0123456789")] == '\0';
}

static int compare(const void *a, const void *b)
{
    const struct cdr_running *one = a, *other = b;

    return (one->pid > other->pid) - (one->pid < other->pid);
}

static int add_in(struct cdr_running_list *list, const char *folder, const char *name,
                  struct cdr_failure *why)
{
    char *path;
    int rc;

    if (asprintf(&path, "%s/%s", folder, name) < 0)
        return cdr_fails_memory(why);
    rc = add(list, path, why);
    free(path);
    return rc;
}

static int add_all(struct cdr_running_list *list, const char *folder,
                   struct cdr_failure *why)
{
    DIR *entries = opendir(folder);
    struct dirent *entry;
    int rc = 0;

    while (entries && !rc && (entry = readdir(entries)))
        if (is_number(entry->d_name))
            rc = add_in(list, folder, entry->d_name, why);
    if (entries)
        closedir(entries);
    if (list->n > 1)
        qsort(list->at, list->n, sizeof *list->at, compare);
    return rc;
}

int cdr_running_find(struct cdr_running_list *list, const char *target,
                     struct cdr_failure *why)
{
    char *folder = cdr_status_folder(false, why), shown[CDR_SHOWN];
    int rc = folder ? 0 : why->code;

    *list = (struct cdr_running_list){ 0 };
    if (!rc && !target)
        rc = add_all(list, folder, why);
    else if (!rc && is_number(target))
        rc = add_in(list, folder, target, why);
    else if (!rc)
        rc = add(list, target, why);
    free(folder);
    if (!rc && target && list->n == 0)
        rc = cdr_fails(why, CDR_EXIT_INPUT,
                       "nothing runs as %s that shows what it is at: cadre map does "
                       "with --status",
                       cdr_quote(shown, target));
    if (rc)
        cdr_running_free(list);
    return rc;
}

void cdr_running_free(struct cdr_running_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        free(list->at[i].job);
    free(list->at);
    *list = (struct cdr_running_list){ 0 };
}
