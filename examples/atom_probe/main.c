/* main.c - atom-probe: calibrate atom probe data on every CPU, and measure what that brings.
 * SPDX-License-Identifier: MIT
 *
 * To be read in this order:
 *
 *   events.c, stops.c    made-up data, the same bits anywhere
 *   numbers.c, peak.c    what an item's kernel computes
 *   voltage.c            items that are pieces of an array, results of one size
 *   recover.c            batches of small items, results of any size
 *   scan.c, bowl.c       few long items; sorting in parallel and many short ones
 *   pass.c, calibrate.c  a file larger than memory, through an ordered stream
 *   report.c             what it takes on one CPU, and on several
 *
 * Results go to standard output; everything on the way goes to standard error and begins
 * with "atom-probe: ".
 */
#include "program.h"

#include <errno.h>
#include <string.h>

const struct ap_command ap_commands[] = {
    { "gen", "FILE", "make a file of made-up ions",
      "Make a specimen of aluminium, the same bytes on any machine, as an EPOS or HDF5 file "
      "(FILE ends with .epos or .h5). An HDF5 file gets raw stops too, if --pulses says how "
      "many.",
      1, 1, ap_cmd_gen },
    { "recover", "[FILE.h5]", "hits from raw stops of the delay lines",
      "Put together hits from raw stops, pulse by pulse: made-up ones, or those of an HDF5 "
      "file.",
      0, 1, ap_cmd_recover },
    { "voltage", "", "the voltage stage on one made-up peak",
      "Find the peak in each segment of consecutive ions, and the curve through them.",
      0, 0, ap_cmd_voltage },
    { "bowl", "", "the bowl stage on one made-up peak",
      "Find the peak in each cell of the detector, and the surface through them.", 0, 0,
      ap_cmd_bowl },
    { "calibrate", "IN [OUT]", "calibrate a file, in bounded memory",
      "Find the corrections that IN needs (EPOS or HDF5; - is an EPOS file on standard "
      "input), and write it with them to OUT (EPOS, POS or HDF5). IN may be larger than "
      "memory. OUT is there when it is complete, and not before.",
      1, 2, ap_cmd_calibrate },
    { "report", "", "measure every stage on one CPU and on several",
      "Measure each stage on made-up data: the plain loop, threads and processes, and "
      "whether all give the same bytes.",
      0, 0, ap_cmd_report },
    { 0 },
};

static void help(FILE *out)
{
    fputs("usage: atom-probe COMMAND [options]\n\n"
          "Atom probe calibration on every CPU: a worked example of cadre.\n\n"
          "Commands:\n",
          out);
    for (const struct ap_command *c = ap_commands; c->name; c++)
        fprintf(out, "  %-12s%s\n", c->name, c->summary);
    fputs("\natom-probe COMMAND --help says all about a command.\n", out);
}

static const struct ap_command *find(const char *name)
{
    for (const struct ap_command *c = ap_commands; c->name; c++)
        if (strcmp(c->name, name) == 0)
            return c;
    return NULL;
}

static int say(const cadre_error *err, int code)
{
    ap_progress_end();
    fprintf(stderr, "atom-probe: %s\n", err->message);
    return code;
}

static int exit_of(int rc, const cadre_error *err)
{
    if (rc == CADRE_OK)
        return AP_EXIT_OK;
    if (ap_interrupted()) {
        ap_progress_end();
        fputs("atom-probe: interrupted\n", stderr);
        return AP_EXIT_SIGNAL + ap_interrupted();
    }
    return say(err, rc == CADRE_EDATA ? AP_EXIT_INPUT : AP_EXIT_FAILED);
}

static int run(const struct ap_command *command, const char *const *words)
{
    struct ap_settings s = { 0 };
    cadre_error err = { 0 };
    int code;

    if (ap_options_parse(&s, command, words, &err))
        return say(&err, AP_EXIT_USAGE);
    if (s.help) {
        ap_options_help(stdout, command);
        return AP_EXIT_OK;
    }
    code = exit_of(command->run(&s, &err), &err);
    ap_progress_end();
    return code;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";
    const struct ap_command *command = find(name);
    int code;

    ap_interrupt_install();
    if (command) {
        code = run(command, (const char *const *)argv + 2);
    } else if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        help(stdout);
        code = AP_EXIT_OK;
    } else {
        if (*name)
            fprintf(stderr, "atom-probe: no command is called \"%s\"\n\n", name);
        help(stderr);
        return AP_EXIT_USAGE;
    }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        if (errno != EPIPE)
            fprintf(stderr, "atom-probe: cannot write standard output: %s\n",
                    strerror(errno));
        code = code ? code : AP_EXIT_FAILED;
    }
    return code;
}
