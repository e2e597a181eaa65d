/* SPDX-License-Identifier: Apache-2.0 */
/* text_config.c -- reading, and TensorFlow Serving's two ways to say what is wrong: one to the log, one to the user. */
#include "config/text_config.h"

#include "base/file.h"
#include "base/mem.h"
#include "config/textproto.h"
#include "obs/log.h"

static const size_t CONFIG_LIMIT = 64 << 20;

static td_status parse(const char *text, size_t size, const char *path,
                       const ProtobufCMessageDescriptor *type, const td_textproto_options *opts,
                       ProtobufCMessage **out)
{
    const td_status wrong = td_textproto_parse(text, size, type, opts, out);

    if (!wrong || td_status_code(wrong) == TD_RESOURCE_EXHAUSTED) return wrong;
    td_error("config", "Error parsing text-format %s: %s", type->name, td_status_text(wrong));
    td_status_free(wrong);
    return TD_ERR(INVALID_ARGUMENT, "Invalid protobuf file: '%s'", path);
}

td_status td_text_config_parse(const char *text, size_t size, const char *path,
                               const ProtobufCMessageDescriptor *type, ProtobufCMessage **out)
{
    return parse(text, size, path, type, NULL, out);
}

td_status td_text_config_read_by(const char *path, const ProtobufCMessageDescriptor *type,
                                 const td_textproto_options *opts, ProtobufCMessage **out)
{
    char *text;
    size_t size;

    TD_TRY(td_file_read(path, CONFIG_LIMIT, &text, &size));
    const td_status error = parse(text, size, path, type, opts, out);

    td_free(text);
    return error;
}

td_status td_text_config_read(const char *path, const ProtobufCMessageDescriptor *type,
                              ProtobufCMessage **out)
{
    return td_text_config_read_by(path, type, NULL, out);
}
