/* file.h -- reading and mapping files. */
#ifndef TD_BASE_FILE_H
#define TD_BASE_FILE_H

#include <stddef.h>

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

/* Reads a whole file of at most `limit` bytes; *data is td_free()d by the caller and has a NUL after its end.
 * RESOURCE_EXHAUSTED beyond the limit. */
TD_MUST_USE td_status td_file_read(const char *path, size_t limit, char **data, size_t *size);

/* "a/b"; never NULL; td_free() it. */
char *td_path_join(const char *a, const char *b);

#endif
