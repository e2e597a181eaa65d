/* SPDX-License-Identifier: Apache-2.0 */
/* info.h -- the small RPCs: GetModelMetadata, GetModelStatus, and grpc.health.v1.Health.
 *
 * Replies are appended to a td_strbuf, built from the inside out. */
#ifndef TD_CODEC_GRPC_INFO_H
#define TD_CODEC_GRPC_INFO_H

#include "base/strbuf.h"
#include "codec/pb/spec.h"

/* INVALID_ARGUMENT: damaged, no model named, or a metadata_field other than "signature_def". */
TD_MUST_USE td_status td_grpc_metadata_parse(const uint8_t *bytes, size_t size, td_grpc_spec *out);
/* GetModelMetadataResponse: every signature of s. UNIMPLEMENTED when a default value has no wire form. */
TD_MUST_USE td_status td_grpc_metadata_put(const td_servable *s, td_strbuf *out);

TD_MUST_USE td_status td_grpc_status_parse(const uint8_t *bytes, size_t size, td_grpc_spec *out);
void td_grpc_status_put(const td_version_status *versions, size_t n, td_strbuf *out);

typedef enum td_health {
    TD_HEALTH_UNKNOWN,
    TD_HEALTH_SERVING,
    TD_HEALTH_NOT_SERVING,
    TD_HEALTH_NO_SERVICE
} td_health;

TD_MUST_USE td_status td_grpc_health_parse(const uint8_t *bytes, size_t size, td_string *service);
void td_grpc_health_put(td_health health, td_strbuf *out);

#endif
