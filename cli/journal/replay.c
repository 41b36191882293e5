/* replay.c - run a job of a journal again, in place of this program.
 * SPDX-License-Identifier: MIT
 */
#include "cli/journal/replay.h"
#include "cli/base/interrupt.h"
#include "cli/base/text.h"
#include "cli/map/shell.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int set_environment(const struct cdr_job *job, struct cdr_failure *why)
{
    struct cdr_buffer item = { 0 };
    char seq[24], seed[24];
    bool good;

    snprintf(seq, sizeof seq, "%" PRIu64, job->seq);
    snprintf(seed, sizeof seed, "%" PRIu64, job->seed);
    cdr_job_input(job, &item);
    cdr_buffer_add(&item, "", 1);
    good = !item.failed && setenv("PARALLEL_SEQ", seq, 1) == 0 &&
           setenv("CADRE_SEED", seed, 1) == 0 &&
           setenv("CADRE_ITEM", item.data, 1) == 0;
    cdr_buffer_free(&item);
    return good ? 0 : cdr_fails_memory(why);
}

/* gdb --args, the shell with -c, the words; as far as they are wanted. */
static char **arguments(const struct cdr_replay *r)
{
    static const char *const gdb[] = { "gdb", "-q", "--args" };
    char **argv = calloc(r->job->words.n + 6, sizeof *argv);
    size_t n = 0;

    if (!argv)
        return NULL;
    for (size_t i = 0; r->in_gdb && i < 3; i++)
        argv[n++] = (char *)(size_t)gdb[i];
    if (r->shell) {
        argv[n++] = (char *)(size_t)r->shell;
        argv[n++] = (char *)(size_t) "-c";
    }
    for (size_t i = 0; i < r->job->words.n; i++)
        argv[n++] = (char *)(size_t)cdr_args_get(&r->job->words, i);
    return argv;
}

static void show_command(const struct cdr_replay *r)
{
    struct cdr_buffer text = { 0 };

    cdr_job_command(r->job, r->shell != NULL, &text);
    cdr_buffer_add(&text, "", 1);
    if (!text.failed)
        fprintf(stderr, "cadre: job %" PRIu64 " ran:\n%s\n", r->job->seq, text.data);
    cdr_buffer_free(&text);
}

static void empty_input(void)
{
    int fd = open("/dev/null", O_RDONLY);

    if (fd > 0)
        (void)dup2(fd, STDIN_FILENO); /* otherwise it has ours */
}

static void default_signals(void)
{
    static const int ours[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE };

    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        (void)signal(ours[i], SIG_DFL); /* cannot fail for these */
    if (cdr_interrupt_size_ends())
        (void)signal(SIGXFSZ, SIG_DFL);
}

int cdr_replay(const struct cdr_replay *r, struct cdr_failure *why)
{
    char *shell[] = { (char *)(size_t)cdr_shell(), NULL }, shown[CDR_SHOWN];
    char **argv;

    if (set_environment(r->job, why))
        return why->code;
    if (r->folder && chdir(r->folder) < 0)
        return cdr_fails(why, CDR_EXIT_FAILED, "cannot change to %s, where it ran: %s",
                         cdr_quote(shown, r->folder), strerror(errno));
    argv = r->in_shell ? shell : arguments(r);
    if (!argv)
        return cdr_fails_memory(why);
    if (r->in_shell)
        show_command(r);
    else if (!r->in_gdb)
        empty_input();
    default_signals();
    execvp(argv[0], argv);
    cdr_fails(why, CDR_EXIT_FAILED, "cannot start %s: %s", cdr_quote(shown, argv[0]),
              strerror(errno));
    if (!r->in_shell)
        free(argv);
    return why->code;
}
