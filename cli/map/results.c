/* results.c - --results: what each job has put out, in files of its own.
 * SPDX-License-Identifier: MIT
 *
 * As GNU parallel has it: FOLDER/1/VALUE/2/VALUE/ with the files stdout, stderr and seq in
 * it, or NAME, NAME.err and NAME.seq. A value is one folder whatever is in it: slashes and
 * the like are escaped, and so are the values that would be other folders.
 */
#include "cli/map/results.h"
#include "cli/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int cdr_results_open(struct cdr_results *r, const char *text,
                     const struct cdr_template_setting *like, struct cdr_failure *why)
{
    char shown[CDR_SHOWN];
    const char *dot = text ? strrchr(text, '.') : NULL;

    if (!text)
        return 0;
    if (dot && (strcmp(dot, ".csv") == 0 || strcmp(dot, ".tsv") == 0 ||
                strcmp(dot, ".json") == 0))
        return cdr_fails(why, CDR_EXIT_USAGE,
                         "--results is %s: tables are not made; --journal keeps what a "
                         "table would have",
                         cdr_quote(shown, text));
    r->folder = text;
    r->inputs = like->inputs;
    return cdr_template_text(&r->name, text, like, why);
}

void cdr_results_close(struct cdr_results *r)
{
    cdr_template_close(r->name);
}

/* ---- names ---- */

static void add_escaped(struct cdr_buffer *b, const char *text, size_t size)
{
    bool special = size == 0 || (size == 1 && *text == '.') ||
                   (size == 2 && memcmp(text, "..", 2) == 0);

    if (special)
        cdr_buffer_add(b, "\\", 1);
    for (size_t i = 0; i < size; i++)
        switch (text[i]) {
        case '\\': cdr_buffer_text(b, "\\\\"); break;
        case '\t': cdr_buffer_text(b, "\\t"); break;
        case '/': cdr_buffer_text(b, "\\_"); break;
        default: cdr_buffer_add(b, text + i, 1);
        }
}

static void add_column(const struct cdr_results *r, struct cdr_buffer *b, size_t i)
{
    size_t size;
    const char *name = r->inputs ? cdr_inputs_name(r->inputs, i, &size) : NULL;

    if (name)
        add_escaped(b, name, size);
    else
        cdr_buffer_count(b, i + 1);
}

/* A job without arguments has its number. */
static void add_folders(const struct cdr_results *r, struct cdr_buffer *b,
                        const struct cdr_job *job)
{
    cdr_buffer_text(b, r->folder);
    cdr_buffer_add(b, "/", 1);
    for (size_t i = 0; i < job->args.n; i++) {
        add_column(r, b, i);
        cdr_buffer_add(b, "/", 1);
        add_escaped(b, cdr_args_get(&job->args, i), cdr_args_size(&job->args, i));
        cdr_buffer_add(b, "/", 1);
    }
    if (job->args.n == 0) {
        cdr_buffer_count(b, job->seq);
        cdr_buffer_add(b, "/", 1);
    }
}

static bool add_name(const struct cdr_results *r, struct cdr_buffer *b,
                     const struct cdr_job *job)
{
    struct cdr_place_of_job place = { job->seq, job->slot };
    struct cdr_args words = { 0 };
    bool good = true;

    if (!cdr_template_replaces(r->name)) {
        add_folders(r, b, job);
    } else {
        good = cdr_template_words(r->name, &job->args, &place, &words);
        for (size_t i = 0; good && i < words.n; i++) {
            cdr_buffer_text(b, i > 0 ? " " : "");
            cdr_buffer_add(b, cdr_args_get(&words, i), cdr_args_size(&words, i));
        }
        good = good && b->size > 0;
    }
    cdr_args_free(&words);
    return good && !b->failed;
}

/* ---- files ---- */

/* The folders above the file. */
static int make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        int failed = 0;

        *slash = '\0';
        if (mkdir(path, 0777) < 0 && errno != EEXIST)
            failed = errno;
        *slash = '/';
        if (failed)
            return failed;
    }
    return 0;
}

static int write_number(int fd, uint64_t number)
{
    char text[24];
    int size = snprintf(text, sizeof text, "%llu", (unsigned long long)number);

    return write(fd, text, (size_t)size) == size ? 0 : errno ? errno : ENOSPC;
}

/* One of the three files; held NULL: the number. */
static int save(const struct cdr_results *r, struct cdr_buffer *name, const char *end,
                struct cdr_held *held, uint64_t seq)
{
    size_t size = name->size;
    int fd, failed = 0;

    cdr_buffer_text(name, end);
    cdr_buffer_add(name, "", 1);
    if (name->failed)
        return ENOMEM;
    errno = 0;
    fd = open(name->data, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        failed = errno;
    else
        failed = held ? cdr_held_write(held, r->spool, fd) : write_number(fd, seq);
    if (fd >= 0 && close(fd) < 0 && !failed)
        failed = errno;
    name->size = size;
    return failed;
}

int cdr_results_save(const struct cdr_results *r, struct cdr_job *job)
{
    static const char *const inside[] = { "stdout", "stderr", "seq" };
    static const char *const beside[] = { "", ".err", ".seq" };
    struct cdr_held *held[] = { &job->output, &job->errors, NULL };
    struct cdr_buffer name = { 0 };
    const char *const *ends = inside;
    int failed = add_name(r, &name, job) ? 0 : ENOMEM;

    if (!failed && name.data[name.size - 1] != '/')
        ends = beside;
    cdr_buffer_add(&name, "", 1);
    if (!failed)
        failed = name.failed ? ENOMEM : make_folders(name.data);
    name.size--;
    for (int i = 0; i < 3 && !failed; i++)
        failed = save(r, &name, ends[i], held[i], job->seq);
    cdr_buffer_free(&name);
    return failed;
}
