/* timeout.h - how long a job may take: so many seconds, or so much of the median.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_MAP_TIMEOUT_H
#define CDR_CLI_MAP_TIMEOUT_H

#include "cli/base/failure.h"
#include <pthread.h>

#define CDR_TIMEOUT_KEPT 501

struct cdr_timeout {
    double seconds;                /* 0: as long as it likes */
    double share;                  /* of the median instead; 0: none */
    pthread_mutex_t lock;          /* guards what follows */
    double kept[CDR_TIMEOUT_KEPT]; /* what the last jobs took */
    size_t n, next;
};

/* "30", "1m", "200%"; NULL: none. */
int cdr_timeout_open(struct cdr_timeout *timeout, const char *text,
                     struct cdr_failure *why);
void cdr_timeout_close(struct cdr_timeout *timeout);

/* How long a job may take now, in seconds; 0: as long as it likes. */
double cdr_timeout_now(struct cdr_timeout *timeout);

/* What a job that went well took. */
void cdr_timeout_learn(struct cdr_timeout *timeout, double seconds);

#endif
