/* SPDX-License-Identifier: Apache-2.0 */
/* op_forest.c -- the ops of TensorFlow Decision Forests: a model is a resource, which an op loads from a folder, and others
 * ask with the features of rows, by kind: numbers, flags, categories, sets of categories. */
#include <math.h>
#include <string.h>

#include "base/macros.h"
#include "base/size.h"
#include "ops/forest/forest_model.h"
#include "ops/resources.h"
#include "ops/strings.h"

static const char container[] = "simple_ml_model_serving"; /* of models without a handle */

enum { NUMBERS = 0, FLAGS, CATEGORIES, ITEMS, SET_ENDS, ROW_ENDS, HANDLE };

/* ---------------------------------------------------------------- making and loading */

typedef struct name_attrs {
    const char *container, *name;
} name_attrs;

static const char *copy(const td_parse *p, td_string s)
{
    return td_arena_strndup(p->arena, s.data, s.size);
}

static td_status make_parse(td_parse *p)
{
    const td_string shared = td_attr_string(p, "shared_name");

    *(name_attrs *)p->attrs = (name_attrs){ .container = copy(p, td_attr_string(p, "container")),
                                            .name = shared.size ? copy(p, shared) : p->node->name };
    return NULL;
}

static td_object *make_forest(const void *ctx)
{
    return td_forest_make(ctx);
}

static td_status make_run(td_call *c)
{
    const name_attrs *const a = c->attrs;
    td_object *o;

    TD_TRY(td_resources_get(c->env->resources, a->container, a->name, &td_forest_class, make_forest, a->name,
                            &o));
    *(td_object **)td_out(c, 0)->data = o;
    return NULL;
}

typedef struct load_attrs {
    const char *identifier; /* NULL: there is a handle */
    td_string prefix;
    bool has_leaves;
} load_attrs;

static td_status load_by_name_parse(td_parse *p)
{
    *(load_attrs *)p->attrs =
        (load_attrs){ .identifier = copy(p, td_attr_string(p, "model_identifier")), .prefix = { "", 0 } };
    return NULL;
}

static td_status load_parse(td_parse *p)
{
    load_attrs *const a = p->attrs;
    const td_attr_value *types;
    const size_t n = td_attr_list(p, "output_types", &types);
    const td_string prefix = td_attr_string(p, "file_prefix");

    a->prefix = (td_string){ copy(p, prefix), prefix.size };
    for (size_t i = 0; i < n; i++) {
        if (!td_string_is(types[i].u.s, "LEAVES"))
            return TD_ERR(INVALID_ARGUMENT, "Unknown output types: %.*s", (int)types[i].u.s.size,
                          types[i].u.s.data);
        a->has_leaves = true;
    }
    return NULL;
}

static td_status handle_in(const td_call *c, uint32_t i, td_object **out)
{
    const td_tensor *const handle = td_in(c, i);
    td_object *const o = handle->data ? *(td_object *const *)handle->data : NULL;

    if (handle->dtype != TD_RESOURCE || !td_object_as(o, &td_forest_class))
        return TD_ERR(INVALID_ARGUMENT, "%s: the handle is no model of decision forests", c->node);
    *out = o;
    return NULL;
}

static td_status load_from(td_call *c, td_object *o, uint32_t path)
{
    const load_attrs *const a = c->attrs;

    if (td_shape_count(&td_in(c, path)->shape) != 1)
        return TD_ERR(INVALID_ARGUMENT, "The \"path\" attribute is expected to contains exactly one entry.");
    const td_string dir = td_strings_in(c, path)[0];

    return td_forest_load(o,
                          &(td_forest_place){ dir.size ? td_arena_strndup(c->arena, dir.data, dir.size) : "",
                                              a->prefix, a->has_leaves });
}

static td_status load_run(td_call *c)
{
    td_object *o;

    TD_TRY(handle_in(c, 0, &o));
    return load_from(c, o, 1);
}

static td_status load_by_name_run(td_call *c)
{
    const char *const name = ((const load_attrs *)c->attrs)->identifier;
    const td_ydf_model *unused;
    bool has_leaves;
    td_object *o;

    TD_TRY(td_resources_get(c->env->resources, container, name, &td_forest_class, make_forest, name, &o));
    const td_status s = td_forest_of(o, &unused, &has_leaves);

    if (!s) return NULL; /* it is not asked where from */
    td_status_free(s);
    return load_from(c, o, 0);
}

/* ---------------------------------------------------------------- shapes */

typedef struct ask_attrs {
    const char *identifier; /* NULL: there is a handle */
    int64_t n_outputs;      /* 0: leaves */
} ask_attrs;

static td_status ask_parse(td_parse *p)
{
    ask_attrs *const a = p->attrs;

    a->n_outputs = td_attr_int(p, "dense_output_dim");
    if (a->n_outputs >= 1) return NULL;
    return TD_ERR(INVALID_ARGUMENT, "Value for attr 'dense_output_dim' of %lld must be at least minimum 1",
                  (long long)a->n_outputs);
}

static td_status ask_by_name_parse(td_parse *p)
{
    ((ask_attrs *)p->attrs)->identifier = copy(p, td_attr_string(p, "model_identifier"));
    return ask_parse(p);
}

/* Banks that are empty say nothing; all others must agree. */
static td_status count_rows(const td_call *c, int64_t *out)
{
    static const int ranks[] = { 2, 2, 2, 1, 1, 1 };

    *out = 0;
    for (uint32_t i = 0; i < HANDLE; i++) {
        const td_shape *const s = &td_in(c, i)->shape;

        if (s->rank != ranks[i])
            return TD_ERR(INVALID_ARGUMENT, "Shape must be rank %d but is rank %d", ranks[i], s->rank);
        if (i == ITEMS || i == SET_ENDS) continue;
        const int64_t n = s->dims[0] - (i == ROW_ENDS);

        if (n <= 0) continue;
        if (*out && n != *out)
            return TD_ERR(INVALID_ARGUMENT,
                          "The batch size of the input features are inconsistent: %lld vs %lld.",
                          (long long)*out, (long long)n);
        *out = n;
    }
    return NULL;
}

static td_status ask_infer(td_call *c)
{
    const int64_t n = ((const ask_attrs *)c->attrs)->n_outputs;
    int64_t rows;

    TD_TRY(count_rows(c, &rows));
    td_out(c, 0)->shape = (td_shape){ 2, { rows, n } };
    td_out(c, 1)->shape = (td_shape){ 1, { n } };
    return NULL;
}

static td_status leaves_in(const td_call *c, const td_ydf_model **out)
{
    bool has_leaves;
    td_object *o;

    TD_TRY(handle_in(c, HANDLE, &o));
    TD_TRY(td_forest_of(o, out, &has_leaves));
    return has_leaves ? NULL
                      : TD_ERR(INVALID_ARGUMENT, "the model of decision forests was not loaded for LEAVES");
}

static td_status leaves_infer(td_call *c)
{
    const td_ydf_model *m;
    int64_t rows;

    TD_TRY(td_need(c, HANDLE));
    TD_TRY(leaves_in(c, &m));
    TD_TRY(count_rows(c, &rows));
    td_out(c, 0)->shape = (td_shape){ 2, { rows, (int64_t)m->forest.n_trees } };
    return NULL;
}

/* Where things are in scratch. */
typedef struct ask_state {
    td_object *model; /* NULL: there is a handle */
    size_t rows, cells, items, sums, size;
    bool fits; /* what is there fits into memory */
} ask_state;

static size_t reserve(ask_state *s, size_t n, size_t each, size_t elem)
{
    size_t bytes, end;

    s->fits = s->fits && td_mul_size(n, each, &bytes) && td_mul_size(bytes, elem, &bytes) &&
              td_add_size(s->size, bytes, &end) && end < SIZE_MAX / 2;
    return s->fits ? td_reserve(&s->size, bytes) : 0;
}

static td_status ask_prepare(td_call *c)
{
    const ask_attrs *const a = c->attrs;
    ask_state *const s = c->state;
    size_t columns = 1; /* a row of no cells has one */
    int64_t rows;

    if (a->identifier)
        TD_TRY(td_resources_get(c->env->resources, container, a->identifier, &td_forest_class, NULL, NULL,
                                &s->model));
    TD_TRY(count_rows(c, &rows));
    s->rows = (size_t)rows;
    for (uint32_t i = NUMBERS; i <= CATEGORIES; i++)
        columns += (size_t)td_in(c, i)->shape.dims[1];
    const size_t set_cells = 2 * (size_t)td_in(c, SET_ENDS)->shape.dims[0];

    s->fits = true;
    s->cells = reserve(s, s->rows, columns, sizeof(uint32_t));
    (void)reserve(s, 1, set_cells, sizeof(uint32_t));
    s->items = reserve(s, 1, (size_t)td_in(c, ITEMS)->shape.dims[0], sizeof(uint32_t));
    /* of shares of classes there is one more than of outputs */
    s->sums = reserve(s, s->rows, (size_t)a->n_outputs + 1, sizeof(double));
    if (!s->fits) return TD_ERR(RESOURCE_EXHAUSTED, "%s: its features are too many", c->node);
    c->scratch_size = s->size;
    return NULL;
}

/* ---------------------------------------------------------------- rows */

/* The features of a call, checked. */
typedef struct ask {
    const td_ydf_model *m;
    td_forest_walk_fn *walk;
    const float *numbers, *flags;
    const int32_t *categories, *set_items;
    const int64_t *set_ends;
    uint32_t *cells, *items;
    double *sums;
    float *out;
    int32_t *leaves; /* NULL: answers are wanted */
} ask;

static td_status check_banks(const td_call *c, const td_ydf_model *m, size_t rows)
{
    static const char *const names[] = { "numerical_features", "boolean_features",
                                         "categorical_int_features" };

    for (uint32_t i = NUMBERS; i <= CATEGORIES; i++) {
        const int64_t *const dims = td_in(c, i)->shape.dims;
        const size_t want = m->columns[TD_YDF_NUMBERS + i];

        if ((uint64_t)dims[1] != want || (want && (uint64_t)dims[0] != rows))
            return TD_ERR(INVALID_ARGUMENT, "Unexpected dimension of %s bank.", names[i]);
    }
    return NULL;
}

static bool are_splits(const int64_t *ends, size_t n, int64_t n_items)
{
    int64_t before = 0;

    for (size_t i = 0; i < n; i++) {
        if (ends[i] < before) return false;
        before = ends[i];
    }
    return before <= n_items;
}

/* Row r has sets [r * n, (r + 1) * n) of n columns. */
static td_status check_sets(const td_call *c, const td_ydf_model *m, size_t rows)
{
    const td_tensor *const row_ends = td_in(c, ROW_ENDS), *const set_ends = td_in(c, SET_ENDS);
    const size_t n = m->columns[TD_YDF_SETS];
    const int64_t n_items = td_in(c, ITEMS)->shape.dims[0];

    if (!n || !rows) return NULL;
    if ((uint64_t)row_ends->shape.dims[0] != rows + 1)
        return TD_ERR(INTERNAL, "Unexpected features_row_splits_dim_2 size.");
    for (size_t r = 0; r < rows; r++)
        if ((uint64_t)((const int64_t *)row_ends->data)[r] != r * n)
            return TD_ERR(INTERNAL, "Unexpected features_row_splits_dim_2 size.");
    if ((uint64_t)set_ends->shape.dims[0] <= rows * n || n_items > UINT32_MAX)
        return TD_ERR(INTERNAL, "Unexpected features_row_splits_dim_1 size.");
    if (are_splits(set_ends->data, rows * n + 1, n_items)) return NULL;
    return TD_ERR(INVALID_ARGUMENT, "%s: row_splits_dim_1 does not split the values of sets", c->node);
}

/* -1 is a missing one; what is not known is 0, the category for that. */
static uint32_t cell_of(int32_t category, uint32_t n_values)
{
    return category < -1 || (category >= 0 && (uint32_t)category >= n_values) ? 1 : (uint32_t)(category + 1);
}

static uint32_t cell_of_flag(float x)
{
    return isnan(x) ? 0 : x >= 0.5f ? 2 : 1;
}

/* Set i of all; a first item of -1 says that all of it is missing. */
static void fill_set(const ask *a, size_t i, uint32_t n_values, uint32_t *cells)
{
    const size_t begin = (size_t)a->set_ends[i];
    size_t end = (size_t)a->set_ends[i + 1];

    for (size_t k = begin; k < end; k++)
        a->items[k] = cell_of(a->set_items[k], n_values);
    if (begin < end && a->items[begin] == 0) end = begin + 1;
    cells[0] = (uint32_t)begin;
    cells[1] = (uint32_t)end;
}

static void fill_row(const ask *a, size_t r)
{
    const size_t *const n = a->m->columns;
    uint32_t *at = a->cells + r * a->m->forest.n_cells;

    at[0] = 0; /* leaves look at it, also where there are no inputs */
    if (n[TD_YDF_NUMBERS]) memcpy(at, a->numbers + r * n[TD_YDF_NUMBERS], n[TD_YDF_NUMBERS] * sizeof *at);
    at += n[TD_YDF_NUMBERS];
    for (size_t i = 0; i < n[TD_YDF_FLAGS]; i++)
        *at++ = cell_of_flag(a->flags[r * n[TD_YDF_FLAGS] + i]);
    for (size_t i = 0; i < n[TD_YDF_CATEGORIES]; i++)
        *at++ = cell_of(a->categories[r * n[TD_YDF_CATEGORIES] + i], a->m->values[TD_YDF_CATEGORIES][i]);
    for (size_t i = 0; i < n[TD_YDF_SETS]; i++, at += 2)
        fill_set(a, r * n[TD_YDF_SETS] + i, a->m->values[TD_YDF_SETS][i], at);
}

static void run_rows(void *ctx, size_t begin, size_t end)
{
    const ask *const a = ctx;
    const td_forest *const f = &a->m->forest;
    const td_forest_rows rows = { a->cells + begin * f->n_cells, a->items, end - begin };

    for (size_t r = begin; r < end; r++)
        fill_row(a, r);
    if (a->leaves) {
        td_forest_leaves(f, a->walk, &rows, a->leaves + begin * f->n_trees);
        return;
    }
    double *const sums = a->sums + begin * f->n_sums;

    memset(sums, 0, rows.n * f->n_sums * sizeof *sums);
    td_forest_sum(f, a->walk, &rows, sums);
    td_forest_answer(a->m, sums, rows.n, a->out + begin * a->m->n_outputs);
}

enum {
    WALKS = 8192,
    BLOCK = TD_FOREST_LANES
}; /* a shard's walks, some 30 us; its rows are a multiple of a block */

static td_status run_all(td_call *c, ask *a)
{
    const ask_state *const s = c->state;
    char *const scratch = c->scratch;

    TD_TRY(check_banks(c, a->m, s->rows));
    TD_TRY(check_sets(c, a->m, s->rows));
    a->walk = td_forest_walk_select(c->env->cpu);
    a->numbers = td_in(c, NUMBERS)->data;
    a->flags = td_in(c, FLAGS)->data;
    a->categories = td_in(c, CATEGORIES)->data;
    a->set_items = td_in(c, ITEMS)->data;
    a->set_ends = td_in(c, SET_ENDS)->data;
    a->cells = (uint32_t *)(void *)(scratch + s->cells);
    a->items = (uint32_t *)(void *)(scratch + s->items);
    a->sums = (double *)(void *)(scratch + s->sums);
    td_call_parallel(c, s->rows, td_round_up(WALKS / TD_MAX(a->m->forest.n_trees, 1) + 1, BLOCK), run_rows,
                     a);
    return NULL;
}

static td_status name_outputs(td_call *c, const td_ydf_model *m)
{
    const int64_t want = ((const ask_attrs *)c->attrs)->n_outputs;
    td_string *const names = td_out(c, 1)->data;

    if ((uint64_t)want != m->n_outputs)
        return TD_ERR(INVALID_ARGUMENT,
                      "The \"dense_output_dim\"=%lld attribute does not match the model output dimension=%zu",
                      (long long)want, m->n_outputs);
    memcpy(names, m->names, m->n_outputs * sizeof *names); /* the session has the model as long as requests */
    return NULL;
}

static td_status ask_run(td_call *c)
{
    td_object *o = ((const ask_state *)c->state)->model;
    ask a = { .out = td_out(c, 0)->data };
    bool has_leaves;

    if (!o) TD_TRY(handle_in(c, HANDLE, &o));
    TD_TRY(td_forest_of(o, &a.m, &has_leaves));
    TD_TRY(name_outputs(c, a.m));
    return run_all(c, &a);
}

static td_status leaves_run(td_call *c)
{
    ask a = { .leaves = td_out(c, 0)->data };

    TD_TRY(leaves_in(c, &a.m));
    return run_all(c, &a);
}

TD_RUN_KERNEL(make_kernels, 0, make_run);
TD_RUN_KERNEL(load_kernels, 0, load_run);
TD_RUN_KERNEL(load_by_name_kernels, 0, load_by_name_run);
static const td_kernel ask_kernels[] = {
    { .state_size = sizeof(ask_state), .prepare = ask_prepare, .run = ask_run },
    { 0 },
};
static const td_kernel leaves_kernels[] = {
    { .state_size = sizeof(ask_state), .prepare = ask_prepare, .run = leaves_run },
    { 0 },
};

#define LOAD_FLAGS (TD_OP_STATEFUL | TD_OP_ASSIGNS | TD_OP_ALLOCATES)
#define FEATURES                                                                                             \
    "numerical_features: float, boolean_features: float, categorical_int_features: int32, "                  \
    "categorical_set_int_features_values: int32, categorical_set_int_features_row_splits_dim_1: int64, "     \
    "categorical_set_int_features_row_splits_dim_2: int64"
#define ANSWERS " -> dense_predictions: float, dense_col_representation: string"

const td_op td_ops_forest[] = {
    { .name = "SimpleMLCreateModelResource",
      .sig = "-> model_handle: resource",
      .attrs = "container: string = '', shared_name: string = ''",
      .attrs_size = sizeof(name_attrs),
      .parse = make_parse,
      .infer = td_infer_scalar,
      .kernels = make_kernels },
    { .name = "SimpleMLLoadModelFromPath",
      .sig = "path: string",
      .attrs = "model_identifier: string",
      .flags = LOAD_FLAGS,
      .attrs_size = sizeof(load_attrs),
      .parse = load_by_name_parse,
      .kernels = load_by_name_kernels },
    { .name = "SimpleMLLoadModelFromPathWithHandle",
      .sig = "model_handle: resource, path: string",
      .attrs = "output_types: list(string) = [], file_prefix: string = '', allow_slow_inference: bool = true",
      .flags = LOAD_FLAGS,
      .attrs_size = sizeof(load_attrs),
      .parse = load_parse,
      .kernels = load_kernels },
    { .name = "SimpleMLInferenceOp",
      .sig = FEATURES ANSWERS,
      .attrs = "model_identifier: string, dense_output_dim: int",
      .flags = TD_OP_STATEFUL,
      .attrs_size = sizeof(ask_attrs),
      .parse = ask_by_name_parse,
      .infer = ask_infer,
      .kernels = ask_kernels },
    { .name = "SimpleMLInferenceOpWithHandle",
      .sig = FEATURES ", model_handle: resource" ANSWERS,
      .attrs = "dense_output_dim: int",
      .flags = TD_OP_STATEFUL,
      .attrs_size = sizeof(ask_attrs),
      .parse = ask_parse,
      .infer = ask_infer,
      .kernels = ask_kernels },
    { .name = "SimpleMLInferenceLeafIndexOpWithHandle",
      .sig = FEATURES ", model_handle: resource -> leaves: int32",
      .flags = TD_OP_STATEFUL,
      .attrs_size = sizeof(ask_attrs),
      .infer = leaves_infer,
      .kernels = leaves_kernels },
    { 0 },
};
