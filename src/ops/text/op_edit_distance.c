/* SPDX-License-Identifier: Apache-2.0 */
/* op_edit_distance.c -- EditDistance: Levenshtein's, between sequences that two sparse tensors hold.
 *
 * A sequence is what shares all indices but the last. The output has a place for each; places where neither
 * tensor has anything are 0. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/macros.h"
#include "kernels/array/order.h"
#include "ops/array/array.h"

typedef struct distance_attrs {
    bool normalize;
} distance_attrs;

static td_status distance_parse(td_parse *p)
{
    ((distance_attrs *)p->attrs)->normalize = td_attr_bool(p, "normalize");
    return NULL;
}

/* hypothesis: inputs 0 to 2; truth: 3 to 5; each indices [n, rank], values [n], shape [rank] */
static td_status check_sparse(td_call *c, uint32_t first, td_shape *dense)
{
    const td_shape *const index = &td_in(c, first)->shape, *const values = &td_in(c, first + 1)->shape;

    TD_TRY(td_need_shape(c, first + 2, false, dense));
    if (index->rank != 2 || values->rank != 1 || index->dims[0] != values->dims[0] ||
        index->dims[1] != dense->rank)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "%s_indices, _values and _shape do not fit each other",
                         first ? "truth" : "hypothesis");
    return NULL;
}

static td_status distance_infer(td_call *c)
{
    td_shape h, t;

    TD_TRY(check_sparse(c, 0, &h));
    TD_TRY(check_sparse(c, 3, &t));
    if (h.rank != t.rank || h.rank < 1)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "Expected hypothesis_shape.NumElements() == truth_shape.NumElements(): %d, %d",
                         (int)h.rank, (int)t.rank);
    h.rank--;
    for (int i = 0; i < h.rank; i++)
        h.dims[i] = TD_MAX(h.dims[i], t.dims[i]);
    TD_TRY(td_shape_check(&h));
    td_out(c, 0)->shape = h;
    return NULL;
}

/* One tensor's elements: where each sequence goes,
 * and the values as keys that are equal when the values are. */
typedef struct side {
    const int64_t *index;
    const uint64_t *keys;
    int64_t n, at;
} side;

/* The place in the output of element i; -1: outside. */
static int64_t place(const td_shape *out, const side *s, int64_t i)
{
    int64_t at = 0;

    for (int k = 0; k < out->rank; k++) {
        const int64_t v = s->index[i * (out->rank + 1) + k];

        if (v < 0 || v >= out->dims[k]) return -1;
        at = at * out->dims[k] + v;
    }
    return at;
}

/* The end of the sequence that begins at s->at; its place in *where (INT64_MAX: there is none left). */
static int64_t sequence(const td_shape *out, const side *s, int64_t *where)
{
    int64_t end = s->at;

    *where = end < s->n ? place(out, s, end) : INT64_MAX;
    while (end < s->n && place(out, s, end) == *where)
        end++;
    return end;
}

/* row has room for nb + 1. */
static int64_t levenshtein(const uint64_t *a, int64_t na, const uint64_t *b, int64_t nb, int64_t *row)
{
    for (int64_t j = 0; j <= nb; j++)
        row[j] = j;
    for (int64_t i = 0; i < na; i++) {
        int64_t diagonal = row[0];

        row[0] = i + 1;
        for (int64_t j = 0; j < nb; j++) {
            const int64_t change = diagonal + (a[i] != b[j]), step = TD_MIN(row[j], row[j + 1]) + 1;

            diagonal = row[j + 1];
            row[j + 1] = TD_MIN(change, step);
        }
    }
    return row[nb];
}

static td_status make_keys(td_call *c, side *h, side *t)
{
    const td_tensor *const hv = td_in(c, 1), *const tv = td_in(c, 4);
    const size_t n = (size_t)(h->n + t->n);
    uint64_t *const keys = td_arena_try_alloc(c->arena, (n + 1) * sizeof *keys, 16);
    size_t places = 16;

    while (places < 2 * n)
        places *= 2;
    td_string *const all = td_arena_try_alloc(c->arena, (n + 1) * sizeof *all, 16);
    int64_t *const table = td_arena_try_alloc(c->arena, places * sizeof *table, 16);

    if (!keys || !all || !table) return TD_OP_ERR(c, RESOURCE_EXHAUSTED, "out of memory");
    if (hv->dtype == TD_STRING) {
        if (h->n) memcpy(all, hv->data, (size_t)h->n * sizeof *all);
        if (t->n) memcpy(all + h->n, tv->data, (size_t)t->n * sizeof *all);
        (void)td_distinct_strings(all, n, keys, table, places);
    } else {
        td_order_keys(keys, hv->data, hv->dtype, (size_t)h->n);
        td_order_keys(keys + h->n, tv->data, tv->dtype, (size_t)t->n);
    }
    h->keys = keys;
    t->keys = keys + h->n;
    return NULL;
}

static float distance(const distance_attrs *a, const side *h, int64_t h_end, const side *t, int64_t t_end,
                      int64_t *row)
{
    const int64_t nh = h_end - h->at, nt = t_end - t->at;
    const int64_t d = levenshtein(t->keys + t->at, nt, h->keys + h->at, nh, row);

    if (!a->normalize) return (float)d;
    return nt ? (float)d / (float)nt : nh ? INFINITY : 0.0f;
}

static td_status distance_run(td_call *c)
{
    const td_shape *const out = &td_out(c, 0)->shape;
    float *const to = td_out(c, 0)->data;
    side h = { .index = td_in(c, 0)->data, .n = td_in(c, 0)->shape.dims[0] };
    side t = { .index = td_in(c, 3)->data, .n = td_in(c, 3)->shape.dims[0] };
    int64_t *const row = td_arena_try_alloc(c->arena, (size_t)(h.n + 1) * sizeof *row, 16);

    if (!row) return TD_OP_ERR(c, RESOURCE_EXHAUSTED, "out of memory");
    TD_TRY(make_keys(c, &h, &t));
    if (td_tensor_bytes(td_out(c, 0))) memset(to, 0, td_tensor_bytes(td_out(c, 0)));
    while (h.at < h.n || t.at < t.n) { /* both are in order: a merge */
        int64_t hw = 0, tw = 0;
        const int64_t h_end = sequence(out, &h, &hw), t_end = sequence(out, &t, &tw), where = TD_MIN(hw, tw);
        const int64_t he = hw == where ? h_end : h.at, te = tw == where ? t_end : t.at;

        if (where < 0)
            return TD_OP_ERR(c, INVALID_ARGUMENT, "an index of EditDistance is out of the shape's bounds");
        to[where] = distance(c->attrs, &h, he, &t, te, row);
        h.at = he;
        t.at = te;
    }
    return NULL;
}

static const td_kernel distance_kernels[] = {
    { .dtypes = TD_MOVABLE & ~(TD_DTYPE_BIT(TD_C64) | TD_DTYPE_BIT(TD_C128) | TD_DTYPE_BIT(TD_RESOURCE)),
      .run = distance_run },
    { 0 },
};

const td_op td_ops_edit_distance[] = {
    { .name = "EditDistance",
      .sig =
          "hypothesis_indices: int64, hypothesis_values: T, hypothesis_shape: int64, truth_indices: int64, "
          "truth_values: T, truth_shape: int64 -> output: float",
      .attrs = "normalize: bool = true, T: type",
      .key = "T",
      .attrs_size = sizeof(distance_attrs),
      .parse = distance_parse,
      .infer = distance_infer,
      .kernels = distance_kernels },
    { 0 },
};
