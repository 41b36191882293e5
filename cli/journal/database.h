/* database.h - the file of a journal: its tables, its version, one sentence for an error.
 * SPDX-License-Identifier: MIT
 *
 * The tables are described in cadre-journal(1), and people query them: what changes here
 * needs another version.
 */
#ifndef CDR_CLI_JOURNAL_DATABASE_H
#define CDR_CLI_JOURNAL_DATABASE_H

#include "cli/base/failure.h"
#include <sqlite3.h>
#include <stdbool.h>

#define CDR_JOURNAL_VERSION 1

/* Open, and make the tables if the file is new (unless it is only to be looked at). It is
 * locked against other programs until it is closed. */
int cdr_database_open(sqlite3 **db, const char *path, bool look,
                      struct cdr_failure *why);

/* "the journal PATH: what: reason" */
int cdr_database_fails(sqlite3 *db, const char *what, struct cdr_failure *why);

/* NULL, with the reason noted. */
sqlite3_stmt *cdr_database_prepare(sqlite3 *db, const char *sql,
                                   struct cdr_failure *why);

int cdr_database_run(sqlite3 *db, const char *sql, struct cdr_failure *why);

#endif
