/* program.h - the commands, their settings, and how they end.
 * SPDX-License-Identifier: MIT
 */
#ifndef ATOM_PROBE_PROGRAM_H
#define ATOM_PROBE_PROGRAM_H

#include "calibrate.h"

enum ap_exit {
    AP_EXIT_OK = 0,
    AP_EXIT_FAILED = 1,
    AP_EXIT_INPUT = 2,  /* the data are not what they should be */
    AP_EXIT_USAGE = 64, /* EX_USAGE of sysexits.h */
    AP_EXIT_SIGNAL = 128
};

struct ap_settings {
    const char *operand[2]; /* files */
    unsigned operands;
    /* pool */
    const char *backend; /* a word of ap_backends, or NULL: auto */
    int64_t workers;
    /* data */
    uint64_t ions, pulses;
    const char *format, *out_format;
    /* stages */
    uint64_t segment, sample, batch, rounds;
    double diameter, bin, limit, flight, mass;
    double low, high;
    const char *method, *rule, *kernel, *mode;
    bool voltage_pulses;
    /* files */
    uint64_t memory;
    const char *read, *torn, *scratch, *out, *plots;
    /* report */
    uint64_t repetitions;
    bool scan, figures;
    bool quiet, help;
};

struct ap_command {
    const char *name, *operands, *summary, *about;
    unsigned least, most; /* operands */
    int (*run)(const struct ap_settings *s, cadre_error *err);
};

extern const struct ap_command ap_commands[]; /* the last has no name */

/* Fill the settings from the words after the command's name. CADRE_EINVAL: err says what is
 * wrong with them. */
int ap_options_parse(struct ap_settings *s, const struct ap_command *command,
                     const char *const *words, cadre_error *err);
void ap_options_help(FILE *out, const struct ap_command *command);

/* A pool as --backend and --workers say. Ctrl-C cancels what runs on it. */
int ap_pool_open(cadre_pool **pool, const struct ap_settings *s, cadre_error *err);
void ap_pool_close(cadre_pool *pool);
bool ap_backend_is_processes(const char *backend);

/* A pool of a kind by name: "serial" gives NULL. */
int ap_pool_of(cadre_pool **pool, const char *backend, int workers, cadre_error *err);

/* Ctrl-C, and how far it is: a cadre_progress; arg is the word for what is done now. */
void ap_interrupt_install(void);
int ap_interrupted(void); /* the signal's number; 0: none */
void ap_progress(void *arg, const cadre_counts *counts);
void ap_progress_end(void);

/* Pictures into a folder. CADRE_ENOTSUP where the program cannot draw. */
int ap_plots_write(const char *folder, const struct ap_calibrated *c,
                   const struct ap_calibrate *what, cadre_error *err);

int ap_cmd_gen(const struct ap_settings *s, cadre_error *err);
int ap_cmd_recover(const struct ap_settings *s, cadre_error *err);
int ap_cmd_voltage(const struct ap_settings *s, cadre_error *err);
int ap_cmd_bowl(const struct ap_settings *s, cadre_error *err);
int ap_cmd_calibrate(const struct ap_settings *s, cadre_error *err);
int ap_cmd_report(const struct ap_settings *s, cadre_error *err);

/* What --method, --rule and --kernel have said, as the stages take it. */
int ap_method_of(const struct ap_settings *s);
int ap_rule_of(const struct ap_settings *s);
int ap_kernel_of(const struct ap_settings *s);

#endif
