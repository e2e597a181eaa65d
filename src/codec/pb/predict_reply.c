/* SPDX-License-Identifier: Apache-2.0 */
/* predict_reply.c -- PredictResponse { map<string, TensorProto> outputs = 1, model_spec = 2 }; SessionRunResponse {
 * tensor = 1 { name = 1, tensor = 2 }, model_spec = 3 }, which is the same but for one number. */
#include "codec/pb/predict.h"

#include <string.h>

#include "base/macros.h"

enum { OUTPUTS = 1, PREDICT_SPEC = 2, SESSION_RUN_SPEC = 3, KEY = 1, VALUE = 2 };
enum { LENT_LEAST = 1 << 20 };

static td_string name_of(const td_grpc_predict_reply *r, size_t i)
{
    const char *const alias = r->p->sig->outputs[r->p->want[i]].alias;

    return r->names ? r->names[i] : (td_string){ alias, strlen(alias) };
}

static size_t entry_size(const td_grpc_predict_reply *r, size_t i)
{
    return td_wire_bytes_size(KEY, name_of(r, i).size) + td_wire_bytes_size(VALUE, r->outputs[i].size);
}

static uint32_t spec_field(const td_grpc_predict_reply *r)
{
    return r->names ? SESSION_RUN_SPEC : PREDICT_SPEC;
}

td_status td_grpc_predict_plan(const td_predict *p, const td_string *names, bool as_content,
                               td_grpc_predict_reply *out)
{
    td_grpc_predict_reply r = {
        .p = p,
        .names = names,
        .outputs = TD_ARENA_NEW_N(p->arena, td_grpc_tensor, p->n_want),
        .spec = td_grpc_spec_of(p->servable, p->sig->name),
    };

    for (size_t i = 0; i < p->n_want; i++) {
        TD_TRY(td_grpc_tensor_plan(td_predict_output(p, i), as_content, &r.outputs[i]));
        r.size += td_wire_bytes_size(OUTPUTS, entry_size(&r, i));
    }
    r.size += td_grpc_spec_size(spec_field(&r), &r.spec);
    *out = r;
    return NULL;
}

/* Output i up to its tensor. */
static uint8_t *put_entry(uint8_t *at, const td_grpc_predict_reply *r, size_t i)
{
    const td_string name = name_of(r, i);

    at = td_wire_put_head(at, OUTPUTS, entry_size(r, i));
    at = td_wire_put_bytes(at, KEY, name.data, name.size);
    return td_wire_put_head(at, VALUE, r->outputs[i].size);
}

static uint8_t *put_spec(uint8_t *at, const td_grpc_predict_reply *r)
{
    return td_grpc_spec_put(at, spec_field(r), &r->spec);
}

uint8_t *td_grpc_predict_put(uint8_t *at, const td_grpc_predict_reply *r)
{
    for (size_t i = 0; i < r->p->n_want; i++)
        at = td_grpc_tensor_put(put_entry(at, r, i), &r->outputs[i]);
    return put_spec(at, r);
}

/* ---- without the bulk ---- */

static bool is_lent(const td_grpc_tensor *t)
{
    return t->payload >= LENT_LEAST && td_grpc_tensor_is_plain(t);
}

size_t td_grpc_predict_lent(const td_grpc_predict_reply *r)
{
    size_t bytes = 0;

    for (size_t i = 0; i < r->p->n_want; i++)
        if (is_lent(&r->outputs[i])) bytes += r->outputs[i].payload;
    return bytes;
}

size_t td_grpc_predict_put_cut(uint8_t *start, const td_grpc_predict_reply *r, td_grpc_cut *cuts)
{
    uint8_t *at = start;
    size_t n = 0;

    for (size_t i = 0; i < r->p->n_want; i++) {
        const td_grpc_tensor *const t = &r->outputs[i];

        at = put_entry(at, r, i);
        if (!is_lent(t)) {
            at = td_grpc_tensor_put(at, t);
            continue;
        }
        at = td_grpc_tensor_put_head(at, t);
        cuts[n++] = (td_grpc_cut){ (size_t)(at - start), t->tensor->data, t->payload };
    }
    TD_ASSERT(put_spec(at, r) == start + (r->size - td_grpc_predict_lent(r)));
    return n;
}
