/* SPDX-License-Identifier: Apache-2.0 */
/* tensor_proto.h -- a serialized tensorflow.TensorProto, in every encoding, to a tensor: Const nodes and
 * requests share it; and back.
 *
 * tensor_content wins over typed fields; a short typed list repeats its last value, an empty one gives zeros
 * or empty strings, a long one is cut; content must have the exact size. Negative dims, ranks beyond
 * TD_MAX_RANK, sizes that do not fit are errors. A small shape-less proto is a scalar. */
#ifndef TD_FORMATS_TENSOR_PROTO_H
#define TD_FORMATS_TENSOR_PROTO_H

#include "tensord/tensor.h"

#include "base/arena.h"

/* What a proto says, before any element is touched. */
typedef struct td_tensor_proto {
    td_dtype dtype;
    td_shape shape;
    const uint8_t *content; /* tensor_content, NULL if absent or empty */
    size_t content_size;
    const uint8_t *bytes; /* the whole message, for the second walk */
    size_t size;
} td_tensor_proto;

/* Checks the message and reads its head. INVALID_ARGUMENT says what is wrong, without a name. */
TD_MUST_USE td_status td_tensor_proto_parse(const uint8_t *bytes, size_t size, td_tensor_proto *out);

/* Can the elements be used where they lie? (fixed-size dtype,
 * content of the right size, aligned for the dtype) */
bool td_tensor_proto_is_view(const td_tensor_proto *p);

/* Writes all elements to data, which has room for td_shape_count() elements of dtype. String bytes are not
 * copied: the td_strings point into the message. */
TD_MUST_USE td_status td_tensor_proto_decode(const td_tensor_proto *p, void *data);

/* parse + (view or arena copy). Elements live as long as the arena and the message. */
TD_MUST_USE td_status td_tensor_proto_read(const uint8_t *bytes, size_t size, td_arena *arena,
                                           td_tensor *out);

/* How strings are written: a string_val each, or all of them in tensor_content. */
typedef enum td_proto_strings { TD_PROTO_STRINGS_APART, TD_PROTO_STRINGS_JOINED } td_proto_strings;

/* Bytes of the message for a tensor that is no resource or variant; RESOURCE_EXHAUSTED when they are too many to count. */
TD_MUST_USE td_status td_tensor_proto_size(const td_tensor *t, td_proto_strings how, size_t *out);
/* Writes those bytes; returns the place after them. */
uint8_t *td_tensor_proto_put(uint8_t *p, const td_tensor *t, td_proto_strings how);

#endif
