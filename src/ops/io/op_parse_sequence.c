/* SPDX-License-Identifier: Apache-2.0 */
/* op_parse_sequence.c -- ParseSequenceExample and its V2: serialized tf.SequenceExamples, features of the context and
 * lists with a feature a step, to dense, sparse and ragged tensors.
 *
 * There are six groups of keys. An Example is walked once to find them; each feature is walked twice, to count and to
 * write its values, which are views of the request's bytes where they are strings. */
#include <inttypes.h>
#include <string.h>

#include "base/macros.h"
#include "base/size.h"
#include "formats/example.h"
#include "ops/array/array.h"
#include "ops/strings.h"

typedef enum group { SPARSE, DENSE, RAGGED, LIST_SPARSE, LIST_DENSE, LIST_RAGGED, GROUPS } group;

typedef struct sequence_attrs {
    size_t n[GROUPS];
    td_string *keys;              /* V1: of all groups, one after the other; NULL: they are inputs */
    const td_attr_value *assumed; /* V1: names of lists that may be missing */
    size_t n_assumed;
    td_shape *shapes; /* of the context's dense features, then of the lists' */
} sequence_attrs;

enum { VALUES = 1 << TD_F32 | 1 << TD_I64 | 1 << TD_STRING, SPLITS = 1 << TD_I32 | 1 << TD_I64 };

/* ---------------------------------------------------------------- attributes */

static td_status types_parse(td_parse *p, const char *name, size_t n, unsigned set)
{
    const td_attr_value *types;

    if (td_attr_list(p, name, &types) != n)
        return TD_ERR(INVALID_ARGUMENT, "%s: %s does not have %zu types", p->node->name, name, n);
    for (size_t i = 0; i < n; i++)
        if ((unsigned)types[i].u.type >= 32 || !(set >> types[i].u.type & 1))
            return TD_ERR(INVALID_ARGUMENT, "%s: %s[%zu] is %s", p->node->name, name, i,
                          td_dtype_name(types[i].u.type));
    return NULL;
}

static td_status shapes_parse(td_parse *p, const char *name, size_t n, td_shape *out)
{
    const td_attr_value *shapes;

    if (td_attr_list(p, name, &shapes) != n)
        return TD_ERR(INVALID_ARGUMENT, "%s: %s does not have %zu shapes", p->node->name, name, n);
    for (size_t i = 0; i < n; i++) {
        out[i] = *shapes[i].u.shape;
        if (!td_shape_is_known(&out[i]) || out[i].rank > TD_MAX_RANK - 2)
            return TD_ERR(INVALID_ARGUMENT, "%s: %s[%zu] is not fully defined", p->node->name, name, i);
    }
    return NULL;
}

static td_status common_parse(td_parse *p)
{
    sequence_attrs *const a = p->attrs;
    const td_attr_value *items;

    a->n[SPARSE] = (size_t)td_attr_int(p, "Ncontext_sparse");
    a->n[DENSE] = td_attr_list(p, "Tcontext_dense", &items);
    a->n[LIST_SPARSE] = (size_t)td_attr_int(p, "Nfeature_list_sparse");
    a->n[LIST_DENSE] = (size_t)td_attr_int(p, "Nfeature_list_dense");
    a->shapes = TD_ARENA_NEW_N(p->arena, td_shape, a->n[DENSE] + a->n[LIST_DENSE]);
    TD_TRY(types_parse(p, "context_sparse_types", a->n[SPARSE], VALUES));
    TD_TRY(types_parse(p, "Tcontext_dense", a->n[DENSE], VALUES));
    TD_TRY(types_parse(p, "feature_list_sparse_types", a->n[LIST_SPARSE], VALUES));
    TD_TRY(types_parse(p, "feature_list_dense_types", a->n[LIST_DENSE], VALUES));
    TD_TRY(shapes_parse(p, "context_dense_shapes", a->n[DENSE], a->shapes));
    return shapes_parse(p, "feature_list_dense_shapes", a->n[LIST_DENSE], a->shapes + a->n[DENSE]);
}

static td_status v2_parse(td_parse *p)
{
    sequence_attrs *const a = p->attrs;
    const td_attr_value *items;

    a->n[RAGGED] = td_attr_list(p, "context_ragged_value_types", &items);
    a->n[LIST_RAGGED] = td_attr_list(p, "feature_list_ragged_value_types", &items);
    TD_TRY(types_parse(p, "context_ragged_value_types", a->n[RAGGED], VALUES));
    TD_TRY(types_parse(p, "context_ragged_split_types", a->n[RAGGED], SPLITS));
    TD_TRY(types_parse(p, "feature_list_ragged_value_types", a->n[LIST_RAGGED], VALUES));
    TD_TRY(types_parse(p, "feature_list_ragged_split_types", a->n[LIST_RAGGED], SPLITS));
    return common_parse(p);
}

static const char *const key_attrs[GROUPS] = { [SPARSE] = "context_sparse_keys",
                                               [DENSE] = "context_dense_keys",
                                               [LIST_SPARSE] = "feature_list_sparse_keys",
                                               [LIST_DENSE] = "feature_list_dense_keys" };

static td_status v1_parse(td_parse *p)
{
    sequence_attrs *const a = p->attrs;
    size_t all = 0, at = 0;

    TD_TRY(common_parse(p));
    for (int g = 0; g < GROUPS; g++)
        all += a->n[g];
    a->keys = TD_ARENA_NEW_N(p->arena, td_string, all + 1);
    for (int g = 0; g < GROUPS; g++) {
        const td_attr_value *items;

        if (!key_attrs[g]) continue;
        if (td_attr_list(p, key_attrs[g], &items) != a->n[g])
            return TD_ERR(INVALID_ARGUMENT, "%s: %s does not have %zu keys", p->node->name, key_attrs[g],
                          a->n[g]);
        for (size_t i = 0; i < a->n[g]; i++)
            a->keys[at++] = items[i].u.s;
    }
    a->n_assumed = td_attr_list(p, "feature_list_dense_missing_assumed_empty", &a->assumed);
    return NULL;
}

/* ---------------------------------------------------------------- one call */

typedef struct work {
    td_call *c;
    const sequence_attrs *a;
    const td_string *examples, *names; /* names may be NULL */
    size_t n;
    bool is_scalar;
    td_string *keys;
    size_t begin[GROUPS +
                 1]; /* where a group's keys are, and those of all: features and lists count from SPARSE on */
    uint32_t first_default;
    td_feature *features;   /* [n, context keys] */
    td_feature_list *lists; /* [n, list keys] */
} work;

static size_t n_context(const work *w)
{
    return w->begin[LIST_SPARSE];
}

static size_t n_lists(const work *w)
{
    return w->begin[GROUPS] - w->begin[LIST_SPARSE];
}

static bool is_same(td_string a, td_string b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* Keys of the context, or of lists, are of one group. */
static td_status check_keys(const work *w, group from, group to)
{
    for (int g = (int)from; g < (int)to; g++)
        for (size_t i = w->begin[g]; i < w->begin[g + 1]; i++)
            for (size_t k = w->begin[g + 1]; k < w->begin[to]; k++)
                if (is_same(w->keys[i], w->keys[k]))
                    return TD_ERR(INVALID_ARGUMENT, "%s feature %.*s cannot be of two kinds",
                                  from == SPARSE ? "Context" : "Sequence",
                                  (int)TD_MIN(w->keys[i].size, (size_t)100), w->keys[i].data);
    return NULL;
}

static td_status read_keys(work *w)
{
    for (int g = 0; g < GROUPS; g++)
        w->begin[g + 1] = w->begin[g] + w->a->n[g];
    w->first_default = w->a->keys ? 2 : 9;
    w->keys = w->a->keys;
    if (w->keys) return NULL;
    TD_TRY(td_text_rooms(w->c, w->begin[GROUPS], sizeof *w->keys, &w->keys));
    for (int g = 0; g < GROUPS; g++) {
        const td_tensor *const t = td_in(w->c, (uint32_t)(2 + g));

        if ((size_t)td_shape_count(&t->shape) != w->a->n[g])
            return TD_ERR(INVALID_ARGUMENT, "Expected len(keys) == %zu but got %" PRId64, w->a->n[g],
                          td_shape_count(&t->shape));
        if (w->a->n[g]) memcpy(w->keys + w->begin[g], t->data, w->a->n[g] * sizeof *w->keys);
    }
    if ((size_t)td_shape_count(&td_in(w->c, 8)->shape) != w->a->n[LIST_DENSE])
        return TD_ERR(INVALID_ARGUMENT, "Expected len(feature_list_dense_missing_assumed_empty) == %zu",
                      w->a->n[LIST_DENSE]);
    return NULL;
}

static const char *name_of(const work *w, size_t example, char *buf, size_t size)
{
    if (!w->names) return "<unknown>";
    const size_t n = TD_MIN(w->names[example].size, size - 1);

    if (n) memcpy(buf, w->names[example].data, n);
    buf[n] = 0;
    return buf;
}

enum { NAME_SIZE = 128, KEY_MOST = 200 };

/* INVALID_ARGUMENT about a key of an example. */
static td_status key_error(const work *w, size_t example, size_t key, const char *what)
{
    char name[NAME_SIZE];
    const td_string k = w->keys[key];

    return TD_ERR(INVALID_ARGUMENT, "Name: %s, Key: %.*s, Index: %zu.  %s",
                  name_of(w, example, name, sizeof name), (int)TD_MIN(k.size, (size_t)KEY_MOST),
                  k.size ? k.data : "", example, what);
}

static td_status walk_examples(work *w)
{
    size_t cells;

    if (!td_mul_size(w->n, TD_MAX(n_context(w), (size_t)1), &cells) || cells > SIZE_MAX / 64)
        return TD_ERR(RESOURCE_EXHAUSTED, "too many features");
    TD_TRY(td_text_rooms(w->c, cells, sizeof *w->features, &w->features));
    if (!td_mul_size(w->n, TD_MAX(n_lists(w), (size_t)1), &cells))
        return TD_ERR(RESOURCE_EXHAUSTED, "too many features");
    TD_TRY(td_text_rooms(w->c, cells, sizeof *w->lists, &w->lists));
    for (size_t e = 0; e < w->n; e++)
        if (!td_sequence_find(w->examples[e], w->keys, n_context(w), w->features + e * n_context(w),
                              w->keys + n_context(w), n_lists(w), w->lists + e * n_lists(w)))
            return TD_ERR(INVALID_ARGUMENT, "Invalid protocol message input, example id: %zu", e);
    return NULL;
}

/* Its values, 0 when it is not there; the type and the encoding are checked. */
static td_status count_feature(const work *w, size_t example, size_t key, const td_feature *f, td_dtype want,
                               int64_t *n)
{
    *n = td_feature_count(f);
    if (f->kind != TD_DTYPE_NONE && f->kind != want)
        return key_error(w, example, key, "Data types don't match.");
    return *n < 0 ? key_error(w, example, key, "The values are damaged.") : NULL;
}

/* ---------------------------------------------------------------- features of any kind, one after the other */

/* Steps of a key: one for each example of a context key, one for each feature of a list. */
typedef struct cursor {
    const work *w;
    size_t key, example;
    td_wire steps;
    int64_t step; /* within the example */
    bool is_list, is_open;
} cursor;

static cursor steps_of(const work *w, size_t key)
{
    return (cursor){ .w = w, .key = key, .is_list = key >= n_context(w) };
}

static bool next_step(cursor *k, td_feature *f)
{
    const work *const w = k->w;

    if (!k->is_list) {
        if (k->is_open) k->example++;
        k->is_open = true;
        if (k->example < w->n) *f = w->features[k->example * n_context(w) + k->key];
        return k->example < w->n;
    }
    for (; k->example < w->n; k->example++, k->is_open = false) {
        if (!k->is_open) {
            const td_string s = w->lists[k->example * n_lists(w) + k->key - n_context(w)].bytes;

            k->steps = td_wire_of(s.data, s.size);
            k->step = -1;
            k->is_open = true;
        }
        if (td_feature_list_next(&k->steps, f)) {
            k->step++;
            return true;
        }
    }
    return false;
}

/* What the outputs of a key must have room for. */
typedef struct sizes {
    int64_t values, steps, most_values, most_steps;
} sizes;

static td_status measure(const work *w, size_t key, td_dtype dtype, sizes *out)
{
    cursor k = steps_of(w, key);
    int64_t n;

    *out = (sizes){ 0 };
    for (td_feature f; next_step(&k, &f);) {
        TD_TRY(count_feature(w, k.example, key, &f, dtype, &n));
        out->values += n;
        out->steps++;
        out->most_values = TD_MAX(out->most_values, n);
        if (k.is_list) out->most_steps = TD_MAX(out->most_steps, k.step + 1);
    }
    return NULL;
}

/* ---------------------------------------------------------------- outputs */

static td_status fill_sparse(work *w, size_t key, uint32_t out, uint32_t stride)
{
    td_call *const c = w->c;
    td_tensor *const values = td_out(c, out + stride);
    cursor k = steps_of(w, key);
    const int rank = (w->is_scalar ? 1 : 2) + k.is_list;
    sizes s;

    TD_TRY(measure(w, key, values->dtype, &s));
    TD_TRY(td_out_make(c, out, &(td_shape){ 2, { s.values, rank } }));
    TD_TRY(td_out_make(c, out + stride, &(td_shape){ 1, { s.values } }));
    TD_TRY(td_out_make(c, out + 2 * stride, &(td_shape){ 1, { rank } }));
    int64_t *index = td_out(c, out)->data, *dims = td_out(c, out + 2 * stride)->data;
    char *at = values->data;

    for (td_feature f; next_step(&k, &f);) {
        const int64_t n = td_feature_count(&f);

        if (n) td_feature_read(&f, at);
        at += (size_t)n * td_dtype_size(values->dtype);
        for (int64_t i = 0; i < n; i++) {
            if (!w->is_scalar) *index++ = (int64_t)k.example;
            if (k.is_list) *index++ = k.step;
            *index++ = i;
        }
    }
    if (!w->is_scalar) *dims++ = (int64_t)w->n;
    if (k.is_list) *dims++ = s.most_steps;
    *dims = s.most_values;
    return NULL;
}

/* One that is empty means that there is none. */
static td_status check_default(const td_tensor *fallback, const td_shape *want, size_t i)
{
    char got[TD_SHAPE_TEXT], wanted[TD_SHAPE_TEXT];

    if (td_shape_count(&fallback->shape) == 0 || td_shape_equal(&fallback->shape, want)) return NULL;
    return TD_ERR(INVALID_ARGUMENT, "default_value[%zu].shape() == %s != context_dense_shapes[%zu] == %s", i,
                  td_shape_text(&fallback->shape, got, sizeof got), i,
                  td_shape_text(want, wanted, sizeof wanted));
}

static td_status fill_dense(work *w, size_t i, uint32_t out)
{
    const td_tensor *const fallback = td_in(w->c, w->first_default + (uint32_t)i);
    td_tensor *const t = td_out(w->c, out);
    const size_t key = w->begin[DENSE] + i, elem = td_dtype_size(t->dtype);
    td_shape s = { 0 };
    int64_t n;

    if (!w->is_scalar) s.dims[s.rank++] = (int64_t)w->n;
    for (int d = 0; d < w->a->shapes[i].rank; d++)
        s.dims[s.rank++] = w->a->shapes[i].dims[d];
    TD_TRY(td_shape_check(&s));
    TD_TRY(check_default(fallback, &w->a->shapes[i], i));
    TD_TRY(td_out_make(w->c, out, &s));
    const int64_t want = td_shape_count(&w->a->shapes[i]);

    for (size_t e = 0; e < w->n; e++) {
        const td_feature *const f = &w->features[e * n_context(w) + key];
        char *const to = (char *)t->data + e * (size_t)want * elem;

        TD_TRY(count_feature(w, e, key, f, t->dtype, &n));
        if (f->kind == TD_DTYPE_NONE && td_shape_count(&fallback->shape) != want)
            return key_error(w, e, key, "Context feature is required but could not be found.");
        if (f->kind != TD_DTYPE_NONE && n != want)
            return key_error(w, e, key, "Number of values != expected.");
        if (f->kind != TD_DTYPE_NONE)
            td_feature_read(f, to);
        else if (want)
            memcpy(to, fallback->data, (size_t)want * elem);
    }
    return NULL;
}

static void put_split(td_tensor *t, int64_t i, int64_t v)
{
    if (i < td_shape_count(&t->shape)) td_tensor_set_int(t, (size_t)i, v);
}

static td_status fill_ragged(work *w, size_t key, uint32_t out, uint32_t stride)
{
    td_tensor *const values = td_out(w->c, out);
    cursor k = steps_of(w, key);
    const uint32_t outer = out + stride, inner = k.is_list ? out + 2 * stride : outer;
    const td_shape outer_shape = { w->is_scalar ? 0 : 1, { (int64_t)w->n + 1 } }; /* of one Example: a 0 */
    int64_t sum = 0, steps = 0;
    sizes s;

    TD_TRY(measure(w, key, values->dtype, &s));
    TD_TRY(td_out_make(w->c, out, &(td_shape){ 1, { s.values } }));
    TD_TRY(td_out_make(w->c, outer, &outer_shape));
    if (k.is_list) TD_TRY(td_out_make(w->c, inner, &(td_shape){ 1, { s.steps + 1 } }));
    char *at = values->data;
    td_tensor *const splits = td_out(w->c, inner);
    size_t example = 0;

    put_split(splits, 0, 0);
    if (k.is_list) put_split(td_out(w->c, outer), 0, 0);
    for (td_feature f; next_step(&k, &f);) {
        for (; k.is_list && example < k.example; example++)
            put_split(td_out(w->c, outer), (int64_t)example + 1, steps);
        const int64_t n = td_feature_count(&f);
        if (n) td_feature_read(&f, at);
        at += (size_t)n * td_dtype_size(values->dtype);
        sum += n;
        put_split(splits, ++steps, sum);
    }
    for (; k.is_list && example < w->n; example++)
        put_split(td_out(w->c, outer), (int64_t)example + 1, steps);
    return NULL;
}

/* ---------------------------------------------------------------- lists with as many values in each step */

static bool may_be_missing(const work *w, size_t i)
{
    const td_string key = w->keys[w->begin[LIST_DENSE] + i];

    if (!w->a->keys) return ((const uint8_t *)td_in(w->c, 8)->data)[i] != 0;
    for (size_t k = 0; k < w->a->n_assumed; k++) {
        const td_string s = w->a->assumed[k].u.s;

        if (is_same(s, key)) return true;
    }
    return false;
}

static td_status check_lists(const work *w, size_t i)
{
    const size_t key = w->begin[LIST_DENSE] + i;

    for (size_t e = 0; e < w->n; e++)
        if (!w->lists[e * n_lists(w) + key - n_context(w)].is_there && !may_be_missing(w, i))
            return key_error(
                w, e, key,
                "Feature list is required but could not be found.  Did you mean to include it in "
                "feature_list_dense_missing_assumed_empty or feature_list_dense_defaults?");
    return NULL;
}

static td_status fill_steps(work *w, size_t i, uint32_t out, int64_t most, int64_t want)
{
    td_tensor *const t = td_out(w->c, out);
    int64_t *const lengths = td_out(w->c, out + (uint32_t)w->a->n[LIST_DENSE])->data;
    const size_t key = w->begin[LIST_DENSE] + i, row = (size_t)want * td_dtype_size(t->dtype);
    cursor k = steps_of(w, key);

    memset(lengths, 0, w->n * sizeof *lengths);
    if (td_tensor_bytes(t)) memset(t->data, 0, td_tensor_bytes(t));
    for (td_feature f; next_step(&k, &f);) {
        if (td_feature_count(&f) != want)
            return key_error(w, k.example, key, "Number of values != expected.");
        td_feature_read(&f, (char *)t->data + (k.example * (size_t)most + (size_t)k.step) * row);
        lengths[k.example] = k.step + 1;
    }
    return NULL;
}

static td_status fill_list_dense(work *w, size_t i, uint32_t out)
{
    const td_shape *const inner = &w->a->shapes[w->a->n[DENSE] + i];
    const uint32_t lengths = out + (uint32_t)w->a->n[LIST_DENSE];
    td_shape s = { 0 };
    sizes z;

    TD_TRY(check_lists(w, i));
    TD_TRY(measure(w, w->begin[LIST_DENSE] + i, td_out(w->c, out)->dtype, &z));
    if (!w->is_scalar) s.dims[s.rank++] = (int64_t)w->n;
    s.dims[s.rank++] = z.most_steps;
    for (int d = 0; d < inner->rank; d++)
        s.dims[s.rank++] = inner->dims[d];
    TD_TRY(td_shape_check(&s));
    TD_TRY(td_out_make(w->c, out, &s));
    TD_TRY(td_out_make(w->c, lengths, w->is_scalar ? &(td_shape){ 0 } : &(td_shape){ 1, { (int64_t)w->n } }));
    return fill_steps(w, i, out, z.most_steps, td_shape_count(inner));
}

/* ---------------------------------------------------------------- all outputs, in their order */

static td_status fill_key(work *w, group g, size_t i, uint32_t first)
{
    const size_t key = w->begin[g] + i;
    const uint32_t out = first + (uint32_t)i, stride = (uint32_t)w->a->n[g];

    switch (g) {
    case DENSE:
        return fill_dense(w, i, out);
    case LIST_DENSE:
        return fill_list_dense(w, i, out);
    case RAGGED:
    case LIST_RAGGED:
        return fill_ragged(w, key, out, stride);
    default:
        return fill_sparse(w, key, out, stride);
    }
}

static td_status fill_all(work *w)
{
    static const uint32_t outputs[GROUPS] = { 3, 1, 2, 3, 2, 3 }; /* of a key of each group */
    uint32_t first = 0;

    for (int g = 0; g < GROUPS; g++) {
        for (size_t i = 0; i < w->a->n[g]; i++)
            TD_TRY(fill_key(w, (group)g, i, first));
        first += outputs[g] * (uint32_t)w->a->n[g];
    }
    return NULL;
}

static td_status sequence_run(td_call *c)
{
    const td_tensor *const serialized = td_in(c, 0), *const names = td_in(c, 1);
    work w = {
        .c = c, .a = c->attrs, .examples = serialized->data, .is_scalar = serialized->shape.rank == 0
    };
    const int64_t n_names = td_shape_count(&names->shape);

    if (serialized->shape.rank > 1)
        return TD_ERR(INVALID_ARGUMENT, "Expected serialized to be a scalar or vector, got shape of rank %d",
                      (int)serialized->shape.rank);
    w.n = (size_t)td_shape_count(&serialized->shape);
    if (n_names > 0 && (size_t)n_names != w.n)
        return TD_ERR(INVALID_ARGUMENT,
                      "Expected len(debug_name) == len(serialized), but got %" PRId64 " and %zu", n_names,
                      w.n);
    if (n_names > 0) w.names = names->data;
    TD_TRY(read_keys(&w));
    TD_TRY(check_keys(&w, SPARSE, LIST_SPARSE));
    TD_TRY(check_keys(&w, LIST_SPARSE, GROUPS));
    TD_TRY(walk_examples(&w));
    return fill_all(&w);
}

TD_RUN_KERNEL(sequence_kernels, 0, sequence_run);

#define CONTEXT_OUT                                                                                          \
    "context_sparse_indices: Ncontext_sparse*int64, context_sparse_values: context_sparse_types, "           \
    "context_sparse_shapes: Ncontext_sparse*int64, context_dense_values: Tcontext_dense"
#define LISTS_OUT                                                                                            \
    "feature_list_sparse_indices: Nfeature_list_sparse*int64, feature_list_sparse_values: "                  \
    "feature_list_sparse_types, feature_list_sparse_shapes: Nfeature_list_sparse*int64, "                    \
    "feature_list_dense_values: feature_list_dense_types, feature_list_dense_lengths: "                      \
    "Nfeature_list_dense*int64"
#define COMMON_ATTRS                                                                                         \
    "Ncontext_sparse: int = 0, Nfeature_list_sparse: int = 0, Nfeature_list_dense: int = 0, "                \
    "context_sparse_types: list(type) = [], Tcontext_dense: list(type) = [], feature_list_dense_types: "     \
    "list(type) = [], context_dense_shapes: list(shape) = [], feature_list_sparse_types: list(type) = [], "  \
    "feature_list_dense_shapes: list(shape) = []"

const td_op td_ops_parse_sequence[] = {
    { .name = "ParseSequenceExample",
      .sig = "serialized: string, debug_name: string, context_dense_defaults: Tcontext_dense -> " CONTEXT_OUT
             ", " LISTS_OUT,
      .attrs = COMMON_ATTRS ", feature_list_dense_missing_assumed_empty: list(string), context_sparse_keys: "
                            "list(string), context_dense_keys: list(string), feature_list_sparse_keys: "
                            "list(string), feature_list_dense_keys: list(string), Ncontext_dense: int = 0",
      .flags = TD_OP_DYNAMIC,
      .attrs_size = sizeof(sequence_attrs),
      .parse = v1_parse,
      .kernels = sequence_kernels },
    { .name = "ParseSequenceExampleV2",
      .sig =
          "serialized: string, debug_name: string, context_sparse_keys: string, context_dense_keys: string, "
          "context_ragged_keys: string, feature_list_sparse_keys: string, feature_list_dense_keys: string, "
          "feature_list_ragged_keys: string, feature_list_dense_missing_assumed_empty: bool, "
          "context_dense_defaults: Tcontext_dense -> " CONTEXT_OUT
          ", context_ragged_values: context_ragged_value_types, context_ragged_row_splits: "
          "context_ragged_split_types, " LISTS_OUT
          ", feature_list_ragged_values: feature_list_ragged_value_types, feature_list_ragged_outer_splits: "
          "feature_list_ragged_split_types, feature_list_ragged_inner_splits: "
          "feature_list_ragged_split_types",
      .attrs = COMMON_ATTRS
      ", context_ragged_value_types: list(type) = [], context_ragged_split_types: list(type) "
      "= [], feature_list_ragged_value_types: list(type) = [], "
      "feature_list_ragged_split_types: list(type) = []",
      .flags = TD_OP_DYNAMIC,
      .attrs_size = sizeof(sequence_attrs),
      .parse = v2_parse,
      .kernels = sequence_kernels },
    { 0 },
};
