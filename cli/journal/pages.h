/* pages.h - the pages of an SQLite file, however damaged the file is.
 * SPDX-License-Identifier: MIT
 *
 * SQLite reads a file from its root, and what hangs on a damaged page is lost to it. Here
 * each page is had by its number. Pages that the write-ahead log has, as of the last commit
 * that is whole there, are taken from the log.
 */
#ifndef CDR_CLI_JOURNAL_PAGES_H
#define CDR_CLI_JOURNAL_PAGES_H

#include "cli/base/failure.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cdr_pages {
    int file, log;   /* the log: -1: there is none */
    size_t page;     /* bytes of a page */
    size_t usable;   /* of these, for SQLite's own use */
    uint32_t n;      /* pages that there are */
    uint32_t said;   /* that there should be; 0: not known */
    bool headed;     /* the file begins as it should */
    int64_t *in_log; /* where in the log a page is; 0: it is not */
};

/* Refuses a file that a program has locked. */
int cdr_pages_open(struct cdr_pages *pages, const char *path, struct cdr_failure *why);
void cdr_pages_close(struct cdr_pages *pages);

/* The page, counted from 1, into p->page bytes. False: it cannot be read. */
bool cdr_pages_get(const struct cdr_pages *pages, uint32_t number, unsigned char *out);

/* Numbers as SQLite writes them: the highest byte first. */
uint32_t cdr_big_endian(const unsigned char *at, int bytes);

#endif
