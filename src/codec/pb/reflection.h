/* SPDX-License-Identifier: Apache-2.0 */
/* reflection.h -- grpc.reflection.v1 and v1alpha, whose messages are the same on the wire. */
#ifndef TD_CODEC_GRPC_REFLECTION_H
#define TD_CODEC_GRPC_REFLECTION_H

#include "base/strbuf.h"
#include "base/wire.h"
#include "tensord/status.h"

/* Views of the message. */
typedef struct td_grpc_question {
    td_string whole; /* the message */
    td_string host;
    uint32_t asks; /* the field that says what; 0: there is none */
    td_string name;
} td_grpc_question;

/* INVALID_ARGUMENT: damaged. */
TD_MUST_USE td_status td_grpc_question_parse(const uint8_t *bytes, size_t size, td_grpc_question *out);
/* A ServerReflectionResponse, which may say that there is no such thing. services: full names of what is served. */
void td_grpc_answer_put(const td_grpc_question *q, const td_string *services, size_t n, td_strbuf *out);

#endif
