/* cells.h - the records of a page of an SQLite file.
 * SPDX-License-Identifier: MIT
 *
 * Nothing in a page is trusted: what does not fit is passed over.
 */
#ifndef CDR_CLI_JOURNAL_CELLS_H
#define CDR_CLI_JOURNAL_CELLS_H

#include "cli/journal/pages.h"

#define CDR_VALUES 24 /* of a record; those that have more are passed over */

enum cdr_value_kind { CDR_NULL, CDR_INTEGER, CDR_FLOAT, CDR_STRING, CDR_BLOB };

struct cdr_value {
    enum cdr_value_kind kind;
    int64_t number;
    double real;
    const unsigned char *bytes;
    size_t size;
};

struct cdr_record {
    bool of_index; /* else of a table, and has an id */
    int64_t id;
    size_t n;
    struct cdr_value value[CDR_VALUES];
    bool torn; /* a part of it is missing: values that were there are NULL */
};

/* Call `each` for each record of the page, if it is one with records; it goes on as long as
 * that returns 0. A record is valid during the call. ENOMEM, or what `each` has returned. */
typedef int cdr_each_record(void *arg, const struct cdr_record *record);
int cdr_page_records(const struct cdr_pages *pages, const unsigned char *page,
                     uint32_t number, cdr_each_record *each, void *arg);

#endif
