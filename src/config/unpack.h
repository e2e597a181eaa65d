/* SPDX-License-Identifier: Apache-2.0 */
/* unpack.h -- serialized messages to protobuf-c's structs, whatever the memory. */
#ifndef TD_CONFIG_UNPACK_H
#define TD_CONFIG_UNPACK_H

#include <protobuf-c/protobuf-c.h>

#include "tensord/status.h"

/* For small messages. On success *out is given back with protobuf_c_message_free_unpacked(*out, NULL). INVALID_ARGUMENT,
 * RESOURCE_EXHAUSTED. A text that holds a NUL ends there. */
TD_MUST_USE td_status td_message_unpack(const ProtobufCMessageDescriptor *type, const void *bytes,
                                        size_t size, ProtobufCMessage **out);

#endif
