/* op_table.c -- hash tables: made when a program is, filled by init ops, looked up by requests. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file_map.h"
#include "base/mem.h"
#include "base/size.h"
#include "ops/op.h"
#include "ops/resources.h"
#include "ops/state/lookup.h"

typedef struct handle_attrs {
    const char *container, *name;
    td_lookup_kind kind;
} handle_attrs;

static td_status handle_parse_kind(td_parse *p, bool is_mutable, bool has_shape)
{
    handle_attrs *const a = p->attrs;
    const td_string container = td_attr_string(p, "container"), shared = td_attr_string(p, "shared_name");

    a->container = td_arena_strndup(p->arena, container.data, container.size);
    a->name = shared.size ? td_arena_strndup(p->arena, shared.data, shared.size) : p->node->name;
    a->kind =
        (td_lookup_kind){ td_attr_type(p, "key_dtype"), td_attr_type(p, "value_dtype"), { 0 }, is_mutable };
    if (has_shape) a->kind.value_shape = *td_attr_shape(p, "value_shape");
    if (!td_shape_is_known(&a->kind.value_shape) || a->kind.value_shape.rank == TD_MAX_RANK ||
        td_dtype_size(a->kind.key) == 0 || td_dtype_size(a->kind.value) == 0)
        return TD_ERR(INVALID_ARGUMENT, "%s: types or value shape of the table are unusable", p->node->name);
    return NULL;
}

static td_status static_parse(td_parse *p)
{
    return handle_parse_kind(p, false, false);
}

static td_status mutable_parse(td_parse *p)
{
    return handle_parse_kind(p, true, false);
}

static td_status mutable_tensors_parse(td_parse *p)
{
    return handle_parse_kind(p, true, true);
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
    const int64_t defaults = td_shape_count(&td_in(c, 2)->shape), one = td_shape_count(v);

    if (kind->key != td_in(c, 1)->dtype || kind->value != td_out(c, 0)->dtype)
        return TD_ERR(INVALID_ARGUMENT, "Conversion of table types is not supported: it maps %s to %s",
                      td_dtype_name(kind->key), td_dtype_name(kind->value));
    if (defaults != one && defaults != one * td_shape_count(&s))
        return TD_ERR(INVALID_ARGUMENT, "Expected default value of %lld elements, got %lld", (long long)one,
                      (long long)defaults);
    if (s.rank + v->rank > TD_MAX_RANK) return TD_ERR(INVALID_ARGUMENT, "%s: too many dimensions", c->node);
    for (int i = 0; i < v->rank; i++)
        s.dims[s.rank++] = v->dims[i];
    td_out(c, 0)->shape = s;
    return NULL;
}

static td_status find_run(td_call *c)
{
    td_lookup *t;

    TD_TRY(td_lookup_of(td_in(c, 0), &t));
    return td_lookup_find(t, td_in(c, 1), td_in(c, 2), td_out(c, 0)->data, copy_string, c);
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
    return td_lookup_put(t, td_in(c, 1), td_in(c, 2), true);
}

static td_status remove_run(td_call *c)
{
    td_lookup *t;

    TD_TRY(td_lookup_of(td_in(c, 0), &t));
    if (td_in(c, 1)->dtype != td_lookup_kind_of(t)->key)
        return TD_ERR(INVALID_ARGUMENT, "%s: the table has keys of another type", c->node);
    td_lookup_remove(t, td_in(c, 1));
    return NULL;
}

/* A vocabulary file: one entry a line; a column of it,
 * the whole line (-2) or its number (-1) is key or value. */
typedef struct text_attrs {
    int64_t key_index, value_index, vocab_size, offset;
    char delimiter;
} text_attrs;

static td_status text_parse(td_parse *p)
{
    text_attrs *const a = p->attrs;
    const td_string d = td_attr_string(p, "delimiter");

    *a = (text_attrs){ td_attr_int(p, "key_index"), td_attr_int(p, "value_index"),
                       td_attr_int(p, "vocab_size"), td_attr_int(p, "offset"), d.size ? d.data[0] : '\t' };
    if (a->key_index < -2 || a->value_index < -2)
        return TD_ERR(INVALID_ARGUMENT, "key_index and value_index must be at least -2");
    if (a->offset < 0) return TD_ERR(INVALID_ARGUMENT, "offset must not be negative");
    return NULL;
}

static bool take_field(td_string line, char delimiter, int64_t index, td_string *out)
{
    const char *p = line.data, *const end = line.data + line.size;

    if (index == -2) {
        *out = line;
        return true;
    }
    for (int64_t i = 0;; i++) {
        const char *const stop = memchr(p, delimiter, (size_t)(end - p));
        const char *const to = stop ? stop : end;

        if (i == index) {
            *out = (td_string){ p, (size_t)(to - p) };
            return true;
        }
        if (!stop) return false;
        p = stop + 1;
    }
}

/* Text (or a line number) as an element of dtype. */
static td_status parse_element(td_dtype dtype, td_string text, int64_t number, bool is_number, void *out)
{
    char buf[64];

    if (is_number) {
        if (dtype == TD_I64)
            *(int64_t *)out = number;
        else if (dtype == TD_I32)
            *(int32_t *)out = (int32_t)number;
        else
            return TD_ERR(INVALID_ARGUMENT, "line numbers are int64, the table has %s", td_dtype_name(dtype));
        return NULL;
    }
    if (dtype == TD_STRING) {
        *(td_string *)out = text;
        return NULL;
    }
    if (text.size == 0 || text.size >= sizeof buf) return TD_ERR(INVALID_ARGUMENT, "Field is no number");
    memcpy(buf, text.data, text.size);
    buf[text.size] = 0;
    char *end;
    errno = 0;
    switch (dtype) {
    case TD_I64:
        *(int64_t *)out = strtoll(buf, &end, 10);
        break;
    case TD_I32:
        *(int32_t *)out = (int32_t)strtol(buf, &end, 10);
        break;
    case TD_F32:
        *(float *)out = strtof(buf, &end);
        break;
    case TD_F64:
        *(double *)out = strtod(buf, &end);
        break;
    default:
        return TD_ERR(INVALID_ARGUMENT, "Data type %s not supported.", td_dtype_name(dtype));
    }
    if (*end || errno == ERANGE)
        return TD_ERR(INVALID_ARGUMENT, "Field %s is not a valid %s.", buf, td_dtype_name(dtype));
    return NULL;
}

static td_status add_line(const text_attrs *a, td_string line, int64_t number, td_tensor *key,
                          td_tensor *value)
{
    td_string k = { 0 }, v = { 0 };

    if ((a->key_index != -1 && !take_field(line, a->delimiter, a->key_index, &k)) ||
        (a->value_index != -1 && !take_field(line, a->delimiter, a->value_index, &v)))
        return TD_ERR(INVALID_ARGUMENT, "Invalid number of columns in line %lld", (long long)number);
    const size_t i = (size_t)key->shape.dims[0];
    TD_TRY(parse_element(key->dtype, k, number, a->key_index == -1,
                         (char *)key->data + i * td_dtype_size(key->dtype)));
    TD_TRY(parse_element(value->dtype, v, number, a->value_index == -1,
                         (char *)value->data + i * td_dtype_size(value->dtype)));
    key->shape.dims[0]++;
    value->shape.dims[0]++;
    return NULL;
}

static td_status fill_from_text(td_call *c, td_lookup *t, const char *text, size_t size)
{
    const text_attrs *const a = c->attrs;
    const td_lookup_kind *const kind = td_lookup_kind_of(t);
    size_t lines = 1;

    for (size_t i = 0; i < size; i++)
        lines += text[i] == '\n';
    td_tensor key = { .dtype = kind->key, .shape = { 1, { 0 } } },
              value = { .dtype = kind->value, .shape = { 1, { 0 } } };
    key.data = td_arena_try_alloc(c->arena, lines * td_dtype_size(kind->key), TD_ALIGN);
    value.data = td_arena_try_alloc(c->arena, lines * td_dtype_size(kind->value), TD_ALIGN);
    if (!key.data || !value.data) return TD_ERR(RESOURCE_EXHAUSTED, "no memory for %zu lines", lines);
    int64_t number = 0, last = INT64_MAX;
    if (a->vocab_size >= 0 && !td_add_i64(a->vocab_size, a->offset, &last)) last = INT64_MAX;
    for (const char *p = text, *end = text + size; p < end && number < last; number++) {
        const char *const stop = memchr(p, '\n', (size_t)(end - p));
        const char *to = stop ? stop : end;
        const char *const next = stop ? stop + 1 : end;

        if (to > p && to[-1] == '\r') to--;
        if (number >= a->offset)
            TD_TRY(add_line(a, (td_string){ p, (size_t)(to - p) }, number - a->offset, &key, &value));
        p = next;
    }
    return td_lookup_put(t, &key, &value, true);
}

static td_status text_run(td_call *c)
{
    const td_tensor *const name = td_in(c, 1);
    td_file_map file;
    td_lookup *t;

    TD_TRY(td_lookup_of(td_in(c, 0), &t));
    if (td_shape_count(&name->shape) != 1)
        return TD_ERR(INVALID_ARGUMENT, "filename should be a single string, but got %lld elements",
                      (long long)td_shape_count(&name->shape));
    const td_string *const s = name->data;
    TD_TRY(td_file_map_open(td_arena_strndup(c->arena, s->data, s->size), &file));
    const td_status st = fill_from_text(c, t, (const char *)file.data, file.size);
    td_file_map_close(&file);
    return st;
}

TD_RUN_KERNEL(handle_kernels, 0, handle_run);
TD_RUN_KERNEL(find_kernels, 0, find_run);
TD_RUN_KERNEL(size_kernels, 0, size_run);
TD_RUN_KERNEL(export_kernels, 0, export_run);
TD_RUN_KERNEL(insert_kernels, 0, insert_run);
TD_RUN_KERNEL(import_kernels, 0, import_run);
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
#define TEXT_ATTRS                                                                                           \
    "key_index: int, value_index: int, vocab_size: int = -1, delimiter: string = '\t', offset: int = 0"

const td_op td_ops_table[] = {
    HANDLE("HashTableV2", static_parse, HANDLE_ATTRS),
    HANDLE("MutableHashTableV2", mutable_parse, HANDLE_ATTRS),
    HANDLE("MutableHashTableOfTensorsV2", mutable_tensors_parse, HANDLE_ATTRS ", value_shape: shape = []"),
    { .name = "LookupTableFindV2",
      .sig = "table_handle: resource, keys: Tin, default_value: Tout -> values: Tout",
      .attrs = "Tin: type, Tout: type",
      .flags = TD_OP_STATEFUL,
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
      .kernels = import_kernels },
    { .name = "LookupTableRemoveV2",
      .sig = "table_handle: resource, keys: Tin",
      .attrs = "Tin: type",
      .flags = TD_OP_STATEFUL | TD_OP_ASSIGNS,
      .kernels = remove_kernels },
    { .name = "InitializeTableFromTextFileV2",
      .sig = "table_handle: resource, filename: string",
      .attrs = TEXT_ATTRS,
      .flags = TD_OP_STATEFUL | TD_OP_ASSIGNS,
      .attrs_size = sizeof(text_attrs),
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
