/* none.c - says that there are no journals without SQLite.
 * SPDX-License-Identifier: MIT
 */
#include "cli/journal/journal.h"
#include "cli/journal/look.h"
#include "cli/journal/recover.h"

int cdr_journal_open(struct cdr_journal **out, const struct cdr_journal_setting *set,
                     struct cdr_failure *why)
{
    (void)set;
    *out = NULL;
    return cdr_fails(why, CDR_EXIT_USAGE,
                     "--journal: this cadre was built without SQLite");
}

int cdr_journal_close(struct cdr_journal *journal, struct cdr_failure *why)
{
    (void)journal;
    (void)why;
    return 0;
}

bool cdr_journal_skip(struct cdr_journal *journal, const struct cdr_args *key,
                      struct cdr_stored *stored, struct cdr_failure *why)
{
    (void)journal;
    (void)key;
    (void)stored;
    (void)why;
    return false;
}

int cdr_journal_look_up(struct cdr_journal *journal, struct cdr_job *job,
                        struct cdr_failure *why)
{
    (void)journal;
    (void)job;
    (void)why;
    return 0;
}

int cdr_journal_failed_command(struct cdr_journal *journal,
                               struct cdr_journal_command *command,
                               struct cdr_failure *why)
{
    (void)journal;
    (void)command;
    (void)why;
    return 0;
}

int cdr_journal_next_failed(struct cdr_journal *journal, struct cdr_job *job,
                            struct cdr_failure *why)
{
    (void)journal;
    (void)job;
    (void)why;
    return CDR_NO_MORE;
}

void cdr_journal_begin(struct cdr_journal *journal, unsigned worker,
                       const struct cdr_job *job)
{
    (void)journal;
    (void)worker;
    (void)job;
}

void cdr_journal_end(struct cdr_journal *journal, unsigned worker, struct cdr_job *job)
{
    (void)journal;
    (void)worker;
    (void)job;
}

void cdr_journal_report(const struct cdr_journal *journal, FILE *out)
{
    (void)journal;
    (void)out;
}

int cdr_journal_look(const struct cdr_look *look, struct cdr_failure *why)
{
    (void)look;
    return cdr_fails(why, CDR_EXIT_FAILED,
                     "journal: this cadre was built without SQLite");
}

int cdr_journal_recover(const char *path, const char *to, struct cdr_failure *why)
{
    (void)path;
    (void)to;
    return cdr_fails(why, CDR_EXIT_FAILED,
                     "journal: this cadre was built without SQLite");
}
