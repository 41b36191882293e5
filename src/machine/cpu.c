/* cpu.c - CPUs: what affinity, cgroup quotas and cpusets allow.
 * SPDX-License-Identifier: MIT
 */
#include "machine/cgroup.h"

#include "base/error.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#define AFFINITY "affinity"
#define QUOTA    "cgroup quota"
#define CPUSET   "cgroup cpuset"
#define ONLINE   "/sys/devices/system/cpu/online"

enum { FIRST_MASK = 1024, LAST_MASK = 1 << 22 }; /* CPUs */

/* Linux refuses a mask smaller than its own, so ask with ever larger ones. 0 and
 * errno when it cannot be told. */
static unsigned ask_affinity(void)
{
    for (int cpus = FIRST_MASK; cpus <= LAST_MASK; cpus *= 2) {
        size_t size = CPU_ALLOC_SIZE((size_t)cpus);
        cpu_set_t *mask = CPU_ALLOC((size_t)cpus);
        int allowed = -1, error;

        if (!mask)
            return 0;
        CPU_ZERO_S(size, mask);
        if (sched_getaffinity(0, size, mask) == 0)
            allowed = CPU_COUNT_S(size, mask);
        error = errno;
        CPU_FREE(mask);
        errno = error;
        if (allowed >= 0)
            return (unsigned)allowed;
        if (error != EINVAL)
            return 0;
    }
    return 0;
}

/* How many CPUs "0-3,8,10-11" names; false unless the list ascends. */
static bool count_cpus(uint64_t *out, const char *list)
{
    uint64_t count = 0, next = 0, first, last;

    for (;; list++) {
        if (!cdr_take_number(&first, &list, UINT32_MAX))
            return false;
        last = first;
        if (*list == '-' && (list++, !cdr_take_number(&last, &list, UINT32_MAX)))
            return false;
        if (first < next || last < first)
            return false;
        count += last - first + 1;
        next = last + 1;
        if (*list != ',')
            break;
    }
    *out = count;
    return *list == '\0';
}

/* The CPUs that are switched on, for when Linux does not tell the affinity. */
static void scan_online(struct cdr_scan *s)
{
    struct cdr_reader *r = &s->reader;
    const char *list;
    uint64_t count;

    if (cdr_reader_open(r, s->root, ONLINE) != 0) {
        cdr_remark_unreadable(s, "CPUs online");
        return;
    }
    list = cdr_reader_line(r);
    cdr_reader_close(r);
    if (list && count_cpus(&count, list))
        cdr_limit(s, CDR_CPU_LIMIT, count, "CPUs online", ONLINE,
                  "all that are online");
    else
        cdr_remark(s, "CPUs online", ONLINE, ONLINE " is no list of CPUs: ignored");
}

void cdr_scan_affinity(struct cdr_scan *s)
{
    unsigned allowed = s->view->affinity ? s->view->affinity : ask_affinity();
    char text[128];

    if (!allowed) {
        cdr_remark(s, AFFINITY, "sched_getaffinity", "affinity is unreadable: %s",
                   cdr_strerror(errno, text, sizeof text));
        scan_online(s);
        return;
    }
    s->out->affinity = allowed;
    cdr_limit(s, CDR_CPU_LIMIT, allowed, AFFINITY, "sched_getaffinity",
              "affinity of this process");
}

/* quota / period in up to three decimals, the last rounded up. */
static void show_share(char out[32], uint64_t quota, uint64_t period)
{
    uint64_t rest = quota % period, parts = (rest * 1000 + period - 1) / period;
    int used;

    used = snprintf(out, 32, "%llu.%03u", (unsigned long long)(quota / period),
                    (unsigned)(parts < 1000 ? parts : 999));
    while (out[used - 1] == '0')
        out[--used] = '\0';
    if (out[used - 1] == '.')
        out[--used] = '\0';
}

/* `given` is what `file` says. A part of a CPU counts as a whole one. */
static void limit_quota(struct cdr_scan *s, uint64_t quota, uint64_t period,
                        const char *file, const char *given)
{
    bool part = quota % period != 0;
    char share[32];

    show_share(share, quota, period);
    cdr_cgroup_limit(s, CDR_CPU_LIMIT, quota / period + part, QUOTA, file, "%s = %s%s",
                     given, share, part ? ", rounded up" : "");
}

/* Microseconds above 0, small enough to be multiplied by a thousand. */
static bool take_time(uint64_t *out, const char **text)
{
    return cdr_take_number(out, text, UINT64_MAX / 2000) && *out > 0;
}

/* "150000 100000", or "max 100000" for none. */
void cdr_scan_quota(struct cdr_scan *s)
{
    const char *line = cdr_cgroup_line(s, QUOTA, "cpu.max"), *c = line;
    char given[CDR_SHOWN + 8], shown[CDR_SHOWN];
    uint64_t quota, period;

    if (!line || strcmp(line, "max") == 0 || strncmp(line, "max ", 4) == 0)
        return;
    if (!take_time(&quota, &c) || *c++ != ' ' || !take_time(&period, &c) ||
        *c != '\0') {
        cdr_cgroup_ignore(s, QUOTA, "cpu.max", line);
        return;
    }
    snprintf(given, sizeof given, "cpu.max %s", cdr_show(shown, sizeof shown, line));
    limit_quota(s, quota, period, "cpu.max", given);
}

/* One of the two files of v1; "-1" is none. False: nothing to go by. */
static bool read_time(uint64_t *out, struct cdr_scan *s, const char *file)
{
    const char *line = cdr_cgroup_line(s, QUOTA, file), *c = line;

    if (!line || strcmp(line, "-1") == 0)
        return false;
    if (take_time(out, &c) && *c == '\0')
        return true;
    cdr_cgroup_ignore(s, QUOTA, file, line);
    return false;
}

void cdr_scan_quota_v1(struct cdr_scan *s)
{
    char given[128];
    uint64_t quota, period;

    if (!read_time(&quota, s, "cpu.cfs_quota_us") ||
        !read_time(&period, s, "cpu.cfs_period_us"))
        return;
    snprintf(given, sizeof given, "cpu.cfs_quota_us %llu / cpu.cfs_period_us %llu",
             (unsigned long long)quota, (unsigned long long)period);
    limit_quota(s, quota, period, "cpu.cfs_quota_us", given);
}

/* False if there is no such file. */
static bool scan_list(struct cdr_scan *s, const char *file)
{
    const char *list = cdr_cgroup_line(s, CPUSET, file);
    char shown[CDR_SHOWN];
    uint64_t count;

    if (!list)
        return false;
    if (count_cpus(&count, list))
        cdr_cgroup_limit(s, CDR_CPU_LIMIT, count, CPUSET, file, "%s %s", file,
                         cdr_show(shown, sizeof shown, list));
    else
        cdr_cgroup_ignore(s, CPUSET, file, list);
    return true;
}

void cdr_scan_cpuset(struct cdr_scan *s)
{
    scan_list(s, "cpuset.cpus.effective");
}

void cdr_scan_cpuset_v1(struct cdr_scan *s)
{
    if (!scan_list(s, "cpuset.effective_cpus"))
        scan_list(s, "cpuset.cpus");
}
