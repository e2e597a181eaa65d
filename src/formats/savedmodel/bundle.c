/* SPDX-License-Identifier: Apache-2.0 */
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
#include "base/file_map.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/mutex.h"
#include "base/wire.h"
#include "formats/savedmodel/bundle_entry.h"
#include "formats/savedmodel/table.h"
#include "formats/shape_proto.h"

enum { HEADER_SHARDS = 1, HEADER_ENDIAN = 2, HEADER_VERSION = 3, VERSION_MIN_CONSUMER = 2 };
enum { ENTRY_DTYPE = 1, ENTRY_SHAPE, ENTRY_SHARD, ENTRY_OFFSET, ENTRY_SIZE, ENTRY_CRC };
enum { OUR_VERSION = 1, SHARDS_MAX = 100000 };

/* What the map has of a key. */
typedef struct stored {
    td_string value;      /* a view of index or arena */
    atomic_bool is_sound; /* its checksum was found to be right */
} stored;

typedef struct shard {
    td_file_map map;
    bool is_open;
    uint64_t least; /* bytes that the index says it has */
} shard;

struct td_bundle {
    atomic_uint refs;
    char *prefix, *index_path;
    td_file_map index;
    td_arena *arena; /* keys, their values' td_strings, blocks that were compressed */
    td_map entries;  /* key -> stored */
    td_mutex mu;     /* guards shards */
    shard *shards;
    uint32_t n_shards;
    bool is_trusted;
    bool is_measured; /* shards' `least` are known */
};

/* ---- opening ------------------------------------------------------------------------------------------- */

static td_status add_entry(void *ctx, td_string key, td_string value)
{
    td_bundle *const b = ctx;

    /* Keys share prefixes in the file, not here; real ones stay far below this. */
    if (td_arena_used(b->arena) / 64 > b->index.size + (1 << 16))
        return TD_ERR(RESOURCE_EXHAUSTED, "%s: its keys are too long", b->index_path);
    stored *const copy = TD_ARENA_NEW(b->arena, stored);
    copy->value = value;
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
    const stored *const header = td_map_get_n(&b->entries, "", 0);
    uint64_t n_shards = 0, is_big = 0, min_consumer = 0;

    if (!header) return TD_ERR(DATA_LOSS, "%s: it has no header", b->index_path);
    td_wire w = td_wire_of(header->value.data, header->value.size);
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
    TD_TRY(td_table_scan(b->index.data, b->index.size, b->index_path, b->arena, add_entry, b));
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
    td_mutex_init(&b->mu, TD_LOCK_formats_shards);
    const td_status status = open_index(b);
    if (status) {
        td_bundle_unref(b);
        return status;
    }
    *out = b;
    return NULL;
}

bool td_bundle_next(const td_bundle *b, size_t *i, td_string *key)
{
    const char *name;
    void *value;

    while (td_map_next(&b->entries, i, &name, &value)) {
        if (!*name) continue; /* the header */
        *key = (td_string){ name, strlen(name) };
        return true;
    }
    return false;
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

static td_status read_entry(const td_string *value, td_bundle_entry *out)
{
    td_wire w = td_wire_of(value->data, value->size);
    td_bundle_entry e = { .bytes = *value };
    uint64_t dtype = 0;

    for (td_wire_field f; td_wire_next(&w, &f);) {
        if (td_wire_is(&f, ENTRY_DTYPE, TD_WIRE_VARINT)) dtype = f.value;
        if (td_wire_is(&f, ENTRY_SHAPE, TD_WIRE_BYTES)) TD_TRY(td_shape_proto_read(f.data, f.size, &e.shape));
        if (td_wire_is(&f, ENTRY_SHARD, TD_WIRE_VARINT)) e.shard = f.value;
        if (td_wire_is(&f, ENTRY_OFFSET, TD_WIRE_VARINT)) e.offset = f.value;
        if (td_wire_is(&f, ENTRY_SIZE, TD_WIRE_VARINT)) e.size = f.value;
        if (td_wire_is(&f, ENTRY_CRC, TD_WIRE_FIXED32)) e.crc = td_crc32c_unmask((uint32_t)f.value);
        if (td_wire_is(&f, TD_ENTRY_SLICES, TD_WIRE_BYTES)) e.n_slices++;
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

td_status td_bundle_find(const td_bundle *b, td_string key, td_bundle_entry *out)
{
    stored *const s = td_map_get_n(&b->entries, key.data, key.size);

    if (!s || !key.size) return TD_ERR(NOT_FOUND, "Key %.*s not found in checkpoint", shown(key), key.data);
    TD_TRY(td_status_prefix(read_entry(&s->value, out), "%s: key '%.*s': ", b->index_path, shown(key),
                            key.data));
    /* relaxed: the bytes are the file's, and were there before */
    out->is_sound = b->is_trusted || atomic_load_explicit(&s->is_sound, memory_order_relaxed);
    return NULL;
}

/* ---- shards -------------------------------------------------------------------------------------------- */

/* What all entries need of their shards. Entries that are damaged say so when they are read. */
static td_status measure_shards(td_bundle *b)
{
    const char *key;
    void *value;

    for (size_t i = 0; td_map_next(&b->entries, &i, &key, &value);) {
        td_bundle_entry e;
        const td_status bad = read_entry(&((const stored *)value)->value, &e);
        uint64_t end;

        if (!bad && e.shard < b->n_shards && !__builtin_add_overflow(e.offset, e.size, &end))
            b->shards[e.shard].least = TD_MAX(b->shards[e.shard].least, end);
        if (td_status_code(bad) == TD_RESOURCE_EXHAUSTED) return bad; /* nothing is known of the entry */
        td_status_free(bad);
    }
    return NULL;
}

/* A shard that is too short is being copied, or was cut: what lies before the cut is not to be trusted either, and
 * would be taken for changed as soon as the copy goes on. */
static td_status map_shard(const shard *s, const char *path, td_file_map *out)
{
    td_file_map map;

    TD_TRY(td_file_map_open(path, &map));
    if (map.size < s->least) {
        const td_status status =
            TD_ERR(DATA_LOSS, "%s has %zu bytes, the index says %" PRIu64, path, map.size, s->least);

        td_file_map_close(&map);
        return status;
    }
    *out = map;
    return NULL;
}

static td_status open_shard_locked(td_bundle *b, uint32_t i) TD_REQUIRES(b->mu)
{
    shard *const s = &b->shards[i];

    if (s->is_open) return NULL;
    if (!b->is_measured) TD_TRY(measure_shards(b));
    b->is_measured = true;
    char *const path = td_format("%s.data-%05" PRIu32 "-of-%05" PRIu32, b->prefix, i, b->n_shards);
    const td_status status = map_shard(s, path, &s->map);
    td_free(path);
    s->is_open = !status;
    return status;
}

/* The bytes of an entry. They stay mapped while the bundle lives. */
td_status td_bundle_map(td_bundle *b, const td_bundle_entry *e, const uint8_t **out)
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

/* ---- the contract -------------------------------------------------------------------------------------- */

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

static td_status read_entry_slice(td_bundle *b, td_string key, const td_bundle_entry *e, const char *spec,
                                  td_tensor *out)
{
    const td_slice all = td_slice_whole(&e->shape);
    td_slice want = all;

    if (spec && *spec) TD_TRY(parse_spec(spec, &e->shape, &want));
    if (e->n_slices) return td_bundle_read_partitioned(b, key, e, &want, out);
    return td_slice_equal(&want, &all) ? td_bundle_read_whole(b, e, out)
                                       : td_bundle_read_part(b, e, &want, out);
}

td_status td_bundle_read(td_bundle *b, const char *key, const char *slice_spec, td_tensor *out)
{
    const td_string name = { key, strlen(key) };
    td_bundle_entry e;

    TD_TRY(td_bundle_find(b, name, &e));
    return td_status_prefix(read_entry_slice(b, name, &e, slice_spec, out), "%s: key '%.500s': ", b->prefix,
                            key);
}

void td_bundle_trust(td_bundle *b)
{
    b->is_trusted = true;
}

/* ---- checks ahead -------------------------------------------------------------------------------------- */

typedef struct ahead {
    td_bundle *b;
    const td_string *keys;
} ahead;

static void check_one(void *ctx, size_t i, int thread)
{
    const ahead *const a = ctx;
    const td_string key = a->keys[i];
    stored *const s = td_map_get_n(&a->b->entries, key.data, key.size);
    td_bundle_entry e;
    const uint8_t *bytes;

    (void)thread;
    if (!s) return;
    td_status bad = td_bundle_find(a->b, key, &e);
    if (!bad && (e.n_slices || e.dtype == TD_STRING || e.is_sound)) return;
    if (!bad) bad = td_bundle_map(a->b, &e, &bytes);
    if (!bad && td_crc32c(0, bytes, (size_t)e.size) == e.crc)
        atomic_store_explicit(&s->is_sound, true, memory_order_relaxed); /* as in td_bundle_find() */
    td_status_free(bad);
}

void td_bundle_check_ahead(td_bundle *b, const td_string *keys, size_t n, td_team *team)
{
    ahead a = { b, keys };

    if (td_team_threads(team) > 1) td_team_run(team, n, check_one, &a);
}
