/* SPDX-License-Identifier: Apache-2.0 */
/* descriptors.h -- the .proto files of what is served, as FileDescriptorProtos that were built in (cmake/proto.cmake).
 *
 * Nothing is kept of them in memory but the bytes: few ask, and to read all of them takes less than a millisecond. */
#ifndef TD_CODEC_GRPC_DESCRIPTORS_H
#define TD_CODEC_GRPC_DESCRIPTORS_H

#include "base/strbuf.h"
#include "base/wire.h"

/* Puts, as field `number`, each once: the file of that name, or (by_symbol) the one that declares a message, field, enum,
 * service or method of that full name; and behind it all that it imports. False: there is none. */
bool td_descriptors_put(td_string name, bool by_symbol, uint32_t number, td_strbuf *out);

#endif
