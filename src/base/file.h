/* SPDX-License-Identifier: Apache-2.0 */
/* file.h -- reading files. */
#ifndef TD_BASE_FILE_H
#define TD_BASE_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "tensord/status.h"

/* Opens a regular file for reading. NOT_FOUND, PERMISSION_DENIED, or INTERNAL with the system's text. */
TD_MUST_USE td_status td_file_open(const char *path, int *fd, struct stat *st);
/* errno as a status, worded as TensorFlow does: "/a/b; No such file or directory". */
TD_MUST_USE td_status td_file_error(const char *path);

/* Reads a whole file of at most `limit` bytes; *data is td_free()d by the caller and has a NUL after its end.
 * RESOURCE_EXHAUSTED beyond the limit. */
TD_MUST_USE td_status td_file_read(const char *path, size_t limit, char **data, size_t *size);

/* "a/b"; never NULL; td_free() it. */
char *td_path_join(const char *a, const char *b);

/* The sizes of a directory's files, all together; not of those in its folders. 0 where there is none. */
int64_t td_folder_bytes(const char *path);

#endif
