/* SPDX-License-Identifier: Apache-2.0 */
/* test_bundle.c -- tensor bundles: one that TensorFlow wrote, and small ones made here. */
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
#include "base/file.h"
#include "base/macros.h"
#include "base/mem.h"
#include "base/wire.h"
#include "formats/savedmodel/bundle.h"
#include "formats/savedmodel/slice.h"
#include "bundle_writer.h"
#include "temp_dir.h"

/* ---- a bundle under construction ----------------------------------------------------------------------- */

static bundle_writer writer;

static int begin(void **state)
{
    if (temp_dir_make(state)) return -1;
    bundle_begin(&writer);
    *state = &writer;
    return 0;
}

static int end(void **state)
{
    bundle_fini(&writer);
    return temp_dir_remove(state);
}

static td_status open_written(bundle_writer *w, td_bundle **out)
{
    char prefix[128];

    bundle_save(w, "v", TABLE_PLAIN);
    snprintf(prefix, sizeof prefix, "%s/v", temp_dir);
    return td_bundle_open(prefix, out);
}

/* ---- tests --------------------------------------------------------------------------------------------- */

static void tensorflows_own(void **state)
{
    const char *const key = "a/.ATTRIBUTES/VARIABLE_VALUE";
    td_bundle *b;
    td_tensor t;

    (void)state;
    assert_null(td_bundle_open(TD_SOURCE_DIR "/models/half_plus_two/1/variables/variables", &b));
    assert_status_like(td_bundle_read(b, "nothing", "", &t), TD_NOT_FOUND,
                       "Key nothing not found in checkpoint");
    assert_null(td_bundle_read(b, key, "", &t));
    assert_int_equal(t.dtype, TD_F32);
    assert_int_equal(t.shape.rank, 0);
    assert_true(*(const float *)t.data == 0.5f);
    td_tensor_unref(&t);
    assert_null(td_bundle_read(b, "_CHECKPOINTABLE_OBJECT_GRAPH", "", &t));
    assert_int_equal(t.dtype, TD_STRING);
    td_tensor_unref(&t);
    td_bundle_unref(b);
}

static void whole_tensors(void **state)
{
    bundle_writer *const w = *state;
    const float floats[6] = { 1, 2, 3, 4, 5, 6 };
    const uint8_t flags[3] = { 1, 0, 7 };
    td_bundle *b;
    td_tensor t;

    bundle_add(w, "flags", TD_BOOL, 1, (const int64_t[]){ 3 }, flags, sizeof flags);
    bundle_add(w, "odd", TD_F32, 2, (const int64_t[]){ 2, 3 }, floats, sizeof floats); /* at byte 3: a copy */
    td_strbuf_add(&w->data, "\0", 1);
    while (w->data.size % 4)
        td_strbuf_putc(&w->data, 0);
    bundle_add(w, "view", TD_F32, 2, (const int64_t[]){ 2, 3 }, floats, sizeof floats);
    bundle_add(w, "zero", TD_F32, 2, (const int64_t[]){ 0, 3 }, "", 0);
    assert_null(open_written(w, &b));

    assert_null(td_bundle_read(b, "odd", NULL, &t));
    assert_memory_equal(t.data, floats, sizeof floats);
    td_tensor_unref(&t);
    assert_null(td_bundle_read(b, "flags", "", &t));
    assert_memory_equal(t.data, "\1\0\1", 3);
    td_tensor_unref(&t);
    assert_null(td_bundle_read(b, "zero", "", &t));
    assert_int_equal(td_shape_count(&t.shape), 0);
    td_tensor_unref(&t);
    assert_null(td_bundle_read(b, "odd", "2 3 1,1:1,2", &t));
    assert_memory_equal(t.data, &floats[4], 2 * sizeof(float));
    td_tensor_unref(&t);
    assert_status_like(td_bundle_read(b, "odd", "2 4 1,1:1,2", &t), TD_INVALID_ARGUMENT, "shape_and_slice");
    assert_status_like(td_bundle_read(b, "odd", "2 3 1,2:1,2", &t), TD_INVALID_ARGUMENT, "slice");

    assert_null(td_bundle_read(b, "view", "", &t));
    td_bundle_unref(b); /* the view holds it */
    assert_memory_equal(t.data, floats, sizeof floats);
    td_tensor_unref(&t);
}

static void strings(void **state)
{
    bundle_writer *const w = *state;
    const uint32_t lengths[2] = { 2, 0 };
    uint32_t crc = td_crc32c(0, lengths, sizeof lengths);
    uint8_t bytes[8] = { 2, 0 };
    td_bundle *b;
    td_tensor t;

    const uint32_t masked = td_crc32c_mask(crc);
    memcpy(bytes + 2, &masked, 4);
    memcpy(bytes + 6, "hi", 2);
    crc = td_crc32c(td_crc32c(crc, &masked, 4), "hi", 2);
    bundle_add_crc(w, (td_string){ "bad", 3 }, TD_STRING, 1, (const int64_t[]){ 2 }, bytes, sizeof bytes,
                   crc + 1);
    bundle_add_crc(w, (td_string){ "few", 3 }, TD_STRING, 1, (const int64_t[]){ 1 << 30 }, bytes,
                   sizeof bytes, crc);
    bundle_add_crc(w, (td_string){ "s", 1 }, TD_STRING, 1, (const int64_t[]){ 2 }, bytes, sizeof bytes, crc);
    assert_null(open_written(w, &b));
    assert_null(td_bundle_read(b, "s", "", &t));
    assert_int_equal(((td_string *)t.data)[0].size, 2);
    assert_memory_equal(((td_string *)t.data)[0].data, "hi", 2);
    assert_int_equal(((td_string *)t.data)[1].size, 0);
    td_tensor_unref(&t);
    assert_status_like(td_bundle_read(b, "bad", "", &t), TD_DATA_LOSS, "checksum");
    assert_status_like(td_bundle_read(b, "few", "", &t), TD_DATA_LOSS, "strings in");
    td_bundle_unref(b);
}

/* An index as TensorFlow wrote it for years: its blocks are compressed. The entries' bytes then live outside
 * the file. */
static void compressed_index(void **state)
{
    bundle_writer *const w = *state;
    const float floats[3] = { 1, 2, 3 };
    char key[64], prefix[128];
    td_bundle *b;
    td_tensor read;

    for (int i = 0; i < 50; i++) {
        snprintf(key, sizeof key, "layers/dense/kernel_%02d", i);
        bundle_add(w, key, TD_F32, 1, (const int64_t[]){ 3 }, floats, sizeof floats);
    }
    bundle_save(w, "v", TABLE_SNAPPY);
    snprintf(prefix, sizeof prefix, "%s/v", temp_dir);
    assert_null(td_bundle_open(prefix, &b));
    for (int i = 0; i < 50; i++) {
        snprintf(key, sizeof key, "layers/dense/kernel_%02d", i);
        assert_null(td_bundle_read(b, key, "", &read));
        assert_memory_equal(read.data, floats, sizeof floats);
        td_tensor_unref(&read);
    }
    td_bundle_unref(b);
}

static void put_extent(td_strbuf *slice, uint64_t start, uint64_t length)
{
    td_strbuf extent = { NULL, 0, 0 };

    bundle_put_number(&extent, 1, start);
    bundle_put_number(&extent, 2, length);
    bundle_put_bytes(slice, 1, &extent);
    td_strbuf_fini(&extent);
}

/* The variable "w" of shape [4, 2] in two slices of rows: the first has `rows` of them. */
static void add_partitioned(bundle_writer *w, int64_t rows, const float *values)
{
    const td_shape shape = { .rank = 2, .dims = { 4, 2 } };
    td_strbuf full = { NULL, 0, 0 };

    bundle_put_number(&full, 1, TD_F32);
    bundle_put_shape(&full, 2, shape.dims);
    for (int i = 0; i < 2; i++) {
        td_slice s = td_slice_whole(&shape);
        td_strbuf key = { NULL, 0, 0 }, proto = { NULL, 0, 0 };
        s.is_full[0] = s.is_full[1] = false;
        s.start[0] = i ? 2 : 0;
        s.length[0] = i ? 2 : rows;
        put_extent(&proto, (uint64_t)s.start[0], (uint64_t)s.length[0]);
        put_extent(&proto, 0, 2);
        bundle_put_bytes(&full, 7, &proto);
        td_slice_key((td_string){ "w", 1 }, &s, &key);
        const float *const from = values + 2 * s.start[0];
        const size_t size = (size_t)(2 * s.length[0]) * sizeof *from;
        bundle_add_crc(w, (td_string){ td_strbuf_text(&key), key.size }, TD_F32, 2,
                       (const int64_t[]){ s.length[0], 2 }, from, size, td_crc32c(0, from, size));
        td_strbuf_fini(&key);
        td_strbuf_fini(&proto);
    }
    table_put_entry(&w->block, "w", 1, td_strbuf_text(&full), full.size);
    td_strbuf_fini(&full);
}

static void partitioned(void **state)
{
    const float values[8] = { 0, 1, 2, 3, 4, 5, 6, 7 };
    td_bundle *b;
    td_tensor t;

    add_partitioned(*state, 2, values);
    assert_null(open_written(*state, &b));
    assert_null(td_bundle_read(b, "w", "", &t));
    assert_memory_equal(t.data, values, sizeof values);
    td_tensor_unref(&t);
    assert_null(td_bundle_read(b, "w", "4 2 2,2:-", &t));
    assert_memory_equal(t.data, values + 4, 4 * sizeof *values);
    td_tensor_unref(&t);
    assert_null(td_bundle_read(b, "w", "4 2 1,2:1,1", &t));
    assert_memory_equal(t.data, ((const float[]){ 3, 5 }), 2 * sizeof *values);
    td_tensor_unref(&t);
    td_bundle_unref(b);
}

static void slices_that_overlap_or_leave_gaps(void **state)
{
    const float values[8] = { 0, 1, 2, 3, 4, 5, 6, 7 };
    bundle_writer *const w = *state;
    td_bundle *b;
    td_tensor t;

    for (int64_t rows = 1; rows <= 3; rows += 2) {
        add_partitioned(w, rows, values);
        assert_null(open_written(w, &b));
        assert_status_like(td_bundle_read(b, "w", "", &t), rows == 1 ? TD_INVALID_ARGUMENT : TD_DATA_LOSS,
                           rows == 1 ? "do not contain" : "overlap");
        td_bundle_unref(b);
    }
}

static void numbers_in_keys(void **state)
{
    /* As TensorFlow 2.21 wrote them: the slice [0,150) of a variable "big", and its start 150. */
    const td_shape shape = { .rank = 2, .dims = { 300, 5 } };
    td_slice s = td_slice_whole(&shape);
    td_strbuf key = { NULL, 0, 0 };

    (void)state;
    s.is_full[0] = false;
    s.start[0] = 150;
    s.length[0] = 150;
    td_slice_key((td_string){ "b\0\xff", 3 }, &s, &key);
    static const char expected[] = "\0"
                                   "b\0\xff\xff\0\0\1"
                                   "\1\2"
                                   "\xc0\x96\xc0\x96"
                                   "\x80\x7f";
    assert_int_equal(key.size, sizeof expected - 1);
    assert_memory_equal(td_strbuf_text(&key), expected, key.size);
    td_strbuf_fini(&key);
}

static void damage(void **state)
{
    bundle_writer *const w = *state;
    const int32_t value = 5;
    td_bundle *b;
    td_tensor t;

    bundle_add(w, "big", TD_I32, 1, (const int64_t[]){ 2 }, &value, sizeof value);
    bundle_add(w, "x", TD_I32, 0, NULL, &value, sizeof value);
    assert_null(open_written(w, &b));
    assert_status_like(td_bundle_read(b, "big", "", &t), TD_DATA_LOSS, "4 bytes for int32[2]");
    assert_null(td_bundle_read(b, "x", "", &t));
    td_tensor_unref(&t);
    td_bundle_unref(b);

    w->data.data[4] ^= 1; /* x's */
    assert_null(open_written(w, &b));
    assert_status_like(td_bundle_read(b, "x", "", &t), TD_DATA_LOSS, "checksum");
    td_bundle_unref(b);
    w->data.size = 6;
    assert_null(open_written(w, &b));
    assert_status_like(td_bundle_read(b, "x", "", &t), TD_DATA_LOSS, "has 6 bytes, the index says 8");
    td_bundle_unref(b);
}

/* What was looked at before is read the same, and damage is told by who reads it. */
static void checks_ahead(void **state)
{
    bundle_writer *const w = *state;
    const int32_t values[2] = { 5, 6 };
    const td_string keys[] = { { "good", 4 }, { "bad", 3 }, { "big", 3 },
                               { "none", 4 }, { "", 0 },    { "text", 4 } };
    td_team *const team = td_team_make(2);
    td_bundle *b;
    td_tensor t;

    bundle_add(w, "bad", TD_I32, 0, NULL, &values[1], sizeof values[1]);
    bundle_add(w, "big", TD_I32, 1, (const int64_t[]){ 2 }, &values[1], sizeof values[1]);
    bundle_add(w, "good", TD_I32, 0, NULL, &values[0], sizeof values[0]);
    bundle_add_text(w, "text", "abc", 3);
    w->data.data[0] ^= 1;
    assert_null(open_written(w, &b));
    for (int round = 0; round < 2; round++)
        td_bundle_check_ahead(b, keys, TD_COUNT(keys), team);
    assert_null(td_bundle_read(b, "good", "", &t));
    assert_int_equal(*(const int32_t *)t.data, 5);
    td_tensor_unref(&t);
    assert_null(td_bundle_read(b, "text", "", &t));
    td_tensor_unref(&t);
    assert_status_like(td_bundle_read(b, "bad", "", &t), TD_DATA_LOSS, "checksum");
    assert_status_like(td_bundle_read(b, "big", "", &t), TD_DATA_LOSS, "4 bytes for int32[2]");
    td_bundle_unref(b);
    td_team_free(team);
}

/* A shard that lacks bytes of any entry is not read at all: it is being written, or was cut. */
static void short_shard(void **state)
{
    bundle_writer *const w = *state;
    const int32_t values[2] = { 5, 6 };
    td_bundle *b;
    td_tensor t;

    bundle_add(w, "a", TD_I32, 0, NULL, &values[0], sizeof values[0]);
    bundle_add(w, "b", TD_I32, 0, NULL, &values[1], sizeof values[1]);
    w->data.size--;
    assert_null(open_written(w, &b));
    assert_status_like(td_bundle_read(b, "a", "", &t), TD_DATA_LOSS, "has 7 bytes, the index says 8");
    w->data.size++;
    temp_dir_write("v.data-00000-of-00001", td_strbuf_text(&w->data), w->data.size);
    assert_null(td_bundle_read(b, "a", "", &t));
    td_tensor_unref(&t);
    td_bundle_unref(b);
}

/* Every byte of an index changed, and every length of it, is refused or read; nothing else. */
static void damaged_index(void **state)
{
    bundle_writer *const w = *state;
    const int32_t value = 5;
    td_strbuf table = { NULL, 0, 0 };
    char prefix[128];
    td_bundle *b;

    bundle_add(w, "x", TD_I32, 0, NULL, &value, sizeof value);
    table_put(&table, td_strbuf_text(&w->block), w->block.size);
    snprintf(prefix, sizeof prefix, "%s/v", temp_dir);
    const size_t size = table.size;
    for (size_t i = 0; i < 2 * size; i++) {
        if (i < size)
            table.data[i] ^= 0x55;
        else
            table.size = i - size;
        temp_dir_write("v.index", table.data, table.size);
        const td_status status = td_bundle_open(prefix, &b);
        if (!status) td_bundle_unref(b);
        td_status_free(status);
        if (i < size) table.data[i] ^= 0x55;
    }
    td_strbuf_fini(&table);
    assert_status_like(td_bundle_open("/nonexistent/v", &b), TD_NOT_FOUND, "/nonexistent/v.index");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tensorflows_own),
        cmocka_unit_test_setup_teardown(whole_tensors, begin, end),
        cmocka_unit_test_setup_teardown(strings, begin, end),
        cmocka_unit_test_setup_teardown(compressed_index, begin, end),
        cmocka_unit_test_setup_teardown(partitioned, begin, end),
        cmocka_unit_test_setup_teardown(slices_that_overlap_or_leave_gaps, begin, end),
        cmocka_unit_test(numbers_in_keys),
        cmocka_unit_test_setup_teardown(damage, begin, end),
        cmocka_unit_test_setup_teardown(checks_ahead, begin, end),
        cmocka_unit_test_setup_teardown(short_shard, begin, end),
        cmocka_unit_test_setup_teardown(damaged_index, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
