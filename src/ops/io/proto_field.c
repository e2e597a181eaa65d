/* SPDX-License-Identifier: Apache-2.0 */
/* proto_field.c -- see proto_field.h. */
#include "ops/io/proto_field.h"

#include <string.h>

#define BIT(d) TD_DTYPE_BIT(TD_##d)

static const struct {
    td_wire_type wire;
    uint64_t types; /* what a field may be read as */
} rules[TD_PROTO_TYPES] = {
    [TD_PROTO_DOUBLE] = { TD_WIRE_FIXED64, BIT(F64) },
    [TD_PROTO_FLOAT] = { TD_WIRE_FIXED32, BIT(F32) | BIT(F64) },
    [TD_PROTO_INT64] = { TD_WIRE_VARINT, BIT(I64) },
    [TD_PROTO_UINT64] = { TD_WIRE_VARINT, BIT(U64) },
    [TD_PROTO_INT32] = { TD_WIRE_VARINT, BIT(I32) | BIT(I64) },
    [TD_PROTO_FIXED64] = { TD_WIRE_FIXED64, BIT(U64) },
    [TD_PROTO_FIXED32] = { TD_WIRE_FIXED32, BIT(U32) | BIT(U64) },
    [TD_PROTO_BOOL] = { TD_WIRE_VARINT, BIT(BOOL) },
    [TD_PROTO_STRING] = { TD_WIRE_BYTES, BIT(STRING) },
    [TD_PROTO_MESSAGE] = { TD_WIRE_BYTES, BIT(STRING) },
    [TD_PROTO_BYTES] = { TD_WIRE_BYTES, BIT(STRING) },
    [TD_PROTO_UINT32] = { TD_WIRE_VARINT, BIT(U32) | BIT(U64) },
    [TD_PROTO_ENUM] = { TD_WIRE_VARINT, BIT(I32) },
    [TD_PROTO_SFIXED32] = { TD_WIRE_FIXED32, BIT(I32) | BIT(I64) },
    [TD_PROTO_SFIXED64] = { TD_WIRE_FIXED64, BIT(I64) },
    [TD_PROTO_SINT32] = { TD_WIRE_VARINT, BIT(I32) | BIT(I64) },
    [TD_PROTO_SINT64] = { TD_WIRE_VARINT, BIT(I64) },
};

td_wire_type td_proto_wire(td_proto_type type)
{
    return rules[type].wire;
}

td_status td_proto_source(const td_parse *p, td_string *out)
{
    static const char prefix[] = "bytes://";
    const size_t size = sizeof prefix - 1;

    *out = td_attr_string(p, "descriptor_source");
    if (out->size < size || memcmp(out->data, prefix, size) != 0)
        return TD_ERR(UNIMPLEMENTED, "%s: a descriptor_source other than bytes://", p->node->name);
    out->data += size;
    out->size -= size;
    return NULL;
}

td_status td_proto_check(const td_parse *p, td_string name, const td_proto_field *f, td_dtype dtype)
{
    const td_string message = td_attr_string(p, "message_type");

    if (f->type == TD_PROTO_GROUP) return TD_ERR(UNIMPLEMENTED, "%s: a field that is a group", p->node->name);
    if (rules[f->type].types >> dtype & 1) return NULL;
    return TD_ERR(INVALID_ARGUMENT, "Unexpected output type for %.*s.%.*s: %s", (int)message.size,
                  message.data, (int)name.size, name.data, td_dtype_pb_name(dtype));
}
