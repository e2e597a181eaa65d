/* SPDX-License-Identifier: Apache-2.0 */
/* op_serialize.c -- ParseTensor, SerializeTensor: tensors in TensorProtos. */
#include "base/macros.h"
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

static td_status serialize_run(td_call *c)
{
    return td_text_of_tensor(c, td_in(c, 0), TD_PROTO_STRINGS_APART, td_out(c, 0)->data);
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
