/* SPDX-License-Identifier: Apache-2.0 */
/* bundle_slices.c -- parts of tensors, and partitioned variables:
 * the index lists a variable's slices, each of which has an entry of its own. */
#include <string.h>

#include "base/mem.h"
#include "formats/savedmodel/bundle_entry.h"

enum { SLICES_MAX = 4096 };

/* What is wanted of a partitioned tensor, and the slices that it is stored in. */
typedef struct gather {
    td_bundle *b;
    td_string key;
    const td_bundle_entry *full;
    td_slice want;
    td_slice *stored; /* full->n_slices */
} gather;

static td_status read_slices(gather *g)
{
    td_wire w = td_wire_of(g->full->bytes.data, g->full->bytes.size);
    size_t n = 0;

    for (td_wire_field f; td_wire_next(&w, &f);)
        if (td_wire_is(&f, TD_ENTRY_SLICES, TD_WIRE_BYTES))
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
    td_bundle_entry e;

    td_slice_key(g->key, s, &key);
    td_status status = td_bundle_find(g->b, (td_string){ td_strbuf_text(&key), key.size }, &e);
    td_strbuf_fini(&key);
    TD_TRY(status);
    if (e.n_slices || e.dtype != g->full->dtype || !td_shape_equal(&e.shape, &shape))
        return TD_ERR(DATA_LOSS, "a slice's entry does not fit it");
    return td_bundle_read_whole(g->b, &e, out);
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

td_status td_bundle_read_partitioned(td_bundle *b, td_string key, const td_bundle_entry *full,
                                     const td_slice *want, td_tensor *out)
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
td_status td_bundle_read_part(td_bundle *b, const td_bundle_entry *e, const td_slice *want, td_tensor *out)
{
    const td_slice all = td_slice_whole(&e->shape);
    const td_shape shape = td_slice_shape(want);
    td_tensor whole, t;

    if (e->dtype == TD_STRING) return TD_ERR(UNIMPLEMENTED, "slices of strings cannot be read");
    TD_TRY(td_bundle_read_whole(b, e, &whole));
    const td_status status = td_tensor_make(e->dtype, &shape, &t);
    if (!status && td_shape_count(&shape))
        td_slice_copy(want, &all, whole.data, want, t.data, td_dtype_size(e->dtype));
    td_tensor_unref(&whole);
    TD_TRY(status);
    *out = t;
    return NULL;
}
