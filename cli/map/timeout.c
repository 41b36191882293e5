/* timeout.c - how long a job may take: so many seconds, or so much of the median.
 * SPDX-License-Identifier: MIT
 */
#include "cli/map/timeout.h"
#include "cli/map/duration.h"
#include "cli/base/text.h"

#include <stdlib.h>
#include <string.h>

#define FEW 3 /* jobs before a median means anything */

static bool parse(struct cdr_timeout *t, const char *text)
{
    size_t size = strlen(text);
    char copy[32];

    if (size == 0 || size >= sizeof copy)
        return false;
    memcpy(copy, text, size + 1);
    if (copy[size - 1] != '%')
        return cdr_duration_parse(&t->seconds, copy) && t->seconds > 0;
    copy[size - 1] = '\0';
    if (!cdr_duration_parse(&t->share, copy))
        return false;
    t->share /= 100;
    return t->share > 0;
}

int cdr_timeout_open(struct cdr_timeout *t, const char *text, struct cdr_failure *why)
{
    char shown[CDR_SHOWN];

    *t = (struct cdr_timeout){ 0 };
    if (pthread_mutex_init(&t->lock, NULL) != 0)
        return cdr_fails_memory(why);
    if (!text || parse(t, text))
        return 0;
    return cdr_fails(
        why, CDR_EXIT_USAGE,
        "--timeout is %s: expected seconds, such as 2.5 or 1m30s, or a share "
        "of the median, such as 500%%",
        cdr_quote(shown, text));
}

void cdr_timeout_close(struct cdr_timeout *t)
{
    pthread_mutex_destroy(&t->lock);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

double cdr_timeout_now(struct cdr_timeout *t)
{
    double sorted[CDR_TIMEOUT_KEPT], limit = 0;

    if (t->share == 0)
        return t->seconds;
    pthread_mutex_lock(&t->lock);
    if (t->n >= FEW) {
        memcpy(sorted, t->kept, t->n * sizeof *sorted);
        qsort(sorted, t->n, sizeof *sorted, compare);
        limit = t->share * sorted[t->n / 2];
    }
    pthread_mutex_unlock(&t->lock);
    return limit;
}

void cdr_timeout_learn(struct cdr_timeout *t, double seconds)
{
    if (t->share == 0)
        return;
    pthread_mutex_lock(&t->lock);
    t->kept[t->next] = seconds;
    t->next = (t->next + 1) % CDR_TIMEOUT_KEPT;
    t->n += t->n < CDR_TIMEOUT_KEPT;
    pthread_mutex_unlock(&t->lock);
}
