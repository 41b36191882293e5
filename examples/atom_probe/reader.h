/* reader.h - a file of ions, of which any part can be had while it is open.
 * SPDX-License-Identifier: MIT
 *
 * EPOS and POS files are records of one size, so workers can read their parts by themselves
 * (ap_window). What is no regular file, as a pipe, is copied into a nameless one first.
 * libhdf5 is for one thread: from such files only the caller's thread reads.
 */
#ifndef ATOM_PROBE_READER_H
#define ATOM_PROBE_READER_H

#include "event.h"
#include "store.h"

struct ap_reader {
    const char *path; /* the caller's; "-" is standard input */
    int format;
    uint64_t records;
    size_t torn;          /* bytes of a last record that is not whole */
    struct ap_store file; /* EPOS, POS */
    bool is_copy;         /* of a pipe */
    void *hdf5;
    bool open;
};

/* An empty file is CADRE_EDATA; so is a torn last record, unless keep_whole. folder: where
 * to copy what is no regular file. */
int ap_reader_open(struct ap_reader *r, const char *path, int format, bool keep_whole,
                   const char *folder, cadre_error *err);

/* Records first..first + count, as they lie in the file. Refused after close. */
int ap_reader_read(struct ap_reader *r, uint64_t first, uint64_t count, void *records,
                   cadre_error *err);

/* May be called again. */
void ap_reader_close(struct ap_reader *r);

/* A part of the file, mapped: for workers, each by itself. Close it before the next. */
struct ap_window {
    const void *records;
    void *base;
    size_t size;
};
int ap_window_open(struct ap_window *w, const struct ap_store *file, uint64_t first,
                   uint64_t count, cadre_error *err);
void ap_window_close(struct ap_window *w);

/* ---- HDF5: in hdf5.c, or not at all ---- */

extern const bool ap_have_hdf5;
int ap_hdf5_open(struct ap_reader *r, cadre_error *err);
int ap_hdf5_read(struct ap_reader *r, uint64_t first, uint64_t count,
                 struct ap_event *events, cadre_error *err);
void ap_hdf5_close(struct ap_reader *r);

#endif
