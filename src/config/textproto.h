/* textproto.h -- protobuf text format to protobuf-c messages, by their descriptors.
 *
 * The whole syntax: `:` before `{` or not, `<>` for `{}`, `,` and `;` between fields, both quotes, adjacent
 * strings, # comments, [a, b] lists, numbers in every base, enums by name and number. Of an Any written as
 * [type.googleapis.com/x.Y] { ... } the type is kept, its fields are not.
 */
#ifndef TD_CONFIG_TEXTPROTO_H
#define TD_CONFIG_TEXTPROTO_H

#include <protobuf-c/protobuf-c.h>

#include "tensord/status.h"

/* On success *out is given back with protobuf_c_message_free_unpacked(*out, NULL). INVALID_ARGUMENT: "line:
 * column: what is wrong", worded as protobuf does. */
TD_MUST_USE td_status td_textproto_parse(const char *text, size_t size,
                                         const ProtobufCMessageDescriptor *type, ProtobufCMessage **out);

#endif
