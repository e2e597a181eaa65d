/* SPDX-License-Identifier: Apache-2.0 */
/* table.h -- a LevelDB table: sorted keys with values, in blocks that carry checksums.
 *
 *     data block .. | metaindex block | index block | footer (48 bytes)
 *
 * The footer ends in a magic number and says where the index block is; the index block's values say where the
 * data blocks are. */
#ifndef TD_FORMATS_SAVEDMODEL_TABLE_H
#define TD_FORMATS_SAVEDMODEL_TABLE_H

#include <stdint.h>

#include "tensord/tensor.h"

#include "base/arena.h"

/* Called for every entry, in the file's order. key is gone after the call; value is a view of the table, or of
 * the arena where its block was compressed. An error ends the scan. */
typedef td_status (*td_table_visit)(void *ctx, td_string key, td_string value);

/* Walks the whole table, with every block's checksum. Blocks may be compressed with Snappy, as TensorFlow wrote
 * them for years; they are expanded in arena. DATA_LOSS: damage, with `file` and offset. Takes time and memory
 * linear in the size. */
TD_MUST_USE td_status td_table_scan(const uint8_t *bytes, size_t size, const char *file, td_arena *arena,
                                    td_table_visit visit, void *ctx);

#endif
