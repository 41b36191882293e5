/* settings.h - the options of cadre map, as they are typed.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_MAP_SETTINGS_H
#define CDR_CLI_MAP_SETTINGS_H

#include "cli/options/options.h"

struct cdr_input_options {
    struct cdr_texts files; /* -a */
    bool null;
    const char *delimiter;
    const char *colsep;
    const char *header;
    bool link;
    int trim; /* an enum cdr_trim + 1; 0: not given */
    bool no_run_if_empty;
    const char *eof;
    bool shuffle;
};

struct cdr_pipe_options {
    bool pipe, part;
    const char *block, *records, *start, *end;
};

struct cdr_command_options {
    bool shell, quote;
    bool context, many; /* -X, -m */
    const char *max_args, *replace_args, *max_lines, *max_chars;
    const char *replace; /* instead of {} */
    const char *directory, *nice;
    struct cdr_texts env;
};

struct cdr_run_options {
    const char *jobs, *max_procs;
    const char *retries, *timeout, *term_sequence, *halt, *delay, *memory, *load;
    bool dry_run;
    const char *journal, *seed;
    bool resume, resume_failed, retry_failed;
    uint64_t window;
};

struct cdr_output_options {
    bool keep_order, group, unordered, line_buffer, ungroup, tag, verbose, trace;
    const char *tag_string, *joblog, *results, *temporary;
    bool status;
    const char *status_file;
    bool bar, eta, no_summary, will_cite;
};

struct cdr_map_settings {
    struct cdr_texts words; /* the command, its arguments, and ::: with what follows */
    struct cdr_input_options input;
    struct cdr_pipe_options pipe;
    struct cdr_command_options command;
    struct cdr_run_options run;
    struct cdr_output_options output;
};

extern const struct cdr_group cdr_map_groups[];

#endif
