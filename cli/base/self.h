/* self.h - the program as it was started, for who hands it over to another one.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_SELF_H
#define CDR_CLI_SELF_H

/* Once, from main, before anything else. */
void cdr_self_set(char **argv);

/* Become the program of this name, with the same arguments: where programs that cadre
 * runs are installed, or beside this one. Comes back only if that fails: why, as errno has
 * it. */
int cdr_self_exec(const char *name);

#endif
