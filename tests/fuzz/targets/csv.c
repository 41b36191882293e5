/* csv.c - any bytes are data, or an error that says what is wrong with them.
 * SPDX-License-Identifier: MIT
 *
 * Byte 0: how the file is to be read. The rest is the file.
 */
#include "target.h"
#include "cli/data/data.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const char *const names[] = { "x", "z" };

static struct cdr_wanted wanted_of(uint8_t how)
{
    static const char delimiters[] = { 0, ',', ';', '\t' };
    struct cdr_wanted wanted = { .label = "y",
                                 .scores = names,
                                 .n_scores = 2,
                                 .delimiter = delimiters[how & 3],
                                 .comment = how & 4 ? '#' : 0,
                                 .decimal = how & 8 ? ',' : 0,
                                 .positive = how & 16 ? "yes" : NULL,
                                 .every_score = how & 32,
                                 .against_rest = how & 64 && how & 16 };

    if (how & 128) {
        wanted.extra[CDR_WEIGHT] = "w";
        wanted.extra[CDR_BY] = "g";
    }
    return wanted;
}

static void check(const struct cdr_data *data, const struct cdr_wanted *wanted)
{
    size_t positives = 0;

    HOLDS(data->rows > 0);
    for (size_t i = 0; i < data->rows; i++) {
        HOLDS(data->labels[i] <= 1);
        positives += data->labels[i];
    }
    HOLDS(positives == data->positives);
    HOLDS(wanted->every_score || data->n_scores == wanted->n_scores);
    for (size_t c = 0; c < data->n_scores; c++) {
        HOLDS(data->scores[c].name && data->scores[c].values);
        for (size_t i = 0; i < data->rows; i++) /* no NaN, no infinity */
            HOLDS(data->scores[c].values[i] - data->scores[c].values[i] == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cdr_failure why = { 0 };
    struct cdr_wanted wanted;
    struct cdr_data read;
    char path[40];
    int fd, rc;

    if (size < 1)
        return 0;
    wanted = wanted_of(data[0]);
    fd = memfd_create("scores", 0);
    HOLDS(fd >= 0 && write(fd, data + 1, size - 1) == (ssize_t)(size - 1));
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    rc = cdr_data_read(&read, path, &wanted, &why);
    if (rc == 0) {
        check(&read, &wanted);
        cdr_data_free(&read);
    } else {
        HOLDS(rc == why.code && why.text[0]);
    }
    why = (struct cdr_failure){ 0 };
    if (cdr_data_read_header(&read, path, &wanted, &why) == 0)
        cdr_data_free(&read);
    else
        HOLDS(rc && why.text[0]); /* what has no header has no data either */
    close(fd);
    return 0;
}
