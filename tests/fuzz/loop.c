/* loop.c - what a plain loop would get: of each item, of a reduction, of a chain.
 * SPDX-License-Identifier: MIT
 */
#include "case.h"

#include <cadre/random.h>
#include <signal.h>
#include <string.h>

static struct outcome outcome_of_conduct(enum conduct conduct, int user)
{
    struct outcome o = { 0 };

    switch (conduct) {
    case FAILS:
        o = (struct outcome){ .code = CADRE_EKERNEL, .user = -user };
        snprintf(o.text, sizeof o.text, "the kernel returned %d", -user);
        break;
    case SPEAKS:
        o = (struct outcome){ .code = CADRE_EKERNEL, .user = user };
        snprintf(o.text, sizeof o.text, "it is %d", user);
        break;
    case MISUSES: o.code = CADRE_EINVAL; break;
    case SWALLOWS: o.code = CADRE_ENOMEM; break;
    case KILLED: o = (struct outcome){ CADRE_ECRASH, 0, SIGKILL, 0, "worker " }; break;
    case FAULTS: o = (struct outcome){ CADRE_ECRASH, 0, SIGSEGV, 0, "worker " }; break;
    case ABORTS: o = (struct outcome){ CADRE_ECRASH, 0, SIGABRT, 0, "worker " }; break;
    case EXITS_0: o = (struct outcome){ CADRE_ECRASH, 0, 0, 0, "worker " }; break;
    case EXITS_3: o = (struct outcome){ CADRE_ECRASH, 0, 0, 3, "worker " }; break;
    case HANGS: o = (struct outcome){ CADRE_ETIMEOUT, 0, SIGTERM, 0, "" }; break;
    case IS_DEAF: o = (struct outcome){ CADRE_ETIMEOUT, 0, SIGKILL, 0, "" }; break;
    default: break;
    }
    return o;
}

struct outcome outcome_of(const struct fuzz_case *c, const struct fuzz_case *first,
                          uint64_t i)
{
    enum conduct conduct = conduct_of(c, i);
    struct outcome o = { 0 };

    if (c->input == CHAIN)
        o = outcome_of(first, NULL, i);
    if (o.code)
        return o;
    if (is_deadly(conduct) && c->deaths && c->deaths <= c->retries)
        conduct = FINE;
    return outcome_of_conduct(conduct, 1 + (int)(part_of(c, PART_USER, i) % 1000));
}

uint64_t loop_lowest(const struct fuzz_case *c, const struct fuzz_case *first,
                     uint64_t n)
{
    uint64_t i = 0;

    while (i < n && !outcome_of(c, first, i).code)
        i++;
    return i;
}

/* ---- results ---- */

static uint64_t digest_item(const struct fuzz_case *c, const struct fuzz_case *first,
                            uint64_t i)
{
    unsigned char item[BYTES_MAX], emitted[3 * BYTES_MAX];
    uint64_t h = mix(c->seed, i), from = part_of(c, PART_ITEM, i);
    size_t size = c->item_size;

    if (c->input == CHAIN) {
        size_t n = loop_task(first, NULL, i, item, emitted);
        return size ? digest(h, item, size) : digest(h, emitted, n);
    }
    for (unsigned k = 0; k < c->columns; k++)
        h = digest(h, column_element(c, k, i, item), c->column[k].size);
    if (c->input == INDEX || c->input == COLUMNS)
        return h;
    if (c->input == BYTES_SOURCE)
        size = item_bytes(c, i);
    expand(from, item, size);
    return digest(h, item, size);
}

static uint64_t first_draw(const struct fuzz_case *c, uint64_t i)
{
    cadre_seed seed, child;
    cadre_rng rng;

    cadre_seed_init(&seed, c->seed);
    child = cadre_seed_child(&seed, i);
    cadre_rng_init(&rng, &child);
    return cadre_rng_u64(&rng);
}

size_t loop_task(const struct fuzz_case *c, const struct fuzz_case *first, uint64_t i,
                 void *result, unsigned char *emitted)
{
    uint64_t h = digest_item(c, first, i);
    size_t sizes[3], all = 0;
    unsigned n = emit_pieces(c, i, sizes);

    if (c->draws)
        h ^= first_draw(c, i);
    if (c->adds) {
        expand(part_of(c, PART_BEFORE, i), result, c->result_size);
        h = digest(h, result, c->result_size);
    }
    for (unsigned k = 0; k < n; k++) {
        expand(mix(h, k), emitted + all, sizes[k]);
        all += sizes[k];
    }
    expand(h, result, c->result_size);
    return all;
}
