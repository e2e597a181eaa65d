/* SPDX-License-Identifier: Apache-2.0 */
/* op_serialize.c -- ParseTensor, SerializeTensor: tensors in TensorProtos. */
#include <string.h>

#include "base/macros.h"
#include "base/size.h"
#include "base/wire.h"
#include "formats/tensor_proto.h"
#include "ops/strings.h"

/* ---------------------------------------------------------------- ParseTensor */

static td_status check_type(const td_tensor_proto *p, td_dtype want)
{
    if (p->dtype == want && want != TD_VARIANT && want != TD_RESOURCE) return NULL;
    return TD_ERR(INVALID_ARGUMENT, "Type mismatch between parsed tensor (%s) and dtype (%s)",
                  td_dtype_name(p->dtype), td_dtype_name(want));
}

static td_status parse_run(td_call *c)
{
    const td_shape *const s = &td_in(c, 0)->shape;
    td_tensor_proto proto;
    char text[TD_SHAPE_TEXT];

    if (s->rank != 0)
        return TD_ERR(INVALID_ARGUMENT, "Expected `serialized` to be a scalar, got shape: %s",
                      td_shape_text(s, text, sizeof text));
    const td_string bytes = *td_strings_in(c, 0);
    TD_TRY(td_tensor_proto_parse((const uint8_t *)bytes.data, bytes.size, &proto));
    TD_TRY(check_type(&proto, td_out(c, 0)->dtype));
    TD_TRY(td_out_make(c, 0, &proto.shape));
    return td_tensor_proto_decode(&proto, td_out(c, 0)->data);
}

/* ---------------------------------------------------------------- SerializeTensor */

/* Fields of TensorProto, of TensorShapeProto, of its Dim. */
enum { DTYPE = 1, SHAPE = 2, CONTENT = 4, STRING_VAL = 8, DIM = 2, SIZE = 1 };

/* Of a dimension; zeros are not written. */
static size_t dim_size(int64_t dim)
{
    return dim ? td_wire_number_size(SIZE, (uint64_t)dim) : 0;
}

static size_t shape_size(const td_shape *s)
{
    size_t size = 0;

    for (int i = 0; i < s->rank; i++)
        size += td_wire_bytes_size(DIM, dim_size(s->dims[i]));
    return size;
}

static uint8_t *put_shape(uint8_t *p, const td_shape *s)
{
    p = td_wire_put_head(p, SHAPE, shape_size(s));
    for (int i = 0; i < s->rank; i++) {
        p = td_wire_put_head(p, DIM, dim_size(s->dims[i]));
        if (s->dims[i]) p = td_wire_put_number(p, SIZE, (uint64_t)s->dims[i]);
    }
    return p;
}

/* Elements with their heads; false: more than fits. */
static bool payload_size(const td_tensor *t, size_t *size)
{
    const size_t n = (size_t)td_shape_count(&t->shape), bytes = td_tensor_bytes(t);
    const td_string *const strings = t->data;

    *size = 0;
    if (t->dtype != TD_STRING) {
        *size = bytes ? td_wire_bytes_size(CONTENT, bytes) : 0;
        return true;
    }
    for (size_t i = 0; i < n; i++)
        if (!td_add_size(*size, td_wire_bytes_size(STRING_VAL, strings[i].size), size)) return false;
    return true;
}

static uint8_t *put_payload(uint8_t *p, const td_tensor *t)
{
    const size_t n = (size_t)td_shape_count(&t->shape), bytes = td_tensor_bytes(t);
    const td_string *const strings = t->data;

    if (t->dtype != TD_STRING) return bytes ? td_wire_put_bytes(p, CONTENT, t->data, bytes) : p;
    for (size_t i = 0; i < n; i++)
        p = td_wire_put_bytes(p, STRING_VAL, strings[i].data, strings[i].size);
    return p;
}

static td_status serialize_run(td_call *c)
{
    const td_tensor *const in = td_in(c, 0);
    const size_t head =
        td_wire_number_size(DTYPE, (uint64_t)in->dtype) + td_wire_bytes_size(SHAPE, shape_size(&in->shape));
    size_t size;
    char *bytes;

    if (!payload_size(in, &size) || !td_add_size(size, head, &size))
        return TD_ERR(RESOURCE_EXHAUSTED, "a tensor is too large to be serialized");
    TD_TRY(td_text_alloc(c, size, &bytes));
    uint8_t *p = td_wire_put_number((uint8_t *)bytes, DTYPE, (uint64_t)in->dtype);
    p = put_payload(put_shape(p, &in->shape), in);
    TD_ASSERT(p == (uint8_t *)bytes + size);
    *(td_string *)td_out(c, 0)->data = (td_string){ bytes, size };
    return NULL;
}

TD_RUN_KERNEL(parse_kernels, 0, parse_run);
TD_RUN_KERNEL(serialize_kernels, ~(TD_DTYPE_BIT(TD_VARIANT) | TD_DTYPE_BIT(TD_RESOURCE)), serialize_run);

const td_op td_ops_serialize[] = {
    { .name = "ParseTensor",
      .sig = "serialized: string -> output: out_type",
      .attrs = "out_type: type",
      .flags = TD_OP_DYNAMIC,
      .kernels = parse_kernels },
    { .name = "SerializeTensor",
      .sig = "tensor: T -> serialized: string",
      .attrs = "T: type",
      .infer = td_infer_scalar,
      .kernels = serialize_kernels },
    { 0 },
};
