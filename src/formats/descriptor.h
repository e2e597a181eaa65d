/* SPDX-License-Identifier: Apache-2.0 */
/* descriptor.h -- fields and enums of a serialized google.protobuf.FileDescriptorSet, looked up by name.
 *
 * Nothing is kept: a look-up walks the set. Texts are views of it. */
#ifndef TD_FORMATS_DESCRIPTOR_H
#define TD_FORMATS_DESCRIPTOR_H

#include "tensord/tensor.h"

/* Numbered as FieldDescriptorProto.Type. */
typedef enum td_proto_type {
    TD_PROTO_DOUBLE = 1,
    TD_PROTO_FLOAT,
    TD_PROTO_INT64,
    TD_PROTO_UINT64,
    TD_PROTO_INT32,
    TD_PROTO_FIXED64,
    TD_PROTO_FIXED32,
    TD_PROTO_BOOL,
    TD_PROTO_STRING,
    TD_PROTO_GROUP,
    TD_PROTO_MESSAGE,
    TD_PROTO_BYTES,
    TD_PROTO_UINT32,
    TD_PROTO_ENUM,
    TD_PROTO_SFIXED32,
    TD_PROTO_SFIXED64,
    TD_PROTO_SINT32,
    TD_PROTO_SINT64,
    TD_PROTO_TYPES,
} td_proto_type;

typedef struct td_proto_field {
    uint32_t number;
    td_proto_type type;
    bool is_repeated, is_packed;
    bool has_fallback;
    td_string fallback;  /* the default value as descriptors spell it */
    td_string type_name; /* of an enum: ".package.Enum" */
} td_proto_field;

/* Field `name` of message "package.Message". INVALID_ARGUMENT: the set is damaged, or has no such message or field. */
TD_MUST_USE td_status td_descriptor_field(td_string set, td_string message, td_string name,
                                          td_proto_field *out);

/* The number of a value of enum "package.Enum"; value NULL: of the first one. *found: is it there? INVALID_ARGUMENT: the
 * set is damaged. */
TD_MUST_USE td_status td_descriptor_enum(td_string set, td_string name, const td_string *value, int32_t *out,
                                         bool *found);

#endif
