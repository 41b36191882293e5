/* outputs.h - outputs that are too long for the database: files in a folder beside it.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_JOURNAL_OUTPUTS_H
#define CDR_CLI_JOURNAL_OUTPUTS_H

#include "cli/map/spool.h"

#define CDR_OUTPUT_INSIDE ((uint64_t)1 << 20) /* bytes that the database takes */

/* "JOURNAL.outputs", where they lie. Yours to free; NULL: no memory. */
char *cdr_outputs_folder(const char *journal);

/* "JOURNAL.outputs/ID.out" or ".err"; yours to free. NULL: no memory. */
char *cdr_output_name(const char *journal, int64_t id, int which);

/* Write it all, and have it on the disk when this returns. 0 or an errno. */
int cdr_output_save(const char *journal, int64_t id, int which, struct cdr_held *held,
                    struct cdr_spool *spool);

/* Remove all of them, and the folder. */
void cdr_outputs_remove(const char *journal);

/* Read it back; it must have so many bytes. 0 or an errno; EIO: it has others. */
int cdr_output_load(const char *journal, int64_t id, int which, uint64_t size,
                    struct cdr_held *held, struct cdr_spool *spool);

#endif
