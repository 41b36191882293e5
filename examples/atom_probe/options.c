/* options.c - the options, from one table: parsing, and --help.
 * SPDX-License-Identifier: MIT
 */
#include "failure.h"
#include "program.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum kind {
    FLAG,
    COUNT,  /* a whole number above 0 */
    SIGNED, /* any whole number */
    NUMBER, /* above 0 */
    SIZE,   /* bytes, with K, M or G */
    RANGE,  /* two numbers, LOW:HIGH */
    WORD,   /* one of those in `value` */
    TEXT
};

enum {
    GEN = 1,
    RECOVER = 2,
    VOLTAGE = 4,
    BOWL = 8,
    CALIBRATE = 16,
    REPORT = 32,
    ALL = 63
};

#define AT(field) offsetof(struct ap_settings, field)

static const struct option {
    const char *name, *value;
    int kind;
    size_t at;
    unsigned commands;
    const char *help;
} options[] = {
    { "backend", "auto|serial|threads|processes|persistent", WORD, AT(backend), ALL,
      "who does the work [auto]" },
    { "workers", "N", SIGNED, AT(workers), ALL,
      "how many; -1 is every CPU, -2 all but one [as many as there are CPUs]" },
    { "ions", "N", COUNT, AT(ions), GEN | VOLTAGE | BOWL | REPORT,
      "made-up ions [5000000]" },
    { "pulses", "N", COUNT, AT(pulses), GEN | RECOVER | REPORT,
      "made-up pulses of raw stops [1000000; gen: none]" },
    { "segment", "N", COUNT, AT(segment), VOLTAGE | CALIBRATE | REPORT,
      "ions in a segment [10000]" },
    { "sample", "MM", COUNT, AT(sample), BOWL | CALIBRATE | REPORT,
      "size of a detector cell [1; calibrate: 5]" },
    { "detector", "MM", NUMBER, AT(diameter), BOWL | CALIBRATE | REPORT,
      "diameter of the detector [70]" },
    { "bin", "WIDTH", NUMBER, AT(bin), VOLTAGE | BOWL | CALIBRATE | REPORT,
      "of histograms, in units of what is corrected [0.01; calibrate: 0.1 ns or 0.01 Da]" },
    { "method", "histogram|mean|median", WORD, AT(method), VOLTAGE | BOWL | CALIBRATE,
      "what the place of a peak is [histogram]; median for segments only" },
    { "rule", "fast|edges", WORD, AT(rule), VOLTAGE,
      "how bins are counted: by a product, or by comparison with their edges [fast]" },
    { "kernel", "binned|scan", WORD, AT(kernel), BOWL,
      "sort the ions by cell first, or look at all of them for each [binned]" },
    { "limit", "CM", NUMBER, AT(limit), RECOVER | REPORT,
      "hits beyond are outside of the detector [4]" },
    { "batch", "N", COUNT, AT(batch), RECOVER | REPORT, "pulses in an item [4096]" },
    { "mode", "time|mass", WORD, AT(mode), CALIBRATE,
      "what is corrected: the time of flight, or the mass, by the bowl first [time]" },
    { "rounds", "N", COUNT, AT(rounds), CALIBRATE,
      "of voltage and bowl, each better for the one before; up to 6 [2]" },
    { "peak", "LOW:HIGH", RANGE, AT(low), CALIBRATE,
      "the window of the peak that is calibrated with [around the highest]" },
    { "mass", "DA", NUMBER, AT(mass), CALIBRATE,
      "what that peak is: then every ion gets its mass from its time of flight" },
    { "flight", "MM", NUMBER, AT(flight), CALIBRATE,
      "from the specimen to the middle of the detector [110]" },
    { "voltage-pulses", NULL, FLAG, AT(voltage_pulses), CALIBRATE,
      "ions also have 0.7 of the pulse's voltage" },
    { "memory", "SIZE", SIZE, AT(memory), CALIBRATE,
      "what may be used beside what the program takes to begin with, such as 200M [1G]" },
    { "read", "mapped|streamed", WORD, AT(read), CALIBRATE,
      "workers map their chunks, or the first thread reads them [mapped; HDF5: streamed]" },
    { "torn", "refuse|keep", WORD, AT(torn), CALIBRATE,
      "when the last record is not whole: fail, or take those before it [refuse]" },
    { "scratch", "FOLDER", TEXT, AT(scratch), CALIBRATE,
      "where what memory does not hold goes meanwhile [where the output goes]" },
    { "format", "epos|hdf5", WORD, AT(format), CALIBRATE,
      "of the input [as its name ends]" },
    { "out-format", "epos|pos|hdf5", WORD, AT(out_format), CALIBRATE | GEN,
      "of the output [as its name ends]" },
    { "plots", "FOLDER", TEXT, AT(plots), CALIBRATE,
      "draw peak, bowl, voltage curve and spectrum into it" },
    { "out", "FILE", TEXT, AT(out), RECOVER | VOLTAGE | BOWL,
      "the results, as CSV [only their sums]" },
    { "repetitions", "N", COUNT, AT(repetitions), REPORT,
      "of each measurement, of which the best counts [3]" },
    { "scan", NULL, FLAG, AT(scan), REPORT,
      "also the bowl by scan, which takes a minute for 5 million ions" },
    { "figures", NULL, FLAG, AT(figures), REPORT, "as lines of name, value and unit" },
    { "quiet", NULL, FLAG, AT(quiet), ALL, "say nothing on the way" },
    { "help", NULL, FLAG, AT(help), ALL, "show this help and exit" },
};

static unsigned bit_of(const struct ap_command *command)
{
    return 1u << (command - ap_commands);
}

/* ---- values ---- */

static int bad(const struct option *o, const char *text, const char *expected,
               cadre_error *err)
{
    return ap_fail(err, CADRE_EINVAL, "--%s is \"%s\": expected %s", o->name, text,
                   expected);
}

static int whole(const struct option *o, const char *text, int64_t least, int64_t *out,
                 cadre_error *err)
{
    char *end;

    errno = 0;
    *out = strtoll(text, &end, 10);
    if (errno || end == text || *end || *out < least)
        return bad(o, text, least > 0 ? "a whole number above 0" : "a whole number",
                   err);
    return CADRE_OK;
}

static bool read_number(const char *text, char **end, double *out)
{
    *out = strtod(text, end);
    return *end != text && isfinite(*out);
}

static int size(const struct option *o, const char *text, uint64_t *out,
                cadre_error *err)
{
    static const char letters[] = "KMG";
    char *end;
    double number;
    const char *letter;

    if (!read_number(text, &end, &number) || number <= 0)
        return bad(o, text, "a size such as 200M", err);
    letter = *end ? strchr(letters, *end) : NULL;
    if (*end && (!letter || end[1]))
        return bad(o, text, "a size such as 200M", err);
    for (int k = letter ? (int)(letter - letters) : -1; k >= 0; k--)
        number *= 1024;
    if (number > 1e18)
        return bad(o, text, "less than that", err);
    *out = (uint64_t)number;
    return CADRE_OK;
}

static int range(const struct option *o, const char *text, double *out,
                 cadre_error *err)
{
    char *end;

    if (!read_number(text, &end, &out[0]) || *end != ':' ||
        !read_number(end + 1, &end, &out[1]) || *end || out[0] < 0 || out[1] <= out[0])
        return bad(o, text, "two numbers, the lower first, such as 500:700", err);
    return CADRE_OK;
}

static int word(const struct option *o, const char *text, const char **out,
                cadre_error *err)
{
    size_t n = strlen(text);
    char expected[200];

    for (const char *at = o->value; *at; at += strcspn(at, "|"), at += *at == '|')
        if (strcspn(at, "|") == n && strncmp(at, text, n) == 0) {
            *out = text;
            return CADRE_OK;
        }
    snprintf(expected, sizeof expected, "one of %s", o->value);
    return bad(o, text, expected, err);
}

static int set(struct ap_settings *s, const struct option *o, const char *text,
               cadre_error *err)
{
    void *at = (char *)s + o->at;
    char *end;

    switch (o->kind) {
    case COUNT: return whole(o, text, 1, at, err);
    case SIGNED: return whole(o, text, INT32_MIN, at, err);
    case SIZE: return size(o, text, at, err);
    case RANGE: return range(o, text, at, err);
    case WORD: return word(o, text, at, err);
    case NUMBER:
        if (!read_number(text, &end, at) || *end || *(double *)at <= 0)
            return bad(o, text, "a number above 0", err);
        return CADRE_OK;
    default: *(const char **)at = text; return CADRE_OK;
    }
}

/* ---- words ---- */

static const struct option *find(const struct ap_command *command, const char *name,
                                 size_t n)
{
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        if ((options[i].commands & bit_of(command)) && strlen(options[i].name) == n &&
            strncmp(options[i].name, name, n) == 0)
            return &options[i];
    return NULL;
}

/* --name value, or --name=value. Moves on *words past a value. */
static int option(struct ap_settings *s, const struct ap_command *command,
                  const char *const **words, cadre_error *err)
{
    const char *name = **words + 2, *equals = strchr(name, '=');
    size_t n = equals ? (size_t)(equals - name) : strlen(name);
    const struct option *o = find(command, name, n);

    if (!o)
        return ap_fail(err, CADRE_EINVAL,
                       "%s has no option --%.*s; see atom-probe %s "
                       "--help",
                       command->name, (int)n, name, command->name);
    if (o->kind == FLAG && equals)
        return ap_fail(err, CADRE_EINVAL, "--%s takes no value", o->name);
    if (o->kind == FLAG) {
        *(bool *)((char *)s + o->at) = true;
        return CADRE_OK;
    }
    if (!equals && !*++*words)
        return ap_fail(err, CADRE_EINVAL, "--%s needs a value: %s", o->name, o->value);
    return set(s, o, equals ? equals + 1 : **words, err);
}

int ap_options_parse(struct ap_settings *s, const struct ap_command *command,
                     const char *const *words, cadre_error *err)
{
    int rc = CADRE_OK;

    for (; rc == CADRE_OK && *words; words++) {
        if (strcmp(*words, "-h") == 0)
            s->help = true;
        else if (strncmp(*words, "--", 2) == 0 && (*words)[2])
            rc = option(s, command, &words, err);
        else if (s->operands == command->most)
            rc = ap_fail(err, CADRE_EINVAL, "%s: \"%s\" is one argument too many",
                         command->name, *words);
        else
            s->operand[s->operands++] = *words;
        if (!*words)
            break;
    }
    if (rc == CADRE_OK && !s->help && s->operands < command->least)
        rc = ap_fail(err, CADRE_EINVAL, "%s needs %s; see atom-probe %s --help",
                     command->name, command->operands, command->name);
    return rc;
}

/* ---- help ---- */

static void wrap(FILE *out, const char *text, int column)
{
    int at = column;

    while (*text) {
        int n = (int)strcspn(text, " ");

        if (at > column && at + 1 + n > 79) {
            fprintf(out, "\n%*s", column, "");
            at = column;
        } else if (at > column) {
            fputc(' ', out);
            at++;
        }
        fprintf(out, "%.*s", n, text);
        at += n;
        text += n + (text[n] == ' ');
    }
    fputc('\n', out);
}

void ap_options_help(FILE *out, const struct ap_command *command)
{
    fprintf(out, "usage: atom-probe %s %s%s[options]\n\n", command->name,
            command->operands, *command->operands ? " " : "");
    wrap(out, command->about, 0);
    fputs("\nOptions:\n", out);
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        const struct option *o = &options[i];
        char name[80];

        if (!(o->commands & bit_of(command)))
            continue;
        snprintf(name, sizeof name, "--%s%s%s", o->name, o->value ? " " : "",
                 o->value ? o->value : "");
        if (strlen(name) > 22)
            fprintf(out, "  %s\n%26s", name, "");
        else
            fprintf(out, "  %-24s", name);
        wrap(out, o->help, 26);
    }
}
