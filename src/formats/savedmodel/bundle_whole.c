/* SPDX-License-Identifier: Apache-2.0 */
/* bundle_whole.c -- one tensor out of a shard, with its checksum:
 * as a view of the mapping where that can be. */
#include <inttypes.h>
#include <string.h>

#include "base/crc32c.h"
#include "base/macros.h"
#include "base/mem.h"
#include "formats/savedmodel/bundle_entry.h"

static td_status check_crc(uint32_t actual, const td_bundle_entry *e)
{
    if (actual == e->crc) return NULL;
    return TD_ERR(DATA_LOSS,
                  "TensorBundle at shard %" PRIu64 " offset %" PRIu64 " of %" PRIu64
                  " bytes: checksum does not match: stored %08" PRIx32 ", actual %08" PRIx32,
                  e->shard, e->offset, e->size, e->crc, actual);
}

static void release_view(void *data, void *ctx)
{
    (void)data;
    td_bundle_unref(ctx);
}

static void release_strings(void *data, void *ctx)
{
    td_free(data);
    td_bundle_unref(ctx);
}

/* Lengths (varints) | checksum of the lengths as 32- or 64-bit numbers | bytes. Fills strings; *crc is that
 * of the entry, in the writer's way. */
static td_status split_strings(const uint8_t *bytes, size_t size, td_string *strings, size_t count,
                               uint32_t *crc)
{
    td_wire w = td_wire_of(bytes, size);
    uint32_t sum = 0, stored;

    for (size_t i = 0; i < count; i++) {
        uint64_t length;
        if (!td_wire_varint(&w, &length) || length > size) return TD_ERR(DATA_LOSS, "damaged string lengths");
        sum = td_crc32c(sum, &length, length <= UINT32_MAX ? 4 : 8);
        strings[i].size = (size_t)length;
    }
    if (w.end - w.at < 4) return TD_ERR(DATA_LOSS, "damaged string lengths");
    memcpy(&stored, w.at, sizeof stored);
    if (td_crc32c_unmask(stored) != sum)
        return TD_ERR(DATA_LOSS,
                      "The length checksum does not match: expected %08" PRIx32 " but actual is %08" PRIx32,
                      td_crc32c_unmask(stored), sum);
    sum = td_crc32c(sum, w.at, 4);
    w.at += 4;
    for (size_t i = 0; i < count; i++) {
        if (strings[i].size > (size_t)(w.end - w.at)) return TD_ERR(DATA_LOSS, "strings end too early");
        strings[i].data = (const char *)w.at;
        sum = td_crc32c(sum, w.at, strings[i].size);
        w.at += strings[i].size;
    }
    if (w.at != w.end) return TD_ERR(DATA_LOSS, "bytes after the last string");
    *crc = sum;
    return NULL;
}

static td_status read_strings(td_bundle *b, const td_bundle_entry *e, const uint8_t *bytes, td_tensor *out)
{
    const size_t count = (size_t)td_shape_count(&e->shape);
    uint32_t crc = 0;

    if (count > e->size) return TD_ERR(DATA_LOSS, "%zu strings in %" PRIu64 " bytes", count, e->size);
    td_tensor t = { .dtype = e->dtype, .shape = e->shape };
    td_string *const strings = td_try_alloc(TD_MAX(count, 1) * sizeof *strings, TD_ALIGN);
    if (!strings) return TD_ERR(RESOURCE_EXHAUSTED, "no memory for %zu strings", count);
    td_status status = split_strings(bytes, (size_t)e->size, strings, count, &crc);
    if (!status) status = check_crc(crc, e);
    if (!status) status = td_buffer_wrap(strings, count * sizeof *strings, release_strings, b, &t.buffer);
    if (status) {
        td_free(strings);
        return status;
    }
    td_bundle_ref(b);
    t.data = strings;
    *out = t;
    return NULL;
}

/* Can the elements be used where they lie? */
static bool is_view(td_dtype dtype, const uint8_t *bytes, size_t size)
{
    const size_t align = dtype == TD_C64 ? 4 : dtype == TD_C128 ? 8 : td_dtype_size(dtype);

    if (dtype == TD_BOOL) /* C's bool must be 0 or 1 */
        for (size_t i = 0; i < size; i++)
            if (bytes[i] > 1) return false;
    return (uintptr_t)bytes % align == 0;
}

static td_status copy_fixed(const td_bundle_entry *e, const uint8_t *bytes, td_tensor *out)
{
    td_tensor t;

    TD_TRY(td_tensor_make(e->dtype, &e->shape, &t));
    if (e->size) memcpy(t.data, bytes, (size_t)e->size);
    if (e->dtype == TD_BOOL)
        for (uint8_t *p = t.data, *const end = p + e->size; p < end; p++)
            *p = *p != 0;
    *out = t;
    return NULL;
}

static td_status check_size(const td_bundle_entry *e)
{
    const uint64_t full = (uint64_t)td_shape_count(&e->shape) * td_dtype_size(e->dtype);
    char text[TD_SHAPE_TEXT];

    if (e->size == full) return NULL;
    return TD_ERR(DATA_LOSS, "%" PRIu64 " bytes for %s%s", e->size, td_dtype_name(e->dtype),
                  td_shape_text(&e->shape, text, sizeof text));
}

static td_status read_fixed(td_bundle *b, const td_bundle_entry *e, const uint8_t *bytes, td_tensor *out)
{
    if (!e->is_sound) TD_TRY(check_crc(td_crc32c(0, bytes, (size_t)e->size), e));
    if (!e->size || !is_view(e->dtype, bytes, (size_t)e->size)) return copy_fixed(e, bytes, out);
    td_tensor t = { .dtype = e->dtype, .shape = e->shape, .data = (void *)(uintptr_t)bytes };
    TD_TRY(td_buffer_wrap(t.data, (size_t)e->size, release_view, b, &t.buffer));
    td_bundle_ref(b);
    *out = t;
    return NULL;
}

td_status td_bundle_read_whole(td_bundle *b, const td_bundle_entry *e, td_tensor *out)
{
    const uint8_t *bytes = NULL;

    if (!e->dtype || e->dtype == TD_RESOURCE || e->dtype == TD_VARIANT)
        return TD_ERR(UNIMPLEMENTED, "tensors of its type cannot be read");
    if (e->dtype != TD_STRING) TD_TRY(check_size(e));
    TD_TRY(td_bundle_map(b, e, &bytes));
    return e->dtype == TD_STRING ? read_strings(b, e, bytes, out) : read_fixed(b, e, bytes, out);
}
