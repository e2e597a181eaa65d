/* SPDX-License-Identifier: Apache-2.0 */
/* bundle_writer.h -- tensor bundles of one shard, written in the test's temp_dir. */
#ifndef TD_TESTS_BUNDLE_WRITER_H
#define TD_TESTS_BUNDLE_WRITER_H

#include "tensord/tensor.h"

#include "table_writer.h"

typedef struct bundle_writer {
    td_strbuf block, data; /* the index's entries; the shard */
} bundle_writer;

void bundle_begin(bundle_writer *w); /* with the header */
void bundle_fini(bundle_writer *w);

/* An entry, and its bytes at the end of the shard. */
void bundle_add(bundle_writer *w, const char *key, td_dtype dtype, int rank, const int64_t *dims,
                const void *bytes, size_t size);
/* The same with another checksum: that of strings is not that of their bytes. */
void bundle_add_crc(bundle_writer *w, td_string key, td_dtype dtype, int rank, const int64_t *dims,
                    const void *bytes, size_t size, uint32_t crc);
/* A scalar string. */
void bundle_add_text(bundle_writer *w, const char *key, const void *text, size_t size);

/* Writes <temp_dir>/<prefix>.index and its shard. */
void bundle_save(const bundle_writer *w, const char *prefix, table_compression compression);

/* Fields of a message. */
void bundle_put_number(td_strbuf *out, uint32_t number, uint64_t v);
void bundle_put_bytes(td_strbuf *out, uint32_t number, const td_strbuf *inside);
void bundle_put_shape(td_strbuf *entry, int rank, const int64_t *dims);

#endif
