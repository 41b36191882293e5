/* pool_options.c - the options that say who runs the tasks, and the pool they make.
 * SPDX-License-Identifier: MIT
 */
#include "cli/options/pool_options.h"
#include "cli/base/interrupt.h"
#include "cli/base/text.h"
#include "cli/options/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BACKENDS "auto|serial|threads|processes"

#define AT(field) offsetof(struct cdr_pool_options, field)

const struct cdr_option cdr_pool_option_table[] = {
    { .kind = CDR_WORKERS,
      .letter = 'w',
      .name = "workers",
      .value = "W",
      .offset = AT(workers),
      .initial = "auto",
      .usual = "auto|all",
      .help =
          "how many run at a time: auto, all CPUs, N, or -N for all CPUs but N - 1; "
          "results do not depend on it" },
    { .kind = CDR_TEXT,
      .name = "backend",
      .value = "B",
      .offset = AT(backend),
      .usual = BACKENDS,
      .help = "kind of workers: auto, serial, threads or processes [auto]" },
    { .kind = CDR_FLAG,
      .name = "oversubscribe",
      .offset = AT(oversubscribe),
      .help = "allow more workers than there are CPUs" },
    { .kind = CDR_END },
};

/* The library names the backends that there are; add the one that was meant. */
static void add_hint(struct cdr_failure *why, const char *name)
{
    const char *override = getenv("CADRE_BACKEND");
    static const char unknown[] = "no backend called ";
    const char *words[CDR_WORDS_MAX], *near;
    char room[CDR_WORDS_ROOM];
    size_t n = cdr_words_split(words, room, BACKENDS), used = strlen(why->text);

    name = override ? override : name;
    if (!name || strncmp(why->text, unknown, sizeof unknown - 1) != 0)
        return;
    near = cdr_nearest(name, words, n);
    if (near)
        snprintf(why->text + used, sizeof why->text - used, "; did you mean %s?", near);
}

int cdr_pool_options_open(cadre_pool **pool, const struct cdr_pool_options *set,
                          const char *command, struct cdr_progress *progress,
                          struct cdr_failure *why)
{
    cadre_options options = { .backend = set->backend,
                              .workers = set->workers,
                              .oversubscribe = set->oversubscribe,
                              .name = command,
                              .log = cdr_progress_log,
                              .log_arg = progress };
    cadre_error err;
    int rc = cadre_open(pool, &options, &err);

    if (rc) {
        cdr_fails_in_library(why, NULL, &err);
        add_hint(why, set->backend);
        return why->code = rc == CADRE_EINVAL ? CDR_EXIT_USAGE : CDR_EXIT_FAILED;
    }
    progress->pool = *pool;
    cdr_interrupt_watch(*pool);
    return 0;
}

void cdr_pool_options_close(cadre_pool *pool)
{
    cdr_interrupt_watch(NULL);
    cadre_close(pool);
}
