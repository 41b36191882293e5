/* gain.c - how many times as fast as one worker all of them are, as measured.
 * SPDX-License-Identifier: MIT
 */
#include "core/run/gain.h"

#define APART 1.25 /* pairs that differ by more from their median do not agree */

/* ---- the rule ---- */

static double median_of(const double *sorted_not)
{
    double x[CDR_GAIN_PAIRS];

    for (unsigned i = 0; i < CDR_GAIN_PAIRS; i++) {
        unsigned k = i;
        for (; k > 0 && x[k - 1] > sorted_not[i]; k--)
            x[k] = x[k - 1];
        x[k] = sorted_not[i];
    }
    return x[CDR_GAIN_PAIRS / 2];
}

double cdr_gain_measured(const struct cdr_gain_pair *pairs, unsigned workers)
{
    double gain[CDR_GAIN_PAIRS], middle;

    for (unsigned i = 0; i < CDR_GAIN_PAIRS; i++) {
        if (!(pairs[i].alone > 0 && pairs[i].together > 0))
            return 0;
        gain[i] = workers * pairs[i].alone / pairs[i].together;
    }
    middle = median_of(gain);
    for (unsigned i = 0; i < CDR_GAIN_PAIRS; i++)
        if (gain[i] > middle * APART || gain[i] < middle / APART)
            return 0;
    return middle;
}

bool cdr_gain_is_poor(double gain, unsigned workers)
{
    return gain > 0 && (gain < CDR_GAIN_NONE || gain <= workers / 2.0);
}

/* ---- what is known ---- */

/* An entry: the kernel's tag, hundredths of the gain, the job's size as a power of two, and
 * how many runs may still go by it; 0: none. */
struct entry {
    uint64_t tag;
    unsigned hundredths, size, runs;
};

#define TAG_BITS  28
#define GAIN_BITS 20
#define GAIN_MOST ((1u << GAIN_BITS) - 1)

static uint64_t hash_of(uintptr_t kernel)
{
    return ((uint64_t)kernel >> 4) * UINT64_C(0x9E3779B97F4A7C15);
}

static unsigned place(uintptr_t kernel)
{
    return (unsigned)(hash_of(kernel) >> 60);
}

_Static_assert(CDR_GAINS == 1 << 4, "place() yields four bits");

static uint64_t tag_of(uintptr_t kernel)
{
    return hash_of(kernel) >> (60 - TAG_BITS) & (((uint64_t)1 << TAG_BITS) - 1);
}

static unsigned size_of(uint64_t tasks)
{
    return tasks > 0 ? 63 - (unsigned)__builtin_clzll(tasks) : 0;
}

static uint64_t pack(const struct entry *e)
{
    return e->tag << 36 | (uint64_t)e->hundredths << 16 | (uint64_t)e->size << 8 |
           e->runs;
}

static struct entry unpack(uint64_t word)
{
    return (struct entry){ .tag = word >> 36,
                           .hundredths = word >> 16 & GAIN_MOST,
                           .size = word >> 8 & 0xFF,
                           .runs = word & 0xFF };
}

/* False: nothing is known of this kernel. */
static bool find(const struct cdr_gains *gains, uintptr_t kernel, struct entry *e)
{
    *e = unpack(
        atomic_load_explicit(&gains->known[place(kernel)], memory_order_relaxed));
    return e->runs > 0 && e->tag == tag_of(kernel);
}

void cdr_gain_learn(struct cdr_gains *gains, uintptr_t kernel, uint64_t tasks,
                    double gain)
{
    double hundredths = gain * 100 + 0.5;
    struct entry e = { .tag = tag_of(kernel),
                       .hundredths =
                           hundredths < GAIN_MOST ? (unsigned)hundredths : GAIN_MOST,
                       .size = size_of(tasks),
                       .runs = CDR_GAIN_RUNS };

    atomic_store_explicit(&gains->known[place(kernel)], pack(&e), memory_order_relaxed);
}

double cdr_gain_of(const struct cdr_gains *gains, uintptr_t kernel, uint64_t tasks)
{
    struct entry e;

    return find(gains, kernel, &e) && size_of(tasks) >= e.size ? e.hundredths / 100.0
                                                               : 0;
}

/* Two at once may count as one: it is a round figure. */
void cdr_gain_used(struct cdr_gains *gains, uintptr_t kernel)
{
    struct entry e;

    if (!find(gains, kernel, &e))
        return;
    e.runs--;
    atomic_store_explicit(&gains->known[place(kernel)], pack(&e), memory_order_relaxed);
}

bool cdr_gain_is_wanted(const struct cdr_gains *gains, uintptr_t kernel, uint64_t tasks)
{
    struct entry e;

    return !find(gains, kernel, &e) || size_of(tasks) > e.size + 2;
}
