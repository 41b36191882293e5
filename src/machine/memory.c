/* memory.c - memory: what the machine has left, and what cgroups leave of it.
 * SPDX-License-Identifier: MIT
 *
 * A cgroup counts as used what its processes have read from files, too. The part
 * of that which has not been used again (inactive_file) Linux gives back
 * before it refuses anything, so it is taken for free.
 */
#include "machine/cgroup.h"

#include <string.h>

#define MEMORY  "cgroup memory"
#define MEMINFO "/proc/meminfo"

/* v1 has no word for "unlimited": it says the greatest number of whole pages. */
#define UNLIMITED_V1 (UINT64_C(1) << 62)

/* The number behind `key` in a file of lines "key number" or "key: number kB",
 * which is open and is closed here. False if there is none. */
static bool find_number(uint64_t *out, struct cdr_reader *r, const char *key)
{
    size_t length = strlen(key);
    bool found = false;
    char *line;

    while (!found && (line = cdr_reader_line(r)) != NULL) {
        const char *c;

        if (strncmp(line, key, length) != 0)
            continue;
        c = line + length + strspn(line + length, " ");
        if (!cdr_take_number(out, &c, UINT64_MAX / 1024))
            break;
        if (strcmp(c, " kB") == 0)
            *out *= 1024;
        else if (*c != '\0')
            break;
        found = true;
    }
    cdr_reader_close(r);
    return found;
}

void cdr_scan_meminfo(struct cdr_scan *s)
{
    uint64_t bytes;

    if (cdr_reader_open(&s->reader, s->root, MEMINFO) != 0) {
        cdr_remark_unreadable(s, "MemAvailable");
    } else if (find_number(&bytes, &s->reader, "MemAvailable:")) {
        s->mem_available = bytes;
        cdr_limit(s, CDR_MEMORY_LIMIT, bytes, "MemAvailable", MEMINFO,
                  "MemAvailable of " MEMINFO);
    } else if (s->reader.error) {
        cdr_remark_unreadable(s, "MemAvailable");
    } else {
        cdr_remark(s, "MemAvailable", MEMINFO, "no MemAvailable in " MEMINFO);
    }
}

/* The number in a file of s->at. False: no such file, no number, or no limit. */
static bool read_bytes(uint64_t *out, struct cdr_scan *s, const char *file)
{
    const char *line = cdr_cgroup_line(s, MEMORY, file);

    if (!line || strcmp(line, "max") == 0)
        return false;
    if (cdr_parse_number(out, line, UINT64_MAX))
        return true;
    cdr_cgroup_ignore(s, MEMORY, file, line);
    return false;
}

/* What s->at could give back; 0 when it cannot be told. */
static uint64_t read_cache(struct cdr_scan *s, const char *key)
{
    uint64_t bytes;

    if (!cdr_cgroup_open(s, MEMORY, "memory.stat"))
        return 0;
    if (find_number(&bytes, &s->reader, key))
        return bytes;
    cdr_cgroup_remark(s, MEMORY, "memory.stat", "does not say what is reclaimable");
    return 0;
}

/* What of its limit the cgroup has left. */
static void limit_memory(struct cdr_scan *s, const char *file, uint64_t limit,
                         const char *usage_file, const char *cache_key)
{
    char size[CDR_SHOWN_SIZE], use[CDR_SHOWN_SIZE], cached[CDR_SHOWN_SIZE];
    uint64_t used, cache;

    cdr_show_size(size, limit);
    if (!read_bytes(&used, s, usage_file)) {
        cdr_cgroup_limit(s, CDR_MEMORY_LIMIT, limit, MEMORY, file,
                         "%s %s, its use unknown", file, size);
        return;
    }
    cache = read_cache(s, cache_key);
    if (cache > used)
        cache = used;
    cdr_show_size(use, used);
    cdr_show_size(cached, cache);
    used -= cache;
    cdr_cgroup_limit(s, CDR_MEMORY_LIMIT, limit > used ? limit - used : 0, MEMORY, file,
                     "%s %s, %s in use, %s of that reclaimable", file, size, use,
                     cached);
}

void cdr_scan_memory(struct cdr_scan *s)
{
    const char *file = "memory.max";
    uint64_t limit, high;
    bool limited = read_bytes(&limit, s, file);

    if (read_bytes(&high, s, "memory.high") && (!limited || high < limit)) {
        file = "memory.high";
        limit = high;
        limited = true;
    }
    if (limited)
        limit_memory(s, file, limit, "memory.current", "inactive_file ");
}

void cdr_scan_memory_v1(struct cdr_scan *s)
{
    uint64_t limit;

    if (read_bytes(&limit, s, "memory.limit_in_bytes") && limit < UNLIMITED_V1)
        limit_memory(s, "memory.limit_in_bytes", limit, "memory.usage_in_bytes",
                     "total_inactive_file ");
}
