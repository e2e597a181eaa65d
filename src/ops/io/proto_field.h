/* SPDX-License-Identifier: Apache-2.0 */
/* proto_field.h -- what DecodeProtoV2 and EncodeProto share: fields that attributes name, and what they are as tensors. */
#ifndef TD_OPS_PROTO_FIELD_H
#define TD_OPS_PROTO_FIELD_H

#include "base/wire.h"
#include "formats/descriptor.h"
#include "ops/op.h"

/* How an element of a field travels. */
td_wire_type td_proto_wire(td_proto_type type);

/* The set that descriptor_source holds; UNIMPLEMENTED when it is somewhere else. */
TD_MUST_USE td_status td_proto_source(const td_parse *p, td_string *out);

/* May a field called `name` be a tensor of that type? INVALID_ARGUMENT, UNIMPLEMENTED. */
TD_MUST_USE td_status td_proto_check(const td_parse *p, td_string name, const td_proto_field *f,
                                     td_dtype dtype);

#endif
