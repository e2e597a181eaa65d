/* SPDX-License-Identifier: Apache-2.0 */
/* test_table.c -- tables of many blocks, keys that share prefixes, compressed and not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "assert_status.h"
#include "base/crc32c.h"
#include "base/macros.h"
#include "formats/savedmodel/table.h"
#include "table_writer.h"

enum { BLOCKS = 7, KEYS = 40 };

/* Key k of block b, and its value, which repeats itself so that compression finds copies. */
static void name(int b, int k, char *key, char *value)
{
    snprintf(key, 64, "layer_%d/block/kernel_%03d", b, k);
    snprintf(value, 128, "value of %d.%d, value of %d.%d, value", b, k, b, k);
}

/* Blocks with restarts every 16 entries, as the writer does it: between them keys share what they can. */
static void put_blocks(table_writer *t)
{
    for (int b = 0; b < BLOCKS; b++) {
        td_strbuf block = { NULL, 0, 0 };
        char last[64] = "", key[64], value[128];

        for (int k = 0; k < KEYS; k++) {
            size_t shared = 0;
            name(b, k, key, value);
            while (k % 16 && last[shared] && last[shared] == key[shared])
                shared++;
            table_put_shared(&block, shared, key + shared, strlen(key + shared), value, strlen(value));
            memcpy(last, key, sizeof last);
        }
        table_put_block(t, td_strbuf_text(&block), block.size, last);
        td_strbuf_fini(&block);
    }
}

static void make_table(td_strbuf *out, table_compression compression)
{
    table_writer t;

    table_begin(&t, out, compression);
    put_blocks(&t);
    table_end(&t);
}

static td_status check_entry(void *ctx, td_string key, td_string value)
{
    int *const seen = ctx;
    char want_key[64], want_value[128];

    name(*seen / KEYS, *seen % KEYS, want_key, want_value);
    assert_true(td_string_is(key, want_key));
    assert_true(td_string_is(value, want_value));
    ++*seen;
    return NULL;
}

static td_status scan(const td_strbuf *table, td_table_visit visit, void *ctx)
{
    td_arena *const arena = td_arena_make();
    const td_status s =
        td_table_scan((const uint8_t *)td_strbuf_text(table), table->size, "t.index", arena, visit, ctx);

    td_arena_free(arena);
    return s;
}

static void all_entries(void **state)
{
    size_t sizes[2];

    (void)state;
    for (int c = 0; c < 2; c++) {
        td_strbuf table = { NULL, 0, 0 };
        int seen = 0;

        make_table(&table, c ? TABLE_SNAPPY : TABLE_PLAIN);
        assert_ok(scan(&table, check_entry, &seen));
        assert_int_equal(seen, BLOCKS * KEYS);
        sizes[c] = table.size;
        td_strbuf_fini(&table);
    }
    assert_true(sizes[1] < sizes[0] / 2);
}

static td_status count_entry(void *ctx, td_string key, td_string value)
{
    (void)key;
    (void)value;
    ++*(int *)ctx;
    return NULL;
}

/* The first block's bytes are followed by its type and checksum: both are made right for `block`. */
static void put_raw_block(td_strbuf *table, const char *block, size_t size, char type)
{
    td_strbuf handle = { NULL, 0, 0 };
    table_writer t;

    table_begin(&t, table, TABLE_PLAIN);
    td_strbuf_add(table, block, size);
    td_strbuf_putc(table, type);
    const uint32_t crc = td_crc32c_mask(td_crc32c(0, table->data, table->size));
    td_strbuf_add(table, &crc, sizeof crc);
    td_strbuf_putc(&handle, 0);
    td_strbuf_putc(&handle, (char)size);
    table_put_entry(&t.index, "z", 1, td_strbuf_text(&handle), handle.size);
    td_strbuf_fini(&handle);
    table_end(&t);
}

static td_status scan_raw(const char *block, size_t size, char type)
{
    td_strbuf table = { NULL, 0, 0 };
    int seen = 0;

    put_raw_block(&table, block, size, type);
    const td_status s = scan(&table, count_entry, &seen);
    td_strbuf_fini(&table);
    return s;
}

static void blocks_that_lie(void **state)
{
    (void)state;
    assert_ok(scan_raw("\x04\x0c\0\0\0\0", 6, TABLE_SNAPPY)); /* no entry, no restart */
    assert_status_like(scan_raw("\x02\x04\0\0", 4, TABLE_SNAPPY), TD_DATA_LOSS, "without its end at byte 0");
    assert_status_like(scan_raw("\xff\xff\xff\xff\x0f", 5, TABLE_SNAPPY), TD_DATA_LOSS, "bad size at byte 0");
    assert_status_like(scan_raw("\x05\x0c\0\0\0\0", 6, TABLE_SNAPPY), TD_DATA_LOSS, "compression");
    assert_status_like(scan_raw("\x04\x0c\0\0\0\x01", 6, TABLE_SNAPPY), TD_DATA_LOSS, "bad entry");
    assert_status_like(scan_raw("\0\0\0\0", 4, 2), TD_DATA_LOSS, "bad block type");
    assert_status_like(scan_raw("\0\0\0", 3, TABLE_PLAIN), TD_DATA_LOSS, "without its end");
    assert_status_like(scan_raw("\x01\0\0\0\0\0\0", 7, TABLE_PLAIN), TD_DATA_LOSS, "bad entry");
}

/* Every byte changed, and every length, is a damage that is seen: checksums cover all but the footer's rest. */
static void damage(void **state)
{
    td_strbuf table = { NULL, 0, 0 };
    int seen;

    (void)state;
    make_table(&table, TABLE_SNAPPY);
    const size_t size = table.size;
    for (size_t i = 0; i < size - 48; i++) {
        table.data[i] ^= 0x55;
        seen = 0;
        assert_status_like(scan(&table, count_entry, &seen), TD_DATA_LOSS, "t.index: ");
        table.data[i] ^= 0x55;
    }
    for (table.size = 0; table.size < size; table.size++) {
        seen = 0;
        assert_status_like(scan(&table, count_entry, &seen), TD_DATA_LOSS, "t.index: ");
    }
    td_strbuf_fini(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_entries),
        cmocka_unit_test(blocks_that_lie),
        cmocka_unit_test(damage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
