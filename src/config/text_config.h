/* SPDX-License-Identifier: Apache-2.0 */
/* text_config.h -- a configuration file that is one message in protobuf's text format. */
#ifndef TD_CONFIG_TEXT_CONFIG_H
#define TD_CONFIG_TEXT_CONFIG_H

#include <protobuf-c/protobuf-c.h>

#include "config/textproto.h"
#include "tensord/status.h"

/* On success *out is given back with protobuf_c_message_free_unpacked(*out, NULL). INVALID_ARGUMENT with TensorFlow
 * Serving's text; where in the file, and what, is not part of it and is logged. */
TD_MUST_USE td_status td_text_config_read(const char *path, const ProtobufCMessageDescriptor *type,
                                          ProtobufCMessage **out);
TD_MUST_USE td_status td_text_config_read_by(const char *path, const ProtobufCMessageDescriptor *type,
                                             const td_textproto_options *opts, ProtobufCMessage **out);
/* The same of a file's text; path: for the error. */
TD_MUST_USE td_status td_text_config_parse(const char *text, size_t size, const char *path,
                                           const ProtobufCMessageDescriptor *type, ProtobufCMessage **out);

#endif
