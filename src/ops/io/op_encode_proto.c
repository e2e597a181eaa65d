/* SPDX-License-Identifier: Apache-2.0 */
/* op_encode_proto.c -- EncodeProto: tensors as fields of serialized messages, in the order of the fields' numbers. The
 * descriptors must come with the op: tensord is linked with none. */
#include <inttypes.h>
#include <string.h>

#include "base/macros.h"
#include "base/size.h"
#include "ops/array/array.h"
#include "ops/io/proto_field.h"
#include "ops/strings.h"

typedef struct encode_attrs {
    td_proto_field *fields;
    uint32_t *order; /* of the fields' numbers */
    uint32_t n;
} encode_attrs;

static td_status encode_parse(td_parse *p)
{
    const td_attr_value *names, *types;
    encode_attrs *const a = p->attrs;
    td_string set;

    a->n = (uint32_t)td_attr_list(p, "field_names", &names);
    if (a->n != td_attr_list(p, "Tinput_types", &types))
        return TD_ERR(INVALID_ARGUMENT, "field_names and Tinput_types attributes must have the same length");
    TD_TRY(td_proto_source(p, &set));
    a->fields = TD_ARENA_NEW_N(p->arena, td_proto_field, a->n + 1);
    a->order = TD_ARENA_NEW_N(p->arena, uint32_t, a->n + 1);
    for (uint32_t i = 0; i < a->n; i++) {
        td_proto_field *const f = &a->fields[i];
        uint32_t at = i;

        TD_TRY(td_descriptor_field(set, td_attr_string(p, "message_type"), names[i].u.s, f));
        TD_TRY(td_proto_check(p, names[i].u.s, f, types[i].u.type));
        for (; at > 0 && a->fields[a->order[at - 1]].number > f->number; at--)
            a->order[at] = a->order[at - 1];
        a->order[at] = i;
    }
    return NULL;
}

/* ---------------------------------------------------------------- elements */

/* A number as its bits on the wire: signs are spread, zigzags folded, narrow ones cut. */
static uint64_t bits_of(td_proto_type type, const td_tensor *t, int64_t at)
{
    const size_t elem = td_dtype_size(t->dtype);
    uint64_t v = 0;
    double wide = 0;
    float narrow;

    memcpy(&v, (const char *)t->data + (size_t)at * elem, elem);
    if (t->dtype == TD_I32) v = (uint64_t)(int64_t)(int32_t)(uint32_t)v;
    switch (type) {
    case TD_PROTO_FLOAT:
        if (t->dtype == TD_F32) return v;
        memcpy(&wide, &v, sizeof wide);
        narrow = (float)wide;
        v = 0;
        memcpy(&v, &narrow, sizeof narrow);
        return v;
    case TD_PROTO_INT32:
        return (uint64_t)(int64_t)(int32_t)(uint32_t)v;
    case TD_PROTO_SINT32:
        return (uint32_t)v << 1 ^ (0 - ((uint32_t)v >> 31));
    case TD_PROTO_SINT64:
        return v << 1 ^ (0 - (v >> 63));
    case TD_PROTO_BOOL:
        return v != 0;
    case TD_PROTO_UINT32:
    case TD_PROTO_FIXED32:
    case TD_PROTO_SFIXED32:
        return (uint32_t)v;
    default:
        return v;
    }
}

/* Bytes of an element behind its tag. */
static size_t element_size(const td_proto_field *f, const td_tensor *t, int64_t at)
{
    switch (td_proto_wire(f->type)) {
    case TD_WIRE_FIXED64:
        return 8;
    case TD_WIRE_FIXED32:
        return 4;
    case TD_WIRE_VARINT:
        return td_wire_varint_size(bits_of(f->type, t, at));
    default:
        return td_wire_varint_size(((const td_string *)t->data)[at].size) +
               ((const td_string *)t->data)[at].size;
    }
}

static uint8_t *put_element(uint8_t *p, const td_proto_field *f, const td_tensor *t, int64_t at)
{
    const td_wire_type wire = td_proto_wire(f->type);

    if (wire == TD_WIRE_BYTES) {
        const td_string s = ((const td_string *)t->data)[at];

        p = td_wire_put_varint(p, s.size);
        if (s.size) memcpy(p, s.data, s.size);
        return p + s.size;
    }
    const uint64_t v = bits_of(f->type, t, at);

    if (wire == TD_WIRE_VARINT) return td_wire_put_varint(p, v);
    const size_t size = wire == TD_WIRE_FIXED64 ? 8 : 4;

    memcpy(p, &v, size); /* little-endian */
    return p + size;
}

/* ---------------------------------------------------------------- fields */

/* n elements of a field of one message, from `at` on. */
typedef struct run {
    const td_proto_field *f;
    const td_tensor *t;
    int64_t at, n;
} run;

static bool content_size(const run *r, size_t *out)
{
    *out = 0;
    for (int64_t i = 0; i < r->n; i++)
        if (!td_add_size(*out, element_size(r->f, r->t, r->at + i), out)) return false;
    return true;
}

static bool run_size(const run *r, size_t *out)
{
    const size_t tag = td_wire_varint_size(td_wire_tag(r->f->number, td_proto_wire(r->f->type)));
    size_t content, tags;

    *out = 0;
    if (r->n <= 0) return true;
    if (!content_size(r, &content)) return false;
    if (r->f->is_packed) {
        *out = td_wire_bytes_size(r->f->number, content);
        return true;
    }
    return td_mul_size((size_t)r->n, tag, &tags) && td_add_size(content, tags, out);
}

static uint8_t *put_run(uint8_t *p, const run *r)
{
    size_t content;

    if (r->n <= 0) return p;
    if (r->f->is_packed && content_size(r, &content)) p = td_wire_put_head(p, r->f->number, content);
    for (int64_t i = 0; i < r->n; i++) {
        if (!r->f->is_packed) p = td_wire_put_varint(p, td_wire_tag(r->f->number, td_proto_wire(r->f->type)));
        p = put_element(p, r->f, r->t, r->at + i);
    }
    return p;
}

/* Field i of message m: as many as sizes say. */
static td_status run_of(const td_call *c, int64_t m, uint32_t i, run *out)
{
    const encode_attrs *const a = c->attrs;
    const td_tensor *const t = td_in(c, i + 1);
    const int64_t width = t->shape.dims[t->shape.rank - 1],
                  n = ((const int32_t *)td_in(c, 0)->data)[m * a->n + i];

    if (n > width)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "Size to write must not be larger than value tensor; but saw: %" PRId64 " > %" PRId64
                         " at message %" PRId64 " field %u",
                         n, width, m, i);
    *out = (run){ &a->fields[i], t, m * width, n };
    return NULL;
}

static td_status encode_one(td_call *c, int64_t m, td_string *out)
{
    const encode_attrs *const a = c->attrs;
    size_t size = 0, one;
    char *bytes;
    run r;

    for (uint32_t i = 0; i < a->n; i++) {
        TD_TRY(run_of(c, m, i, &r));
        if (!run_size(&r, &one) || !td_add_size(size, one, &size))
            return TD_OP_ERR(c, RESOURCE_EXHAUSTED, "a message is too large");
    }
    TD_TRY(td_text_alloc(c, size, &bytes));
    uint8_t *p = (uint8_t *)bytes;

    for (uint32_t i = 0; i < a->n; i++) {
        TD_TRY(run_of(c, m, a->order[i], &r));
        p = put_run(p, &r);
    }
    TD_ASSERT(p == (uint8_t *)bytes + size);
    *out = (td_string){ bytes, size };
    return NULL;
}

/* Values are [messages..., width], sizes [messages..., fields]. */
static td_status check_shapes(td_call *c)
{
    const td_shape *const sizes = &td_in(c, 0)->shape;
    const encode_attrs *const a = c->attrs;
    char text[TD_SHAPE_TEXT];
    bool fits = a->n > 0 && sizes->rank > 0 && sizes->dims[sizes->rank - 1] == a->n;

    for (uint32_t i = 0; i < a->n; i++) {
        const td_shape *const s = &td_in(c, i + 1)->shape;

        if (s->rank < 2)
            return TD_OP_ERR(c, INVALID_ARGUMENT,
                             "Invalid shape for field %u.  Saw shape %s but it should be at least a matrix.",
                             i, td_shape_text(s, text, sizeof text));
        fits = fits && s->rank == sizes->rank;
        for (int k = 0; fits && k + 1 < s->rank; k++)
            fits = s->dims[k] == sizes->dims[k];
    }
    if (fits) return NULL;
    return TD_OP_ERR(c, INVALID_ARGUMENT, "sizes should be batch_size + [len(field_names)].  Saw: %s",
                     td_shape_text(sizes, text, sizeof text));
}

static td_status encode_infer(td_call *c)
{
    TD_TRY(check_shapes(c));
    td_out(c, 0)->shape = td_in(c, 0)->shape;
    td_out(c, 0)->shape.rank--;
    return NULL;
}

static td_status encode_run(td_call *c)
{
    td_string *const out = td_out(c, 0)->data;
    const int64_t n = td_shape_count(&td_out(c, 0)->shape);

    for (int64_t m = 0; m < n; m++)
        TD_TRY(encode_one(c, m, &out[m]));
    return NULL;
}

TD_RUN_KERNEL(encode_kernels, 0, encode_run);

const td_op td_ops_encode_proto[] = {
    { .name = "EncodeProto",
      .sig = "sizes: int32, values: Tinput_types -> bytes: string",
      .attrs = "field_names: list(string), message_type: string, descriptor_source: string = 'local://', "
               "Tinput_types: list(type)",
      .attrs_size = sizeof(encode_attrs),
      .parse = encode_parse,
      .infer = encode_infer,
      .kernels = encode_kernels },
    { 0 },
};
