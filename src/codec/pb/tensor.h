/* SPDX-License-Identifier: Apache-2.0 */
/* tensor.h -- a tensor to a serialized tensorflow.TensorProto: sizes first, then one pass of writes.
 *
 * Typed fields with every element written (float_val and so on, packed) by default, as TensorFlow Serving
 * does; tensor_content when asked. */
#ifndef TD_CODEC_GRPC_TENSOR_H
#define TD_CODEC_GRPC_TENSOR_H

#include "base/wire.h"

typedef struct td_grpc_tensor {
    const td_tensor *tensor;
    uint32_t field;    /* of TensorProto, that gets the elements */
    size_t shape_size; /* of the TensorShapeProto */
    size_t payload; /* bytes of the elements: in the packed list, in content, or of all string_val fields */
    size_t size;    /* of the whole TensorProto */
} td_grpc_tensor;

/* Plans the encoding of t, which must stay as it is until td_grpc_tensor_put(). UNIMPLEMENTED for types that
 * have no wire form (resource, variant). */
TD_MUST_USE td_status td_grpc_tensor_plan(const td_tensor *t, bool as_content, td_grpc_tensor *out);
/* Writes exactly plan->size bytes. */
uint8_t *td_grpc_tensor_put(uint8_t *p, const td_grpc_tensor *plan);

/* Do the elements lie in memory as they go on the wire, as its last plan->payload bytes? */
bool td_grpc_tensor_is_plain(const td_grpc_tensor *plan);
/* All of a plain one but these. */
uint8_t *td_grpc_tensor_put_head(uint8_t *p, const td_grpc_tensor *plan);

/* A TensorShapeProto without tag and length; dim_names may be NULL. rank -1 is unknown_rank. */
size_t td_grpc_shape_size(const td_shape *s, const char *const *dim_names);
uint8_t *td_grpc_shape_put(uint8_t *p, const td_shape *s, const char *const *dim_names);

#endif
