/* spool.c - shared memory into which workers write results and errors of any size.
 * SPDX-License-Identifier: MIT
 *
 * It is one private range of addresses as large as the machine's memory, of which the
 * kernel makes pages when they are written to. Workers take large pieces from its head,
 * and share out a block of their own to small ones, so that they seldom meet.
 *
 * A worker that dies in a piece leaves it unused; nobody waits for it.
 */
#include "spool.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define UNIT  ((uint64_t)CDP_SPOOL_UNIT)
#define BLOCK ((uint64_t)1 << 18)
#define MOST  (((uint64_t)INT32_MAX) * UNIT)
#define LEAST ((uint64_t)1 << 22)

struct cdp_spool {
    uint64_t size;
    _Atomic uint64_t head; /* relaxed: only whose piece is whose depends on it */
};

/* This process's block, of the spool that it last wrote to. */
static struct {
    const struct cdp_spool *spool;
    pid_t pid;
    uint64_t at, end;
} block;

static uint64_t memory_of_machine(void)
{
    long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);

    return pages > 0 && size > 0 ? (uint64_t)pages * (uint64_t)size : (uint64_t)1 << 30;
}

struct cdp_spool *cdp_spool_open(void)
{
    uint64_t size = memory_of_machine() & ~(BLOCK - 1);
    void *memory = MAP_FAILED;
    struct cdp_spool *spool;

    if (size > MOST)
        size = MOST & ~(BLOCK - 1);
    for (; size >= LEAST && memory == MAP_FAILED; size /= 2) {
        memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (memory != MAP_FAILED)
            break;
    }
    if (memory == MAP_FAILED)
        return NULL;
    spool = memory;
    spool->size = size;
    atomic_store_explicit(&spool->head, BLOCK, memory_order_relaxed);
    return spool;
}

void cdp_spool_close(struct cdp_spool *spool)
{
    if (spool)
        munmap(spool, spool->size);
}

/* `size` bytes at the head; 0: there are none. */
static uint64_t take(struct cdp_spool *spool, uint64_t size)
{
    uint64_t at = atomic_load_explicit(&spool->head, memory_order_relaxed);

    do {
        if (size > spool->size - at)
            return 0;
    } while (!atomic_compare_exchange_weak_explicit(
        &spool->head, &at, at + size, memory_order_relaxed, memory_order_relaxed));
    return at;
}

static uint64_t take_small(struct cdp_spool *spool, uint64_t size)
{
    uint64_t at;

    if (block.spool != spool || block.pid != getpid())
        block.at = block.end = 0;
    if (size > block.end - block.at) {
        block.spool = spool;
        block.pid = getpid();
        block.at = take(spool, BLOCK);
        block.end = block.at ? block.at + BLOCK : 0;
        if (!block.at)
            return take(spool, size);
    }
    at = block.at;
    block.at += size;
    return at;
}

char *cdp_spool_put(struct cdp_spool *spool, size_t size, int32_t *number)
{
    uint64_t whole, at;
    char *piece;

    if (size > spool->size)
        return NULL;
    whole = (size + sizeof whole + UNIT - 1) & ~(UNIT - 1);
    at = whole > BLOCK / 4 ? take(spool, whole) : take_small(spool, whole);
    if (!at)
        return NULL;
    piece = (char *)spool + at;
    whole = size;
    memcpy(piece, &whole, sizeof whole);
    *number = (int32_t)(at / UNIT);
    return piece + sizeof whole;
}

const char *cdp_spool_get(const struct cdp_spool *spool, int32_t number, size_t *size)
{
    const char *piece = (const char *)spool + (uint64_t)number * UNIT;
    uint64_t whole;

    memcpy(&whole, piece, sizeof whole);
    *size = whole;
    return piece + sizeof whole;
}
