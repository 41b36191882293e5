/* process.c - what of itself and its children a process can find out.
 * SPDX-License-Identifier: MIT
 */
#include "machine/process.h"
#include "base/clock.h"
#include "machine/read.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/random.h>
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

static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

void cdr_different_bytes(void *out, size_t size)
{
    static _Atomic uint64_t calls;
    const void *at_start = (const void *)getauxval(AT_RANDOM); /* 16 bytes */
    uint64_t seed[2] = { 0 }, x;

    if (getrandom(out, size, GRND_NONBLOCK) == (ssize_t)size)
        return;
    if (at_start)
        memcpy(seed, at_start, sizeof seed);
    x = mix(seed[0] + cdr_now()) ^ mix(seed[1] + (uint64_t)getpid());
    x ^= mix(atomic_fetch_add_explicit(&calls, 1, memory_order_relaxed));
    for (size_t at = 0; at < size; at++) {
        if (at % sizeof x == 0)
            x = mix(x + UINT64_C(0x9e3779b97f4a7c15));
        ((unsigned char *)out)[at] = (unsigned char)(x >> at % sizeof x * 8);
    }
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

void cdr_offer_to_oom_killer(void)
{
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

    if (fd < 0)
        return;
    (void)!write(fd, "1000", 4);
    close(fd);
}
