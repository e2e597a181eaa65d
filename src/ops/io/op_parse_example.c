/* SPDX-License-Identifier: Apache-2.0 */
/* op_parse_example.c -- ParseExample and ParseExampleV2: serialized tf.Examples to dense, sparse and ragged
 * tensors.
 *
 * Both ops are the same work on differently packed arguments; `layout` says where each thing is. Every
 * Example is walked once; what its lists hold is then copied column by column.
 */
#include <string.h>

#include "base/mem.h"
#include "base/size.h"
#include "formats/example.h"
#include "kernels/array/order.h"
#include "ops/op.h"

typedef struct parse_attrs {
    bool is_v2;
    td_string *keys; /* ParseSingleExample has them as attributes, and no names; NULL: they are inputs */
    size_t n_sparse, n_dense, n_ragged;
    td_shape *dense_shapes; /* dims[0] = -1: variable length */
} parse_attrs;

static td_status shapes_parse(td_parse *p, parse_attrs *a)
{
    const td_attr_value *shapes;
    const size_t n = td_attr_list(p, "dense_shapes", &shapes);

    if (n != a->n_dense)
        return TD_ERR(INVALID_ARGUMENT, "%s: %zu dense shapes for %zu dense features", p->node->name, n,
                      a->n_dense);
    a->dense_shapes = TD_ARENA_NEW_N(p->arena, td_shape, n);
    for (size_t i = 0; i < n; i++) {
        const td_shape *const s = shapes[i].u.shape;

        for (int k = 0; k < s->rank; k++)
            if (s->rank < 0 || s->rank >= TD_MAX_RANK - 1 || (k > 0 && s->dims[k] < 0))
                return TD_ERR(INVALID_ARGUMENT,
                              "%s: dense_shapes[%zu] has unknown rank or unknown inner dimensions",
                              p->node->name, i);
        if (s->rank < 0)
            return TD_ERR(INVALID_ARGUMENT,
                          "dense_shapes[%zu] has unknown rank or unknown inner dimensions: <unknown>", i);
        a->dense_shapes[i] = *s;
    }
    return NULL;
}

enum { VALUES = 1 << TD_F32 | 1 << TD_I64 | 1 << TD_STRING, SPLITS = 1 << TD_I32 | 1 << TD_I64 };

/* `count` types, each of the set: outputs are found by counting, and written without another look. */
static td_status types_parse(td_parse *p, const char *name, size_t count, unsigned set)
{
    const td_attr_value *types;

    if (td_attr_list(p, name, &types) != count)
        return TD_ERR(INVALID_ARGUMENT, "%s: %s does not have %zu types", p->node->name, name, count);
    for (size_t i = 0; i < count; i++)
        if ((unsigned)types[i].u.type >= 32 || !(set >> types[i].u.type & 1))
            return TD_ERR(INVALID_ARGUMENT, "%s: %s[%zu] is %s", p->node->name, name, i,
                          td_dtype_name(types[i].u.type));
    return NULL;
}

static td_status v1_parse(td_parse *p)
{
    parse_attrs *const a = p->attrs;

    a->n_sparse = (size_t)td_attr_int(p, "Nsparse");
    a->n_dense = (size_t)td_attr_int(p, "Ndense");
    TD_TRY(types_parse(p, "sparse_types", a->n_sparse, VALUES));
    TD_TRY(types_parse(p, "Tdense", a->n_dense, VALUES));
    return shapes_parse(p, a);
}

static td_status v2_parse(td_parse *p)
{
    parse_attrs *const a = p->attrs;
    const td_attr_value *items;

    a->is_v2 = true;
    a->n_sparse = (size_t)td_attr_int(p, "num_sparse");
    a->n_dense = td_attr_list(p, "Tdense", &items);
    a->n_ragged = td_attr_list(p, "ragged_value_types", &items);
    TD_TRY(types_parse(p, "sparse_types", a->n_sparse, VALUES));
    TD_TRY(types_parse(p, "Tdense", a->n_dense, VALUES));
    TD_TRY(types_parse(p, "ragged_value_types", a->n_ragged, VALUES));
    TD_TRY(types_parse(p, "ragged_split_types", a->n_ragged, SPLITS));
    return shapes_parse(p, a);
}

static void attr_keys(td_parse *p, const char *name, size_t n, td_string *out)
{
    const td_attr_value *items;

    (void)td_attr_list(p, name, &items);
    for (size_t i = 0; i < n; i++)
        out[i] = items[i].u.s;
}

static td_status single_parse(td_parse *p)
{
    parse_attrs *const a = p->attrs;
    const td_attr_value *items;

    a->n_sparse = td_attr_list(p, "sparse_keys", &items);
    a->n_dense = td_attr_list(p, "dense_keys", &items);
    if ((int64_t)a->n_sparse != td_attr_int(p, "num_sparse"))
        return TD_ERR(INVALID_ARGUMENT, "len(sparse_keys) (%zu) must match num_sparse (%lld)", a->n_sparse,
                      (long long)td_attr_int(p, "num_sparse"));
    a->keys = TD_ARENA_NEW_N(p->arena, td_string, a->n_sparse + a->n_dense);
    attr_keys(p, "sparse_keys", a->n_sparse, a->keys);
    attr_keys(p, "dense_keys", a->n_dense, a->keys + a->n_sparse);
    TD_TRY(types_parse(p, "sparse_types", a->n_sparse, VALUES));
    TD_TRY(types_parse(p, "Tdense", a->n_dense, VALUES));
    return shapes_parse(p, a);
}

/* ---------------------------------------------------------------- one call */

typedef struct work {
    td_call *c;
    const parse_attrs *a;
    const td_string *examples;
    const td_string *names; /* of examples, for errors; NULL: none */
    size_t n_examples;
    bool is_scalar;  /* one Example, no batch dimension */
    td_string *keys; /* sparse, dense, ragged */
    size_t n_keys;
    bool has_twins;         /* a key is there twice */
    td_feature *features;   /* [n_examples, n_keys] */
    int64_t *counts;        /* the same */
    uint32_t first_default; /* input number of the first dense default */
} work;

/* The string elements of an input that is a vector of `want` keys. */
static td_status keys_of(work *w, uint32_t input, size_t want, size_t at)
{
    const td_tensor *const t = td_in(w->c, input);

    if ((size_t)td_shape_count(&t->shape) != want)
        return TD_ERR(INVALID_ARGUMENT, "Expected len(keys) == %zu but got %lld", want,
                      (long long)td_shape_count(&t->shape));
    if (want) memcpy(w->keys + at, t->data, want * sizeof *w->keys);
    return NULL;
}

static td_status read_keys(work *w)
{
    const parse_attrs *const a = w->a;

    w->n_keys = a->n_sparse + a->n_dense + a->n_ragged;
    if (a->keys) {
        w->keys = a->keys;
        w->first_default = 1;
        return NULL;
    }
    w->keys = TD_ARENA_NEW_N(w->c->arena, td_string, w->n_keys);
    if (a->is_v2) {
        TD_TRY(keys_of(w, 2, a->n_sparse, 0));
        TD_TRY(keys_of(w, 3, a->n_dense, a->n_sparse));
        TD_TRY(keys_of(w, 4, a->n_ragged, a->n_sparse + a->n_dense));
        w->first_default = 5;
        return NULL;
    }
    for (size_t i = 0; i < a->n_sparse + a->n_dense; i++) {
        const td_tensor *const t = td_in(w->c, (uint32_t)(2 + i));

        if (td_shape_count(&t->shape) != 1)
            return TD_ERR(INVALID_ARGUMENT, "%s: key %zu is no scalar", w->c->node, i);
        w->keys[i] = *(const td_string *)t->data;
    }
    w->first_default = (uint32_t)(2 + a->n_sparse + a->n_dense);
    return NULL;
}

/* Looks for a key that two features have. TensorFlow, which cannot tell them apart, finds no feature at all then. */
static td_status find_twins(work *w)
{
    size_t places = 2;

    while (places <= 2 * w->n_keys)
        places *= 2;
    uint64_t *const hashes = td_arena_try_alloc(w->c->arena, (w->n_keys + 1) * sizeof *hashes, 16);
    int64_t *const table = td_arena_try_alloc(w->c->arena, places * sizeof *table, 16);

    if (!hashes || !table) return TD_ERR(RESOURCE_EXHAUSTED, "no memory for %zu keys", w->n_keys);
    w->has_twins = td_distinct_strings(w->keys, w->n_keys, hashes, table, places) < w->n_keys;
    return NULL;
}

static td_dtype type_of(const work *w, size_t key)
{
    const parse_attrs *const a = w->a;

    if (key < a->n_sparse) return td_out(w->c, (uint32_t)(a->n_sparse + key))->dtype;
    key -= a->n_sparse;
    if (key < a->n_dense) return td_out(w->c, (uint32_t)(3 * a->n_sparse + key))->dtype;
    return td_out(w->c, (uint32_t)(3 * a->n_sparse + key))->dtype; /* ragged values follow dense ones */
}

static const char *name_of(const work *w, size_t example, char *buf, size_t size)
{
    if (!w->names) return "<unknown>";
    const size_t n = TD_MIN(w->names[example].size, size - 1);

    if (n) memcpy(buf, w->names[example].data, n);
    buf[n] = 0;
    return buf;
}

static td_status check_feature(const work *w, size_t example, size_t key)
{
    const td_feature *const f = &w->features[example * w->n_keys + key];
    const td_dtype want = type_of(w, key);
    char name[128];

    if (f->kind == TD_DTYPE_NONE || f->kind == want) return NULL;
    return TD_ERR(
        INVALID_ARGUMENT,
        "Name: %s, Key: %.*s, Index: %zu.  Data types don't match. Data type: %s but expected type: %s",
        name_of(w, example, name, sizeof name), (int)w->keys[key].size, w->keys[key].data, example,
        td_dtype_name(f->kind), td_dtype_name(want));
}

static td_status walk_examples(work *w)
{
    size_t cells;

    if (!td_mul_size(w->n_examples, w->n_keys, &cells))
        return TD_ERR(RESOURCE_EXHAUSTED, "too many features");
    const size_t most = SIZE_MAX / sizeof *w->features - 1;

    w->features =
        cells < most ? td_arena_try_alloc(w->c->arena, (cells + 1) * sizeof *w->features, 16) : NULL;
    w->counts = cells < most ? td_arena_try_alloc(w->c->arena, (cells + 1) * sizeof *w->counts, 16) : NULL;
    if (!w->features || !w->counts)
        return TD_ERR(RESOURCE_EXHAUSTED, "no memory for %zu features of %zu examples", w->n_keys,
                      w->n_examples);
    for (size_t e = 0; e < w->n_examples; e++) {
        td_feature *const row = w->features + e * w->n_keys;

        if (!td_example_find(w->examples[e], w->keys, w->n_keys, row))
            return TD_ERR(INVALID_ARGUMENT, "Could not parse example input, value: '%.*s'",
                          (int)TD_MIN(w->examples[e].size, 200), w->examples[e].data);
        if (w->has_twins) memset(row, 0, w->n_keys * sizeof *row);
        for (size_t k = 0; k < w->n_keys; k++) {
            TD_TRY(check_feature(w, e, k));
            const int64_t n = td_feature_count(&row[k]);

            if (n < 0)
                return TD_ERR(INVALID_ARGUMENT, "Could not parse example input, value: '%.*s'",
                              (int)TD_MIN(w->examples[e].size, 200), w->examples[e].data);
            w->counts[e * w->n_keys + k] = n;
        }
    }
    return NULL;
}

/* ---------------------------------------------------------------- outputs */

static td_status fill_sparse(work *w, size_t key)
{
    td_call *const c = w->c;
    const uint32_t n_sparse = (uint32_t)w->a->n_sparse;
    const int rank = w->is_scalar ? 1 : 2;
    int64_t total = 0, longest = 0;

    for (size_t e = 0; e < w->n_examples; e++) {
        total += w->counts[e * w->n_keys + key];
        longest = TD_MAX(longest, w->counts[e * w->n_keys + key]);
    }
    TD_TRY(td_out_make(c, (uint32_t)key, &(td_shape){ 2, { total, rank } }));
    TD_TRY(td_out_make(c, n_sparse + (uint32_t)key, &(td_shape){ 1, { total } }));
    TD_TRY(td_out_make(c, 2 * n_sparse + (uint32_t)key, &(td_shape){ 1, { rank } }));
    int64_t *index = td_out(c, (uint32_t)key)->data, *const shape =
                                                         td_out(c, 2 * n_sparse + (uint32_t)key)->data;
    unsigned char *values = td_out(c, n_sparse + (uint32_t)key)->data;
    const size_t size = td_dtype_size(type_of(w, key));

    for (size_t e = 0; e < w->n_examples; e++) {
        const int64_t n = w->counts[e * w->n_keys + key];

        td_feature_read(&w->features[e * w->n_keys + key], values);
        values += (size_t)n * size;
        for (int64_t i = 0; i < n; i++) {
            if (!w->is_scalar) *index++ = (int64_t)e;
            *index++ = i;
        }
    }
    if (!w->is_scalar) shape[0] = (int64_t)w->n_examples;
    shape[rank - 1] = longest;
    return NULL;
}

static td_status missing_error(const work *w, size_t e, size_t key)
{
    char name[128];

    return TD_ERR(INVALID_ARGUMENT,
                  "Name: %s, Feature: %.*s (data type: %s) is required but could not be found.",
                  name_of(w, e, name, sizeof name), (int)w->keys[key].size, w->keys[key].data,
                  td_dtype_name(type_of(w, key)));
}

/* The shape of a dense output: [batch] + dense_shape, the variable dimension as long as the longest row. */
static td_shape dense_shape(const work *w, size_t key, int64_t inner)
{
    const td_shape *const d = &w->a->dense_shapes[key - w->a->n_sparse];
    td_shape s = { 0 };

    if (!w->is_scalar) s.dims[s.rank++] = (int64_t)w->n_examples;
    for (int i = 0; i < d->rank; i++)
        s.dims[s.rank++] = d->dims[i];
    if (d->rank > 0 && d->dims[0] < 0) {
        int64_t longest = 0;

        for (size_t e = 0; e < w->n_examples; e++)
            longest = TD_MAX(longest, w->counts[e * w->n_keys + key]);
        s.dims[w->is_scalar ? 0 : 1] = inner ? longest / inner : 0;
    }
    return s;
}

static td_status fill_dense(work *w, size_t key)
{
    const size_t d = key - w->a->n_sparse;
    const td_tensor *const fallback = td_in(w->c, (uint32_t)(w->first_default + d));
    const td_shape *const want = &w->a->dense_shapes[d];
    const bool is_variable = want->rank > 0 && want->dims[0] < 0;
    const uint32_t out = (uint32_t)(3 * w->a->n_sparse + d);
    const size_t size = td_dtype_size(type_of(w, key));
    int64_t inner = 1;

    for (int i = is_variable ? 1 : 0; i < want->rank; i++)
        if (!td_mul_i64(inner, want->dims[i], &inner))
            return TD_ERR(INVALID_ARGUMENT, "a dense shape is too large");
    const td_shape s = dense_shape(w, key, inner);
    TD_TRY(td_shape_check(&s));
    TD_TRY(td_out_make(w->c, out, &s));
    const int64_t per_row = w->n_examples ? td_shape_count(&s) / (int64_t)w->n_examples : 0;
    const int64_t n_fallback = td_shape_count(&fallback->shape);

    for (size_t e = 0; e < w->n_examples; e++) {
        const td_feature *const f = &w->features[e * w->n_keys + key];
        const int64_t n = w->counts[e * w->n_keys + key];
        unsigned char *const row = (unsigned char *)td_out(w->c, out)->data + e * (size_t)per_row * size;

        if (f->kind == TD_DTYPE_NONE && !is_variable) {
            if (n_fallback == 0 && per_row > 0) return missing_error(w, e, key);
            if (n_fallback != per_row)
                return TD_ERR(INVALID_ARGUMENT, "def_value of %.*s has %lld elements, its shape %lld",
                              (int)w->keys[key].size, w->keys[key].data, (long long)n_fallback,
                              (long long)per_row);
            if (per_row) memcpy(row, fallback->data, (size_t)per_row * size);
            continue;
        }
        if (is_variable ? (inner ? n % inner : n) != 0 : n != per_row) {
            char name[128], text[TD_SHAPE_TEXT];

            return TD_ERR(INVALID_ARGUMENT,
                          "Name: %s, Key: %.*s, Index: %zu.  Number of %s values != expected.  values size: "
                          "%lld but output shape: %s",
                          name_of(w, e, name, sizeof name), (int)w->keys[key].size, w->keys[key].data, e,
                          td_dtype_name(type_of(w, key)), (long long)n,
                          td_shape_text(want, text, sizeof text));
        }
        td_feature_read(f, row);
        for (int64_t i = n; i < per_row; i++) { /* padding of a variable length */
            if (n_fallback > 0)
                memcpy(row + (size_t)i * size, fallback->data, size);
            else
                memset(row + (size_t)i * size, 0, size);
        }
    }
    return NULL;
}

static void put_split(td_tensor *t, size_t i, int64_t v)
{
    if (t->dtype == TD_I32)
        ((int32_t *)t->data)[i] = (int32_t)v;
    else
        ((int64_t *)t->data)[i] = v;
}

static td_status fill_ragged(work *w, size_t key)
{
    const parse_attrs *const a = w->a;
    const uint32_t values = (uint32_t)(3 * a->n_sparse + key - a->n_sparse),
                   splits = values + (uint32_t)a->n_ragged;
    int64_t total = 0;

    for (size_t e = 0; e < w->n_examples; e++)
        total += w->counts[e * w->n_keys + key];
    TD_TRY(td_out_make(w->c, values, &(td_shape){ 1, { total } }));
    TD_TRY(td_out_make(w->c, splits, &(td_shape){ 1, { w->is_scalar ? 0 : (int64_t)w->n_examples + 1 } }));
    unsigned char *at = td_out(w->c, values)->data;
    int64_t sum = 0;
    if (!w->is_scalar) put_split(td_out(w->c, splits), 0, 0);
    for (size_t e = 0; e < w->n_examples; e++) {
        const int64_t n = w->counts[e * w->n_keys + key];

        td_feature_read(&w->features[e * w->n_keys + key], at);
        at += (size_t)n * td_dtype_size(type_of(w, key));
        sum += n;
        if (!w->is_scalar) put_split(td_out(w->c, splits), e + 1, sum);
    }
    return NULL;
}

static td_status fill_all(work *w)
{
    const parse_attrs *const a = w->a;

    TD_TRY(read_keys(w));
    TD_TRY(find_twins(w));
    TD_TRY(walk_examples(w));
    for (size_t k = 0; k < w->n_keys; k++) {
        if (k < a->n_sparse)
            TD_TRY(fill_sparse(w, k));
        else if (k < a->n_sparse + a->n_dense)
            TD_TRY(fill_dense(w, k));
        else
            TD_TRY(fill_ragged(w, k));
    }
    return NULL;
}

/* String values are views of the requests' bytes, which stay as long as the request; nothing to copy. */
static td_status parse_run(td_call *c)
{
    const parse_attrs *const a = c->attrs;
    const td_tensor *const serialized = td_in(c, 0), *const names = td_in(c, 1);
    work w = { .c = c, .a = a, .examples = serialized->data, .is_scalar = serialized->shape.rank == 0 };

    if (serialized->shape.rank > 1 || (w.is_scalar && !a->is_v2))
        return TD_ERR(INVALID_ARGUMENT, "Expected serialized to be a vector, got shape of rank %d",
                      serialized->shape.rank);
    w.n_examples = (size_t)td_shape_count(&serialized->shape);
    const int64_t n_names = td_shape_count(&names->shape);
    if (n_names > 0 && (size_t)n_names != w.n_examples)
        return TD_ERR(INVALID_ARGUMENT, "Expected len(names) == len(serialized), but got %lld and %zu",
                      (long long)n_names, w.n_examples);
    if (n_names > 0) w.names = names->data;
    return fill_all(&w);
}

/* Of a variable length, each default is what rows are filled up with, though here there is one row. */
static td_status check_paddings(const work *w)
{
    const parse_attrs *const a = w->a;
    char want[TD_SHAPE_TEXT], got[TD_SHAPE_TEXT];

    for (size_t i = 0; i < a->n_dense; i++) {
        const td_shape *const s = &td_in(w->c, (uint32_t)(1 + i))->shape;

        if (a->dense_shapes[i].rank < 1 || a->dense_shapes[i].dims[0] >= 0 || td_shape_count(s) == 1)
            continue;
        return TD_ERR(
            INVALID_ARGUMENT,
            "dense_shape[%zu] is a variable length shape: %s, therefore def_value[%zu] must contain a "
            "single element (the padding element).  But its shape is: %s",
            i, td_shape_text(&a->dense_shapes[i], want, sizeof want), i, td_shape_text(s, got, sizeof got));
    }
    return NULL;
}

static td_status single_run(td_call *c)
{
    const td_tensor *const serialized = td_in(c, 0);
    work w = { .c = c, .a = c->attrs, .examples = serialized->data, .n_examples = 1, .is_scalar = true };

    if (serialized->shape.rank != 0)
        return TD_ERR(INVALID_ARGUMENT, "Expected serialized to be a scalar, got shape of rank %d",
                      serialized->shape.rank);
    TD_TRY(check_paddings(&w));
    return fill_all(&w);
}

static const td_kernel parse_kernels[] = { { .device = TD_DEVICE_CPU, .run = parse_run }, { 0 } };
TD_RUN_KERNEL(single_kernels, 0, single_run);

const td_op td_ops_parse_example[] = {
    { .name = "ParseExample",
      .sig = "serialized: string, names: string, sparse_keys: Nsparse*string, dense_keys: Ndense*string, "
             "dense_defaults: Tdense -> sparse_indices: Nsparse*int64, sparse_values: sparse_types, "
             "sparse_shapes: Nsparse*int64, dense_values: Tdense",
      .attrs = "Nsparse: int, Ndense: int, sparse_types: list(type), Tdense: list(type), dense_shapes: "
               "list(shape)",
      .flags = TD_OP_DYNAMIC,
      .attrs_size = sizeof(parse_attrs),
      .parse = v1_parse,
      .kernels = parse_kernels },
    { .name = "ParseExampleV2",
      .sig =
          "serialized: string, names: string, sparse_keys: string, dense_keys: string, ragged_keys: string, "
          "dense_defaults: Tdense -> sparse_indices: num_sparse*int64, sparse_values: sparse_types, "
          "sparse_shapes: num_sparse*int64, dense_values: Tdense, ragged_values: ragged_value_types, "
          "ragged_row_splits: ragged_split_types",
      .attrs =
          "Tdense: list(type), num_sparse: int, sparse_types: list(type), ragged_value_types: list(type), "
          "ragged_split_types: list(type), dense_shapes: list(shape)",
      .flags = TD_OP_DYNAMIC,
      .attrs_size = sizeof(parse_attrs),
      .parse = v2_parse,
      .kernels = parse_kernels },
    { .name = "ParseSingleExample",
      .sig = "serialized: string, dense_defaults: Tdense -> sparse_indices: num_sparse*int64, sparse_values: "
             "sparse_types, sparse_shapes: num_sparse*int64, dense_values: Tdense",
      .attrs =
          "num_sparse: int, sparse_keys: list(string), dense_keys: list(string), sparse_types: list(type), "
          "Tdense: list(type), dense_shapes: list(shape)",
      .flags = TD_OP_DYNAMIC,
      .attrs_size = sizeof(parse_attrs),
      .parse = single_parse,
      .kernels = single_kernels },
    { 0 },
};
