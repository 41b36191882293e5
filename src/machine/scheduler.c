/* scheduler.c - what Slurm, PBS or LSF gave us on this host.
 * SPDX-License-Identifier: MIT
 *
 * Schedulers say in the environment what they gave, and do not always enforce it.
 * A value that cannot be read is remarked on and counts for nothing.
 *
 * Slurm counts CPUs per process, or for all processes on this node. Only in a step
 * (srun) do they share the node's part side by side; a batch script has it for
 * itself, however many processes were asked for. So what is given per node is
 * divided in steps alone, which are known by SLURM_STEP_TASKS_PER_NODE.
 */
#include "machine/scan.h"
#include "machine/environ.h"

#include <stdio.h>
#include <string.h>

#define HOSTNAME "/proc/sys/kernel/hostname"

static const char *variable(const struct cdr_scan *s, const char *name)
{
    return cdr_getenv(s->view, name);
}

static void ignore(struct cdr_scan *s, const char *scheduler, const char *name,
                   const char *text)
{
    char shown[CDR_SHOWN];

    cdr_remark(s, scheduler, name, "%s is \"%s\": ignored", name,
               cdr_show(shown, sizeof shown, text));
}

/* A variable that is a number above 0. False, with a remark, if it is anything
 * else; false if it is not set. */
static bool read_count(unsigned *out, struct cdr_scan *s, const char *scheduler,
                       const char *name)
{
    const char *text = variable(s, name);
    uint64_t count;

    if (!text)
        return false;
    if (!cdr_parse_number(&count, text, UINT32_MAX) || count == 0) {
        ignore(s, scheduler, name, text);
        return false;
    }
    *out = (unsigned)count;
    return true;
}

/* The limit is the variable itself. */
static bool scan_count(unsigned *out, struct cdr_scan *s, const char *scheduler,
                       const char *name)
{
    if (!read_count(out, s, scheduler, name))
        return false;
    cdr_limit(s, CDR_CPU_LIMIT, *out, scheduler, name, "%s is %u", name, *out);
    return true;
}

/* ---- Slurm ---- */

/* The figure of node `index` in "4(x2),8": 4, 4, 8. All of the list must be right. */
static bool pick(unsigned *out, const char *list, uint64_t index)
{
    uint64_t count, times, before = 0;
    bool found = false;

    for (;; list++) {
        times = 1;
        if (!cdr_take_number(&count, &list, UINT32_MAX) || count == 0)
            return false;
        if (strncmp(list, "(x", 2) == 0) {
            list += 2;
            if (!cdr_take_number(&times, &list, UINT32_MAX) || *list++ != ')')
                return false;
        }
        if (!found && index - before < times) {
            *out = (unsigned)count;
            found = true;
        }
        before += times;
        if (*list != ',')
            return found && *list == '\0';
    }
}

/* How many processes of our step are on this node; 1 outside of steps. */
static unsigned slurm_sharers(struct cdr_scan *s)
{
    const char *name = "SLURM_STEP_TASKS_PER_NODE", *list = variable(s, name);
    const char *node = variable(s, "SLURM_NODEID");
    uint64_t index = 0;
    unsigned sharers;

    if (!list)
        return 1;
    if (node && !cdr_parse_number(&index, node, UINT32_MAX)) {
        ignore(s, "Slurm", "SLURM_NODEID", node);
        return 1;
    }
    if (pick(&sharers, list, index))
        return sharers;
    ignore(s, "Slurm", name, list);
    return 1;
}

/* ", among 4 processes", or nothing. */
static const char *among(char out[32], unsigned sharers)
{
    out[0] = '\0';
    if (sharers > 1)
        snprintf(out, 32, ", among %u processes", sharers);
    return out;
}

/* Our share of what the node gives to `sharers`, recorded; `text` is the variable. */
static unsigned share_cpus(struct cdr_scan *s, unsigned count, unsigned sharers,
                           const char *name, const char *text)
{
    unsigned cpus = count > sharers ? count / sharers : 1;
    char shown[CDR_SHOWN], shared[32];

    cdr_limit(s, CDR_CPU_LIMIT, cpus, "Slurm", name, "%s is %s%s", name,
              cdr_show(shown, sizeof shown, text), among(shared, sharers));
    return cpus;
}

/* The CPUs of this process, recorded; 0: Slurm does not say. */
static unsigned slurm_cpus(struct cdr_scan *s, unsigned sharers)
{
    const char *all = "SLURM_JOB_CPUS_PER_NODE", *node = "SLURM_CPUS_ON_NODE", *list;
    unsigned count;
    char text[16];

    if (scan_count(&count, s, "Slurm", "SLURM_CPUS_PER_TASK"))
        return count;
    if (read_count(&count, s, "Slurm", node)) {
        snprintf(text, sizeof text, "%u", count);
        return share_cpus(s, count, sharers, node, text);
    }
    list = variable(s, all);
    if (!list)
        return 0;
    if (pick(&count, list, 0))
        return share_cpus(s, count, sharers, all, list);
    ignore(s, "Slurm", all, list);
    return 0;
}

/* Slurm counts in units of 1024 x 1024 bytes. 0, which is all of the node, is
 * ignored like nonsense. */
static void slurm_memory(struct cdr_scan *s, unsigned sharers, unsigned cpus)
{
    const char *node = "SLURM_MEM_PER_NODE", *cpu = "SLURM_MEM_PER_CPU";
    char size[CDR_SHOWN_SIZE], shared[32];
    unsigned count;
    uint64_t bytes;

    if (read_count(&count, s, "Slurm", node)) {
        bytes = (uint64_t)count << 20;
        cdr_limit(s, CDR_MEMORY_LIMIT, bytes / sharers, "Slurm", node, "%s is %s%s",
                  node, cdr_show_size(size, bytes), among(shared, sharers));
    }
    if (!read_count(&count, s, "Slurm", cpu))
        return;
    bytes = (uint64_t)count << 20;
    cdr_show_size(size, bytes);
    if (cpus)
        cdr_limit(s, CDR_MEMORY_LIMIT,
                  bytes > UINT64_MAX / cpus ? UINT64_MAX : bytes * cpus, "Slurm", cpu,
                  "%s is %s, for %u CPU%s", cpu, size, cpus, cpus == 1 ? "" : "s");
    else
        cdr_remark(s, "Slurm", cpu, "%s is %s, for nobody knows how many CPUs: ignored",
                   cpu, size);
}

static void scan_slurm(struct cdr_scan *s)
{
    unsigned sharers = slurm_sharers(s);

    slurm_memory(s, sharers, slurm_cpus(s, sharers));
}

/* ---- PBS ---- */

/* NCPUS is PBS Professional's, PBS_NUM_PPN is Torque's. Anybody may call a
 * variable NCPUS, so it counts only beside PBS_JOBID. */
static void scan_pbs(struct cdr_scan *s)
{
    unsigned count;

    scan_count(&count, s, "PBS", "PBS_NUM_PPN");
    if (variable(s, "PBS_JOBID"))
        scan_count(&count, s, "PBS", "NCPUS");
    else if (variable(s, "NCPUS"))
        cdr_remark(s, "PBS", "NCPUS", "NCPUS is set, but PBS_JOBID is not: ignored");
}

/* ---- LSF ---- */

/* Is it the same host, when one name may lack the domain? */
static bool same_host(const char *a, size_t length, const char *b)
{
    size_t other = strlen(b), shorter = length < other ? length : other;

    if (shorter == 0 || strncmp(a, b, shorter) != 0)
        return false;
    return length == other || (length > other ? a[shorter] : b[shorter]) == '.';
}

/* The slots of `host` in "host1 4 host2 8 host1 2"; 0 if it is not there. False if
 * the list is not of that form. */
static bool sum_slots(uint64_t *out, const char *list, const char *host)
{
    uint64_t slots;

    *out = 0;
    for (list += strspn(list, " "); *list; list += strspn(list, " ")) {
        const char *name = list;
        size_t length = strcspn(list, " ");

        list += length;
        list += strspn(list, " ");
        if (!cdr_take_number(&slots, &list, UINT32_MAX) || slots == 0 ||
            (*list != ' ' && *list != '\0'))
            return false;
        if (same_host(name, length, host))
            *out += slots;
    }
    return true;
}

static void scan_lsf_hosts(struct cdr_scan *s)
{
    const char *name = "LSB_MCPU_HOSTS", *list = variable(s, name), *host;
    char shown[CDR_SHOWN];
    uint64_t slots;

    if (!list)
        return;
    if (cdr_reader_open(&s->reader, s->root, HOSTNAME) != 0) {
        cdr_remark_unreadable(s, "LSF");
        return;
    }
    host = cdr_reader_line(&s->reader);
    cdr_reader_close(&s->reader);
    host = host ? host : "";
    if (!sum_slots(&slots, list, host)) {
        ignore(s, "LSF", name, list);
        return;
    }
    cdr_show(shown, sizeof shown, host);
    if (slots)
        cdr_limit(s, CDR_CPU_LIMIT, slots, "LSF", name, "%s gives %llu slots of %s",
                  name, (unsigned long long)slots, shown);
    else
        cdr_remark(s, "LSF", name, "%s does not name this host, \"%s\": ignored", name,
                   shown);
}

/* LSB_DJOB_NUMPROC counts the slots of all hosts: more than we may have, never
 * less, and all there is to know when the host cannot be found. */
static void scan_lsf(struct cdr_scan *s)
{
    unsigned count;

    scan_lsf_hosts(s);
    scan_count(&count, s, "LSF", "LSB_DJOB_NUMPROC");
}

void cdr_scan_schedulers(struct cdr_scan *s)
{
    scan_slurm(s);
    scan_pbs(s);
    scan_lsf(s);
}
