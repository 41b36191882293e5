/* event.c - one ion of a file, and how each kind of file has it.
 * SPDX-License-Identifier: MIT
 */
#include "event.h"
#include "failure.h"

#include <math.h>
#include <string.h>
#include <strings.h>

#define EPOS_WORDS 11
#define POS_WORDS  4

const char *const ap_format_name[] = { "EPOS", "POS", "HDF5" };

int ap_format_of(int *format, const char *path, cadre_error *err)
{
    static const struct {
        const char *end;
        int format;
    } ends[] = { { ".epos", AP_EPOS },
                 { ".pos", AP_POS },
                 { ".h5", AP_HDF5 },
                 { ".hdf5", AP_HDF5 } };
    size_t n = strlen(path);

    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        size_t m = strlen(ends[i].end);

        if (n > m && strcasecmp(path + n - m, ends[i].end) == 0) {
            *format = ends[i].format;
            return CADRE_OK;
        }
    }
    return ap_fail(
        err, CADRE_EINVAL,
        "%s: the name says no format; it has to end with .epos, .pos, .h5 or "
        ".hdf5, or --format has to say it",
        path);
}

size_t ap_record_size(int format)
{
    static const size_t size[] = { 4 * EPOS_WORDS, 4 * POS_WORDS,
                                   sizeof(struct ap_event) };

    return size[format];
}

/* ---- big-endian words ---- */

static uint32_t word_at(const unsigned char *b, size_t k)
{
    b += 4 * k;
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static float float_at(const unsigned char *b, size_t k)
{
    uint32_t word = word_at(b, k);
    float f;

    memcpy(&f, &word, sizeof f);
    return f;
}

static void put_word(unsigned char *b, size_t k, uint32_t word)
{
    for (size_t i = 0; i < 4; i++)
        b[4 * k + i] = (unsigned char)(word >> (24 - 8 * i));
}

static void put_float(unsigned char *b, size_t k, double value)
{
    float f = (float)value;
    uint32_t word;

    memcpy(&word, &f, sizeof word);
    put_word(b, k, word);
}

void ap_decode(struct ap_event *e, int format, const void *record)
{
    const unsigned char *b = record;

    if (format == AP_HDF5) {
        memcpy(e, record, sizeof *e);
        return;
    }
    *e = (struct ap_event){ .place = { float_at(b, 0), float_at(b, 1), float_at(b, 2) },
                            .mc = float_at(b, 3) };
    if (format == AP_POS)
        return;
    e->t = e->t_c = float_at(b, 4);
    e->voltage = float_at(b, 5);
    e->pulse = float_at(b, 6);
    e->x = float_at(b, 7);
    e->y = float_at(b, 8);
    e->pslep = word_at(b, 9);
    e->ipp = word_at(b, 10);
}

void ap_encode(void *record, int format, const struct ap_event *e)
{
    unsigned char *b = record;

    if (format == AP_HDF5) {
        memcpy(record, e, sizeof *e);
        return;
    }
    for (size_t k = 0; k < 3; k++)
        put_float(b, k, e->place[k]);
    put_float(b, 3, e->mc);
    if (format == AP_POS)
        return;
    put_float(b, 4, e->t_c);
    put_float(b, 5, e->voltage);
    put_float(b, 6, e->pulse);
    put_float(b, 7, e->x);
    put_float(b, 8, e->y);
    put_word(b, 9, e->pslep);
    put_word(b, 10, e->ipp);
}

/* ---- what cannot be ---- */

static bool is_between(double value, double low, double high)
{
    return value >= low && value <= high; /* not if it is NaN */
}

const char *ap_event_trouble(const struct ap_event *e, bool mc, double *value)
{
    *value = mc ? e->mc : e->t;
    if (!is_between(*value, 1e-3, 1e7))
        return mc ? "the mass-to-charge ratio" : "the time of flight";
    *value = e->voltage;
    if (!is_between(*value, 1, 1e6))
        return "the voltage";
    if (isnan(e->x) && isnan(e->y))
        return NULL;
    *value = e->x;
    if (!is_between(*value, -1000, 1000))
        return "x on the detector";
    *value = e->y;
    if (!is_between(*value, -1000, 1000))
        return "y on the detector";
    return NULL;
}

bool ap_record_is_swapped(int format, const void *record, bool mc)
{
    const unsigned char *from = record;
    unsigned char swapped[4 * EPOS_WORDS];
    struct ap_event e;
    double value;

    if (format != AP_EPOS)
        return false;
    for (size_t i = 0; i < sizeof swapped; i++)
        swapped[i] = from[i / 4 * 4 + 3 - i % 4];
    ap_decode(&e, format, swapped);
    return ap_event_trouble(&e, mc, &value) == NULL;
}
