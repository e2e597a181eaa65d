/* SPDX-License-Identifier: Apache-2.0 */
/* table.c -- reading LevelDB tables.
 *
 * A block is entries, then the offsets of those that share no prefix (which a scan does not need), then their
 * number; after the block: one byte for the compression and a checksum of both. Each entry is
 *
 *     shared (varint) | fresh (varint) | value size (varint) | fresh bytes of the key | value
 *
 * and its key starts with `shared` bytes of the key before it.
 */
#include "formats/savedmodel/table.h"

#include <string.h>

#include "base/crc32c.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "base/wire.h"
#include "formats/snappy.h"

#define TABLE_MAGIC UINT64_C(0xdb4775248b80fb57)

enum { FOOTER_SIZE = 48, TRAILER_SIZE = 5, PLAIN = 0, SNAPPY = 1 };

typedef struct table {
    const uint8_t *bytes;
    size_t size;
    const char *file;
    td_arena *arena; /* for blocks that were compressed */
} table;

typedef struct handle {
    uint64_t offset, size;
} handle;

static td_status damage(const table *t, size_t at, const char *what)
{
    return TD_ERR(DATA_LOSS, "%s: %s at byte %zu", t->file, what, at);
}

static bool read_handle(const uint8_t *bytes, size_t size, handle *out, size_t *used)
{
    td_wire w = td_wire_of(bytes, size);

    if (!td_wire_varint(&w, &out->offset) || !td_wire_varint(&w, &out->size)) return false;
    *used = (size_t)(w.at - bytes);
    return true;
}

static td_status expand_block(const table *t, const handle *h, const uint8_t **block, size_t *size)
{
    size_t full;

    if (!td_snappy_size(*block, *size, &full))
        return damage(t, (size_t)h->offset, "a compressed block with a bad size");
    uint8_t *const out = td_arena_try_alloc(t->arena, full, 1);
    if (!out)
        return TD_ERR(RESOURCE_EXHAUSTED, "%s: no memory for a compressed block of %zu bytes", t->file, full);
    if (!td_snappy_expand(*block, *size, out, full))
        return damage(t, (size_t)h->offset, "damaged compression of the block");
    *block = out;
    *size = full;
    return NULL;
}

/* The bytes of a block, once its place and checksum are seen to be right. */
static td_status read_block(const table *t, const handle *h, const uint8_t **block, size_t *size)
{
    uint32_t stored;

    if (h->size > t->size || h->offset > t->size || h->size + TRAILER_SIZE > t->size - h->offset)
        return damage(t, (size_t)TD_MIN(h->offset, t->size), "a block that is not inside the file");
    *block = t->bytes + h->offset;
    *size = (size_t)h->size;
    memcpy(&stored, *block + *size + 1, sizeof stored);
    if (td_crc32c_unmask(stored) != td_crc32c(0, *block, *size + 1))
        return damage(t, (size_t)h->offset, "block checksum mismatch");
    const uint8_t type = (*block)[*size];
    if (type == SNAPPY) return expand_block(t, h, block, size);
    return type == PLAIN ? NULL : damage(t, (size_t)h->offset, "bad block type");
}

/* The entries of a block. */
static td_status open_block(const table *t, const handle *h, td_wire *out)
{
    const uint8_t *block = NULL;
    uint32_t n_restarts;
    size_t size = 0;

    TD_TRY(read_block(t, h, &block, &size));
    if (size < 4) return damage(t, (size_t)h->offset, "a block without its end");
    memcpy(&n_restarts, block + size - 4, sizeof n_restarts);
    if (n_restarts > (size - 4) / 4) return damage(t, (size_t)h->offset, "bad entry in block");
    *out = td_wire_of(block, size - 4 - 4 * (size_t)n_restarts);
    return NULL;
}

/* The next entry of a block: key is changed into its key. false at the end, or when damaged (w->bad). */
static bool next_entry(td_wire *w, td_strbuf *key, td_string *value)
{
    uint64_t shared, fresh, value_size;

    if (w->at == w->end) return false;
    w->bad = true;
    if (!td_wire_varint(w, &shared) || !td_wire_varint(w, &fresh) || !td_wire_varint(w, &value_size))
        return false;
    const size_t left = (size_t)(w->end - w->at);
    if (shared > key->size || fresh > left || value_size > left - fresh) return false;
    key->size = (size_t)shared;
    td_strbuf_add(key, w->at, (size_t)fresh);
    w->at += fresh;
    *value = (td_string){ (const char *)w->at, (size_t)value_size };
    w->at += value_size;
    w->bad = false;
    return true;
}

static td_status scan_block(const table *t, const handle *h, td_table_visit visit, void *ctx)
{
    td_strbuf key = { NULL, 0, 0 };
    td_status status = NULL;
    td_wire w;

    TD_TRY(open_block(t, h, &w));
    for (td_string value; !status && next_entry(&w, &key, &value);)
        status = visit(ctx, (td_string){ td_strbuf_text(&key), key.size }, value);
    if (!status && w.bad) status = damage(t, (size_t)h->offset, "bad entry in block");
    td_strbuf_fini(&key);
    return status;
}

/* Visits an index block: every value is the handle of a data block. */
typedef struct index_walk {
    const table *t;
    td_table_visit visit;
    void *ctx;
    const handle *index;
    uint64_t end; /* of the block before: blocks do not overlap, so that all of them together are one file */
} index_walk;

static td_status visit_index(void *ctx, td_string key, td_string value)
{
    index_walk *const walk = ctx;
    handle h;
    size_t used;

    (void)key;
    if (!read_handle((const uint8_t *)value.data, value.size, &h, &used) || h.offset < walk->end)
        return damage(walk->t, (size_t)walk->index->offset, "bad block handle");
    TD_TRY(scan_block(walk->t, &h, walk->visit, walk->ctx));
    walk->end = h.offset + h.size;
    return NULL;
}

td_status td_table_scan(const uint8_t *bytes, size_t size, const char *file, td_arena *arena,
                        td_table_visit visit, void *ctx)
{
    const table t = { .bytes = bytes, .size = size, .file = file, .arena = arena };
    handle meta_index, index;
    index_walk walk = { .t = &t, .visit = visit, .ctx = ctx, .index = &index };
    uint64_t magic;
    size_t used, used_too;

    if (size < FOOTER_SIZE) return TD_ERR(DATA_LOSS, "%s: file is too short to be an sstable", file);
    const uint8_t *const footer = bytes + size - FOOTER_SIZE;
    memcpy(&magic, footer + FOOTER_SIZE - sizeof magic, sizeof magic);
    if (magic != TABLE_MAGIC) return TD_ERR(DATA_LOSS, "%s: not an sstable (bad magic number)", file);
    if (!read_handle(footer, 40, &meta_index, &used) ||
        !read_handle(footer + used, 40 - used, &index, &used_too))
        return damage(&t, size - FOOTER_SIZE, "bad block handle");
    return scan_block(&t, &index, visit_index, &walk);
}
