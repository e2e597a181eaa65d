/* SPDX-License-Identifier: Apache-2.0 */
/* op_decode_proto.c -- DecodeProtoV2: fields of serialized messages as tensors.
 *
 * A value has a row for each message, as long as the longest and at least 1, filled up with the field's default; sizes say
 * how many of them were there. The descriptors must come with the op: tensord is linked with none. */
#include <math.h>
#include <string.h>

#include "base/macros.h"
#include "base/size.h"
#include "base/wire.h"
#include "ops/array/array.h"
#include "ops/io/proto_field.h"
#include "ops/strings.h"
#include "tensor/type_sets.h"

typedef struct proto_field {
    td_proto_field own;
    td_dtype dtype;
    td_wire_type wire;
    bool is_zigzag;
    td_string text; /* the default of strings and bytes */
    char number[8]; /* that of others, in dtype */
} proto_field;

typedef struct decode_attrs {
    proto_field *fields;
    size_t n;
} decode_attrs;

/* ---------------------------------------------------------------- descriptors */

/* An integer of 64 bits as an element. */
static void put_int(td_dtype dtype, uint64_t v, void *out)
{
    if (dtype == TD_BOOL)
        *(uint8_t *)out = v != 0;
    else
        memcpy(out, &v, td_dtype_size(dtype)); /* little-endian: the low bytes come first */
}

static void put_float(td_dtype dtype, double v, void *out)
{
    const float narrow = (float)v;

    if (dtype == TD_F64)
        memcpy(out, &v, sizeof v);
    else
        memcpy(out, &narrow, sizeof narrow);
}

static bool is_float(const proto_field *f)
{
    return f->own.type == TD_PROTO_DOUBLE || f->own.type == TD_PROTO_FLOAT;
}

/* Descriptors write bytes as C does, in octal where they must. */
static td_string unescape(td_arena *arena, td_string s)
{
    static const char from[] = "nrt\"'\\", into[] = "\n\r\t\"'\\";
    char *const out = td_arena_alloc(arena, s.size + 1);
    size_t n = 0;

    for (size_t i = 0; i < s.size; i++) {
        const char *known;
        int v = 0, digits = 0;

        if (s.data[i] != '\\' || i + 1 == s.size) {
            out[n++] = s.data[i];
            continue;
        }
        i++;
        known = s.data[i] ? strchr(from, s.data[i]) : NULL;
        for (; !known && digits < 3 && i < s.size && s.data[i] >= '0' && s.data[i] < '8'; digits++)
            v = v * 8 + (s.data[i++] - '0');
        if (digits) i--;
        out[n++] = known ? into[known - from] : digits ? (char)v : s.data[i];
    }
    return (td_string){ out, n };
}

static td_status parse_enum(const td_parse *p, td_string set, proto_field *f)
{
    td_string name = f->own.type_name;
    int32_t v = 0;
    bool found;

    if (name.size && *name.data == '.') {
        name.data++;
        name.size--;
    }
    TD_TRY(td_descriptor_enum(set, name, f->own.has_fallback ? &f->own.fallback : NULL, &v, &found));
    if (!found) return TD_ERR(INVALID_ARGUMENT, "%s: the set lacks an enum, or a value of it", p->node->name);
    put_int(f->dtype, (uint64_t)(int64_t)v, f->number);
    return NULL;
}

static td_status parse_number(const td_parse *p, proto_field *f)
{
    const td_dtype type = is_float(f) ? TD_F64 : TD_UNSIGNED_TYPES >> f->dtype & 1 ? TD_U64 : TD_I64;
    td_call c = { .arena = p->arena }; /* for a very long number */
    double wide = 0;
    uint64_t v = 0;
    bool ok;

    if (!f->own.has_fallback) return NULL;
    if (f->own.type == TD_PROTO_BOOL) {
        put_int(f->dtype, td_string_is(f->own.fallback, "true"), f->number);
        return NULL;
    }
    TD_TRY(td_text_number(&c, type, f->own.fallback, is_float(f) ? (void *)&wide : &v, &ok));
    if (!ok) return TD_ERR(INVALID_ARGUMENT, "%s: a default value that is no number", p->node->name);
    if (is_float(f))
        put_float(f->dtype, f->own.type == TD_PROTO_FLOAT ? (double)(float)wide : wide, f->number);
    else
        put_int(f->dtype, v, f->number);
    return NULL;
}

static td_status parse_default(const td_parse *p, td_string set, proto_field *f)
{
    if (f->own.type == TD_PROTO_ENUM) return parse_enum(p, set, f);
    if (f->dtype != TD_STRING) return parse_number(p, f);
    f->text = f->own.type == TD_PROTO_BYTES ? unescape(p->arena, f->own.fallback) : f->own.fallback;
    return NULL;
}

static td_status parse_field(const td_parse *p, td_string set, td_string name, td_dtype dtype, proto_field *f)
{
    const td_string message = td_attr_string(p, "message_type");

    TD_TRY(td_descriptor_field(set, message, name, &f->own));
    if (f->own.type == TD_PROTO_MESSAGE && td_attr_bool(p, "sanitize"))
        return TD_ERR(UNIMPLEMENTED, "%s: sanitized messages", p->node->name);
    TD_TRY(td_proto_check(p, name, &f->own, dtype));
    f->dtype = dtype;
    f->wire = td_proto_wire(f->own.type);
    f->is_zigzag = f->own.type == TD_PROTO_SINT32 || f->own.type == TD_PROTO_SINT64;
    return parse_default(p, set, f);
}

static td_status decode_parse(td_parse *p)
{
    const td_attr_value *names, *types;
    decode_attrs *const a = p->attrs;
    td_string set;

    a->n = td_attr_list(p, "field_names", &names);
    if (a->n != td_attr_list(p, "output_types", &types))
        return TD_ERR(INVALID_ARGUMENT, "field_names and output_types attributes must have the same length");
    if (td_attr_string_is(p, "message_format", "text"))
        return TD_ERR(UNIMPLEMENTED, "%s: messages in text format", p->node->name);
    if (!td_attr_string_is(p, "message_format", "binary"))
        return TD_ERR(INVALID_ARGUMENT, "format must be one of binary or text");
    TD_TRY(td_proto_source(p, &set));
    a->fields = TD_ARENA_NEW_N(p->arena, proto_field, a->n + 1);
    for (size_t i = 0; i < a->n; i++)
        TD_TRY(parse_field(p, set, names[i].u.s, types[i].u.type, &a->fields[i]));
    return NULL;
}

/* ---------------------------------------------------------------- messages */

/* The value of a field on the wire as an element. */
static void put_value(const proto_field *f, uint64_t v, void *out)
{
    double wide;
    float narrow;

    if (f->own.type == TD_PROTO_DOUBLE) {
        memcpy(&wide, &v, sizeof wide);
        put_float(f->dtype, wide, out);
    } else if (f->own.type == TD_PROTO_FLOAT) {
        memcpy(&narrow, &v, sizeof narrow);
        put_float(f->dtype, (double)narrow, out);
    } else if (f->own.type == TD_PROTO_SFIXED32 || f->own.type == TD_PROTO_INT32) {
        put_int(f->dtype, (uint64_t)(int64_t)(int32_t)(uint32_t)v, out);
    } else if (f->own.type == TD_PROTO_UINT32) {
        put_int(f->dtype, (uint32_t)v, out);
    } else if (f->own.type == TD_PROTO_SINT32) {
        const uint32_t bits = (uint32_t)v;

        put_int(f->dtype, (uint64_t)(int64_t)(int32_t)(bits >> 1 ^ (0 - (bits & 1))), out);
    } else {
        put_int(f->dtype, f->is_zigzag ? v >> 1 ^ (0 - (v & 1)) : v, out);
    }
}

/* The elements of one field of one message: counted, and written from `to` on, where there is room for `most`. */
typedef struct sink {
    const proto_field *f;
    char *to; /* NULL: count only */
    int64_t n, most;
} sink;

/* A field that is no list has its last value. */
static void put_one(sink *s, uint64_t v, td_string text)
{
    const int64_t at = s->f->own.is_repeated ? s->n : 0;
    char *const to = s->to && at < s->most ? s->to + (size_t)at * td_dtype_size(s->f->dtype) : NULL;

    s->n = at + 1;
    if (!to) return;
    if (s->f->dtype == TD_STRING)
        memcpy(to, &text, sizeof text);
    else
        put_value(s->f, v, to);
}

/* A packed list. Where the field is none, TensorFlow counts the list and takes nothing of it. */
static bool put_packed(sink *s, const td_wire_field *on_wire)
{
    const size_t unit = s->f->wire == TD_WIRE_FIXED32 ? 4 : 8;
    char *const to = s->to;
    bool ok = true;

    if (!s->f->own.is_repeated) s->to = NULL;
    if (s->f->wire == TD_WIRE_VARINT) {
        td_wire w = td_wire_inside(on_wire);

        for (uint64_t v; td_wire_varint(&w, &v);)
            put_one(s, v, (td_string){ 0 });
        ok = !w.bad;
    } else {
        ok = on_wire->size % unit == 0;
        for (size_t i = 0; ok && i < on_wire->size; i += unit) {
            uint64_t v = 0;

            memcpy(&v, on_wire->data + i, unit);
            put_one(s, v, (td_string){ 0 });
        }
    }
    s->to = to;
    return ok;
}

static const proto_field *field_of(const decode_attrs *a, uint32_t number)
{
    for (size_t i = 0; i < a->n; i++)
        if (a->fields[i].own.number == number) return &a->fields[i];
    return NULL;
}

/* Reads a message into the sinks of the fields. */
static td_status read_message(const decode_attrs *a, td_string bytes, sink *sinks)
{
    td_wire w = td_wire_of(bytes.data, bytes.size);

    for (td_wire_field on_wire; td_wire_next(&w, &on_wire);) {
        const proto_field *const f = field_of(a, on_wire.number);
        sink *const s = f ? &sinks[f - a->fields] : NULL;

        if (f && on_wire.type == f->wire)
            put_one(s, on_wire.value, td_wire_text(&on_wire));
        else if (f && on_wire.type == TD_WIRE_BYTES && !put_packed(s, &on_wire))
            return TD_ERR(DATA_LOSS, "a damaged list of field %u", on_wire.number);
    }
    return w.bad ? TD_ERR(DATA_LOSS, "CountFields: Failed to consume entire buffer") : NULL;
}

/* How many elements each message has of each field, and the most of each field, at least 1. */
static td_status count_all(td_call *c, sink *sinks, int32_t *sizes)
{
    const decode_attrs *const a = c->attrs;
    const int64_t n = td_shape_count(&td_in(c, 0)->shape);

    for (size_t i = 0; i < a->n; i++)
        sinks[i] = (sink){ .f = &a->fields[i], .most = 1 };
    for (int64_t m = 0; m < n; m++) {
        for (size_t i = 0; i < a->n; i++)
            sinks[i].n = 0;
        TD_TRY(read_message(a, td_strings_in(c, 0)[m], sinks));
        for (size_t i = 0; i < a->n; i++) {
            if (sinks[i].n > INT32_MAX) return TD_ERR(RESOURCE_EXHAUSTED, "a message of too many values");
            sizes[(size_t)m * a->n + i] = (int32_t)sinks[i].n;
            sinks[i].most = TD_MAX(sinks[i].most, sinks[i].n);
        }
    }
    return NULL;
}

static void fill_default(const proto_field *f, char *to, int64_t n)
{
    const size_t elem = td_dtype_size(f->dtype);
    const void *const one = f->dtype == TD_STRING ? (const void *)&f->text : f->number;

    for (int64_t i = 0; i < n; i++)
        memcpy(to + (size_t)i * elem, one, elem);
}

/* [messages..., last] */
static td_status shape_with(const td_shape *s, int64_t last, td_shape *out)
{
    int64_t dims[TD_MAX_RANK + 1];

    memcpy(dims, s->dims, (size_t)s->rank * sizeof *dims);
    dims[s->rank] = last;
    return td_shape_make(s->rank + 1, dims, out);
}

static td_status make_values(td_call *c, const sink *sinks)
{
    const decode_attrs *const a = c->attrs;
    td_shape s;

    for (uint32_t i = 0; i < a->n; i++) {
        TD_TRY(shape_with(&td_in(c, 0)->shape, sinks[i].most, &s));
        TD_TRY(td_out_make(c, i + 1, &s));
        if (td_out_is_used(c, i + 1)) fill_default(&a->fields[i], td_out(c, i + 1)->data, td_shape_count(&s));
    }
    return NULL;
}

static td_status decode_run(td_call *c)
{
    const decode_attrs *const a = c->attrs;
    const td_shape *const in = &td_in(c, 0)->shape;
    const int64_t n = td_shape_count(in);
    int32_t *sizes;
    sink *sinks;
    td_shape s;

    if (n < 1) return TD_OP_ERR(c, INVALID_ARGUMENT, "Bufs argument must contain at least one value");
    TD_TRY(shape_with(in, (int64_t)a->n, &s));
    TD_TRY(td_text_rooms(c, a->n, sizeof *sinks, &sinks));
    TD_TRY(td_text_rooms(c, (size_t)td_shape_count(&s), sizeof *sizes, &sizes));
    TD_TRY(count_all(c, sinks, sizes));
    TD_TRY(td_out_set(c, 0, &(td_tensor){ TD_I32, s, sizes, NULL }));
    TD_TRY(make_values(c, sinks));
    for (int64_t m = 0; m < n; m++) {
        for (uint32_t i = 0; i < a->n; i++) {
            const size_t row = (size_t)sinks[i].most * td_dtype_size(a->fields[i].dtype);

            sinks[i].n = 0;
            sinks[i].to = td_out_is_used(c, i + 1) ? (char *)td_out(c, i + 1)->data + (size_t)m * row : NULL;
        }
        TD_TRY(read_message(a, td_strings_in(c, 0)[m], sinks));
    }
    return NULL;
}

TD_RUN_KERNEL(decode_kernels, 0, decode_run);

const td_op td_ops_decode_proto[] = {
    { .name = "DecodeProtoV2",
      .sig = "bytes: string -> sizes: int32, values: output_types",
      .attrs =
          "message_type: string, field_names: list(string), output_types: list(type), descriptor_source: "
          "string = 'local://', message_format: string = 'binary', sanitize: bool = false",
      .flags = TD_OP_DYNAMIC,
      .attrs_size = sizeof(decode_attrs),
      .parse = decode_parse,
      .kernels = decode_kernels },
    { 0 },
};
