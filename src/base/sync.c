/* sync.c - futexes, fences and bells.
 * SPDX-License-Identifier: MIT
 */
#include "base/sync.h"
#include "base/clock.h"
#include "base/counter.h"

#include <linux/futex.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* ---- fences ---- */

_Atomic bool cdr_fences_asymmetric;
_Atomic uint32_t cdr_fence_word;

static int membarrier(int command)
{
    return (int)syscall(SYS_membarrier, command, 0, 0);
}

/* Linux has both kinds: for a process, and for all of them that share (since 4.16). */
static bool has_both(void)
{
    int commands = membarrier(MEMBARRIER_CMD_QUERY);

    return commands > 0 && commands & MEMBARRIER_CMD_PRIVATE_EXPEDITED &&
           commands & MEMBARRIER_CMD_GLOBAL_EXPEDITED;
}

void cdr_fences_prepare(void)
{
    if (!CDR_THREAD_SANITIZER &&
        !atomic_load_explicit(&cdr_fences_asymmetric, memory_order_relaxed) &&
        has_both() && membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) == 0)
        atomic_store_explicit(&cdr_fences_asymmetric, true, memory_order_relaxed);
}

/* Other processes are to be reached too; set once, relaxed. A fence that reached only
 * this process is of no use to them, and theirs reach us anyhow: so who sees this late
 * does no harm, as only those who share use the fences for what is shared. */
static _Atomic bool shared_fences;

void cdr_heavy_fence(void)
{
    static const struct timespec a_while = { .tv_nsec = 1000000 };

    cdr_full_fence();
    if (!atomic_load_explicit(&cdr_fences_asymmetric, memory_order_relaxed))
        return;
    if (membarrier(atomic_load_explicit(&shared_fences, memory_order_relaxed)
                       ? MEMBARRIER_CMD_GLOBAL_EXPEDITED
                       : MEMBARRIER_CMD_PRIVATE_EXPEDITED) == 0)
        return;
    /* It was registered, so it has been forbidden since: light fences are full ones from
     * now on, and those that were light still are over when we look again. */
    atomic_store_explicit(&cdr_fences_asymmetric, false, memory_order_seq_cst);
    nanosleep(&a_while, NULL);
}

bool cdr_fences_share(void)
{
    cdr_fences_prepare();
    if (!atomic_load_explicit(&cdr_fences_asymmetric, memory_order_relaxed))
        return true; /* light fences are full ones, for whomever */
    if (membarrier(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED))
        return false;
    atomic_store_explicit(&shared_fences, true, memory_order_relaxed);
    return true;
}

/* ---- futexes ---- */

static void futex_wait(_Atomic uint32_t *word, int operation, uint32_t seen,
                       int64_t timeout_ns)
{
    struct timespec limit = { .tv_sec = timeout_ns / 1000000000,
                              .tv_nsec = timeout_ns % 1000000000 };

    CDR_COUNT(WAIT, NULL);
    /* Every outcome (woken, changed already, interrupted, late) means the same to
     * the caller: look again. */
    syscall(SYS_futex, word, operation, seen, timeout_ns < 0 ? NULL : &limit, NULL, 0);
}

void cdr_futex_wait(_Atomic uint32_t *word, uint32_t seen, int64_t timeout_ns)
{
    futex_wait(word, FUTEX_WAIT_PRIVATE, seen, timeout_ns);
}

void cdr_futex_wait_shared(_Atomic uint32_t *word, uint32_t seen, int64_t timeout_ns)
{
    futex_wait(word, FUTEX_WAIT, seen, timeout_ns);
}

void cdr_futex_wake(_Atomic uint32_t *word, unsigned count)
{
    CDR_COUNT(WAKE, NULL);
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
}

void cdr_futex_wake_shared(_Atomic uint32_t *word, unsigned count)
{
    CDR_COUNT(WAKE, NULL);
    syscall(SYS_futex, word, FUTEX_WAKE, count, NULL, NULL, 0);
}

/* ---- bells ---- */

uint32_t cdr_bell_read(struct cdr_bell *bell)
{
    return atomic_load_explicit(&bell->rung, memory_order_acquire);
}

void cdr_bell_ring(struct cdr_bell *bell, unsigned count)
{
    CDR_COUNT(BELL, &bell->rung);
    atomic_fetch_add_explicit(&bell->rung, 1, memory_order_seq_cst);
    if (atomic_load_explicit(&bell->sleepers, memory_order_seq_cst))
        cdr_futex_wake(&bell->rung, count);
}

void cdr_bell_pass_on(struct cdr_bell *bell, unsigned count)
{
    if (atomic_load_explicit(&bell->sleepers, memory_order_relaxed))
        cdr_futex_wake(&bell->rung, count);
}

unsigned cdr_bell_sleepers(const struct cdr_bell *bell)
{
    return atomic_load_explicit(&bell->sleepers, memory_order_relaxed);
}

static bool rung_while_spinning(struct cdr_bell *bell, uint32_t seen, int64_t spin_ns)
{
    uint64_t until = cdr_now() + (uint64_t)spin_ns;

    do {
        for (int i = 0; i < 32; i++) {
            if (cdr_bell_read(bell) != seen)
                return true;
            cdr_pause();
        }
    } while (cdr_now() < until);
    return false;
}

static void sleep_until_rung(struct cdr_bell *bell, uint32_t seen)
{
    CDR_COUNT(BELL, &bell->sleepers);
    atomic_fetch_add_explicit(&bell->sleepers, 1, memory_order_seq_cst);
    while (cdr_bell_read(bell) == seen)
        cdr_futex_wait(&bell->rung, seen, -1);
    CDR_COUNT(BELL, &bell->sleepers);
    atomic_fetch_sub_explicit(&bell->sleepers, 1, memory_order_relaxed);
}

/* Everybody can see that somebody listens since `seen`. Only the first who does needs the
 * heavy fence for that: it reaches all threads, which takes longer the more of them listen. */
static void make_known(struct cdr_bell *bell, uint32_t seen)
{
    if (atomic_load_explicit(&bell->known, memory_order_acquire) == seen + 1) {
        cdr_full_fence();
        return;
    }
    cdr_heavy_fence();
    atomic_store_explicit(&bell->known, seen + 1, memory_order_release);
}

/* False: it was rung since `seen`. Acquired, so that nobody whose `seen` is older overwrites
 * what is awaited: who sees that sees what has been rung. */
static bool listen(struct cdr_bell *bell, uint32_t seen)
{
    uint32_t awaited = atomic_load_explicit(&bell->awaited, memory_order_acquire);

    CDR_COUNT(BELL, &bell->awaited);
    do {
        if (cdr_bell_read(bell) != seen)
            return false;
    } while (awaited != seen + 1 && !atomic_compare_exchange_weak_explicit(
                                        &bell->awaited, &awaited, seen + 1,
                                        memory_order_release, memory_order_acquire));
    make_known(bell, seen);
    return true;
}

/* Not all may have been woken: from now on who brings work rings for those who still sleep. What
 * it brought before is seen by us. */
static void listen_for_others(struct cdr_bell *bell)
{
    while (!listen(bell, cdr_bell_read(bell)))
        ;
}

bool cdr_bell_wait(struct cdr_bell *bell, uint32_t seen, int64_t spin_ns,
                   bool (*look)(void *arg), void *arg)
{
    if (!listen(bell, seen) || look(arg) ||
        (spin_ns > 0 && rung_while_spinning(bell, seen, spin_ns)))
        return false;
    sleep_until_rung(bell, seen);
    if (cdr_bell_sleepers(bell) > 0)
        listen_for_others(bell);
    return true;
}
