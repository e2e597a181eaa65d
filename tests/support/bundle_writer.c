/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle_writer.h"

#include "base/crc32c.h"
#include "base/mem.h"
#include "base/wire.h"

void bundle_put_number(td_strbuf *out, uint32_t number, uint64_t v)
{
    uint8_t bytes[20];

    td_strbuf_add(out, bytes, (size_t)(td_wire_put_number(bytes, number, v) - bytes));
}

void bundle_put_bytes(td_strbuf *out, uint32_t number, const td_strbuf *inside)
{
    uint8_t *const bytes = td_alloc(inside->size + 20);

    td_strbuf_add(out, bytes,
                  (size_t)(td_wire_put_bytes(bytes, number, td_strbuf_text(inside), inside->size) - bytes));
    td_free(bytes);
}

void bundle_put_shape(td_strbuf *entry, int rank, const int64_t *dims)
{
    td_strbuf shape = { NULL, 0, 0 };

    for (int i = 0; i < rank; i++) {
        td_strbuf dim = { NULL, 0, 0 };
        bundle_put_number(&dim, 1, (uint64_t)dims[i]);
        bundle_put_bytes(&shape, 2, &dim);
        td_strbuf_fini(&dim);
    }
    bundle_put_bytes(entry, 2, &shape);
    td_strbuf_fini(&shape);
}

void bundle_begin(bundle_writer *w)
{
    *w = (bundle_writer){ 0 };
    table_put_entry(&w->block, "", 0, "\x08\x01\x1a\x02\x08\x01", 6); /* one shard, version 1 */
}

void bundle_fini(bundle_writer *w)
{
    td_strbuf_fini(&w->block);
    td_strbuf_fini(&w->data);
}

void bundle_add_crc(bundle_writer *w, td_string key, td_dtype dtype, int rank, const int64_t *dims,
                    const void *bytes, size_t size, uint32_t crc)
{
    td_strbuf entry = { NULL, 0, 0 };
    const uint32_t masked = td_crc32c_mask(crc);

    bundle_put_number(&entry, 1, dtype);
    bundle_put_shape(&entry, rank, dims);
    bundle_put_number(&entry, 4, w->data.size);
    bundle_put_number(&entry, 5, size);
    td_strbuf_putc(&entry, 6 << 3 | TD_WIRE_FIXED32);
    td_strbuf_add(&entry, &masked, sizeof masked);
    table_put_entry(&w->block, key.data, key.size, td_strbuf_text(&entry), entry.size);
    td_strbuf_add(&w->data, bytes, size);
    td_strbuf_fini(&entry);
}

void bundle_add(bundle_writer *w, const char *key, td_dtype dtype, int rank, const int64_t *dims,
                const void *bytes, size_t size)
{
    bundle_add_crc(w, (td_string){ key, strlen(key) }, dtype, rank, dims, bytes, size,
                   td_crc32c(0, bytes, size));
}

/* Length | checksum of the length as a 32-bit number | bytes. */
void bundle_add_text(bundle_writer *w, const char *key, const void *text, size_t size)
{
    const uint32_t length = (uint32_t)size;
    uint32_t crc = td_crc32c(0, &length, sizeof length);
    const uint32_t masked = td_crc32c_mask(crc);
    td_strbuf bytes = { NULL, 0, 0 };
    uint8_t head[10];

    td_strbuf_add(&bytes, head, (size_t)(td_wire_put_varint(head, size) - head));
    td_strbuf_add(&bytes, &masked, sizeof masked);
    td_strbuf_add(&bytes, text, size);
    crc = td_crc32c(td_crc32c(crc, &masked, sizeof masked), text, size);
    bundle_add_crc(w, (td_string){ key, strlen(key) }, TD_STRING, 0, NULL, bytes.data, bytes.size, crc);
    td_strbuf_fini(&bytes);
}
