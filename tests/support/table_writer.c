/* SPDX-License-Identifier: Apache-2.0 */
/* table_writer.c -- tables of any number of blocks, compressed or not. */
#include "table_writer.h"

#include <string.h>

#include "base/crc32c.h"
#include "base/macros.h"
#include "base/wire.h"

static void put_varint(td_strbuf *out, uint64_t v)
{
    uint8_t bytes[10];

    td_strbuf_add(out, bytes, (size_t)(td_wire_put_varint(bytes, v) - bytes));
}

void table_put_shared(td_strbuf *block, size_t shared, const void *fresh, size_t fresh_size,
                      const void *value, size_t value_size)
{
    put_varint(block, shared);
    put_varint(block, fresh_size);
    put_varint(block, value_size);
    td_strbuf_add(block, fresh, fresh_size);
    td_strbuf_add(block, value, value_size);
}

void table_put_entry(td_strbuf *block, const void *key, size_t key_size, const void *value, size_t value_size)
{
    table_put_shared(block, 0, key, key_size, value, value_size);
}

/* ---- compression --------------------------------------------------------------------------------------- */

static void put_literal(td_strbuf *out, const uint8_t *bytes, size_t size)
{
    for (size_t n; size; bytes += n, size -= n) {
        n = TD_MIN(size, (size_t)60);
        td_strbuf_putc(out, (char)((n - 1) << 2));
        td_strbuf_add(out, bytes, n);
    }
}

static size_t match_length(const uint8_t *a, const uint8_t *b, size_t max)
{
    size_t n = 0;

    while (n < max && a[n] == b[n])
        n++;
    return n;
}

/* The longest run before `at` that is repeated there, 64 bytes at most; a quadratic search does for tests. */
static size_t find_match(const uint8_t *bytes, size_t at, size_t size, size_t *offset)
{
    const size_t max = TD_MIN(size - at, (size_t)64);
    size_t best = 0;

    for (size_t back = 1; back <= TD_MIN(at, (size_t)UINT16_MAX) && best < max; back++) {
        const size_t n = match_length(bytes + at - back, bytes + at, max);
        if (n <= best) continue;
        best = n;
        *offset = back;
    }
    return best;
}

void table_compress(td_strbuf *out, const uint8_t *bytes, size_t size)
{
    size_t done = 0, at = 0;

    put_varint(out, size);
    while (at < size) {
        size_t offset = 0;
        const size_t n = find_match(bytes, at, size, &offset);
        if (n < 4) {
            at++;
            continue;
        }
        put_literal(out, bytes + done, at - done);
        td_strbuf_putc(out, (char)((n - 1) << 2 | 2));
        td_strbuf_putc(out, (char)(offset & 255));
        td_strbuf_putc(out, (char)(offset >> 8));
        at += n;
        done = at;
    }
    put_literal(out, bytes + done, size - done);
}

/* ---- blocks -------------------------------------------------------------------------------------------- */

/* A block with its restarts and trailer; its place is added to handle. */
static void put_block(td_strbuf *out, const void *entries, size_t size, table_compression compression,
                      td_strbuf *handle)
{
    static const uint32_t restarts[2] = { 0, 1 };
    const size_t start = out->size;
    td_strbuf block = { NULL, 0, 0 };

    td_strbuf_add(&block, entries, size);
    td_strbuf_add(&block, restarts, sizeof restarts);
    if (compression == TABLE_SNAPPY)
        table_compress(out, (const uint8_t *)td_strbuf_text(&block), block.size);
    else
        td_strbuf_add(out, td_strbuf_text(&block), block.size);
    td_strbuf_fini(&block);
    put_varint(handle, start);
    put_varint(handle, out->size - start);
    td_strbuf_putc(out, (char)compression);
    const uint32_t crc = td_crc32c_mask(td_crc32c(0, out->data + start, out->size - start));
    td_strbuf_add(out, &crc, sizeof crc);
}

void table_begin(table_writer *t, td_strbuf *out, table_compression compression)
{
    *t = (table_writer){ .out = out, .compression = compression };
}

void table_put_block(table_writer *t, const void *entries, size_t size, const char *last_key)
{
    td_strbuf handle = { NULL, 0, 0 };

    put_block(t->out, entries, size, t->compression, &handle);
    table_put_entry(&t->index, last_key, strlen(last_key), td_strbuf_text(&handle), handle.size);
    td_strbuf_fini(&handle);
}

void table_end(table_writer *t)
{
    const uint64_t magic = UINT64_C(0xdb4775248b80fb57);
    td_strbuf footer = { NULL, 0, 0 };

    td_strbuf_add(&footer, "\0\0", 2); /* no metaindex */
    put_block(t->out, td_strbuf_text(&t->index), t->index.size, t->compression, &footer);
    while (footer.size < 40)
        td_strbuf_putc(&footer, 0);
    td_strbuf_add(&footer, &magic, sizeof magic);
    td_strbuf_add(t->out, td_strbuf_text(&footer), footer.size);
    td_strbuf_fini(&footer);
    td_strbuf_fini(&t->index);
}

void table_put(td_strbuf *out, const void *entries, size_t size)
{
    table_writer t;

    table_begin(&t, out, TABLE_PLAIN);
    table_put_block(&t, entries, size, "z");
    table_end(&t);
}
