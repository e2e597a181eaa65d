/* SPDX-License-Identifier: Apache-2.0 */
/* predict.c -- POST ...:predict, :classify, :regress: which verb of a flow reads the body, and how answers are written,
 * whatever the body was. */
#include "codec/array/array.h"
#include "codec/pb/predict.h"
#include "net/rest/bodies.h"

/* ---- answers ---- */

static td_status no_room(size_t size)
{
    return TD_ERR(RESOURCE_EXHAUSTED, "No memory for a reply of %zu bytes", size);
}

static td_status put_message(td_rest_request *r, const td_predict *p)
{
    td_grpc_predict_reply reply;

    TD_TRY(td_grpc_predict_plan(p, NULL, r->server->as_content, &reply));
    if (reply.size > INT32_MAX)
        return TD_ERR(RESOURCE_EXHAUSTED, "A reply of %zu bytes is beyond what a message may have",
                      reply.size);
    if (!td_json_out_reserve(&r->reply, reply.size)) return no_room(reply.size);
    td_grpc_predict_put((uint8_t *)r->reply.data, &reply);
    r->reply.size = reply.size;
    return NULL;
}

static td_status put_array(td_rest_request *r, const td_predict *p, td_array_form form)
{
    r->note = td_array_note_text(td_predict_output(p, 0), p->sig->outputs[p->want[0]].alias, r->arena);
    return td_array_put(form, p, &r->reply);
}

td_status td_rest_predict_write(td_flow *f)
{
    td_rest_request *const r = f->request;

    switch (r->head.wants) {
    case TD_REST_PROTOBUF:
        TD_TRY(put_message(r, &f->predict));
        break;
    case TD_REST_OCTETS:
        TD_TRY(put_array(r, &f->predict, TD_ARRAY_RAW));
        break;
    case TD_REST_NPY:
        TD_TRY(put_array(r, &f->predict, TD_ARRAY_NPY));
        break;
    case TD_REST_JSON:
        return td_json_predict_put(&r->json, &f->predict, &r->reply); /* of other bodies: in column form */
    }
    r->content_type = td_rest_media_name(r->head.wants);
    return NULL;
}

td_status td_rest_predict_narrow(td_rest_request *r, td_predict *p)
{
    if (r->tensor.output.size) TD_TRY(td_predict_filter(p, &r->tensor.output, 1));
    return r->head.wants == TD_REST_OCTETS || r->head.wants == TD_REST_NPY ? td_array_check_output(p) : NULL;
}

/* ---- bodies ---- */

/* TensorFlow Serving reads JSON whatever Content-Type says, so that bytes are tensors only where that is sure. */
static bool is_array(const td_rest_request *r)
{
    return r->head.sends == TD_REST_NPY ||
           (r->head.sends == TD_REST_OCTETS &&
            (r->tensor.dtype != TD_DTYPE_NONE || td_array_is_npy(r->body, r->size)));
}

static const td_flow_verb *verb_for(const td_rest_request *r)
{
    const bool is_message = r->head.sends == TD_REST_PROTOBUF;

    switch (r->route.verb) {
    case TD_REST_CLASSIFY:
        return is_message ? &td_rest_classify_message : &td_rest_classify_json;
    case TD_REST_REGRESS:
        return is_message ? &td_rest_regress_message : &td_rest_regress_json;
    default:
        break;
    }
    if (is_message) return &td_rest_predict_message;
    return is_array(r) ? &td_rest_predict_array : &td_rest_predict_json;
}

void td_rest_serve_predict(td_rest_request *r)
{
    const td_status error = r->head.tensor ? td_array_note_parse(r->head.tensor, r->arena, &r->tensor) : NULL;

    if (TD_LIKELY(!error)) {
        td_rest_flow(r, verb_for(r));
    } else {
        td_rest_count_refusal(r, td_status_code(error));
        td_rest_end(r, error);
    }
}
