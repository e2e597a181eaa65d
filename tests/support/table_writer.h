/* table_writer.h -- LevelDB tables made in memory, right in every checksum, for tests of their reader. */
#ifndef TD_TESTS_TABLE_WRITER_H
#define TD_TESTS_TABLE_WRITER_H

#include "base/strbuf.h"

/* Adds one entry of a block that shares nothing with the one before it. */
void table_put_entry(td_strbuf *block, const void *key, size_t key_size, const void *value,
                     size_t value_size);
/* Adds a whole table with that one block. */
void table_put(td_strbuf *out, const void *entries, size_t size);

#endif
