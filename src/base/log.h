/* log.h - one line to the user's log callback.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_BASE_LOG_H
#define CDR_BASE_LOG_H

#include <cadre/cadre.h>

struct cdr_log {
    cadre_log *call; /* NULL: nobody listens */
    void *arg;
};

void cdr_log(const struct cdr_log *log, int level, const char *format, ...)
    CADRE_PRINTF(3, 4);

#endif
