/* jobs.c - how many jobs run at a time, and what limits that.
 * SPDX-License-Identifier: MIT
 */
#include "cli/map/jobs.h"
#include "cli/base/text.h"
#include "cli/options/value.h"
#include "cli/ranks/workers.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILES_PER_JOB  6 /* two pipes while it starts, its pidfd, its worker's eventfd */
#define FILES_PER_PIPE 2
#define FILES_REMOTE   1 /* of these, the eventfd */
#define FILES_BESIDES  12
#define JOBS_MAX       20000

/* As the library counts them: affinity, cgroups and schedulers have a say. */
unsigned cdr_cpus(void)
{
    cadre_options options = { .ignore_environment = true };
    cadre_pool *pool;
    unsigned cpus = 1;

    if (cadre_open(&pool, &options, NULL) == 0) {
        cpus = cadre_workers(pool);
        cadre_close(pool);
    }
    return cpus;
}

bool cdr_jobs_parse(double *out, const char *text, unsigned cpus)
{
    bool relative = *text == '+' || *text == '-';
    const char *digits = text + relative;
    char *end;
    double value;

    if (!strchr("0123456789.", *digits) || !*digits)
        return false;
    value = strtod(digits, &end);
    if (end == digits || (*end && strcmp(end, "%") != 0))
        return false;
    if (*end)
        value = value * cpus / 100;
    *out = !relative ? value : *text == '+' ? cpus + value : cpus - value;
    return true;
}

static int wrong(const char *text, struct cdr_failure *why)
{
    char shown[CDR_SHOWN];

    return cdr_fails(why, CDR_EXIT_USAGE,
                     "--jobs is %s: expected auto, all, a number, N%%, +N or -N",
                     cdr_quote(shown, text));
}

/* As many as there are places to run jobs in. */
static unsigned places(const struct cdr_map *map)
{
    if (map->ranks > 0)
        return map->ranks < JOBS_MAX ? map->ranks : JOBS_MAX;
    return cdr_cpus();
}

static int parse(const struct cdr_map *map, unsigned *jobs, const char *text,
                 struct cdr_failure *why)
{
    bool plain = text[strspn(text, "0123456789")] == '\0' && *text;
    double value;

    if (strcmp(text, "auto") == 0 || strcmp(text, "all") == 0) {
        *jobs = places(map);
        return 0;
    }
    if (!cdr_jobs_parse(&value, text, plain ? 1 : places(map)))
        return wrong(text, why);
    if (plain && value == 0)
        return cdr_fails(why, CDR_EXIT_USAGE,
                         "--jobs is 0, which other tools read as \"all at once\": use "
                         "\"all\" for every CPU, or a number");
    if (value > JOBS_MAX)
        return cdr_fails(why, CDR_EXIT_USAGE, "--jobs is %.0f: at most %d", value,
                         JOBS_MAX);
    *jobs = value < 1 ? 1 : (unsigned)value;
    return 0;
}

/* CADRE_WORKERS, as cadre_open reads it: 0 and 1 mean one at a time. */
static int from_environment(const struct cdr_map *map, unsigned *jobs,
                            struct cdr_failure *why)
{
    static const struct cdr_option option = { .kind = CDR_WORKERS,
                                              .name = "CADRE_WORKERS" };
    const char *text = getenv("CADRE_WORKERS");
    struct cdr_failure unsaid = { 0 };
    char shown[CDR_SHOWN];
    int workers = 0;

    if (text && strcmp(text, "0") == 0)
        workers = 1;
    else if (text && cdr_value_set(&option, &workers, text, &unsaid))
        return cdr_fails(why, CDR_EXIT_USAGE,
                         "CADRE_WORKERS is %s: expected auto, all, N or -N",
                         cdr_quote(shown, text));
    if (workers > 0)
        *jobs = (unsigned)workers;
    else
        *jobs = places(map);
    if (workers < -1)
        *jobs = *jobs > (unsigned)(-1 - workers) ? *jobs - (unsigned)(-1 - workers) : 1;
    return 0;
}

/* ---- descriptors ---- */

static size_t open_files(void)
{
    DIR *folder = opendir("/proc/self/fd");
    size_t n = 0;

    if (!folder)
        return 8;
    while (readdir(folder))
        n++;
    closedir(folder);
    return n - 3; /* without ".", ".." and the folder itself */
}

static void limit_by_files(struct cdr_map *map)
{
    size_t used = open_files() + FILES_BESIDES, most, each = FILES_PER_JOB;
    struct rlimit limit;

    cdr_process_raise_files(&map->common.files);
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    if (map->ranks > 0)
        each = FILES_REMOTE;
    else if (map->set->pipe.pipe || map->set->pipe.part)
        each += FILES_PER_PIPE;
    most = limit.rlim_cur > used ? (limit.rlim_cur - used) / each : 0;
    if (most >= map->workers)
        return;
    if (most < map->jobs)
        fprintf(
            stderr,
            "cadre: warning: no more than %llu files may be open (ulimit -n): %zu jobs "
            "at a time instead of %u\n",
            (unsigned long long)limit.rlim_cur, most ? most : 1, map->jobs);
    if (most < map->jobs)
        map->jobs = most ? (unsigned)most : 1;
    map->workers = map->jobs < 2 ? 2 : map->jobs;
}

/* More than one a worker would wait on the rank. */
static void limit_by_ranks(struct cdr_map *map)
{
    if (map->ranks == 0 || map->jobs <= map->ranks)
        return;
    fprintf(stderr,
            "cadre: warning: the ranks have %u workers: %u jobs at a time instead of "
            "%u\n",
            map->ranks, map->ranks, map->jobs);
    map->jobs = map->ranks;
}

int cdr_jobs_choose(struct cdr_map *map, struct cdr_failure *why)
{
    const struct cdr_run_options *set = &map->set->run;
    const char *text = set->jobs ? set->jobs : set->max_procs;
    int rc;

    map->ranks = set->dry_run ? 0 : cdr_ranks_workers();
    rc = from_environment(map, &map->budget, why);
    map->jobs = map->budget;
    if (!rc && text)
        rc = parse(map, &map->jobs, text, why);
    if (rc)
        return rc;
    limit_by_ranks(map);
    map->workers = map->jobs < 2 ? 2 : map->jobs;
    limit_by_files(map);
    return 0;
}
