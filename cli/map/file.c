/* file.c - a file of inputs, or standard input.
 * SPDX-License-Identifier: MIT
 */
#include "cli/map/file.h"
#include "cli/base/interrupt.h"
#include "cli/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

int cdr_file_fails(const char *path, struct cdr_failure *why)
{
    char shown[CDR_SHOWN];
    const char *reason = strerror(errno);

    if (strcmp(path, "-") == 0)
        return cdr_fails(why, CDR_EXIT_INPUT, "cannot read standard input: %s", reason);
    return cdr_fails(why, CDR_EXIT_INPUT, "cannot read %s: %s", cdr_quote(shown, path),
                     reason);
}

int cdr_file_open(int *fd, const char *path, struct cdr_failure *why)
{
    *fd = strcmp(path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
                                 : open(path, O_RDONLY | O_CLOEXEC);
    if (*fd >= 0)
        return 0;
    return cdr_interrupted() ? cdr_fails_interrupted(why) : cdr_file_fails(path, why);
}
