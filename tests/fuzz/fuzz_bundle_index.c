/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_bundle_index.c -- any bytes as a bundle's index.
 *
 * Checksums would stop a fuzzer at once, so the first byte chooses: 0: the rest is the file; else: the rest
 * is a block's entries, which are put into a table that is otherwise right, compressed if the byte is even. The data shard is the input, too.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/macros.h"
#include "formats/savedmodel/bundle.h"
#include "driver.h"
#include "table_writer.h"
#include "temp.h"

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
        const td_status status = td_bundle_read(b, reads[i][0], reads[i][1], &t);
        if (!status) td_tensor_unref(&t);
        (void)fuzz_end(status);
    }
}

static void put_table(td_strbuf *out, const uint8_t *entries, size_t size, table_compression compression)
{
    table_writer t;

    table_begin(&t, out, compression);
    table_put_block(&t, entries, size, "z");
    table_end(&t);
}

void fuzz_one(const uint8_t *data, size_t size)
{
    char prefix[128];
    td_strbuf table = { NULL, 0, 0 };
    td_bundle *b;

    if (!size) return;
    if (*data)
        put_table(&table, data + 1, size - 1, *data % 2 ? TABLE_PLAIN : TABLE_SNAPPY);
    else
        td_strbuf_add(&table, data + 1, size - 1);
    temp_write("v.index", td_strbuf_text(&table), table.size);
    temp_write("v.data-00000-of-00001", data, size);
    td_strbuf_fini(&table);
    snprintf(prefix, sizeof prefix, "%s/v", temp_dir());
    const td_status status = td_bundle_open(prefix, &b);
    if (!status) {
        read_all(b);
        td_bundle_unref(b);
    }
    (void)fuzz_end(status);
}
