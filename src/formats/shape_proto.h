/* SPDX-License-Identifier: Apache-2.0 */
/* shape_proto.h -- a serialized tensorflow.TensorShapeProto to a shape. */
#ifndef TD_FORMATS_SHAPE_PROTO_H
#define TD_FORMATS_SHAPE_PROTO_H

#include "base/arena.h"
#include "base/wire.h"

/* Adds the dims of one message to out: the caller starts with { .rank = 0 }, and a message
 * that comes in pieces, as protobuf allows, is read piece by piece. Unknown dims are -1, an
 * unknown rank is -1; known shapes are checked by td_shape_check(). INVALID_ARGUMENT for more
 * than TD_MAX_RANK dims, dims below -1, damage. */
TD_MUST_USE td_status td_shape_proto_read(const uint8_t *bytes, size_t size, td_shape *out);

/* The names of the dims, out->rank of them in arena; NULL when all are "". */
const char *const *td_shape_proto_names(const uint8_t *bytes, size_t size, td_arena *arena);

#endif
