/* SPDX-License-Identifier: Apache-2.0 */
/* metadata.c -- GetModelMetadataResponse as JSON: every signature of a servable.
 *
 * signature_def stands twice: the key of the metadata map, and the one field of its value.
 */
#include "codec/json/info.h"

#include <inttypes.h>

#include "codec/json/base64.h"
#include "tensor/print.h"

/* The printer: one space of indent a level, a comma between members. */
typedef struct tree {
    td_json_out *o;
    int depth;
    bool is_first;
} tree;

static void put_line(tree *t)
{
    TD_JSON_PUT(t->o, "\n");
    for (int i = 0; i < t->depth; i++)
        TD_JSON_PUT(t->o, " ");
}

static void put_next(tree *t)
{
    if (!t->is_first) TD_JSON_PUT(t->o, ",");
    t->is_first = false;
    put_line(t);
}

static void put_key(tree *t, const char *key)
{
    put_next(t);
    td_json_put_c_string(t->o, key);
    TD_JSON_PUT(t->o, ": ");
}

static void open_level(tree *t, char bracket)
{
    td_json_put_bytes(t->o, &bracket, 1);
    t->depth++;
    t->is_first = true;
}

static void close_level(tree *t, char bracket)
{
    const bool was_empty = t->is_first;

    t->depth--;
    t->is_first = false;
    if (!was_empty) put_line(t);
    td_json_put_bytes(t->o, &bracket, 1);
}

static void put_text(tree *t, const char *key, const char *text)
{
    put_key(t, key);
    td_json_put_c_string(t->o, text ? text : "");
}

static void put_shape(tree *t, const td_tensor_info *info, const td_shape *s)
{
    put_key(t, "tensor_shape");
    open_level(t, '{');
    put_key(t, "dim");
    open_level(t, '[');
    for (int i = 0; i < s->rank; i++) {
        put_next(t);
        open_level(t, '{');
        put_key(t, "size");
        td_json_put_format(t->o, "\"%" PRId64 "\"", s->dims[i]);
        put_text(t, "name", info && info->dim_names ? info->dim_names[i] : "");
        close_level(t, '}');
    }
    close_level(t, ']');
    put_key(t, "unknown_rank");
    td_json_put_text(t->o, s->rank < 0 ? "true" : "false");
    close_level(t, '}');
}

static void put_dtype(tree *t, td_dtype dtype, bool is_ref)
{
    put_key(t, "dtype");
    td_json_put_format(t->o, "\"%s%s\"", td_dtype_pb_name(dtype), is_ref ? "_REF" : "");
}

static void put_infos(tree *t, const char *key, const td_tensor_info *infos, size_t n)
{
    put_key(t, key);
    open_level(t, '{');
    for (size_t i = 0; i < n; i++) {
        put_key(t, infos[i].alias);
        open_level(t, '{');
        put_dtype(t, infos[i].dtype, infos[i].is_ref);
        put_shape(t, &infos[i], &infos[i].shape);
        put_text(t, "name", infos[i].tensor);
        close_level(t, '}');
    }
    close_level(t, '}');
}

/* ---- defaults: TensorProto, every field of it ---- */

typedef struct proto_list {
    const char *key;
    uint64_t dtypes; /* whose elements it holds */
} proto_list;

static const proto_list proto_lists[] = {
    { "half_val", 0 },
    { "float_val", TD_DTYPE_BIT(TD_F32) },
    { "double_val", TD_DTYPE_BIT(TD_F64) },
    { "int_val", TD_DTYPE_BIT(TD_I32) | TD_DTYPE_BIT(TD_I16) | TD_DTYPE_BIT(TD_U16) | TD_DTYPE_BIT(TD_I8) |
                     TD_DTYPE_BIT(TD_U8) },
    { "string_val", TD_DTYPE_BIT(TD_STRING) },
    { "scomplex_val", 0 },
    { "int64_val", TD_DTYPE_BIT(TD_I64) },
    { "bool_val", TD_DTYPE_BIT(TD_BOOL) },
    { "dcomplex_val", 0 },
    { "resource_handle_val", 0 },
    { "variant_val", 0 },
    { "uint32_val", TD_DTYPE_BIT(TD_U32) },
    { "uint64_val", TD_DTYPE_BIT(TD_U64) },
    { "float8_val", 0 },
};

static void put_base64(td_json_out *o, const void *data, size_t size)
{
    TD_JSON_PUT(o, "\"");
    if (td_json_out_reserve(o, td_base64_size(size)))
        o->size = (size_t)(td_base64_encode(o->data + o->size, data, size) - o->data);
    TD_JSON_PUT(o, "\"");
}

static void put_float(td_json_out *o, char *text, const char *end)
{
    const bool is_word = end[-1] == 'N' || end[-1] == 'y'; /* NaN, Infinity: strings to protobuf */

    if (is_word) TD_JSON_PUT(o, "\"");
    td_json_put_bytes(o, text, (size_t)(end - text));
    if (is_word) TD_JSON_PUT(o, "\"");
}

static void put_element(td_json_out *o, const td_tensor *t, int64_t i)
{
    char text[TD_PRINT_MAX];

    switch (t->dtype) {
    case TD_F32:
        put_float(o, text, td_print_f32(text, ((const float *)t->data)[i]));
        break;
    case TD_F64:
        put_float(o, text, td_print_f64(text, ((const double *)t->data)[i]));
        break;
    case TD_STRING:
        put_base64(o, ((const td_string *)t->data)[i].data, ((const td_string *)t->data)[i].size);
        break;
    case TD_BOOL:
        td_json_put_text(o, ((const bool *)t->data)[i] ? "true" : "false");
        break;
    case TD_I64:
        td_json_put_format(o, "\"%" PRId64 "\"", ((const int64_t *)t->data)[i]);
        break;
    case TD_U64:
        td_json_put_format(o, "\"%" PRIu64 "\"", ((const uint64_t *)t->data)[i]);
        break;
    case TD_U32:
        td_json_put_format(o, "%" PRIu32, ((const uint32_t *)t->data)[i]);
        break;
    case TD_I32:
        td_json_put_format(o, "%" PRId32, ((const int32_t *)t->data)[i]);
        break;
    case TD_I16:
        td_json_put_format(o, "%d", ((const int16_t *)t->data)[i]);
        break;
    case TD_U16:
        td_json_put_format(o, "%d", ((const uint16_t *)t->data)[i]);
        break;
    case TD_I8:
        td_json_put_format(o, "%d", ((const int8_t *)t->data)[i]);
        break;
    default:
        td_json_put_format(o, "%d", ((const uint8_t *)t->data)[i]);
    }
}

static void put_tensor(tree *t, const td_tensor *value)
{
    const int64_t count = td_shape_count(&value->shape);
    bool is_listed = false;

    put_dtype(t, value->dtype, false);
    put_shape(t, NULL, &value->shape);
    put_key(t, "version_number");
    TD_JSON_PUT(t->o, "0");
    for (size_t i = 0; i < TD_COUNT(proto_lists); i++)
        is_listed |= (proto_lists[i].dtypes & TD_DTYPE_BIT(value->dtype)) != 0;
    put_key(t, "tensor_content");
    put_base64(t->o, value->data, is_listed ? 0 : td_tensor_bytes(value));
    for (size_t i = 0; i < TD_COUNT(proto_lists); i++) {
        put_key(t, proto_lists[i].key);
        open_level(t, '[');
        for (int64_t k = 0; k < count && (proto_lists[i].dtypes & TD_DTYPE_BIT(value->dtype)); k++) {
            put_next(t);
            put_element(t->o, value, k);
        }
        close_level(t, ']');
    }
}

static void put_defaults(tree *t, const td_tensor_info *infos, size_t n)
{
    put_key(t, "defaults");
    open_level(t, '{');
    for (size_t i = 0; i < n; i++) {
        if (!infos[i].default_value) continue;
        put_key(t, infos[i].alias);
        open_level(t, '{');
        put_tensor(t, infos[i].default_value);
        close_level(t, '}');
    }
    close_level(t, '}');
}

/* ---- the whole ---- */

static void put_signature(tree *t, const td_signature *sig)
{
    put_key(t, sig->name);
    open_level(t, '{');
    put_infos(t, "inputs", sig->inputs, sig->n_inputs);
    put_infos(t, "outputs", sig->outputs, sig->n_outputs);
    put_text(t, "method_name", sig->method);
    put_defaults(t, sig->inputs, sig->n_inputs);
    close_level(t, '}');
}

td_status td_json_put_metadata(td_json_out *o, const td_servable *s)
{
    tree t = { .o = o };
    size_t n;
    const td_signature *const sigs = td_session_signatures(td_servable_session(s), &n);

    open_level(&t, '{');
    put_key(&t, "model_spec");
    open_level(&t, '{');
    put_text(&t, "name", td_servable_name(s));
    put_text(&t, "signature_name", "");
    put_key(&t, "version");
    td_json_put_format(o, "\"%" PRId64 "\"", td_servable_version(s));
    close_level(&t, '}');
    put_key(&t, "metadata");
    open_level(&t, '{');
    put_key(&t, "signature_def");
    open_level(&t, '{');
    put_key(&t, "signature_def");
    open_level(&t, '{');
    for (size_t i = 0; i < n; i++)
        put_signature(&t, &sigs[i]);
    for (int i = 0; i < 4; i++)
        close_level(&t, '}');
    TD_JSON_PUT(o, "\n");
    return td_json_out_check(o);
}
