/* SPDX-License-Identifier: Apache-2.0 */
/* run.h -- gRPC as the host of flows: calls that ask a model. */
#ifndef TD_NET_GRPC_RUN_H
#define TD_NET_GRPC_RUN_H

#include "api/flow.h"
#include "base/strbuf.h"
#include "codec/pb/spec.h"
#include "net/grpc/server.h"

/* In the call's arena, as all of it: gone once the flow has ended. */
typedef struct td_grpc_job {
    td_flow flow;
    td_grpc_call *call;
    void *message;            /* what the verb's parse fills */
    const td_grpc_spec *spec; /* in message; parse sets it */
} td_grpc_job;

/* Makes call->bytes of the message, for a verb's parse. */
TD_MUST_USE td_status td_grpc_job_open(td_grpc_job *j);
/* Sets what the flow asks for: parse's last act. spec must live as long as the job. */
void td_grpc_job_ask(td_grpc_job *j, const td_grpc_spec *spec);
/* b -> the reply. Takes b. */
TD_MUST_USE td_status td_grpc_job_put(td_grpc_job *j, td_strbuf *b);
/* The outputs of the flow's run -> the reply; names: see td_grpc_predict_plan(). */
TD_MUST_USE td_status td_grpc_job_put_outputs(td_grpc_job *j, const td_string *names);

/* message_size: bytes of j->message, cleared. */
void td_grpc_run(td_grpc_call *c, const td_flow_verb *verb, size_t message_size);

#endif
