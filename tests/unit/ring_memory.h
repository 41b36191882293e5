/* ring_memory.h - the ring's accesses to shared memory, led through a model of it.
 * SPDX-License-Identifier: MIT
 *
 * To be included before anything of the ring, in each file of test_ring_steps: from here
 * on loads, stores and fences are calls of ring_model.c.
 */
#ifndef CADRE_TESTS_RING_MEMORY_H
#define CADRE_TESTS_RING_MEMORY_H

#define CDR_CRASH_POINT_FUNCTION ring_step

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

uint64_t memory_load(const volatile void *at, size_t size);
void memory_store(volatile void *at, size_t size, uint64_t value, bool release);
bool memory_replace(volatile void *at, uint64_t *expected, uint64_t value);
void memory_fence(void);

#undef atomic_init
#undef atomic_load_explicit
#undef atomic_store_explicit
#undef atomic_compare_exchange_weak_explicit
#undef atomic_compare_exchange_strong_explicit
#undef atomic_thread_fence

#define atomic_init(at, value)          memory_store(at, sizeof *(at), value, false)
#define atomic_load_explicit(at, order) memory_load(at, sizeof *(at))
#define atomic_store_explicit(at, value, order) \
    memory_store(at, sizeof *(at), value, (order) == memory_order_release)
/* Of words of 64 bits, relaxed. */
#define atomic_compare_exchange_weak_explicit(at, expected, value, yes, no) \
    memory_replace(at, expected, value)
#define atomic_compare_exchange_strong_explicit(at, expected, value, yes, no) \
    memory_replace(at, expected, value)
#define atomic_thread_fence(order) memory_fence()

#endif
