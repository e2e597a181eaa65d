/* SPDX-License-Identifier: Apache-2.0 */
/* info.h -- the small bodies of REST: errors, status, metadata.
 *
 * Status and metadata are laid out as protobuf's JSON printer does for TensorFlow Serving: one space of
 * indent, defaults printed, 64-bit integers in quotes. */
#ifndef TD_CODEC_JSON_INFO_H
#define TD_CODEC_JSON_INFO_H

#include "codec/json/out.h"
#include "serve/manager.h"

void td_json_put_error(td_json_out *o, const char *text);
void td_json_put_status(td_json_out *o, const td_version_status *versions, size_t n);
TD_MUST_USE td_status td_json_put_metadata(td_json_out *o, const td_servable *s);

#endif
