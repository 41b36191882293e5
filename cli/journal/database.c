/* database.c - the file of a journal: its tables, its version, one sentence for an error.
 * SPDX-License-Identifier: MIT
 *
 * Write-ahead logging in exclusive mode: no shared memory is needed, so the file may lie
 * on a network file system, and a commit is one write. What a commit has written survives
 * the end of the program, however that comes; after a power failure SQLite gives back
 * the state after some commit.
 */
#include "cli/journal/database.h"
#include "cli/base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define APPLICATION 0x63616472 /* "cadr" */

static const char tables[] =
    "CREATE TABLE command ("
    "  id INTEGER PRIMARY KEY,"
    "  template TEXT NOT NULL,"
    "  folder TEXT NOT NULL,"
    "  shell TEXT,"
    "  UNIQUE (template, shell));"
    "CREATE TABLE job ("
    "  id INTEGER PRIMARY KEY,"
    "  hash INTEGER NOT NULL,"
    "  command INTEGER NOT NULL REFERENCES command,"
    "  input BLOB NOT NULL,"
    "  equal INTEGER NOT NULL,"
    "  state TEXT NOT NULL CHECK (state IN ('running', 'done', 'failed')),"
    "  seq INTEGER NOT NULL,"
    "  words BLOB,"
    "  status INTEGER,"
    "  signal INTEGER,"
    "  timed_out INTEGER,"
    "  tries INTEGER,"
    "  began REAL,"
    "  seconds REAL,"
    "  cpu REAL,"
    "  peak_kib INTEGER,"
    "  output BLOB,"
    "  errors BLOB,"
    "  output_size INTEGER,"
    "  errors_size INTEGER,"
    "  seed INTEGER,"
    "  digest INTEGER);"
    "CREATE INDEX job_hash ON job (hash, equal);";

/* As it may be typed here: SQLite has the whole path. NULL: it has none. */
static const char *path_of(sqlite3 *db)
{
    const char *path = db ? sqlite3_db_filename(db, "main") : NULL;
    char *folder = path ? getcwd(NULL, 0) : NULL;
    size_t length = folder ? strlen(folder) : 0;

    if (length > 0 && strncmp(path, folder, length) == 0 && path[length] == '/')
        path += length + 1;
    free(folder);
    return path;
}

/* The system's word says more than "unable to open database file". */
static const char *in_system_words(sqlite3 *db)
{
    int failed = db ? sqlite3_system_errno(db) : ENOMEM;

    return failed ? strerror(failed) : sqlite3_errmsg(db);
}

int cdr_database_fails(sqlite3 *db, const char *what, struct cdr_failure *why)
{
    char shown[CDR_SHOWN];
    const char *path = path_of(db);
    int code = db ? sqlite3_errcode(db) & 255 : SQLITE_NOMEM;

    cdr_quote(shown, path ? path : "?");
    if (code == SQLITE_BUSY || code == SQLITE_LOCKED)
        return cdr_fails(why, CDR_EXIT_INPUT,
                         "the journal %s is in use by another program", shown);
    if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB)
        return cdr_fails(why, CDR_EXIT_INPUT,
                         "the journal %s is damaged, or no journal: %s; "
                         "\"cadre journal %s --recover NEW\" saves what can be saved",
                         shown, sqlite3_errmsg(db), path ? path : "FILE");
    return cdr_fails(why, CDR_EXIT_FAILED, "the journal %s: %s: %s", shown, what,
                     db ? sqlite3_errmsg(db) : "out of memory");
}

sqlite3_stmt *cdr_database_prepare(sqlite3 *db, const char *sql,
                                   struct cdr_failure *why)
{
    sqlite3_stmt *statement = NULL;

    if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) !=
        SQLITE_OK)
        cdr_database_fails(db, "cannot be asked", why);
    return statement;
}

int cdr_database_run(sqlite3 *db, const char *sql, struct cdr_failure *why)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        return cdr_database_fails(db, "cannot be written", why);
    return 0;
}

static int number(sqlite3 *db, const char *sql, int *value, struct cdr_failure *why)
{
    sqlite3_stmt *statement = cdr_database_prepare(db, sql, why);
    int rc;

    if (!statement)
        return why->code;
    rc = sqlite3_step(statement);
    *value = rc == SQLITE_ROW ? sqlite3_column_int(statement, 0) : 0;
    sqlite3_finalize(statement);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        return cdr_database_fails(db, "cannot be read", why);
    return 0;
}

/* Journals that an earlier cadre has begun have no digests. */
static int add_digest(sqlite3 *db, struct cdr_failure *why)
{
    int n = 0;

    if (number(db,
               "SELECT count(*) FROM pragma_table_info('job') WHERE name = 'digest'",
               &n, why))
        return why->code;
    return n > 0
               ? 0
               : cdr_database_run(db, "ALTER TABLE job ADD COLUMN digest INTEGER", why);
}

/* An empty file is made a journal; anything else must be one, of a version we know. */
static int check(sqlite3 *db, const char *path, bool look, struct cdr_failure *why)
{
    int application = 0, version = 0, n = 0;
    char shown[CDR_SHOWN], set[80];

    if (number(db, "PRAGMA application_id", &application, why) ||
        number(db, "PRAGMA user_version", &version, why) ||
        number(db, "SELECT count(*) FROM sqlite_schema", &n, why))
        return why->code;
    cdr_quote(shown, path);
    if (n > 0 && application != APPLICATION)
        return cdr_fails(why, CDR_EXIT_INPUT,
                         "%s is a database, but no journal of cadre", shown);
    if (version > CDR_JOURNAL_VERSION)
        return cdr_fails(why, CDR_EXIT_INPUT,
                         "the journal %s is of version %d, which this cadre does not "
                         "know: it knows version %d",
                         shown, version, CDR_JOURNAL_VERSION);
    if (n > 0)
        return add_digest(db, why);
    if (look)
        return cdr_fails(why, CDR_EXIT_INPUT, "%s is empty, and no journal", shown);
    snprintf(set, sizeof set, "PRAGMA application_id = %d; PRAGMA user_version = %d;",
             APPLICATION, CDR_JOURNAL_VERSION);
    if (cdr_database_run(db, "BEGIN IMMEDIATE", why) ||
        cdr_database_run(db, set, why) || cdr_database_run(db, tables, why))
        return why->code;
    return cdr_database_run(db, "COMMIT", why);
}

int cdr_database_open(sqlite3 **db, const char *path, bool look,
                      struct cdr_failure *why)
{
    int flags =
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (look ? 0 : SQLITE_OPEN_CREATE);
    char shown[CDR_SHOWN];
    int rc;

    *db = NULL;
    if (look && access(path, R_OK) != 0)
        return cdr_fails(why, CDR_EXIT_INPUT, "cannot read %s: %s",
                         cdr_quote(shown, path),
                         errno == ENOENT ? "no such journal" : strerror(errno));
    if (access(path, F_OK) == 0 && access(path, W_OK) != 0)
        return cdr_fails(why, CDR_EXIT_INPUT,
                         "cannot use the journal %s, which is locked by writing to it: "
                         "%s",
                         cdr_quote(shown, path), strerror(errno));
    if (sqlite3_open_v2(path, db, flags, NULL) != SQLITE_OK) {
        rc = cdr_fails(why, CDR_EXIT_INPUT, "cannot open the journal %s: %s",
                       cdr_quote(shown, path), in_system_words(*db));
    } else if (cdr_database_run(*db, "PRAGMA locking_mode = EXCLUSIVE", why) ||
               cdr_database_run(*db, "PRAGMA journal_mode = WAL", why) ||
               cdr_database_run(*db, "PRAGMA synchronous = NORMAL", why) ||
               cdr_database_run(*db, "PRAGMA cache_size = -65536", why)) {
        rc = why->code;
    } else {
        rc = check(*db, path, look, why);
    }
    if (rc) {
        sqlite3_close(*db);
        *db = NULL;
    }
    return rc;
}
