/* process.c - what of itself and its children a process can find out.
 * SPDX-License-Identifier: MIT
 */
#include "machine/process.h"
#include "machine/read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A directory has a link for itself, one for its name, and one for each directory in it:
 * here, each thread. */
unsigned cdr_threads_now(void)
{
    struct stat st;

    if (stat("/proc/self/task", &st) || st.st_nlink < 3)
        return 1;
    return (unsigned)st.st_nlink - 2;
}

static bool read_memory(unsigned long long *resident, unsigned long long *shared)
{
    struct cdr_reader *r = malloc(sizeof *r);
    const char *line;
    bool found = false;

    if (!r || cdr_reader_open(r, "", "/proc/self/statm")) {
        free(r);
        return false;
    }
    line = cdr_reader_line(r);
    found = line && sscanf(line, "%*u %llu %llu", resident, shared) == 2;
    cdr_reader_close(r);
    free(r);
    return found;
}

static uint64_t in_kib(unsigned long long pages)
{
    return pages * (uint64_t)sysconf(_SC_PAGESIZE) / 1024;
}

uint64_t cdr_resident_kib(void)
{
    unsigned long long resident, shared;

    return read_memory(&resident, &shared) ? in_kib(resident) : 0;
}

uint64_t cdr_private_kib(void)
{
    unsigned long long resident, shared;

    return read_memory(&resident, &shared) && resident > shared
               ? in_kib(resident - shared)
               : 0;
}

bool cdr_oom_kills(uint64_t *kills)
{
    struct cdr_reader *r = malloc(sizeof *r);
    bool found = false;
    const char *line;

    if (!r || cdr_reader_open(r, "", "/proc/vmstat")) {
        free(r);
        return false;
    }
    while ((line = cdr_reader_line(r)) != NULL) {
        if (strncmp(line, "oom_kill ", 9) != 0)
            continue;
        found = cdr_parse_number(kills, line + 9, UINT64_MAX);
        break;
    }
    cdr_reader_close(r);
    free(r);
    return found;
}
