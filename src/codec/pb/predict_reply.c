/* SPDX-License-Identifier: Apache-2.0 */
/* predict_reply.c -- PredictResponse { map<string, TensorProto> outputs = 1, model_spec = 2 }. */
#include "codec/pb/predict.h"

#include <string.h>

enum { OUTPUTS = 1, MODEL_SPEC = 2, KEY = 1, VALUE = 2 };

static size_t entry_size(const char *alias, const td_grpc_tensor *t)
{
    return td_wire_bytes_size(KEY, strlen(alias)) + td_wire_bytes_size(VALUE, t->size);
}

td_status td_grpc_predict_plan(const td_predict *p, bool as_content, td_grpc_predict_reply *out)
{
    td_grpc_predict_reply r = {
        .p = p,
        .outputs = TD_ARENA_NEW_N(p->arena, td_grpc_tensor, p->n_want),
        .model = td_servable_name(p->servable),
        .version = td_servable_version(p->servable),
    };

    for (size_t i = 0; i < p->n_want; i++) {
        TD_TRY(td_grpc_tensor_plan(td_predict_output(p, i), as_content, &r.outputs[i]));
        r.size += td_wire_bytes_size(OUTPUTS, entry_size(p->sig->outputs[p->want[i]].alias, &r.outputs[i]));
    }
    r.size += td_grpc_spec_size(MODEL_SPEC, r.model, r.version, p->sig->name);
    *out = r;
    return NULL;
}

uint8_t *td_grpc_predict_put(uint8_t *at, const td_grpc_predict_reply *r)
{
    for (size_t i = 0; i < r->p->n_want; i++) {
        const char *const alias = r->p->sig->outputs[r->p->want[i]].alias;

        at = td_wire_put_head(at, OUTPUTS, entry_size(alias, &r->outputs[i]));
        at = td_wire_put_bytes(at, KEY, alias, strlen(alias));
        at = td_wire_put_head(at, VALUE, r->outputs[i].size);
        at = td_grpc_tensor_put(at, &r->outputs[i]);
    }
    return td_grpc_spec_put(at, MODEL_SPEC, r->model, r->version, r->p->sig->name);
}
