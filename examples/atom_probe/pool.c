/* pool.c - the pool that the options ask for; Ctrl-C; how far a run is.
 * SPDX-License-Identifier: MIT
 */
#include "program.h"

#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

/* Set by the handler, in whichever thread the signal reaches. */
static atomic_int caught;

/* Set by the main thread, read by the handler. */
static _Atomic(cadre_pool *) watched;

static bool shown; /* a line of progress that is to be erased; the main thread's */

static void on_signal(int number)
{
    int none = 0;

    if (!atomic_compare_exchange_strong(&caught, &none,
                                        number)) { /* the second: at once */
        const char *name = ap_output_in_use;

        if (name)
            (void)unlink(name); /* nobody is left to be told */
        _exit(AP_EXIT_SIGNAL + number);
    }
    cadre_cancel(atomic_load(&watched));
}

void ap_interrupt_install(void)
{
    static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
    struct sigaction action = { .sa_handler = on_signal }, before;

    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (sigaction(numbers[i], NULL, &before) == 0 && before.sa_handler == SIG_DFL)
            (void)sigaction(numbers[i], &action,
                            NULL); /* fails for wrong numbers only */
}

int ap_interrupted(void)
{
    return atomic_load(&caught);
}

/* What a signal between two runs cancelled was nothing: so it is said again here. */
void ap_progress(void *arg, const cadre_counts *counts)
{
    if (ap_interrupted())
        cadre_cancel(atomic_load(&watched));
    if (!arg || counts->total == 0 || !isatty(STDERR_FILENO))
        return;
    fprintf(stderr, "\ratom-probe: %s %.0f %%\033[K", (const char *)arg,
            100.0 * (double)counts->done / (double)counts->total);
    shown = true;
}

void ap_progress_end(void)
{
    if (shown)
        fputs("\r\033[K", stderr);
    shown = false;
}

bool ap_backend_is_processes(const char *backend)
{
    return backend &&
           (strcmp(backend, "processes") == 0 || strcmp(backend, "persistent") == 0);
}

static void warn(void *arg, int level, const char *text)
{
    (void)arg;
    if (level != CADRE_WARNING)
        return;
    ap_progress_end();
    fprintf(stderr, "atom-probe: warning: %s\n", text);
}

int ap_pool_of(cadre_pool **pool, const char *backend, int workers, cadre_error *err)
{
    cadre_options o = {
        .backend = backend, .workers = workers, .name = "atom-probe", .log = warn
    };

    *pool = NULL;
    if (backend && strcmp(backend, "persistent") == 0) {
        o.backend = "processes";
        o.persistent = true;
    }
    return cadre_open(pool, &o, err);
}

int ap_pool_open(cadre_pool **pool, const struct ap_settings *s, cadre_error *err)
{
    int rc = ap_pool_of(pool, s->backend, (int)s->workers, err);

    atomic_store(&watched, *pool);
    return rc;
}

void ap_pool_close(cadre_pool *pool)
{
    atomic_store(&watched, NULL);
    cadre_close(pool);
}
