/* SPDX-License-Identifier: Apache-2.0 */
/* file_map.h -- files mapped read-only, and whether they are still what they were.
 *
 * A mapped file is the file itself: who writes to it in place changes what we read, and who cuts it short
 * takes the pages away. Reads never fail (bus.h), but what they found must not be believed before somebody
 * has asked here. A file that is replaced or removed is no trouble: the mapping keeps the old one. */
#ifndef TD_BASE_FILE_MAP_H
#define TD_BASE_FILE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tensord/status.h"

typedef struct td_file_map {
    const unsigned char *data; /* NULL when the file is empty */
    size_t size;
} td_file_map;

/* Maps path read-only. NOT_FOUND, PERMISSION_DENIED, or INTERNAL with the system's text. */
TD_MUST_USE td_status td_file_map_open(const char *path, td_file_map *out);
void td_file_map_close(td_file_map *m); /* cleared structs are fine */
/* Tells the kernel that the pages wholly inside [data, data+size) are not needed now; they come back when
 * touched. Memory that is not in a mapping made here is left alone. Any thread. */
void td_file_map_forget(const void *data, size_t size);

/* Where is it, in a file that was mapped from dir or below (or is dir)? *name stands for the file's path from there, whatever
 * dir is. False: in none. */
bool td_file_map_where(const void *data, size_t size, const char *dir, uint64_t *name, uint64_t *offset);

/* How often mapped files have been found to have changed, all together: an atomic load. While it stays as it
 * is, so does td_file_maps_check(). Whoever has read what a failed read left behind sees it raised. */
unsigned td_file_maps_changes(void);
/* A number that maps made from now on have, or a higher one: who loads from the same directory again asks
 * about those alone. */
uint64_t td_file_maps_mark(void);
/* DATA_LOSS, naming the file, if one that was mapped from dir or below (or is dir: a lone file) since that mark is known to have
 * changed: a read of it failed, or td_file_maps_look() found it changed. */
TD_MUST_USE td_status td_file_maps_check(const char *dir, uint64_t since);
/* The same, after comparing their sizes and times on disk with those they had when they were mapped. */
TD_MUST_USE td_status td_file_maps_look(const char *dir, uint64_t since);

#endif
