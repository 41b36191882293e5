/* sync.h - futexes, fences, bells and pauses: all that waits or wakes.
 * SPDX-License-Identifier: MIT
 *
 * Who waits for a thing says so in a flag and looks once more before sleeping; who
 * brings the thing looks at the flag afterwards. Between the store and the load each
 * side needs a fence, or both may miss the other. The side that brings things does so
 * for every item of a stream and the other seldom sleeps, so the fences are asymmetric:
 * cdr_light_fence costs next to nothing, and cdr_heavy_fence makes every other thread
 * pass a full fence (membarrier, where Linux has it; both are full fences elsewhere).
 *
 * A *bell* wakes workers that found nothing to do.
 */
#ifndef CDR_BASE_SYNC_H
#define CDR_BASE_SYNC_H

#include "base/clock.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Bytes between two things that different workers write: two cache lines, since
 * processors fetch them in pairs. */
#define CDR_FALSE_SHARING 128

static inline void cdr_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* Before another look at what others write: who looks all the time keeps them from writing
 * it. Pauses until *ns after `now`, and returns what it is then; *ns is twice as long the
 * next time, up to CDR_BACKOFF_NS. */
#define CDR_BACKOFF_NS 400

static inline uint64_t cdr_backoff(uint64_t now, uint64_t *ns)
{
    uint64_t until = now + *ns;

    do {
        for (int i = 0; i < 4; i++)
            cdr_pause();
        now = cdr_now();
    } while (now < until);
    *ns = 2 * *ns < CDR_BACKOFF_NS ? 2 * *ns : CDR_BACKOFF_NS;
    return now;
}

/* ---- fences ---- */

#if defined(__SANITIZE_THREAD__)
#define CDR_THREAD_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define CDR_THREAD_SANITIZER 1
#endif
#endif
#ifndef CDR_THREAD_SANITIZER
#define CDR_THREAD_SANITIZER 0
#endif

/* Whether light fences may be light: set once a process, before any thread that uses
 * them is started; relaxed. */
extern _Atomic bool cdr_fences_asymmetric;
extern _Atomic uint32_t cdr_fence_word;

/* Before the first fence of a process. Any number of times, from any thread. */
void cdr_fences_prepare(void);

/* What is known of fences to a thread sanitizer is nothing; of read-modify-writes, all. */
static inline void cdr_full_fence(void)
{
#if CDR_THREAD_SANITIZER
    atomic_fetch_add_explicit(&cdr_fence_word, 1, memory_order_seq_cst);
#else
    atomic_thread_fence(memory_order_seq_cst);
#endif
}

static inline void cdr_light_fence(void)
{
    if (__builtin_expect(
            atomic_load_explicit(&cdr_fences_asymmetric, memory_order_relaxed), 1))
        atomic_signal_fence(memory_order_seq_cst);
    else
        cdr_full_fence();
}

void cdr_heavy_fence(void);

/* In each process that shares such a flag with others, and again in one forked from it:
 * from now on heavy fences reach the threads of all of them. False: Linux cannot. */
bool cdr_fences_share(void);

/* ---- futexes ---- */

/* Sleep while *word == seen, for at most timeout_ns (negative: for ever). May
 * return early for no reason. */
void cdr_futex_wait(_Atomic uint32_t *word, uint32_t seen, int64_t timeout_ns);
void cdr_futex_wake(_Atomic uint32_t *word, unsigned count);

/* The same for a word in memory that processes share. */
void cdr_futex_wait_shared(_Atomic uint32_t *word, uint32_t seen, int64_t timeout_ns);
void cdr_futex_wake_shared(_Atomic uint32_t *word, unsigned count);

/* ---- bells ---- */

struct cdr_bell {
    _Alignas(CDR_FALSE_SHARING) _Atomic uint32_t rung; /* how often: release, acquire */
    /* One more than `rung` since which somebody listens, spinning or asleep: with the fences,
     * and release, acquire. Who rings need not ring again before somebody listens anew, or
     * the first of those rung for comes and says that others still sleep. */
    _Atomic uint32_t awaited;
    _Atomic uint32_t known;    /* what was awaited when a heavy fence ended: the same */
    _Atomic uint32_t sleepers; /* who needs a futex call: sequentially consistent */
};

uint32_t cdr_bell_read(struct cdr_bell *bell);

/* Wake up to `count` sleepers, whether or not anybody listens. Never blocks. */
void cdr_bell_ring(struct cdr_bell *bell, unsigned count);

/* After work was made visible: ring if somebody listens. Cheap when nobody does, and while
 * those who were rung for have not come yet. `rung` is read after what is awaited, so it is
 * not older. */
static inline void cdr_bell_nudge(struct cdr_bell *bell, unsigned count)
{
    uint32_t awaited;

    cdr_light_fence();
    awaited = atomic_load_explicit(&bell->awaited, memory_order_acquire);
    if (__builtin_expect(
            awaited == atomic_load_explicit(&bell->rung, memory_order_relaxed) + 1, 0))
        cdr_bell_ring(bell, count);
}

/* Wake up to `count` more who sleep on what has been rung already. */
void cdr_bell_pass_on(struct cdr_bell *bell, unsigned count);

/* How many sleep now, about. */
unsigned cdr_bell_sleepers(const struct cdr_bell *bell);

/* Wait until the bell is rung after `seen`, which was read before the caller looked for
 * work and found none; `look` is called once more when everybody can see that it
 * listens, and true from it ends the wait. Spins for up to spin_ns, then sleeps. Returns
 * true when it slept. */
bool cdr_bell_wait(struct cdr_bell *bell, uint32_t seen, int64_t spin_ns,
                   bool (*look)(void *arg), void *arg);

#endif
