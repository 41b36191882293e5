/* ring_model.c - tries every order in which a few threads' steps can come.
 * SPDX-License-Identifier: MIT
 */
#include "ring_model.h"
#include "base/sync.h"

#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#define STACK    16384 /* bytes of each coroutine's stack ... */
#define DEEP     1024  /* ... and how many it has in use when it stops, about */
#define BUFFERED 6     /* stores in a buffer */
#define WORLD    4096  /* bytes of shared memory */

/* A store that its coroutine alone sees. */
struct pending {
    uint64_t value;
    uint32_t at; /* in the world */
    uint8_t size;
    bool release;
};

struct buffer {
    uint64_t n;
    struct pending store[BUFFERED];
};

struct state {
    struct state *next; /* to be gone on from */
    unsigned char bytes[];
};

_Atomic bool cdr_fences_asymmetric;
_Atomic uint32_t cdr_fence_word;

static struct model model;
static struct buffer buffers[CODES];
static ucontext_t contexts[CODES], explorer;
static _Alignas(64) unsigned char stacks[CODES][STACK];
static int running = -1;
static const char *what_is_broken;

/* ---- coroutines ---- */

void ring_step(void)
{
    swapcontext(&contexts[running], &explorer);
}

void broken(const char *what)
{
    if (!what_is_broken)
        what_is_broken = what;
    while (running >= 0)
        ring_step();
}

static void step(int code)
{
    running = code;
    swapcontext(&explorer, &contexts[code]);
    running = -1;
}

static void body(void)
{
    model.body((unsigned)running);
}

static void begin(void)
{
    memset(buffers, 0, sizeof buffers);
    memset(stacks, 0, sizeof stacks);
    for (unsigned code = 0; code < model.codes; code++) {
        getcontext(&contexts[code]);
        contexts[code].uc_stack.ss_sp = stacks[code];
        contexts[code].uc_stack.ss_size = STACK;
        makecontext(&contexts[code], body, 0);
    }
}

/* ---- memory ---- */

static bool in_the_world(const volatile void *at)
{
    return (uintptr_t)at - (uintptr_t)model.world < model.size;
}

static uint32_t place(const volatile void *at)
{
    return (uint32_t)((uintptr_t)at - (uintptr_t)model.world);
}

static void write_through(const struct pending *s)
{
    memcpy((char *)model.world + s->at, &s->value, s->size);
}

/* Store number i of the buffer reaches everybody. */
static void settle(struct buffer *b, uint64_t i)
{
    write_through(&b->store[i]);
    b->n--;
    memmove(&b->store[i], &b->store[i + 1], (b->n - i) * sizeof *b->store);
    memset(&b->store[b->n], 0, sizeof *b->store);
}

static void settle_all(struct buffer *b)
{
    while (b->n > 0)
        settle(b, 0);
}

/* Whether it may do so before those that came before it. */
static bool may_settle(const struct buffer *b, uint64_t i)
{
    for (uint64_t k = 0; k < i; k++)
        if (b->store[i].release || b->store[k].at == b->store[i].at)
            return false;
    return true;
}

uint64_t memory_load(const volatile void *at, size_t size)
{
    uint64_t value = 0;

    memcpy(&value, (const void *)(uintptr_t)at, size);
    if (running < 0 || !in_the_world(at))
        return value;
    for (uint64_t i = 0; i < buffers[running].n; i++)
        if (buffers[running].store[i].at == place(at))
            value = buffers[running].store[i].value;
    return value;
}

void memory_store(volatile void *at, size_t size, uint64_t value, bool release)
{
    struct buffer *b = &buffers[running < 0 ? 0 : running];
    struct pending s = { value, place(at), (uint8_t)size,
                         release && !model.no_releases };

    if (running < 0 || model.memory == STRONG || !in_the_world(at)) {
        memcpy((void *)(uintptr_t)at, &value, size);
        return;
    }
    if (b->n == BUFFERED)
        settle(b, 0);
    b->store[b->n++] = s;
}

bool memory_replace(volatile void *at, uint64_t *expected, uint64_t value)
{
    struct buffer *b = &buffers[running];
    uint64_t now;

    for (uint64_t i = 0; i < b->n; i++)
        while (i < b->n && b->store[i].at == place(at))
            settle(b, i);
    now = memory_load(at, sizeof now);
    if (now != *expected) {
        *expected = now;
        return false;
    }
    memcpy((void *)(uintptr_t)at, &value, sizeof value);
    return true;
}

/* Before it has emptied the buffer, others may see one store and not the next. */
void memory_fence(void)
{
    if (running < 0 || buffers[running].n == 0 || model.no_fences)
        return;
    ring_step();
    settle_all(&buffers[running]);
}

void cdr_heavy_fence(void)
{
    memory_fence();
    for (int code = 0; code < CODES && cdr_fences_asymmetric && !model.no_fences;
         code++)
        settle_all(&buffers[code]);
}

/* ---- states ---- */

/* Registers that live across a call, where a coroutine that stopped goes on. */
static const int live[] = { REG_RIP, REG_RSP, REG_RBX, REG_RBP,
                            REG_R12, REG_R13, REG_R14, REG_R15 };
#define LIVE (sizeof live / sizeof *live)

static size_t stack_used(unsigned code)
{
    uintptr_t sp = (uintptr_t)contexts[code].uc_mcontext.gregs[REG_RSP];

    return (uintptr_t)stacks[code] + STACK - sp;
}

static unsigned char *put(unsigned char *to, const void *from, size_t size)
{
    memcpy(to, from, size);
    return to + size;
}

static const unsigned char *get(void *to, const unsigned char *from, size_t size)
{
    memcpy(to, from, size);
    return from + size;
}

/* Write the state as it is now to `out`; returns its size. */
static size_t save(unsigned char *out)
{
    unsigned char *at = put(out, model.world, model.size);

    for (unsigned code = 0; code < model.codes; code++) {
        struct buffer *b = &buffers[code];
        size_t used = stack_used(code);
        at = put(at, &b->n, sizeof b->n);
        at = put(at, b->store, b->n * sizeof *b->store);
        for (size_t i = 0; i < LIVE; i++)
            at = put(at, &contexts[code].uc_mcontext.gregs[live[i]], 8);
        at = put(at, stacks[code] + STACK - used, used);
    }
    return (size_t)(at - out);
}

/* What is no longer in use of a stack is cleared: what a coroutine finds in variables
 * that it never set must not make two states of one. */
static void clear_unused(unsigned code, size_t used)
{
    if (used < DEEP)
        memset(stacks[code] + STACK - DEEP, 0, DEEP - used);
}

static void restore(const struct state *s)
{
    const unsigned char *at = get(model.world, s->bytes, model.size);

    for (unsigned code = 0; code < model.codes; code++) {
        struct buffer *b = &buffers[code];
        at = get(&b->n, at, sizeof b->n);
        at = get(b->store, at, b->n * sizeof *b->store);
        memset(b->store + b->n, 0, (BUFFERED - b->n) * sizeof *b->store);
        for (size_t i = 0; i < LIVE; i++)
            at = get(&contexts[code].uc_mcontext.gregs[live[i]], at, 8);
        size_t used = stack_used(code);
        clear_unused(code, used);
        at = get(stacks[code] + STACK - used, at, used);
    }
}

static void *must_have(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

/* ---- which were seen: two hashes each, in a table that grows ---- */

struct seen {
    uint64_t hash[2];
};

static struct {
    struct seen *slot;
    size_t n, room;
} table;

#define MIX UINT64_C(0x9E3779B97F4A7C15)

static uint64_t mix(uint64_t h, uint64_t word)
{
    h = (h ^ word) * MIX;
    return h ^ h >> 29;
}

/* Of bytes with at least 32 zeros behind them. Four chains, since each step of one waits
 * for the one before. */
static struct seen digest(const uint64_t *words, size_t size)
{
    uint64_t a = size, b = 1, c = 2, d = 3;

    for (size_t i = 0; i < size / 8; i += 4) {
        a = mix(a, words[i]);
        b = mix(b, words[i + 1]);
        c = mix(c, words[i + 2]);
        d = mix(d, words[i + 3]);
    }
    return (struct seen){ { mix(mix(mix(a, b), c), d) | 1, /* 0: free */
                            mix(mix(mix(d, b), a), c) } };
}

static struct seen *find(struct seen *slots, size_t room, const struct seen *s)
{
    size_t i = s->hash[1] & (room - 1);

    while (slots[i].hash[0] && memcmp(&slots[i], s, sizeof *s) != 0)
        i = (i + 1) & (room - 1);
    return &slots[i];
}

static void widen(void)
{
    size_t room = table.room ? table.room * 2 : 1 << 16;
    struct seen *slots = must_have(calloc(room, sizeof *slots));

    for (size_t i = 0; i < table.room; i++)
        if (table.slot[i].hash[0])
            *find(slots, room, &table.slot[i]) = table.slot[i];
    free(table.slot);
    table.slot = slots;
    table.room = room;
}

static bool is_new(const uint64_t *words, size_t size)
{
    struct seen s = digest(words, size), *slot;

    if (2 * table.n >= table.room)
        widen();
    slot = find(table.slot, table.room, &s);
    if (slot->hash[0])
        return false;
    *slot = s;
    table.n++;
    return true;
}

/* ---- the explorer ---- */

static struct state *queue;

/* The state as it is now, if it is new. */
static void remember(void)
{
    static uint64_t
        words[(WORLD + CODES * STACK + sizeof buffers) / 8 + CODES * LIVE + 4];
    size_t size = save((unsigned char *)words);
    struct state *s;

    memset((char *)words + size, 0, 32);
    if (!is_new(words, size))
        return;
    s = must_have(malloc(sizeof *s + size));
    memcpy(s->bytes, words, size);
    s->next = queue;
    queue = s;
}

/* One thing that can happen next: a step, or for i > 0 a store that settles. */
static bool happens(const struct state *s, unsigned code, uint64_t i)
{
    struct buffer *b = &buffers[code];

    restore(s);
    if (i == 0 ? !model.may_go_on(code) : i > b->n || !may_settle(b, i - 1))
        return false;
    if (i == 0)
        step((int)code);
    else
        settle(b, i - 1);
    remember();
    return true;
}

/* Everything that can; false when nothing can. */
static bool go_on_from(const struct state *s)
{
    bool some = false;

    for (unsigned code = 0; code < model.codes; code++)
        for (uint64_t i = 0; i <= (model.memory == STRONG ? 0 : BUFFERED); i++)
            some |= happens(s, code, i);
    return some;
}

static void forget_all(void)
{
    while (queue) {
        struct state *s = queue;
        queue = s->next;
        free(s);
    }
    free(table.slot);
    memset(&table, 0, sizeof table);
}

const char *explore(const struct model *what, long *states)
{
    long ends = 0;

    model = *what;
    cdr_fences_asymmetric = model.memory == WEAK_UNEQUAL;
    what_is_broken = NULL;
    if (model.size % 8 || model.size > WORLD || model.codes > CODES)
        return "the model is too large";
    begin();
    remember();
    while (queue && !what_is_broken) {
        struct state *from = queue;
        queue = from->next;
        if (!go_on_from(from)) {
            restore(from);
            model.at_the_end();
            ends++;
        }
        free(from);
    }
    *states = (long)table.n;
    forget_all();
    if (!what_is_broken && ends == 0)
        return "it never ends";
    return what_is_broken;
}
