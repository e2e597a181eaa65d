/* SPDX-License-Identifier: Apache-2.0 */
/* discover.h -- which versions lie below a base path, and whether a version's files have changed. */
#ifndef TD_SERVE_DISCOVER_H
#define TD_SERVE_DISCOVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tensord/status.h"

typedef struct td_found {
    int64_t version;
    char *name;     /* of the directory: "00000123" */
    bool is_double; /* another name means the same number; this one, the later in sorted order, won */
} td_found;

/* Children whose names are decimal numbers (sign, leading zeros and blanks around are fine), lowest version
 * first. They need not be directories. NOT_FOUND when base does not exist. td_found_free() them. */
TD_MUST_USE td_status td_discover(const char *base, td_found **out, size_t *n);
/* The same of a directory that is a version itself: number 1, named ".". */
TD_MUST_USE td_status td_discover_flat(const char *base, td_found **out, size_t *n);
void td_found_free(td_found *found, size_t n);

/* The name as a version number; false when it is none. */
bool td_version_parse(const char *name, int64_t *out);

/* A picture of names, sizes and times of everything below path: it differs when something has changed. */
typedef struct td_print {
    uint64_t hash;
    int64_t newest_ns; /* the latest change of a file, CLOCK_REALTIME; 0: no file */
    bool exists;
} td_print;

td_print td_print_take(const char *path);

#endif
