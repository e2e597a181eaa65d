/* SPDX-License-Identifier: Apache-2.0 */
/* textproto.h -- protobuf's text format: the files that people write (model_config_file
 * and its like), and saved_model.pbtxt. Text becomes the serialized message, so that
 * whatever reads files reads one form only. */
#ifndef TD_CONFIG_TEXTPROTO_H
#define TD_CONFIG_TEXTPROTO_H

#include <stdbool.h>

#include <protobuf-c/protobuf-c.h>

#include "tensord/status.h"

#include "base/strbuf.h"

typedef struct td_textproto_options {
    bool skip_unknown; /* fields that the schema lacks are skipped instead of refused */
    /* Messages that may stand inside an Any as [type.googleapis.com/their.name] { ... }, ended by NULL;
     * others are skipped. NULL: none. */
    const ProtobufCMessageDescriptor *const *any_types;
} td_textproto_options;

/* Adds the serialized message to out. opts may be NULL. INVALID_ARGUMENT, worded as protobuf does: "3:14:
 * Message type ..."; out is then of no use. Messages nest 100 deep at most. */
TD_MUST_USE td_status td_textproto_encode(const char *text, size_t size,
                                          const ProtobufCMessageDescriptor *type,
                                          const td_textproto_options *opts, td_strbuf *out);

/* The same as protobuf-c's struct, for small messages; texts with a NUL are refused. On success *out is given back with
 * protobuf_c_message_free_unpacked(*out, NULL). */
TD_MUST_USE td_status td_textproto_parse(const char *text, size_t size,
                                         const ProtobufCMessageDescriptor *type,
                                         const td_textproto_options *opts, ProtobufCMessage **out);

#endif
