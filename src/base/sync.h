/* sync.h - futexes, bells, fences and pauses: all that waits or wakes.
 * SPDX-License-Identifier: MIT
 *
 * A *bell* wakes workers that found nothing to do. Who adds work rings it after
 * the work can be seen; who sleeps on it reads the bell first, looks for work,
 * and sleeps only if the bell has not been rung since it was read.
 */
#ifndef CDR_BASE_SYNC_H
#define CDR_BASE_SYNC_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Bytes between two things that different workers write: two cache lines, since
 * processors fetch them in pairs. */
#define CDR_APART 128

static inline void cdr_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* Sleep while *word == seen, for at most timeout_ns (negative: for ever). May
 * return early for no reason. */
void cdr_futex_wait(_Atomic uint32_t *word, uint32_t seen, int64_t timeout_ns);
void cdr_futex_wake(_Atomic uint32_t *word, unsigned count);

struct cdr_bell {
    _Alignas(CDR_APART) _Atomic uint32_t rung; /* how often: release, acquire */
    _Atomic uint32_t sleepers;                 /* sequentially consistent with rung */
};

uint32_t cdr_bell_read(struct cdr_bell *bell);

/* Wake up to `count` sleepers. Never blocks. */
void cdr_bell_ring(struct cdr_bell *bell, unsigned count);

/* How many sleep now, about. */
unsigned cdr_bell_sleepers(const struct cdr_bell *bell);

/* Wake up to `count` more who sleep on what has been rung already. */
void cdr_bell_pass_on(struct cdr_bell *bell, unsigned count);

/* Spin for up to spin_ns, then sleep, until the bell is rung after `seen`. True when
 * it slept. */
bool cdr_bell_wait(struct cdr_bell *bell, uint32_t seen, int64_t spin_ns);

#endif
