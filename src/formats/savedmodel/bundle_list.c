/* SPDX-License-Identifier: Apache-2.0 */
/* bundle_list.c -- all that a bundle holds, and what is there twice. */
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "formats/savedmodel/bundle_entry.h"

/* An item with what finds its like. */
typedef struct found {
    td_bundle_item item;
    td_bundle_entry entry;
} found;

static int by_size(const void *a, const void *b)
{
    const found *const x = a, *const y = b;

    if (x->item.bytes != y->item.bytes) return x->item.bytes < y->item.bytes ? 1 : -1;
    if (x->entry.crc != y->entry.crc) return x->entry.crc < y->entry.crc ? 1 : -1;
    return strcmp(x->item.name, y->item.name);
}

static td_status collect(const td_bundle *b, td_vec *all)
{
    td_string key;

    for (size_t i = 0; td_bundle_next(b, &i, &key);) {
        td_bundle_entry e;

        TD_TRY(td_bundle_find(b, key, &e));
        if (e.n_slices) continue; /* it is in its slices, which have names of their own */
        *(found *)td_vec_push(all) =
            (found){ { .name = key.data, .dtype = e.dtype, .shape = e.shape, .bytes = e.size }, e };
    }
    return NULL;
}

static td_status is_same(td_bundle *b, const found *x, const found *y, bool *out)
{
    const uint8_t *p, *q;

    *out = false;
    if (x->item.dtype != y->item.dtype || !td_shape_equal(&x->item.shape, &y->item.shape)) return NULL;
    TD_TRY(td_bundle_map(b, &x->entry, &p));
    TD_TRY(td_bundle_map(b, &y->entry, &q));
    *out = !memcmp(p, q, x->item.bytes);
    return NULL;
}

/* Those of one size and checksum are neighbours. */
static td_status find_same(td_bundle *b, found *all, size_t n)
{
    for (size_t i = 1; i < n; i++)
        for (size_t j = i; j-- > 0 && !all[i].item.same_as;) {
            bool is = false;

            if (!all[i].item.bytes || all[j].item.bytes != all[i].item.bytes ||
                all[j].entry.crc != all[i].entry.crc)
                break;
            if (all[j].item.same_as) continue;
            TD_TRY(is_same(b, &all[i], &all[j], &is));
            if (is) all[i].item.same_as = all[j].item.name;
        }
    return NULL;
}

td_status td_bundle_list(td_bundle *b, td_arena *arena, td_bundle_item **out, size_t *n)
{
    td_vec all = TD_VEC(found);
    td_status error = collect(b, &all);

    if (!error && all.size) qsort(all.data, all.size, sizeof(found), by_size);
    if (!error) error = find_same(b, all.data, all.size);
    if (!error) {
        *out = TD_ARENA_NEW_N(arena, td_bundle_item, all.size + 1);
        *n = all.size;
        for (size_t i = 0; i < all.size; i++)
            (*out)[i] = TD_VEC_AT(&all, found, i)->item;
    }
    td_vec_fini(&all);
    return error;
}
