/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_textproto.c -- any bytes as text format, of a small and of a nested schema. */
#include <stdint.h>
#include <stdlib.h>

#include "tensorflow/core/protobuf/saved_model.pb-c.h"
#include "tensorflow_serving/config/model_server_config.pb-c.h"

#include "config/textproto.h"
#include "driver.h"

void fuzz_one(const uint8_t *data, size_t size)
{
    static const ProtobufCMessageDescriptor *const any_types[] = { &tensorflow__asset_file_def__descriptor,
                                                                   NULL };
    const td_textproto_options options = { .skip_unknown = true, .any_types = any_types };
    td_strbuf bytes = { NULL, 0, 0 };
    ProtobufCMessage *m;

    td_status status =
        td_textproto_encode((const char *)data, size, &tensorflow__saved_model__descriptor, &options, &bytes);
    if (!status) { /* what it writes is a message */
        m = protobuf_c_message_unpack(&tensorflow__saved_model__descriptor, NULL, bytes.size,
                                      (const uint8_t *)td_strbuf_text(&bytes));
        if (!m) abort();
        protobuf_c_message_free_unpacked(m, NULL);
    }
    (void)fuzz_end(status);
    td_strbuf_fini(&bytes);

    if (fuzz_end(td_textproto_parse((const char *)data, size,
                                    &tensorflow__serving__model_server_config__descriptor, NULL, &m)))
        protobuf_c_message_free_unpacked(m, NULL);
}
