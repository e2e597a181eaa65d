/* SPDX-License-Identifier: Apache-2.0 */
/* spec.h -- tensorflow.serving.ModelSpec, to and from the wire. */
#ifndef TD_CODEC_GRPC_SPEC_H
#define TD_CODEC_GRPC_SPEC_H

#include "base/wire.h"
#include "serve/manager.h"

typedef struct td_grpc_spec {
    bool is_given; /* the request has a model_spec */
    td_model_spec model;
    td_string signature; /* size 0: none */
} td_grpc_spec;

/* Adds what a model_spec field says to out (protobuf merges repeated ones). Texts are views of the field.
 * INVALID_ARGUMENT when it is damaged. */
TD_MUST_USE td_status td_grpc_spec_read(const td_wire_field *f, td_grpc_spec *out);
/* INVALID_ARGUMENT "Missing ModelSpec" / "ModelSpec has no name specified." */
TD_MUST_USE td_status td_grpc_spec_check(const td_grpc_spec *spec);
/* Of a message that was sent to a model's address: adds to address the version or label that it does not say.
 * INVALID_ARGUMENT: the spec names another model, or another version of it. */
TD_MUST_USE td_status td_grpc_spec_join(const td_grpc_spec *spec, td_model_spec *address);

/* What a reply says of the version that made it; signature may be NULL. Views. */
td_grpc_spec td_grpc_spec_of(const td_servable *s, const char *signature);

/* Field `number` of a message. */
size_t td_grpc_spec_size(uint32_t number, const td_grpc_spec *s);
uint8_t *td_grpc_spec_put(uint8_t *p, uint32_t number, const td_grpc_spec *s);

#endif
