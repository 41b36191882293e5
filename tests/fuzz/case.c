/* case.c - draw a random job.
 * SPDX-License-Identifier: MIT
 */
#include "case.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

bool wrong(struct verdict *v, const char *format, ...)
{
    va_list args;

    if (*v->text)
        return true; /* the first thing that went wrong is the one to tell */
    va_start(args, format);
    vsnprintf(v->text, sizeof v->text, format, args);
    va_end(args);
    return true;
}

/* ---- sizes ---- */

static uint64_t draw_n(struct dice *d, const struct fuzz_case *c)
{
    switch (dice_below(d, 16)) {
    case 0: return 0;
    case 1: return 1000 + dice_below(d, 3000);
    case 2: return c->kind == REDUCTION ? 1000 + dice_below(d, 3000) : 100;
    case 3:
    case 4: return dice_below(d, 300);
    case 5:
    case 6:
    case 7: return 1 + dice_below(d, 4);
    default: return 1 + dice_below(d, 50);
    }
}

static void draw_columns(struct dice *d, struct fuzz_case *c)
{
    uint64_t shortest = UINT64_MAX, longest = 0;

    c->columns = 1 + dice_below(d, COLUMNS_MAX);
    for (unsigned k = 0; k < c->columns; k++) {
        struct fuzz_column *l = &c->column[k];
        l->size = DICE_PICK(d, 1, 2, 8, 8, 24, 64);
        l->same = k > 0 && dice_one_in(d, 4);
        l->fill = !l->same && dice_one_in(d, 4);
        l->sourced = c->kind == STREAM && !l->same && dice_one_in(d, 4);
        l->n = l->same ? 1 : dice_one_in(d, 2) ? c->n : draw_n(d, c);
        if (!l->same && !l->fill && l->n < shortest)
            shortest = l->n;
        if (!l->same && l->n > longest)
            longest = l->n;
    }
    c->n = shortest < UINT64_MAX ? shortest : longest;
}

static void draw_input(struct dice *d, struct fuzz_case *c, bool chained)
{
    c->n = draw_n(d, c);
    c->input =
        (enum input)dice_below(d, c->kind == STREAM && !chained ? INPUTS : SOURCE);
    c->item_size = DICE_PICK(d, 1, 3, 8, 8, 16, 40, 200);
    c->by_source = c->input >= SOURCE;
    if (c->input == COLUMNS)
        draw_columns(d, c);
    if (c->input == BYTES_SOURCE)
        c->item_most = DICE_PICK(d, 8, 100, 1000, 3000);
    if (c->input == INDEX && c->kind == STREAM && !chained && dice_one_in(d, 8))
        c->endless = true;
    c->source_fails_at = UINT64_MAX;
    if ((c->input == SOURCE || c->input == BYTES_SOURCE) && dice_one_in(d, 6))
        c->source_fails_at = dice_below(d, c->n + 1);
}

static void draw_output(struct dice *d, struct fuzz_case *c)
{
    bool sized = c->kind == REDUCTION || dice_below(d, 3);

    c->result_size = sized ? DICE_PICK(d, 1, 2, 8, 8, 8, 24, 100, 1000) : 0;
    if (c->kind == REDUCTION && c->input != COLUMNS && dice_one_in(d, 40)) {
        c->result_size = 70000; /* memory that goes back to the system */
        c->n %= 50;
    }
    if (c->kind == MAP ? dice_one_in(d, 3) : !sized)
        c->emit_most = DICE_PICK(d, 1, 40, 300, 3000);
    if (c->kind == MAP && c->emit_most && c->input != COLUMNS && dice_one_in(d, 10)) {
        c->emit_most = BYTES_MAX;
        c->n %= 100;
    }
    c->shared_results = c->kind == MAP && dice_one_in(d, 3);
    c->statuses = c->kind != STREAM && dice_one_in(d, 2);
}

/* ---- what goes wrong ---- */

static void draw_failures(struct dice *d, struct fuzz_case *c, bool processes)
{
    static const uint8_t ways[] = { FAILS, SPEAKS, MISUSES, SWALLOWS };

    c->keep_going = dice_one_in(d, 2);
    if (c->kind != STREAM)
        c->statuses |= c->keep_going;
    if (dice_one_in(d, 3))
        c->conducts = UINT32_C(1) << ways[dice_below(d, 4)];
    else
        c->conducts = 1u << FAILS | 1u << SPEAKS | 1u << MISUSES | 1u << SWALLOWS;
    c->fails_one_in = dice_one_in(d, 2) ? 0 : DICE_PICK(d, 1, 3, 10, 100, 1000);
    c->retries = dice_below(d, 3);
    if (!processes || !dice_one_in(d, 3))
        return;
    c->conducts = 1u << (KILLED + dice_below(d, EXITS_3 - KILLED + 1));
    c->fails_one_in = 1 + c->n / (1 + dice_below(d, 6)); /* each costs a process */
    c->deaths = dice_below(d, 3);
    if (dice_one_in(d, 2))
        c->conducts |= 1u << FAILS;
    /* Of a range of items all are handed out once more, without blame; of a block of a
     * reduction too, but for that one of them may have died before. */
    if (c->range || (c->kind == REDUCTION && c->n > 1024))
        c->deaths = 0;
}

/* Time limits have to be long, so few jobs have one. */
static void draw_timeouts(struct dice *d, struct fuzz_case *c, bool processes)
{
    c->timeout_ms = processes || dice_one_in(d, 4) ? 60000 : 0;
    if (!processes || !dice_one_in(d, 20) || c->n == 0 || c->endless)
        return;
    c->timeout_ms = 1000 * SLOWNESS;
    c->grace_ms = 20;
    c->retries = 0;
    c->conducts = dice_one_in(d, 2) ? 1u << HANGS : 1u << IS_DEAF;
    c->fails_one_in = c->n;
    c->range = false;
}

static void draw_ending(struct dice *d, struct fuzz_case *c)
{
    c->grace_ms = c->grace_ms ? c->grace_ms : DICE_PICK(d, 0, 20, 1000);
    if (c->endless)
        c->ending = (enum ending)DICE_PICK(d, CANCELLED, STOPPED, CLOSED);
    else if (!dice_one_in(d, 4))
        return;
    else
        c->ending = (enum ending)(CANCELLED + dice_below(d, c->kind == STREAM ? 4 : 2));
    c->end_at = dice_below(d, (c->n ? c->n : 1) + (c->n && dice_one_in(d, 10)));
    if (c->ending == PAST_DEADLINE) {
        c->deadline_ms = 1 + dice_below(d, 20);
        c->work = 5;
        if (c->conducts >> HANGS)
            c->timeout_ms = 60000;
    }
    c->asks = dice_one_in(d, 2);
    c->statuses |= c->kind != STREAM; /* without, there is no telling */
}

static void draw_bounds(struct dice *d, struct fuzz_case *c)
{
    if (c->kind != STREAM)
        return;
    c->unordered = dice_one_in(d, 3);
    c->window = DICE_PICK(d, 0, 0, 1, 2, 3, 7, 64, 1000);
    if (dice_one_in(d, 3))
        c->memory_limit = DICE_PICK(d, 64, 4096, 16384, 65536, 1 << 20);
}

static void draw_habits(struct dice *d, struct fuzz_case *c)
{
    c->range = c->input != COLUMNS && dice_one_in(d, 4);
    c->draws = dice_one_in(d, 3);
    c->scratch = dice_one_in(d, 4);
    c->nests = dice_one_in(d, 20);
    c->adds = !c->range && dice_one_in(d, 4);
    c->progress = dice_one_in(d, 4);
    c->work = c->n < 300 ? DICE_PICK(d, 0, 0, 0, 1, 4) : 0;
    c->chunk = DICE_PICK(d, 0, 0, 0, 1, 2, 7, 64, 1000);
}

static void settle(struct fuzz_case *c, const struct fuzz_pool *pool)
{
    if (c->kind != MAP || c->shared_results || c->result_size == 0)
        c->adds = false;
    if (c->n > 300)
        c->nests = false;
    if (c->endless) {
        c->fails_one_in = 0;
        c->n = 3000; /* as far as anybody looks */
        if (c->ending == CANCELLED && pool->none)
            c->ending = CLOSED;
    }
}

/* The stage before: a stream in order, whose records become the items. */
static void draw_first(struct fuzz_case *first, struct fuzz_case *c, struct dice *d,
                       const struct fuzz_pool *pool)
{
    do
        case_draw(first, NULL, dice_u64(d), pool);
    while (first->kind != STREAM || (first->conducts >> HANGS));
    first->feeds = true;
    first->ending = RUNS_OUT;
    first->deadline_ms = 0;
    first->endless = false;
    first->unordered = false;
    first->work = 0;
    if (first->emit_most > 300)
        first->emit_most = 300;
    c->n = first->n;
    c->item_size = first->result_size;
}

void case_draw(struct fuzz_case *c, struct fuzz_case *first, uint64_t round,
               const struct fuzz_pool *pool)
{
    struct dice d = { mix(round, 7) };

    memset(c, 0, sizeof *c);
    c->seed = dice_u64(&d);
    c->kind = (enum kind)dice_below(&d, KINDS);
    c->combine_fails_at = UINT64_MAX;
    draw_input(&d, c, !first);
    draw_output(&d, c);
    draw_habits(&d, c);
    draw_bounds(&d, c);
    if (c->input == CHAIN)
        draw_first(first, c, &d, pool);
    draw_failures(&d, c, pool->processes);
    draw_timeouts(&d, c, pool->processes);
    draw_ending(&d, c);
    settle(c, pool);
    if (c->kind == REDUCTION && !c->fails_one_in && c->n > 1 && dice_one_in(&d, 6))
        c->combine_fails_at = 1 + dice_below(&d, c->n - 1);
}

static void print(FILE *f, const struct fuzz_case *c)
{
    static const char *const kinds[] = { "map", "reduction", "stream" };
    static const char *const inputs[] = { "indices", "array", "columns",
                                          "source",  "bytes", "chain" };
    static const char *const endings[] = { "runs out", "cancelled", "deadline",
                                           "stopped",  "closed",    "struck" };
#define FIELD(field)     \
    {                    \
#field, c->field \
    }
    const struct {
        const char *name;
        uint64_t value;
    } fields[] = { FIELD(end_at),         FIELD(endless),      FIELD(item_size),
                   FIELD(result_size),    FIELD(emit_most),    FIELD(item_most),
                   FIELD(columns),        FIELD(chunk),        FIELD(window),
                   FIELD(memory_limit),   FIELD(work),         FIELD(retries),
                   FIELD(deaths),         FIELD(fails_one_in), FIELD(conducts),
                   FIELD(deadline_ms),    FIELD(timeout_ms),   FIELD(grace_ms),
                   FIELD(range),          FIELD(draws),        FIELD(scratch),
                   FIELD(nests),          FIELD(adds),         FIELD(asks),
                   FIELD(unordered),      FIELD(keep_going),   FIELD(statuses),
                   FIELD(shared_results), FIELD(progress) };
#undef FIELD
    fprintf(f, "%s of %s, %s, n %" PRIu64, kinds[c->kind], inputs[c->input],
            endings[c->ending], c->n);
    for (size_t k = 0; k < sizeof fields / sizeof *fields; k++)
        if (fields[k].value)
            fprintf(f, " %s %" PRIu64, fields[k].name, fields[k].value);
    if (c->source_fails_at != UINT64_MAX)
        fprintf(f, " source_fails_at %" PRIu64, c->source_fails_at);
    if (c->combine_fails_at != UINT64_MAX)
        fprintf(f, " combine_fails_at %" PRIu64, c->combine_fails_at);
    for (unsigned k = 0; k < c->columns; k++)
        fprintf(f, " [%" PRIu64 " x %" PRIu64 "%s%s%s]", c->column[k].n,
                c->column[k].size, c->column[k].fill ? " fill" : "",
                c->column[k].same ? " same" : "",
                c->column[k].sourced ? " source" : "");
}

char *case_describe(char *text, size_t size, uint64_t round, const struct fuzz_pool *p,
                    const struct fuzz_case *c, const struct fuzz_case *first)
{
    FILE *f = fmemopen(text, size, "w");

    fprintf(f, "CADRE_FUZZ_ROUND=0x%" PRIx64 " on %s: ", round, p->name);
    print(f, c);
    if (c->input == CHAIN) {
        fprintf(f, "; after a ");
        print(f, first);
    }
    fclose(f);
    return text;
}
