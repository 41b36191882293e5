/* lines.c - the lines of a file through a kernel: in order, and in constant memory.
 * SPDX-License-Identifier: MIT
 *
 * cc lines.c $(pkg-config --cflags --libs cadre)
 * ./a.out FILE, or ./a.out < FILE
 */
#include <cadre/cadre.h>
#include <cadre/stream.h>
#include <stdio.h>

/* The line and its checksum (FNV-1a): a result of any size is emitted, in parts. */
static int sign(cadre_task *t, const void *item, void *result)
{
    const cadre_bytes *line =
        (const cadre_bytes *)item; /* without its end, and without a 0 after it */
    const unsigned char *text = (const unsigned char *)line->data;
    uint32_t sum = 2166136261;
    char front[16];

    (void)result;
    for (size_t i = 0; i < line->size; i++)
        sum = (sum ^ text[i]) * 16777619;
    snprintf(front, sizeof front, "%08lx  ", (unsigned long)sum);
    if (cadre_task_emit(t, front, 10))
        return 1;
    return cadre_task_emit(t, text, line->size);
}

int main(int argc, char **argv)
{
    cadre_job job = {
        .fn = sign,
        .item_size = CADRE_BYTES,    /* items are lines: they differ in size */
        .source = cadre_file_source, /* asked for the next line when there is room */
    };
    cadre_pool *pool = NULL;
    cadre_file *file = NULL;
    cadre_stream *s = NULL;
    cadre_record r;
    cadre_error err;
    int rc = cadre_open(&pool, NULL, &err);

    if (!rc)
        rc = cadre_file_open(&file, argc > 1 ? argv[1] : "-", 0, &err);
    job.source_arg = file;
    if (!rc)
        rc = cadre_stream_open(&s, pool, &job, &err);
    while (!rc && (rc = cadre_stream_next(s, &r, &err)) == CADRE_OK) {
        fwrite(r.data, 1, r.size, stdout);
        putchar('\n');
    }
    if (rc != CADRE_DONE)
        fprintf(stderr, "lines: %s\n", err.message);
    cadre_stream_close(s); /* before the file it reads */
    cadre_file_close(file);
    cadre_close(pool);
    return rc == CADRE_DONE ? 0 : 1;
}
