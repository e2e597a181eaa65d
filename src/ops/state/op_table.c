/* SPDX-License-Identifier: Apache-2.0 */
/* op_table.c -- hash tables: made when a program is, filled by init ops, looked up by requests. */
#include <string.h>

#include "base/file_map.h"
#include "base/mem.h"
#include "ops/op.h"
#include "ops/resources.h"
#include "ops/state/lookup.h"
#include "ops/state/vocabulary.h"

typedef struct handle_attrs {
    const char *container, *name;
    td_lookup_kind kind;
} handle_attrs;

static td_status kind_parse(td_parse *p, bool is_mutable, bool has_shape)
{
    td_lookup_kind *const k = &((handle_attrs *)p->attrs)->kind;

    *k = (td_lookup_kind){ .key = td_attr_type(p, "key_dtype"),
                           .value = td_attr_type(p, "value_dtype"),
                           .is_mutable = is_mutable };
    if (has_shape) k->value_shape = *td_attr_shape(p, "value_shape");
    if (!td_shape_is_known(&k->value_shape) || k->value_shape.rank == TD_MAX_RANK ||
        td_dtype_size(k->key) == 0 || td_dtype_size(k->value) == 0)
        return TD_ERR(INVALID_ARGUMENT, "%s: types or value shape of the table are unusable", p->node->name);
    return NULL;
}

static td_status handle_parse_kind(td_parse *p, bool is_mutable, bool has_shape)
{
    handle_attrs *const a = p->attrs;
    const td_string container = td_attr_string(p, "container"), shared = td_attr_string(p, "shared_name");

    a->container = td_arena_strndup(p->arena, container.data, container.size);
    a->name = shared.size ? td_arena_strndup(p->arena, shared.data, shared.size) : p->node->name;
    return kind_parse(p, is_mutable, has_shape);
}

static td_status static_parse(td_parse *p)
{
    return handle_parse_kind(p, false, false);
}

static td_status mutable_parse(td_parse *p)
{
    return handle_parse_kind(p, true, false);
}

static td_status mutable_dense_parse(td_parse *p)
{
    return handle_parse_kind(p, true, true);
}

/* Only tables of open addressing take scalars for tensors. */
static td_status check_vector(const td_parse *p)
{
    const td_shape *const s = &((const handle_attrs *)p->attrs)->kind.value_shape;
    char text[TD_SHAPE_TEXT];

    if (s->rank == 1) return NULL;
    return TD_ERR(INVALID_ARGUMENT, "Default value must be a vector, got shape %s",
                  td_shape_text(s, text, sizeof text));
}

static td_status mutable_tensors_parse(td_parse *p)
{
    TD_TRY(mutable_dense_parse(p));
    return check_vector(p);
}

static td_status own_parse_kind(td_parse *p, bool is_mutable, bool has_shape)
{
    handle_attrs *const a = p->attrs;

    a->name = p->node->name;
    TD_TRY(kind_parse(p, is_mutable, has_shape));
    a->kind.is_own = true;
    return NULL;
}

static td_status own_static_parse(td_parse *p)
{
    return own_parse_kind(p, false, false);
}

static td_status own_mutable_parse(td_parse *p)
{
    return own_parse_kind(p, true, false);
}

static td_status own_dense_parse(td_parse *p)
{
    return own_parse_kind(p, true, true);
}

static td_status own_tensors_parse(td_parse *p)
{
    TD_TRY(own_dense_parse(p));
    return check_vector(p);
}

static td_object *make_table(const void *ctx)
{
    const handle_attrs *const a = ctx;

    return (td_object *)td_lookup_make(&a->kind, a->name);
}

static td_status handle_run(td_call *c)
{
    const handle_attrs *const a = c->attrs;
    td_object *o;

    TD_TRY(td_resources_get(c->env->resources, a->container, a->name, &td_lookup_class, make_table, a, &o));
    *(td_object **)td_out(c, 0)->data = o;
    return NULL;
}

/* With keys that TensorFlow's open addressing needs for itself. */
static td_status dense_run(td_call *c)
{
    td_lookup *t;

    TD_TRY(handle_run(c));
    TD_TRY(td_lookup_of(td_out(c, 0), &t));
    return td_lookup_reserve(t, td_in(c, 0), td_in(c, 1));
}

/* ---------------------------------------------------------------- tables of one run */

static td_status own_run(td_call *c)
{
    return td_out_own(c, 0, make_table(c->attrs));
}

static td_status own_dense_run(td_call *c)
{
    td_lookup *t;

    TD_TRY(own_run(c));
    if (!td_out_is_used(c, 0)) return NULL;
    TD_TRY(td_lookup_of(td_out(c, 0), &t));
    return td_lookup_reserve(t, td_in(c, 0), td_in(c, 1));
}

static char *copy_string(void *ctx, size_t size)
{
    return td_string_alloc(ctx, size);
}

/* ---------------------------------------------------------------- find, size, export */

static td_status find_infer(td_call *c)
{
    td_shape s = td_in(c, 1)->shape;
    td_lookup *t;

    TD_TRY(td_need(c, 0));
    TD_TRY(td_lookup_of(td_in(c, 0), &t));
    const td_lookup_kind *const kind = td_lookup_kind_of(t);
    const td_shape *const v = &kind->value_shape;
    const td_shape *const fallback = &td_in(c, 2)->shape;

    if (kind->key != td_in(c, 1)->dtype || kind->value != td_out(c, 0)->dtype)
        return TD_ERR(INVALID_ARGUMENT, "Conversion of table types is not supported: it maps %s to %s",
                      td_dtype_name(kind->key), td_dtype_name(kind->value));
    if (s.rank + v->rank > TD_MAX_RANK) return TD_ERR(INVALID_ARGUMENT, "%s: too many dimensions", c->node);
    for (int i = 0; i < v->rank; i++)
        s.dims[s.rank++] = v->dims[i];
    if (!td_shape_equal(fallback, v) && !td_shape_equal(fallback, &s)) {
        char one[TD_SHAPE_TEXT], all[TD_SHAPE_TEXT], got[TD_SHAPE_TEXT];

        return TD_ERR(INVALID_ARGUMENT, "Expected shape %s or %s for default value, got %s",
                      td_shape_text(v, one, sizeof one), td_shape_text(&s, all, sizeof all),
                      td_shape_text(fallback, got, sizeof got));
    }
    td_out(c, 0)->shape = s;
    return NULL;
}

static void find_shard(void *ctx, size_t begin, size_t end)
{
    const td_call *const c = ctx;

    td_lookup_find_settled(*(td_lookup *const *)td_in(c, 0)->data, td_in(c, 1), td_in(c, 2),
                           td_out(c, 0)->data, begin, end);
}

static td_status find_run(td_call *c)
{
    td_lookup *t;

    TD_TRY(td_lookup_of(td_in(c, 0), &t));
    if (!td_lookup_is_settled(t))
        return td_lookup_find(t, td_in(c, 1), td_in(c, 2), td_out(c, 0)->data, copy_string, c);
    td_call_parallel(c, (size_t)td_shape_count(&td_in(c, 1)->shape), 1024, find_shard, c);
    return NULL;
}

static td_status size_run(td_call *c)
{
    td_lookup *t;

    TD_TRY(td_lookup_of(td_in(c, 0), &t));
    *(int64_t *)td_out(c, 0)->data = td_lookup_size(t);
    return NULL;
}

static td_status export_run(td_call *c)
{
    td_lookup *t;

    TD_TRY(td_lookup_of(td_in(c, 0), &t));
    const td_shape *const v = &td_lookup_kind_of(t)->value_shape;
    const int64_t n = td_lookup_size(t);
    if (!td_lookup_kind_of(t)->is_mutable && !td_lookup_is_filled(t))
        return TD_ERR(ABORTED, "HashTable is not initialized.");
    td_shape s = { .rank = 1 + v->rank, .dims = { n } };

    memcpy(s.dims + 1, v->dims, (size_t)v->rank * sizeof *v->dims);
    if (td_out(c, 0)->dtype != td_lookup_kind_of(t)->key ||
        td_out(c, 1)->dtype != td_lookup_kind_of(t)->value)
        return TD_ERR(INVALID_ARGUMENT, "%s: the table has other types", c->node);
    TD_TRY(td_out_make(c, 0, &(td_shape){ 1, { n } }));
    TD_TRY(td_out_make(c, 1, &s));
    return td_lookup_export(t, td_out(c, 0)->data, td_out(c, 1)->data, n, copy_string, c);
}

/* ---------------------------------------------------------------- filling */

static td_status insert_run(td_call *c)
{
    td_lookup *t;

    TD_TRY(td_lookup_of(td_in(c, 0), &t));
    return td_lookup_put(t, td_in(c, 1), td_in(c, 2), false);
}

static td_status import_run(td_call *c)
{
    td_lookup *t;

    TD_TRY(td_lookup_of(td_in(c, 0), &t));
    if (!td_lookup_kind_of(t)->is_mutable) return td_lookup_fill(t, td_in(c, 1), td_in(c, 2));
    return td_lookup_put(t, td_in(c, 1), td_in(c, 2), true);
}

static td_status init_run(td_call *c)
{
    td_lookup *t;

    TD_TRY(td_lookup_of(td_in(c, 0), &t));
    TD_TRY(td_lookup_fillable(t));
    if (td_in(c, 1)->shape.rank != 1) {
        char text[TD_SHAPE_TEXT];

        return TD_ERR(INVALID_ARGUMENT, "Keys must be a vector, but received shape%s",
                      td_shape_text(&td_in(c, 1)->shape, text, sizeof text));
    }
    return td_lookup_fill(t, td_in(c, 1), td_in(c, 2));
}

static td_status remove_run(td_call *c)
{
    td_lookup *t;

    TD_TRY(td_lookup_of(td_in(c, 0), &t));
    if (td_in(c, 1)->dtype != td_lookup_kind_of(t)->key)
        return TD_ERR(INVALID_ARGUMENT, "%s: the table has keys of another type", c->node);
    return td_lookup_remove(t, td_in(c, 1));
}

static td_status text_parse(td_parse *p)
{
    td_vocabulary *const v = p->attrs;
    const td_string d = td_attr_string(p, "delimiter");

    *v = (td_vocabulary){ .key_index = td_attr_int(p, "key_index"),
                          .value_index = td_attr_int(p, "value_index"),
                          .size = td_attr_int(p, "vocab_size"),
                          .offset = td_attr_int(p, "offset") };
    if (d.size != 1) return TD_ERR(INVALID_ARGUMENT, "delimiter should be only 1 char");
    v->delimiter = d.data[0];
    if (v->key_index < TD_VOCABULARY_LINE || v->value_index < TD_VOCABULARY_LINE)
        return TD_ERR(INVALID_ARGUMENT, "key_index and value_index must be at least -2");
    if (v->size < -1) return TD_ERR(INVALID_ARGUMENT, "vocab_size must be at least -1");
    return NULL;
}

static td_status fill_from_text(td_call *c, td_lookup *t, const char *name, td_string text)
{
    td_vocabulary v = *(const td_vocabulary *)c->attrs;
    const td_lookup_kind *const kind = td_lookup_kind_of(t);
    td_tensor keys = { .dtype = kind->key }, values = { .dtype = kind->value };

    v.name = name;
    TD_TRY(td_vocabulary_check(&v, kind->key, kind->value));
    TD_TRY(td_vocabulary_read(&v, text, c->arena, &keys, &values));
    return td_lookup_is_filled(t) ? NULL : td_lookup_fill(t, &keys, &values);
}

static td_status text_run(td_call *c)
{
    const td_tensor *const file_name = td_in(c, 1);
    td_file_map file;
    td_lookup *t;

    TD_TRY(td_lookup_of(td_in(c, 0), &t));
    TD_TRY(td_lookup_fillable(t));
    if (file_name->shape.rank != 0) {
        char text[TD_SHAPE_TEXT];

        return TD_ERR(INVALID_ARGUMENT, "filename should be a single string, but got %s",
                      td_shape_text(&file_name->shape, text, sizeof text));
    }
    const td_string *const s = file_name->data;
    if (!s->size) return TD_ERR(INVALID_ARGUMENT, "filename cannot be empty.");
    const char *const name = td_arena_strndup(c->arena, s->data, s->size);
    TD_TRY(td_file_map_open(name, &file));
    const td_status st = fill_from_text(c, t, name, (td_string){ (const char *)file.data, file.size });
    td_file_map_close(&file);
    return st;
}

TD_RUN_KERNEL(handle_kernels, 0, handle_run);
TD_RUN_KERNEL(dense_kernels, 0, dense_run);
TD_RUN_KERNEL(own_kernels, 0, own_run);
TD_RUN_KERNEL(own_dense_kernels, 0, own_dense_run);
TD_RUN_KERNEL(find_kernels, 0, find_run);
TD_RUN_KERNEL(size_kernels, 0, size_run);
TD_RUN_KERNEL(export_kernels, 0, export_run);
TD_RUN_KERNEL(insert_kernels, 0, insert_run);
TD_RUN_KERNEL(import_kernels, 0, import_run);
TD_RUN_KERNEL(init_kernels, 0, init_run);
TD_RUN_KERNEL(remove_kernels, 0, remove_run);
TD_RUN_KERNEL(text_kernels, 0, text_run);

#define HANDLE_ATTRS                                                                                         \
    "container: string = '', shared_name: string = '', use_node_name_sharing: bool = false, key_dtype: "     \
    "type, "                                                                                                 \
    "value_dtype: type"
#define HANDLE(name_, parse_, attrs_)                                                                        \
    {                                                                                                        \
        .name = name_, .sig = "-> table_handle: resource", .attrs = attrs_,                                  \
        .attrs_size = sizeof(handle_attrs), .parse = parse_, .infer = td_infer_scalar,                       \
        .kernels = handle_kernels                                                                            \
    }
#define OWN(name_, parse_, attrs_)                                                                           \
    {                                                                                                        \
        .name = name_, .sig = "-> table_handle: resource", .attrs = attrs_, .flags = OWN_FLAGS,              \
        .attrs_size = sizeof(handle_attrs), .parse = parse_, .infer = td_infer_scalar,                       \
        .kernels = own_kernels                                                                               \
    }
#define OWN_FLAGS (TD_OP_STATEFUL | TD_OP_BY_REF)
#define OWN_ATTRS "key_dtype: type, value_dtype: type"
#define DENSE_ATTRS                                                                                          \
    ", value_shape: shape = [], initial_num_buckets: int = 131072, max_load_factor: float = 0.8"
#define TEXT_ATTRS                                                                                           \
    "key_index: int, value_index: int, vocab_size: int = -1, delimiter: string = '\t', offset: int = 0"

const td_op td_ops_table[] = {
    HANDLE("HashTableV2", static_parse, HANDLE_ATTRS),
    HANDLE("MutableHashTableV2", mutable_parse, HANDLE_ATTRS),
    HANDLE("MutableHashTableOfTensorsV2", mutable_tensors_parse, HANDLE_ATTRS ", value_shape: shape = []"),
    { .name = "MutableDenseHashTableV2",
      .sig = "empty_key: key_dtype, deleted_key: key_dtype -> table_handle: resource",
      .attrs = HANDLE_ATTRS DENSE_ATTRS,
      .attrs_size = sizeof(handle_attrs),
      .parse = mutable_dense_parse,
      .infer = td_infer_scalar,
      .kernels = dense_kernels },
    OWN("AnonymousHashTable", own_static_parse, OWN_ATTRS),
    OWN("AnonymousMutableHashTable", own_mutable_parse, OWN_ATTRS),
    OWN("AnonymousMutableHashTableOfTensors", own_tensors_parse, OWN_ATTRS ", value_shape: shape = []"),
    { .name = "AnonymousMutableDenseHashTable",
      .sig = "empty_key: key_dtype, deleted_key: key_dtype -> table_handle: resource",
      .attrs = OWN_ATTRS DENSE_ATTRS,
      .flags = OWN_FLAGS,
      .attrs_size = sizeof(handle_attrs),
      .parse = own_dense_parse,
      .infer = td_infer_scalar,
      .kernels = own_dense_kernels },
    { .name = "LookupTableFindV2",
      .sig = "table_handle: resource, keys: Tin, default_value: Tout -> values: Tout",
      .attrs = "Tin: type, Tout: type",
      .flags = TD_OP_STATEFUL | TD_OP_READS,
      .infer = find_infer,
      .kernels = find_kernels },
    { .name = "LookupTableSizeV2",
      .sig = "table_handle: resource -> size: int64",
      .flags = TD_OP_STATEFUL,
      .infer = td_infer_scalar,
      .kernels = size_kernels },
    { .name = "LookupTableExportV2",
      .sig = "table_handle: resource -> keys: Tkeys, values: Tvalues",
      .attrs = "Tkeys: type, Tvalues: type",
      .flags = TD_OP_STATEFUL | TD_OP_DYNAMIC,
      .kernels = export_kernels },
    { .name = "LookupTableInsertV2",
      .sig = "table_handle: resource, keys: Tin, values: Tout",
      .attrs = "Tin: type, Tout: type",
      .flags = TD_OP_STATEFUL | TD_OP_ASSIGNS,
      .kernels = insert_kernels },
    { .name = "LookupTableImportV2",
      .sig = "table_handle: resource, keys: Tin, values: Tout",
      .attrs = "Tin: type, Tout: type",
      .flags = TD_OP_STATEFUL | TD_OP_ASSIGNS,
      .kernels = import_kernels },
    { .name = "InitializeTableV2",
      .sig = "table_handle: resource, keys: Tkey, values: Tval",
      .attrs = "Tkey: type, Tval: type",
      .flags = TD_OP_STATEFUL | TD_OP_ASSIGNS,
      .kernels = init_kernels },
    { .name = "LookupTableRemoveV2",
      .sig = "table_handle: resource, keys: Tin",
      .attrs = "Tin: type",
      .flags = TD_OP_STATEFUL | TD_OP_ASSIGNS,
      .kernels = remove_kernels },
    { .name = "InitializeTableFromTextFileV2",
      .sig = "table_handle: resource, filename: string",
      .attrs = TEXT_ATTRS,
      .flags = TD_OP_STATEFUL | TD_OP_ASSIGNS,
      .attrs_size = sizeof(td_vocabulary),
      .parse = text_parse,
      .kernels = text_kernels },
    /* TF1's tables, for passes/deref only: they have no kernels. */
    { .name = "HashTable", .sig = "-> table_handle: &string", .attrs = HANDLE_ATTRS },
    { .name = "MutableHashTable", .sig = "-> table_handle: &string", .attrs = HANDLE_ATTRS },
    { .name = "MutableHashTableOfTensors",
      .sig = "-> table_handle: &string",
      .attrs = HANDLE_ATTRS ", value_shape: shape = []" },
    { .name = "LookupTableFind",
      .sig = "table_handle: &string, keys: Tin, default_value: Tout -> values: Tout",
      .attrs = "Tin: type, Tout: type" },
    { .name = "LookupTableSize", .sig = "table_handle: &string -> size: int64" },
    { .name = "LookupTableExport",
      .sig = "table_handle: &string -> keys: Tkeys, values: Tvalues",
      .attrs = "Tkeys: type, Tvalues: type" },
    { .name = "LookupTableInsert",
      .sig = "table_handle: &string, keys: Tin, values: Tout",
      .attrs = "Tin: type, Tout: type" },
    { .name = "LookupTableImport",
      .sig = "table_handle: &string, keys: Tin, values: Tout",
      .attrs = "Tin: type, Tout: type" },
    { .name = "InitializeTable",
      .sig = "table_handle: &string, keys: Tkey, values: Tval",
      .attrs = "Tkey: type, Tval: type" },
    { .name = "InitializeTableFromTextFile",
      .sig = "table_handle: &string, filename: string",
      .attrs = TEXT_ATTRS },
    { 0 },
};
