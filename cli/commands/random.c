/* random.c - cadre random: the values of a random stream, one a line.
 * SPDX-License-Identifier: MIT
 */
#include "cli/commands/command.h"
#include "cli/base/interrupt.h"
#include "cli/output/digits.h"
#include "cli/output/output.h"
#include "cli/base/text.h"

#include <cadre/random.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum draw { U64, U32, DOUBLE, NORMAL, INTEGERS };
enum generator { PCG64, PHILOX };

#define LOOK_UP 65536 /* values between two looks at signals and the output */

struct settings {
    const char *seed;
    struct cdr_texts entropy;
    struct cdr_texts spawn_key;
    const char *item;
    int draw;
    const char *below;
    uint64_t count;
    int generator;
};

#define AT(field) offsetof(struct settings, field)

static const struct cdr_option stream_options[] = {
    { .kind = CDR_TEXT,
      .name = "seed",
      .value = "S",
      .offset = AT(seed),
      .help = "the job's seed, 0 to 2^64 - 1, decimal or 0x... [0]" },
    { .kind = CDR_LIST,
      .name = "entropy",
      .value = "N",
      .offset = AT(entropy),
      .help =
          "instead of --seed: an integer of any length, decimal or 0x...; a list, "
          "separated by commas or given one by one, is what NumPy takes as a list" },
    { .kind = CDR_LIST,
      .name = "spawn-key",
      .value = "K",
      .offset = AT(spawn_key),
      .help = "the spawn key, separated by commas or given one by one" },
    { .kind = CDR_TEXT,
      .name = "item",
      .value = "I",
      .offset = AT(item),
      .help =
          "the stream of item I of a job with that seed: appends I to the spawn key" },
    { .kind = CDR_WORD,
      .name = "generator",
      .value = "pcg64|philox",
      .offset = AT(generator),
      .initial = "pcg64",
      .help = "the generator that the seed starts" },
    { .kind = CDR_END },
};

static const struct cdr_option value_options[] = {
    { .kind = CDR_WORD,
      .name = "draw",
      .value = "u64|u32|double|normal|integers",
      .offset = AT(draw),
      .initial = "u64",
      .help = "what to draw: words, doubles in [0, 1), standard normals (cadre's own, "
              "by inversion) or integers below N" },
    { .kind = CDR_TEXT,
      .name = "below",
      .value = "N",
      .offset = AT(below),
      .help = "the bound of --draw integers, itself excluded" },
    { .kind = CDR_COUNT,
      .letter = 'n',
      .name = "count",
      .value = "K",
      .offset = AT(count),
      .initial = "1",
      .help = "how many" },
    { .kind = CDR_END },
};

static const struct cdr_group groups[] = {
    { "Stream", stream_options, 0 },
    { "Values", value_options, 0 },
    { .title = NULL },
};

/* ---- the seed sequence ---- */

struct words {
    uint32_t *at;
    size_t n;
};

static int wrong(struct cdr_failure *why, const char *option, const char *text,
                 const char *expected)
{
    char shown[CDR_SHOWN];

    return cdr_fails(why, CDR_EXIT_USAGE, "--%s is %s: expected %s", option,
                     cdr_quote(shown, text), expected);
}

static int append_entropy(void *to, const char *text, struct cdr_failure *why)
{
    struct words *words = to;
    size_t n = cadre_seed_parse(NULL, 0, text);
    uint32_t *more;

    if (n == 0)
        return wrong(why, "entropy", text,
                     "whole numbers that are not negative, of at most 10 000 digits");
    more = reallocarray(words->at, words->n + n, sizeof *more);
    if (!more)
        return cdr_fails_memory(why);
    words->at = more;
    cadre_seed_parse(words->at + words->n, n, text);
    words->n += n;
    return 0;
}

static int append_key(void *to, const char *text, struct cdr_failure *why)
{
    cadre_seed *seed = to;
    uint64_t key;

    if (!cdr_parse_count(&key, text))
        return wrong(why, "spawn-key", text, "whole numbers from 0 to 2^64 - 1");
    *seed = cadre_seed_child(seed, key);
    return 0;
}

/* Each element of the lists, which commas separate. */
static int each(const struct cdr_texts *lists, void *to,
                int (*take)(void *to, const char *text, struct cdr_failure *why),
                struct cdr_failure *why)
{
    int rc = 0;

    for (size_t i = 0; i < lists->n && rc == 0; i++) {
        char *copy = strdup(lists->at[i]), *next = copy, *text;

        if (!copy)
            return cdr_fails_memory(why);
        while (rc == 0 && (text = strsep(&next, ",")))
            rc = take(to, text, why);
        free(copy);
    }
    return rc;
}

static int seed_from_entropy(cadre_seed *seed, const struct cdr_texts *entropy,
                             struct cdr_failure *why)
{
    struct words words = { 0 };
    int rc = each(entropy, &words, append_entropy, why);

    if (!rc)
        cadre_seed_init_words(seed, words.at, words.n, 0); /* 0 is a good pool size */
    free(words.at);
    return rc;
}

static int make_seed(cadre_seed *seed, const struct settings *set,
                     struct cdr_failure *why)
{
    uint64_t number = 0;
    int rc;

    if (set->seed && set->entropy.n > 0)
        return cdr_fails(why, CDR_EXIT_USAGE,
                         "--seed and --entropy exclude each other");
    if (set->seed && !cdr_parse_count(&number, set->seed))
        return wrong(why, "seed", set->seed,
                     "a whole number from 0 to 2^64 - 1 (--entropy takes larger ones)");
    if (set->entropy.n > 0) {
        rc = seed_from_entropy(seed, &set->entropy, why);
        if (rc)
            return rc;
    } else {
        cadre_seed_init(seed, number);
    }
    rc = each(&set->spawn_key, seed, append_key, why);
    if (rc || !set->item)
        return rc;
    if (!cdr_parse_count(&number, set->item))
        return wrong(why, "item", set->item, "a whole number from 0 to 2^64 - 1");
    *seed = cadre_seed_child(seed, number);
    return 0;
}

/* ---- the values ---- */

static int make_bound(uint64_t *below, const struct settings *set,
                      struct cdr_failure *why)
{
    *below = 0;
    if (set->draw != INTEGERS)
        return set->below ? cdr_fails(why, CDR_EXIT_USAGE,
                                      "--below is for --draw integers only")
                          : 0;
    if (!set->below)
        return cdr_fails(why, CDR_EXIT_USAGE, "--draw integers needs --below N");
    if (!cdr_parse_count(below, set->below) || *below == 0)
        return wrong(why, "below", set->below, "a whole number from 1 to 2^64 - 1");
    return 0;
}

static void print_one(cadre_rng *rng, int draw, uint64_t below)
{
    char room[CDR_DIGITS_ROOM];

    switch (draw) {
    case U64: printf("%" PRIu64 "\n", cadre_rng_u64(rng)); break;
    case U32: printf("%" PRIu32 "\n", cadre_rng_u32(rng)); break;
    case DOUBLE: puts(cdr_digits_shortest(room, cadre_rng_uniform(rng))); break;
    case NORMAL: puts(cdr_digits_shortest(room, cadre_rng_normal(rng))); break;
    default: printf("%" PRIu64 "\n", cadre_rng_below(rng, below)); break;
    }
}

static int print_all(cadre_rng *rng, const struct settings *set, uint64_t below,
                     struct cdr_failure *why)
{
    for (uint64_t i = 0; i < set->count; i++) {
        print_one(rng, set->draw, below);
        if (i % LOOK_UP != LOOK_UP - 1)
            continue;
        if (cdr_interrupted())
            return cdr_fails_interrupted(why);
        if (cdr_output_flush_standard(why))
            return why->code;
    }
    return cdr_output_flush_standard(why);
}

static int run(const void *settings, struct cdr_failure *why)
{
    const struct settings *set = settings;
    cadre_seed seed;
    cadre_rng rng;
    uint64_t below;
    int rc = make_bound(&below, set, why);

    if (!rc)
        rc = make_seed(&seed, set, why);
    if (rc)
        return rc;
    if (set->generator == PHILOX)
        cadre_rng_init_philox(&rng, &seed);
    else
        cadre_rng_init(&rng, &seed);
    return print_all(&rng, set, below, why);
}

const struct cdr_command cdr_cmd_random = {
    .name = "random",
    .summary = "the values of a random stream",
    .about =
        "Print values of the random stream that a seed and an item name, one a line, "
        "the same on every machine. Streams are NumPy's: --seed S is "
        "default_rng(S), --seed S --item I is SeedSequence(S).spawn(I + 1)[I], what "
        "item I of a job with that seed gets. Doubles have the digits that "
        "read back as the same double.",
    .synopsis = "random [--seed S] [--item I] [--draw KIND] [--count K] [options]",
    .groups = groups,
    .settings_size = sizeof(struct settings),
    .run = run,
};
