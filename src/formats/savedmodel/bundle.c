/* bundle.c -- reading a tensor bundle.
 *
 * The index's values are BundleEntryProtos { dtype = 1; shape = 2; shard_id = 3; offset = 4; size = 5;
 * crc32c = 6; slices = 7 }, under the tensors' names; the value under "" is the header. Entries are read from
 * their bytes each time: a lookup is rare next to what it leads to.
 */
#include "formats/savedmodel/bundle.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <string.h>

#include "base/arena.h"
#include "base/crc32c.h"
#include "base/file.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/mutex.h"
#include "base/wire.h"
#include "formats/savedmodel/slice.h"
#include "formats/savedmodel/table.h"
#include "formats/shape_proto.h"

enum { HEADER_SHARDS = 1, HEADER_ENDIAN = 2, HEADER_VERSION = 3, VERSION_MIN_CONSUMER = 2 };
enum { ENTRY_DTYPE = 1, ENTRY_SHAPE, ENTRY_SHARD, ENTRY_OFFSET, ENTRY_SIZE, ENTRY_CRC, ENTRY_SLICES };
enum { OUR_VERSION = 1, SHARDS_MAX = 100000, SLICES_MAX = 4096 };

typedef struct shard {
    td_file_map map;
    bool is_open;
} shard;

struct td_bundle {
    atomic_uint refs;
    char *prefix, *index_path;
    td_file_map index;
    td_arena *arena; /* keys and their values' td_strings */
    td_map entries;  /* key -> td_string, a view of index */
    td_mutex mu;     /* guards shards */
    shard *shards;
    uint32_t n_shards;
};

typedef struct entry {
    td_dtype dtype; /* TD_DTYPE_NONE: a type unknown here */
    td_shape shape;
    uint64_t shard, offset, size;
    uint32_t crc;
    td_string bytes; /* for the slices */
    size_t n_slices;
} entry;

/* ---- opening ------------------------------------------------------------------------------------------- */

static td_status add_entry(void *ctx, td_string key, td_string value)
{
    td_bundle *const b = ctx;

    /* Keys share prefixes in the file, not here; real ones stay far below this. */
    if (td_arena_used(b->arena) / 64 > b->index.size + (1 << 16))
        return TD_ERR(RESOURCE_EXHAUSTED, "%s: its keys are too long", b->index_path);
    td_string *const copy = TD_ARENA_NEW(b->arena, td_string);
    *copy = value;
    td_map_put_n(&b->entries, td_arena_strndup(b->arena, key.data, key.size), key.size, copy);
    return NULL;
}

static uint64_t read_min_consumer(const td_wire_field *version)
{
    td_wire w = td_wire_inside(version);
    uint64_t min_consumer = 0;

    for (td_wire_field f; td_wire_next(&w, &f);)
        if (td_wire_is(&f, VERSION_MIN_CONSUMER, TD_WIRE_VARINT)) min_consumer = f.value;
    return min_consumer;
}

static td_status read_header(td_bundle *b)
{
    const td_string *const header = td_map_get_n(&b->entries, "", 0);
    uint64_t n_shards = 0, is_big = 0, min_consumer = 0;

    if (!header) return TD_ERR(DATA_LOSS, "%s: it has no header", b->index_path);
    td_wire w = td_wire_of(header->data, header->size);
    for (td_wire_field f; td_wire_next(&w, &f);) {
        if (td_wire_is(&f, HEADER_SHARDS, TD_WIRE_VARINT)) n_shards = f.value;
        if (td_wire_is(&f, HEADER_ENDIAN, TD_WIRE_VARINT)) is_big = f.value;
        if (td_wire_is(&f, HEADER_VERSION, TD_WIRE_BYTES)) min_consumer = read_min_consumer(&f);
    }
    if (w.bad) return TD_ERR(DATA_LOSS, "%s: damaged header", b->index_path);
    if (is_big) return TD_ERR(UNIMPLEMENTED, "%s: big-endian data cannot be read", b->index_path);
    if (min_consumer > OUR_VERSION)
        return TD_ERR(UNIMPLEMENTED, "%s: needs a reader of version %" PRIu64, b->index_path, min_consumer);
    if (n_shards > SHARDS_MAX)
        return TD_ERR(DATA_LOSS, "%s: its header says %" PRIu64 " shards", b->index_path, n_shards);
    b->n_shards = (uint32_t)n_shards;
    b->shards = TD_NEW_N(shard, n_shards);
    return NULL;
}

static td_status open_index(td_bundle *b)
{
    TD_TRY(td_file_map_open(b->index_path, &b->index));
    TD_TRY(td_table_scan(b->index.data, b->index.size, b->index_path, add_entry, b));
    return read_header(b);
}

td_status td_bundle_open(const char *prefix, td_bundle **out)
{
    td_bundle *const b = TD_NEW(td_bundle);

    atomic_init(&b->refs, 1);
    b->prefix = td_strdup(prefix);
    b->index_path = td_format("%s.index", prefix);
    b->arena = td_arena_make();
    td_map_init(&b->entries);
    td_mutex_init(&b->mu, TD_LOCK_leaf);
    const td_status status = open_index(b);
    if (status) {
        td_bundle_unref(b);
        return status;
    }
    *out = b;
    return NULL;
}

td_bundle *td_bundle_ref(td_bundle *b)
{
    atomic_fetch_add_explicit(&b->refs, 1, memory_order_relaxed);
    return b;
}

void td_bundle_unref(td_bundle *b)
{
    /* Release what this thread did with the bundle to the one that frees it; acquire that of the others. */
    if (!b || atomic_fetch_sub_explicit(&b->refs, 1, memory_order_acq_rel) != 1) return;
    for (uint32_t i = 0; i < b->n_shards; i++)
        td_file_map_close(&b->shards[i].map);
    td_free(b->shards);
    td_mutex_fini(&b->mu);
    td_map_fini(&b->entries);
    td_arena_free(b->arena);
    td_file_map_close(&b->index);
    td_free(b->index_path);
    td_free(b->prefix);
    td_free(b);
}

/* ---- entries ------------------------------------------------------------------------------------------- */

static td_status read_entry(const td_string *value, entry *out)
{
    td_wire w = td_wire_of(value->data, value->size);
    entry e = { .bytes = *value };
    uint64_t dtype = 0;

    for (td_wire_field f; td_wire_next(&w, &f);) {
        if (td_wire_is(&f, ENTRY_DTYPE, TD_WIRE_VARINT)) dtype = f.value;
        if (td_wire_is(&f, ENTRY_SHAPE, TD_WIRE_BYTES)) TD_TRY(td_shape_proto_read(f.data, f.size, &e.shape));
        if (td_wire_is(&f, ENTRY_SHARD, TD_WIRE_VARINT)) e.shard = f.value;
        if (td_wire_is(&f, ENTRY_OFFSET, TD_WIRE_VARINT)) e.offset = f.value;
        if (td_wire_is(&f, ENTRY_SIZE, TD_WIRE_VARINT)) e.size = f.value;
        if (td_wire_is(&f, ENTRY_CRC, TD_WIRE_FIXED32)) e.crc = td_crc32c_unmask((uint32_t)f.value);
        if (td_wire_is(&f, ENTRY_SLICES, TD_WIRE_BYTES)) e.n_slices++;
    }
    if (w.bad || !td_shape_is_known(&e.shape)) return TD_ERR(DATA_LOSS, "damaged entry");
    if (dtype < TD_DTYPE_COUNT && td_dtype_is_valid((int64_t)dtype)) e.dtype = (td_dtype)dtype;
    *out = e;
    return NULL;
}

static int shown(td_string key)
{
    return (int)TD_MIN(key.size, 500);
}

static td_status find_entry(const td_bundle *b, td_string key, entry *out)
{
    const td_string *const value = td_map_get_n(&b->entries, key.data, key.size);

    if (!value || !key.size)
        return TD_ERR(NOT_FOUND, "Key %.*s not found in checkpoint", shown(key), key.data);
    return td_status_prefix(read_entry(value, out), "%s: key '%.*s': ", b->index_path, shown(key), key.data);
}

/* ---- shards -------------------------------------------------------------------------------------------- */

static td_status open_shard_locked(td_bundle *b, uint32_t i) TD_REQUIRES(b->mu)
{
    shard *const s = &b->shards[i];

    if (s->is_open) return NULL;
    char *const path = td_format("%s.data-%05" PRIu32 "-of-%05" PRIu32, b->prefix, i, b->n_shards);
    const td_status status = td_file_map_open(path, &s->map);
    td_free(path);
    s->is_open = !status;
    return status;
}

/* The bytes of an entry. They stay mapped while the bundle lives. */
static td_status map_entry(td_bundle *b, const entry *e, const uint8_t **out)
{
    if (e->shard >= b->n_shards)
        return TD_ERR(DATA_LOSS, "its shard %" PRIu64 " is not one of %" PRIu32, e->shard, b->n_shards);
    td_mutex_lock(&b->mu);
    const td_status status = open_shard_locked(b, (uint32_t)e->shard);
    const td_file_map map = b->shards[e->shard].map;
    td_mutex_unlock(&b->mu);
    TD_TRY(status);
    if (e->offset > map.size || e->size > map.size - e->offset)
        return TD_ERR(DATA_LOSS,
                      "%s.data-%05" PRIu64 "-of-%05" PRIu32 " ends at byte %zu, before its %" PRIu64
                      " bytes at %" PRIu64,
                      b->prefix, e->shard, b->n_shards, map.size, e->size, e->offset);
    *out = map.data ? map.data + e->offset : (const uint8_t *)"";
    return NULL;
}

static td_status check_crc(uint32_t actual, const entry *e)
{
    if (actual == e->crc) return NULL;
    return TD_ERR(DATA_LOSS,
                  "TensorBundle at shard %" PRIu64 " offset %" PRIu64 " of %" PRIu64
                  " bytes: checksum does not match: stored %08" PRIx32 ", actual %08" PRIx32,
                  e->shard, e->offset, e->size, e->crc, actual);
}

/* ---- whole tensors ------------------------------------------------------------------------------------- */

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

static td_status read_strings(td_bundle *b, const entry *e, const uint8_t *bytes, td_tensor *out)
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

static td_status copy_fixed(const entry *e, const uint8_t *bytes, td_tensor *out)
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

static td_status check_size(const entry *e)
{
    const uint64_t full = (uint64_t)td_shape_count(&e->shape) * td_dtype_size(e->dtype);
    char text[TD_SHAPE_TEXT];

    if (e->size == full) return NULL;
    return TD_ERR(DATA_LOSS, "%" PRIu64 " bytes for %s%s", e->size, td_dtype_name(e->dtype),
                  td_shape_text(&e->shape, text, sizeof text));
}

static td_status read_fixed(td_bundle *b, const entry *e, const uint8_t *bytes, td_tensor *out)
{
    TD_TRY(check_crc(td_crc32c(0, bytes, (size_t)e->size), e));
    if (!e->size || !is_view(e->dtype, bytes, (size_t)e->size)) return copy_fixed(e, bytes, out);
    td_tensor t = { .dtype = e->dtype, .shape = e->shape, .data = (void *)(uintptr_t)bytes };
    TD_TRY(td_buffer_wrap(t.data, (size_t)e->size, release_view, b, &t.buffer));
    td_bundle_ref(b);
    *out = t;
    return NULL;
}

static td_status read_whole(td_bundle *b, const entry *e, td_tensor *out)
{
    const uint8_t *bytes = NULL;

    if (!e->dtype || e->dtype == TD_RESOURCE || e->dtype == TD_VARIANT)
        return TD_ERR(UNIMPLEMENTED, "tensors of its type cannot be read");
    if (e->dtype != TD_STRING) TD_TRY(check_size(e));
    TD_TRY(map_entry(b, e, &bytes));
    return e->dtype == TD_STRING ? read_strings(b, e, bytes, out) : read_fixed(b, e, bytes, out);
}

/* ---- slices -------------------------------------------------------------------------------------------- */

/* What is wanted of a partitioned tensor, and the slices that it is stored in. */
typedef struct gather {
    td_bundle *b;
    td_string key;
    const entry *full;
    td_slice want;
    td_slice *stored; /* full->n_slices */
} gather;

static td_status read_slices(gather *g)
{
    td_wire w = td_wire_of(g->full->bytes.data, g->full->bytes.size);
    size_t n = 0;

    for (td_wire_field f; td_wire_next(&w, &f);)
        if (td_wire_is(&f, ENTRY_SLICES, TD_WIRE_BYTES))
            TD_TRY(td_slice_proto_read(&f, &g->full->shape, &g->stored[n++]));
    return NULL;
}

/* No two stored slices overlap, and all of `want` is in one of them: then memory is bounded by the file. */
static td_status check_cover(const gather *g)
{
    const td_shape want = td_slice_shape(&g->want);
    int64_t covered = 0;
    td_slice part;

    for (size_t i = 0; i < g->full->n_slices; i++) {
        for (size_t k = 0; k < i; k++)
            if (td_slice_intersect(&g->stored[i], &g->stored[k], &part))
                return TD_ERR(DATA_LOSS, "its slices overlap");
        if (!td_slice_intersect(&g->stored[i], &g->want, &part)) continue;
        const td_shape shape = td_slice_shape(&part);
        covered += td_shape_count(&shape);
    }
    if (covered == td_shape_count(&want)) return NULL;
    return TD_ERR(INVALID_ARGUMENT, "its slices do not contain all of what is wanted");
}

static td_status read_stored(const gather *g, const td_slice *s, td_tensor *out)
{
    td_strbuf key = { NULL, 0, 0 };
    const td_shape shape = td_slice_shape(s);
    entry e;

    td_slice_key(g->key, s, &key);
    td_status status = find_entry(g->b, (td_string){ td_strbuf_text(&key), key.size }, &e);
    td_strbuf_fini(&key);
    TD_TRY(status);
    if (e.n_slices || e.dtype != g->full->dtype || !td_shape_equal(&e.shape, &shape))
        return TD_ERR(DATA_LOSS, "a slice's entry does not fit it");
    return read_whole(g->b, &e, out);
}

/* The stored pieces that have a part in it, all read before memory for the result is taken. */
static td_status gather_pieces(const gather *g, td_tensor *pieces, td_tensor *out)
{
    const td_shape shape = td_slice_shape(&g->want);
    td_slice part;

    for (size_t i = 0; i < g->full->n_slices; i++)
        if (td_slice_intersect(&g->stored[i], &g->want, &part))
            TD_TRY(read_stored(g, &g->stored[i], &pieces[i]));
    td_tensor t;
    TD_TRY(td_tensor_make(g->full->dtype, &shape, &t));
    for (size_t i = 0; i < g->full->n_slices; i++)
        if (td_slice_intersect(&g->stored[i], &g->want, &part))
            td_slice_copy(&part, &g->stored[i], pieces[i].data, &g->want, t.data, td_dtype_size(t.dtype));
    *out = t;
    return NULL;
}

static td_status gather_all(gather *g, td_tensor *out)
{
    TD_TRY(read_slices(g));
    for (size_t i = 0; i < g->full->n_slices; i++)
        if (td_slice_equal(&g->stored[i], &g->want)) return read_stored(g, &g->stored[i], out);
    TD_TRY(check_cover(g));
    td_tensor *const pieces = TD_NEW_N(td_tensor, g->full->n_slices);
    const td_status status = gather_pieces(g, pieces, out);
    for (size_t i = 0; i < g->full->n_slices; i++)
        td_tensor_unref(&pieces[i]);
    td_free(pieces);
    return status;
}

static td_status read_partitioned(td_bundle *b, td_string key, const entry *full, const td_slice *want,
                                  td_tensor *out)
{
    if (full->dtype == TD_STRING || !td_dtype_size(full->dtype))
        return TD_ERR(UNIMPLEMENTED, "partitioned tensors of its type cannot be read");
    if (full->n_slices > SLICES_MAX) return TD_ERR(RESOURCE_EXHAUSTED, "it has %zu slices", full->n_slices);
    gather g = { .b = b, .key = key, .full = full, .want = *want };
    g.stored = TD_NEW_N(td_slice, full->n_slices);
    const td_status status = gather_all(&g, out);
    td_free(g.stored);
    return status;
}

/* A part of a tensor that is stored whole. */
static td_status read_part(td_bundle *b, const entry *e, const td_slice *want, td_tensor *out)
{
    const td_slice all = td_slice_whole(&e->shape);
    const td_shape shape = td_slice_shape(want);
    td_tensor whole, t;

    if (e->dtype == TD_STRING) return TD_ERR(UNIMPLEMENTED, "slices of strings cannot be read");
    TD_TRY(read_whole(b, e, &whole));
    const td_status status = td_tensor_make(e->dtype, &shape, &t);
    if (!status && td_shape_count(&shape))
        td_slice_copy(want, &all, whole.data, want, t.data, td_dtype_size(e->dtype));
    td_tensor_unref(&whole);
    TD_TRY(status);
    *out = t;
    return NULL;
}

/* "50 8 0,17:0,8": the tensor's dims, then the slice. */
static td_status parse_spec(const char *spec, const td_shape *shape, td_slice *out)
{
    const char *const last = strrchr(spec, ' ');
    td_strbuf dims = { NULL, 0, 0 };

    for (int32_t i = 0; i < shape->rank; i++)
        td_strbuf_printf(&dims, "%" PRId64 " ", shape->dims[i]);
    const size_t head = last ? (size_t)(last + 1 - spec) : 0;
    const bool same = head == dims.size && memcmp(spec, td_strbuf_text(&dims), head) == 0;
    td_strbuf_fini(&dims);
    if (!same) {
        char text[TD_SHAPE_TEXT];
        return TD_ERR(
            INVALID_ARGUMENT,
            "shape in shape_and_slice spec %.200s does not match the shape stored in checkpoint: %s", spec,
            td_shape_text(shape, text, sizeof text));
    }
    return td_slice_parse((td_string){ spec + head, strlen(spec + head) }, shape, out);
}

/* ---- the contract -------------------------------------------------------------------------------------- */

static td_status read_entry_slice(td_bundle *b, td_string key, const entry *e, const char *spec,
                                  td_tensor *out)
{
    const td_slice all = td_slice_whole(&e->shape);
    td_slice want = all;

    if (spec && *spec) TD_TRY(parse_spec(spec, &e->shape, &want));
    if (e->n_slices) return read_partitioned(b, key, e, &want, out);
    return td_slice_equal(&want, &all) ? read_whole(b, e, out) : read_part(b, e, &want, out);
}

td_status td_bundle_read(td_bundle *b, const char *key, const char *slice_spec, td_tensor *out)
{
    const td_string name = { key, strlen(key) };
    entry e;

    TD_TRY(find_entry(b, name, &e));
    return td_status_prefix(read_entry_slice(b, name, &e, slice_spec, out), "%s: key '%.500s': ", b->prefix,
                            key);
}

td_status td_bundle_lookup(td_bundle *b, const char *key, td_dtype *dtype, td_shape *shape)
{
    entry e;

    TD_TRY(find_entry(b, (td_string){ key, strlen(key) }, &e));
    *dtype = e.dtype;
    *shape = e.shape;
    return NULL;
}
