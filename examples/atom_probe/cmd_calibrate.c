/* cmd_calibrate.c - the command `calibrate`: settings, and what is said in the end.
 * SPDX-License-Identifier: MIT
 */
#include "failure.h"
#include "program.h"

#include <inttypes.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>

static bool is(const char *word, const char *name)
{
    return word && strcmp(word, name) == 0;
}

static int formats(struct ap_calibrate *c, const struct ap_settings *s,
                   cadre_error *err)
{
    int rc = CADRE_OK;

    if (s->format)
        c->in_format = is(s->format, "hdf5") ? AP_HDF5 : AP_EPOS;
    else if (!is(c->in, "-"))
        rc = ap_format_of(&c->in_format, c->in, err);
    if (rc || !c->out)
        return rc;
    if (!s->out_format)
        return ap_format_of(&c->out_format, c->out, err);
    c->out_format = is(s->out_format, "hdf5")  ? AP_HDF5
                    : is(s->out_format, "pos") ? AP_POS
                                               : AP_EPOS;
    return CADRE_OK;
}

static int settings(struct ap_calibrate *c, const struct ap_settings *s,
                    cadre_error *err)
{
    bool mc = is(s->mode, "mass");

    *c = (struct ap_calibrate){ .in = s->operand[0],
                                .out = s->operand[1],
                                .keep_whole = is(s->torn, "keep"),
                                .streamed = is(s->read, "streamed"),
                                .mc = mc,
                                .voltage_pulses = s->voltage_pulses,
                                .rounds = s->rounds ? (unsigned)s->rounds : 2,
                                .flight = s->flight > 0 ? s->flight : 110,
                                .low = s->low,
                                .high = s->high,
                                .mass = s->mass,
                                .memory = s->memory ? s->memory : (uint64_t)1 << 30,
                                .segment = s->segment ? s->segment : 10000,
                                .sample = s->sample ? (unsigned)s->sample : 5,
                                .diameter = s->diameter > 0 ? s->diameter : 70,
                                .bin = s->bin > 0 ? s->bin
                                       : mc       ? 0.01
                                                  : 0.1,
                                .method = ap_method_of(s) };
    if (mc && s->mass > 0)
        return ap_fail(
            err, CADRE_EINVAL,
            "--mass is for times of flight, and --mode mass corrects masses");
    if (s->rounds > AP_ROUNDS_MAX)
        return ap_fail(err, CADRE_EINVAL, "--rounds is %" PRIu64 ": at most %d",
                       s->rounds, AP_ROUNDS_MAX);
    return formats(c, s, err);
}

static void print_step(const struct ap_step *step)
{
    const double *c = step->c;

    if (step->kind == AP_INITIAL)
        printf("initial: mean d^2 %.12g mm^2, mean voltage %.12g V\n", c[0], c[1]);
    else if (step->kind == AP_VOLTAGE)
        printf("voltage: %.12g + %.12g V + %.12g V^2\n", c[0], c[1], c[2]);
    else
        printf("bowl: %.12g + %.12g r^2 + %.12g r^4 + %.12g x + %.12g y\n", c[0], c[1],
               c[2], c[3], c[4]);
}

static void print_result(const struct ap_calibrated *r, const struct ap_calibrate *what)
{
    printf("records: %" PRIu64 "\npartial hits: %" PRIu64 "\n", r->records, r->partial);
    for (unsigned k = 0; k < r->chain.n; k++) {
        const struct ap_stage_result *stage = &r->stage[k];

        print_step(&r->chain.step[k]);
        if (r->chain.step[k].kind != AP_INITIAL)
            printf("  from %" PRIu64 " ions between %.6g and %.6g, %" PRIu64
                   " of %" PRIu64 " %s\n",
                   stage->ions, stage->low, stage->high, stage->found, stage->items,
                   stage->kind == AP_BOWL ? "cells" : "segments");
    }
    for (int k = 0; k < 2; k++)
        printf("peak %s: at %.6g %s, %.4g wide at half its height\n",
               k ? "after" : "before", r->at[k], what->mc ? "Da" : "ns", r->width[k]);
}

static void tell(const struct ap_calibrated *r, const struct ap_calibrate *what,
                 const struct ap_settings *s)
{
    ap_progress_end();
    if (r->torn)
        fprintf(stderr,
                "atom-probe: warning: %s: record %" PRIu64
                " is torn: %zu of its %zu bytes "
                "are there; it is left out\n",
                what->in, r->records, r->torn, ap_record_size(what->in_format));
    if (!s->quiet)
        fprintf(stderr,
                "atom-probe: the peak's ions lay in %s; chunks of %" PRIu64
                " records, at most %" PRIu64 " of %" PRIu64 " at once\n",
                r->in_memory ? "memory" : "working files", r->chunk, r->most_items,
                r->window);
}

static int calibrate(const struct ap_settings *s, const struct ap_calibrate *what,
                     cadre_error *err)
{
    struct ap_calibrated *result = malloc(sizeof *result);
    static char word[] = "calibrating";
    cadre_pool *pool = NULL;
    int rc = result ? ap_pool_open(&pool, s, err) : ap_fail_memory(err, sizeof *result);

    if (rc == CADRE_OK)
        rc = ap_calibrate_run(result, pool, what, ap_progress, s->quiet ? NULL : word,
                              err);
    ap_pool_close(pool);
    if (rc == CADRE_OK) {
        tell(result, what, s);
        print_result(result, what);
        if (s->plots)
            rc = ap_plots_write(s->plots, result, what, err);
        ap_calibrated_free(result);
    }
    free(result);
    return rc;
}

int ap_cmd_calibrate(const struct ap_settings *s, cadre_error *err)
{
    struct ap_calibrate what;
    char *folder = NULL;
    int rc = settings(&what, s, err);

    if (rc)
        return rc;
    folder = strdup(what.out ? what.out : ".");
    if (!folder)
        return ap_fail_memory(err, 0);
    what.folder = s->scratch ? s->scratch : what.out ? dirname(folder) : folder;
    rc = calibrate(s, &what, err);
    free(folder);
    return rc;
}
