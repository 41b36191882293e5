/* reader.c - a file of ions, of which any part can be had while it is open.
 * SPDX-License-Identifier: MIT
 */
#include "reader.h"
#include "failure.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define COPIED_AT_ONCE 65536

/* ---- opening ---- */

static int copy_pipe(struct ap_reader *r, const char *folder, cadre_error *err)
{
    char bytes[COPIED_AT_ONCE];
    int from = r->file.fd, rc = ap_store_open_file(&r->file, folder, 0, 1, err);
    uint64_t at = 0;
    ssize_t got = 1;

    while (rc == CADRE_OK && got > 0) {
        got = read(from, bytes, sizeof bytes);
        if (got < 0) /* by a signal, too: it came to end this */
            rc = ap_fail_system(err, "read", r->path);
        else if (got > 0)
            rc = ap_store_write(&r->file, at, (uint64_t)got, bytes, err);
        at += got > 0 ? (uint64_t)got : 0;
    }
    if (from != STDIN_FILENO)
        close(from);
    r->is_copy = true;
    return rc;
}

static int check_size(struct ap_reader *r, uint64_t size, bool keep_whole,
                      cadre_error *err)
{
    size_t record = ap_record_size(r->format);

    r->records = size / record;
    r->torn = (size_t)(size % record);
    if (size == 0)
        return ap_fail(err, CADRE_EDATA, "%s is empty", r->path);
    if (r->torn && (r->records == 0 || !keep_whole))
        return ap_fail(err, CADRE_EDATA,
                       "%s: record %llu is torn: %zu of its %zu bytes are there%s",
                       r->path, (unsigned long long)r->records, r->torn, record,
                       r->records ? "; with --torn keep the whole ones are taken" : "");
    return CADRE_OK;
}

static int open_records(struct ap_reader *r, bool keep_whole, const char *folder,
                        cadre_error *err)
{
    struct stat st;
    int rc = CADRE_OK;

    r->file.fd =
        strcmp(r->path, "-") == 0 ? STDIN_FILENO : open(r->path, O_RDONLY | O_CLOEXEC);
    if (r->file.fd < 0 || fstat(r->file.fd, &st) < 0)
        return ap_fail_system(err, "read", r->path);
    if (S_ISDIR(st.st_mode))
        return ap_fail(err, CADRE_EINVAL, "%s is a folder", r->path);
    if (!S_ISREG(st.st_mode))
        rc = copy_pipe(r, folder, err);
    if (rc)
        return rc;
    if (r->is_copy && fstat(r->file.fd, &st) < 0)
        return ap_fail_system(err, "read", r->path);
    r->file.size = ap_record_size(r->format);
    r->file.owner = getpid();
    r->file.read_only = !r->is_copy;
    rc = check_size(r, (uint64_t)st.st_size, keep_whole, err);
    r->file.n = r->records;
    return rc;
}

int ap_reader_open(struct ap_reader *r, const char *path, int format, bool keep_whole,
                   const char *folder, cadre_error *err)
{
    int rc;

    *r = (struct ap_reader){ .path = path, .format = format, .file.fd = -1 };
    rc = format == AP_HDF5 ? ap_hdf5_open(r, err)
                           : open_records(r, keep_whole, folder, err);
    r->open = true;
    if (rc)
        ap_reader_close(r);
    return rc;
}

/* ---- reading ---- */

int ap_reader_read(struct ap_reader *r, uint64_t first, uint64_t count, void *records,
                   cadre_error *err)
{
    int rc;

    if (!r->open)
        return ap_fail(err, CADRE_EINVAL, "%s is closed: record %llu cannot be read",
                       r->path, (unsigned long long)first);
    if (first > r->records || count > r->records - first)
        return ap_fail(err, CADRE_EINVAL, "%s has no record %llu, but %llu in all",
                       r->path, (unsigned long long)(first + count - 1),
                       (unsigned long long)r->records);
    if (r->format == AP_HDF5)
        return ap_hdf5_read(r, first, count, records, err);
    rc = ap_store_read(&r->file, first, count, records, err) ? CADRE_OK : CADRE_ESYS;
    return rc ? ap_fail(err, rc,
                        "%s: records from %llu cannot be read: the file has "
                        "become shorter, or its disk fails",
                        r->path, (unsigned long long)first)
              : rc;
}

void ap_reader_close(struct ap_reader *r)
{
    if (!r->open)
        return;
    r->open = false;
    ap_hdf5_close(r);
    if (r->file.fd >= 0 && r->file.fd != STDIN_FILENO)
        close(r->file.fd);
    r->file.fd = -1;
}

/* ---- windows ---- */

/* A page that is mapped and not in the file any more ends the process when it is touched:
 * so the size is looked at again, just before. */
int ap_window_open(struct ap_window *w, const struct ap_store *file, uint64_t first,
                   uint64_t count, cadre_error *err)
{
    uint64_t from = first * file->size, end = (first + count) * file->size;
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), base = from - from % page;
    int fd = ap_store_descriptor(file), rc = CADRE_OK;
    struct stat st;

    *w = (struct ap_window){ .base = MAP_FAILED, .size = (size_t)(end - base) };
    if (fd < 0 || fstat(fd, &st) < 0)
        rc = ap_fail_system(err, "read", "the file");
    else if ((uint64_t)st.st_size < end)
        rc = ap_fail(err, CADRE_EDATA, "record %llu: the file has become shorter",
                     (unsigned long long)((uint64_t)st.st_size / file->size));
    if (rc == CADRE_OK) {
        w->base =
            mmap(NULL, w->size, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, (off_t)base);
        if (w->base == MAP_FAILED)
            rc = ap_fail_system(err, "map", "the file");
        else
            w->records = (const char *)w->base + from % page;
    }
    ap_store_release(file, fd);
    return rc;
}

void ap_window_close(struct ap_window *w)
{
    if (w->base != MAP_FAILED)
        munmap(w->base, w->size);
    w->base = MAP_FAILED;
}
