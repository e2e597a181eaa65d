/* SPDX-License-Identifier: Apache-2.0 */
/* pack_file.h -- packed weights on disk: made by one process, mapped by all that come after it.
 *
 *     header | entries | packed forms, each at a multiple of 64
 *
 * A file is of one model on one kind of CPU: its key, which the reader must know, says which. Header and entries have a
 * checksum, every length and offset is looked at; packed forms have checksums of their own. */
#ifndef TD_OPS_PACK_FILE_H
#define TD_OPS_PACK_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tensord/status.h"

#include "device/team.h"

/* What follows the name of a file while it is written; six letters come behind it. */
#define TD_PACK_FILE_TEMP ".tmp."

typedef struct td_pack_file_key {
    uint64_t word[2];
} td_pack_file_key;

/* What a packed form is of, whatever addresses it had. */
typedef struct td_pack_id {
    uint64_t source[2]; /* where in which file its weights are, or what they are */
    uint64_t form;      /* of who packed it, and how */
    uint64_t size;
} td_pack_id;

typedef struct td_pack_piece {
    td_pack_id id;
    const void *data;
} td_pack_piece;

typedef struct td_pack_entry {
    td_pack_id id;
    uint64_t offset;
    uint32_t crc;
    uint32_t zero;
} td_pack_entry;

/* Finds the entries of a file's bytes, of which they are a view (8-aligned). DATA_LOSS: damaged. FAILED_PRECONDITION: of
 * another key or format. */
TD_MUST_USE td_status td_pack_file_parse(const unsigned char *data, size_t size, const td_pack_file_key *key,
                                         const td_pack_entry **entries, size_t *n);

typedef struct td_pack_file td_pack_file;

/* Maps it. Besides what td_pack_file_parse() says: NOT_FOUND; PERMISSION_DENIED: it belongs to somebody else. */
TD_MUST_USE td_status td_pack_file_open(const char *path, const td_pack_file_key *key, td_pack_file **out);
void td_pack_file_free(td_pack_file *f); /* and all that was found in it; NULL is fine */
/* Compares all checksums. DATA_LOSS */
TD_MUST_USE td_status td_pack_file_check(const td_pack_file *f, td_team *team);
const void *td_pack_file_find(const td_pack_file *f, const td_pack_id *id); /* NULL: it is not there */
size_t td_pack_file_bytes(const td_pack_file *f);

/* Writes a file under another name beside it, and renames it then: nobody ever sees a part of it. */
TD_MUST_USE td_status td_pack_file_write(const char *path, const td_pack_file_key *key,
                                         const td_pack_piece *pieces, size_t n);
size_t td_pack_file_size(const td_pack_piece *pieces, size_t n); /* bytes of such a file */

#endif
