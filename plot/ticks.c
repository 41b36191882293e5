/* ticks.c - where an axis has its ticks, and what stands at them.
 * SPDX-License-Identifier: MIT
 */
#include "plot/ticks.h"
#include "plot/number.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define FINER_MAX    6 /* steps to try until there are two ticks */
#define DIGITS_MAX   5 /* of a label; more go into the note */
#define DECIMALS_MAX 5
#define LARGE        1e6
#define NEAR         1e-9 /* of a step: rounding errors */

/* ---- linear ---- */

/* 1, 2 or 5 times a power of ten, no less than `least`. */
static double round_step(double least)
{
    double power = pow(10, floor(log10(least)));
    double digits = least / power - NEAR; /* 2 may have come out a little more */

    return power * (digits <= 1 ? 1 : digits <= 2 ? 2 : digits <= 5 ? 5 : 10);
}

static void put_ticks(struct cdr_ticks *t, double step, double first, double last)
{
    double k = ceil(first / step - NEAR);

    for (t->n = 0; t->n < CDR_TICKS_MAX; k++) {
        double value = k * step;

        if (!(value <= last + NEAR * step))
            return;
        t->at[t->n++] = value == 0 ? 0 : value; /* no minus zero */
    }
}

/* The leading digits that all ticks share, as a value; 0: too few to be worth a note. */
static double shared_offset(const struct cdr_ticks *t, double step)
{
    double low = t->at[0], high = t->at[t->n - 1], unit;
    int digits = cdr_number_exponent(fmax(fabs(low), fabs(high))) -
                 cdr_number_exponent(step) + 1;

    if (digits <= DIGITS_MAX || (low <= 0 && high >= 0))
        return 0;
    unit = pow(10, cdr_number_exponent(high - low) + 1);
    return low > 0 ? unit * floor(low / unit + NEAR) : unit * ceil(high / unit - NEAR);
}

static void write_note(struct cdr_ticks *t, int exponent, double offset)
{
    char power[40] = "", number[60];
    int used = 0;

    if (exponent != 0)
        used = snprintf(t->note, sizeof t->note, "\u00d7%s",
                        cdr_number_power(power, sizeof power, exponent));
    if (offset != 0)
        snprintf(t->note + used, sizeof t->note - (size_t)used, "%s%s %s",
                 used > 0 ? " " : "", offset < 0 ? "\u2212" : "+",
                 cdr_number_short(number, sizeof number, fabs(offset)));
}

static void write_labels(struct cdr_ticks *t, double step)
{
    double offset = shared_offset(t, step), most;
    int exponent = 0, digit = cdr_number_exponent(step);

    most = fmax(fabs(t->at[0] - offset), fabs(t->at[t->n - 1] - offset));
    if (-digit > DECIMALS_MAX || most >= LARGE)
        exponent = cdr_number_exponent(most * (1 + NEAR));
    for (size_t i = 0; i < t->n; i++)
        cdr_number_fixed(t->label[i], sizeof t->label[i],
                         cdr_number_scale(t->at[i] - offset, exponent),
                         exponent > digit ? exponent - digit : 0);
    write_note(t, exponent, offset);
}

void cdr_ticks_linear(struct cdr_ticks *ticks, double low, double high, double first,
                      double last, int wanted)
{
    double step = round_step((high - low) / wanted);

    *ticks = (struct cdr_ticks){ 0 };
    put_ticks(ticks, step, first, last);
    /* One tick shows no scale: 5 to 2, 2 to 1, 1 to 0.5. */
    for (int i = 0; i < FINER_MAX && ticks->n < 2; i++) {
        step = round_step(0.4 * step);
        put_ticks(ticks, step, first, last);
    }
    if (ticks->n > 0)
        write_labels(ticks, step);
}

/* ---- logarithmic ---- */

static double power_of_ten(int exponent)
{
    return (double)powl(10, exponent);
}

static bool within(double value, double low, double high)
{
    return value >= low * (1 - NEAR) && value <= high * (1 + NEAR);
}

static void add_minor(struct cdr_ticks *t, double value, double low, double high)
{
    if (within(value, low, high) && t->n_minor < CDR_MINOR_MAX)
        t->minor[t->n_minor++] = value;
}

/* Powers of ten, every `stride`-th with a label; between neighbours 2 to 9, or the powers
 * that are left out. */
static void put_decades(struct cdr_ticks *t, double low, double high, int from, int to,
                        int stride)
{
    bool plain = from >= -4 && to <= 5;

    for (int e = from - 1; e <= to; e++) {
        double value = power_of_ten(e);
        bool labelled = ((e % stride) + stride) % stride == 0;

        for (int digit = 2; digit < 10 && stride == 1; digit++)
            add_minor(t, digit * value, low, high);
        if (!within(value, low, high))
            continue;
        if (!labelled || t->n == CDR_TICKS_MAX) {
            add_minor(t, value, low, high);
            continue;
        }
        t->at[t->n] = value;
        if (plain)
            cdr_number_fixed(t->label[t->n], sizeof t->label[0], value, e < 0 ? -e : 0);
        else
            cdr_number_power(t->label[t->n], sizeof t->label[0], e);
        t->n++;
    }
}

/* Less than two decades: 1, 2 and 5 have labels, too. */
static void put_digits(struct cdr_ticks *t, double low, double high)
{
    for (int e = cdr_number_exponent(low); e <= cdr_number_exponent(high); e++)
        for (int digit = 1; digit < 10; digit++) {
            double value = digit * power_of_ten(e);

            if (digit != 1 && digit != 2 && digit != 5) {
                add_minor(t, value, low, high);
            } else if (within(value, low, high) && t->n < CDR_TICKS_MAX) {
                t->at[t->n] = value;
                cdr_number_short(t->label[t->n], sizeof t->label[0], value);
                t->n++;
            }
        }
}

void cdr_ticks_log(struct cdr_ticks *ticks, double low, double high, int wanted)
{
    int from = cdr_number_exponent(low), to = cdr_number_exponent(high * (1 + NEAR));
    int decades;

    from += power_of_ten(from) < low * (1 - NEAR);
    decades = to - from + 1;
    *ticks = (struct cdr_ticks){ 0 };
    if (decades >= 3 || (decades == 2 && wanted < 4)) {
        put_decades(ticks, low, high, from, to, (decades + wanted - 1) / wanted);
    } else {
        put_digits(ticks, low, high);
    }
    if (ticks->n < 2) /* a fraction of a decade */
        cdr_ticks_linear(ticks, low, high, low, high, wanted);
}
