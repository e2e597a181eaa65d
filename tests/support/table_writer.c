/* table_writer.c -- a table of one block. */
#include "table_writer.h"

#include "base/crc32c.h"
#include "base/wire.h"

static void put_varint(td_strbuf *out, uint64_t v)
{
    uint8_t bytes[10];

    td_strbuf_add(out, bytes, (size_t)(td_wire_put_varint(bytes, v) - bytes));
}

void table_put_entry(td_strbuf *block, const void *key, size_t key_size, const void *value, size_t value_size)
{
    put_varint(block, 0);
    put_varint(block, key_size);
    put_varint(block, value_size);
    td_strbuf_add(block, key, key_size);
    td_strbuf_add(block, value, value_size);
}

/* A block with its restarts and trailer; its place is added to handle. */
static void put_block(td_strbuf *out, const void *entries, size_t size, td_strbuf *handle)
{
    static const uint32_t restarts[2] = { 0, 1 };
    const size_t start = out->size;

    td_strbuf_add(out, entries, size);
    td_strbuf_add(out, restarts, sizeof restarts);
    put_varint(handle, start);
    put_varint(handle, out->size - start);
    td_strbuf_putc(out, 0); /* not compressed */
    const uint32_t crc = td_crc32c_mask(td_crc32c(0, out->data + start, out->size - start));
    td_strbuf_add(out, &crc, sizeof crc);
}

void table_put(td_strbuf *out, const void *entries, size_t size)
{
    const uint64_t magic = UINT64_C(0xdb4775248b80fb57);
    td_strbuf handle = { NULL, 0, 0 }, index = { NULL, 0, 0 }, footer = { NULL, 0, 0 };

    put_block(out, entries, size, &handle);
    table_put_entry(&index, "z", 1, td_strbuf_text(&handle), handle.size);
    td_strbuf_add(&footer, "\0\0", 2); /* no metaindex */
    put_block(out, td_strbuf_text(&index), index.size, &footer);
    while (footer.size < 40)
        td_strbuf_putc(&footer, 0);
    td_strbuf_add(&footer, &magic, sizeof magic);
    td_strbuf_add(out, td_strbuf_text(&footer), footer.size);
    td_strbuf_fini(&footer);
    td_strbuf_fini(&index);
    td_strbuf_fini(&handle);
}
