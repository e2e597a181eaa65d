/* SPDX-License-Identifier: Apache-2.0 */
/* table_writer.h -- LevelDB tables made in memory, right in every checksum, for tests of their reader. */
#ifndef TD_TESTS_TABLE_WRITER_H
#define TD_TESTS_TABLE_WRITER_H

#include <stdint.h>

#include "base/strbuf.h"

typedef enum table_compression { TABLE_PLAIN = 0, TABLE_SNAPPY = 1 } table_compression;

/* Adds one entry of a block that shares nothing with the one before it. */
void table_put_entry(td_strbuf *block, const void *key, size_t key_size, const void *value,
                     size_t value_size);
/* The same, with the first `shared` bytes of the key taken from the one before. */
void table_put_shared(td_strbuf *block, size_t shared, const void *fresh, size_t fresh_size,
                      const void *value, size_t value_size);
/* Adds a whole table with that one block. */
void table_put(td_strbuf *out, const void *entries, size_t size);

/* Tables of several blocks: any number of table_put_block(), each with its entries and its last key, then
 * table_end(). The index block is compressed like the others. */
typedef struct table_writer {
    td_strbuf *out;
    td_strbuf index;
    table_compression compression;
} table_writer;

void table_begin(table_writer *t, td_strbuf *out, table_compression compression);
void table_put_block(table_writer *t, const void *entries, size_t size, const char *last_key);
void table_end(table_writer *t);

/* Adds bytes compressed with Snappy: literals, and copies of what came at most 64 KiB before. */
void table_compress(td_strbuf *out, const uint8_t *bytes, size_t size);

#endif
