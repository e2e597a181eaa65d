/* fuzz_bundle_index.c -- any bytes as a bundle's index.
 *
 * Checksums would stop a fuzzer at once, so the first byte chooses: 0: the rest is the file; else: the rest
 * is a block's entries, which are put into a table that is otherwise right. The data shard is the input, too.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "base/wire.h"
#include "formats/savedmodel/bundle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put_varint(td_strbuf *out, uint64_t v)
{
    uint8_t bytes[10];

    td_strbuf_add(out, bytes, (size_t)(td_wire_put_varint(bytes, v) - bytes));
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
    td_strbuf_putc(out, 0);
    const uint32_t crc = td_crc32c_mask(td_crc32c(0, out->data + start, out->size - start));
    td_strbuf_add(out, &crc, sizeof crc);
}

static void put_table(td_strbuf *out, const void *entries, size_t size)
{
    const uint64_t magic = UINT64_C(0xdb4775248b80fb57);
    td_strbuf block = { NULL, 0, 0 }, index = { NULL, 0, 0 }, footer = { NULL, 0, 0 };

    put_block(out, entries, size, &block);
    td_strbuf_add(&index, "\0\1", 2); /* nothing shared, a key of one byte */
    put_varint(&index, block.size);
    td_strbuf_putc(&index, 'k');
    td_strbuf_add(&index, td_strbuf_text(&block), block.size);
    td_strbuf_add(&footer, "\0\0", 2); /* no metaindex */
    put_block(out, td_strbuf_text(&index), index.size, &footer);
    while (footer.size < 40)
        td_strbuf_putc(&footer, 0);
    td_strbuf_add(&footer, &magic, sizeof magic);
    td_strbuf_add(out, td_strbuf_text(&footer), footer.size);
    td_strbuf_fini(&footer);
    td_strbuf_fini(&index);
    td_strbuf_fini(&block);
}

static void write_file(const char *path, const void *data, size_t size)
{
    FILE *const f = fopen(path, "wb");

    if (!f) abort();
    if (size) (void)!fwrite(data, 1, size, f);
    fclose(f);
}

static void read_all(td_bundle *b)
{
    static const char *const reads[][2] = { { "a", "" },
                                            { "b", NULL },
                                            { "s", "" },
                                            { "w", "" },
                                            { "w", "4 2 1,2:-" },
                                            { "w", "4 2 0,2:0,2" },
                                            { "a", "2 3 1,1:0,2" },
                                            { "missing", "2 0,1" } };

    for (size_t i = 0; i < TD_COUNT(reads); i++) {
        td_tensor t = { .dtype = TD_DTYPE_NONE };
        td_shape shape;
        td_dtype dtype;
        const td_status wrong = td_bundle_lookup(b, reads[i][0], &dtype, &shape);
        const td_status status = td_bundle_read(b, reads[i][0], reads[i][1], &t);
        if (!status) td_tensor_unref(&t);
        td_status_free(wrong);
        td_status_free(status);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char prefix[64], index[96], shard[96];
    td_strbuf table = { NULL, 0, 0 };
    td_bundle *b;

    if (!size) return 0;
    snprintf(prefix, sizeof prefix, "/dev/shm/tensord-fuzz-%ld", (long)getpid());
    snprintf(index, sizeof index, "%s.index", prefix);
    snprintf(shard, sizeof shard, "%s.data-00000-of-00001", prefix);
    if (*data)
        put_table(&table, data + 1, size - 1);
    else
        td_strbuf_add(&table, data + 1, size - 1);
    write_file(index, td_strbuf_text(&table), table.size);
    write_file(shard, data, size);
    td_strbuf_fini(&table);
    const td_status status = td_bundle_open(prefix, &b);
    if (!status) {
        read_all(b);
        td_bundle_unref(b);
    }
    td_status_free(status);
    unlink(index);
    unlink(shard);
    return 0;
}
