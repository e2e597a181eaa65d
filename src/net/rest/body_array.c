/* SPDX-License-Identifier: Apache-2.0 */
/* body_array.c -- bodies that are one tensor: raw bytes, whose type and shape a header field says, or a .npy. */
#include "codec/array/array.h"
#include "codec/pb/record.h"
#include "net/rest/bodies.h"

static td_status array_parse(td_flow *f)
{
    return td_rest_end_body(f->request);
}

static td_array_form form_of(const td_rest_request *r)
{
    return r->head.sends == TD_REST_NPY || td_array_is_npy(r->body, r->size) ? TD_ARRAY_NPY : TD_ARRAY_RAW;
}

static td_status array_open(td_flow *f, td_servable *servable)
{
    td_rest_request *const r = f->request;

    TD_TRY(td_predict_open(servable, r->tensor.signature, TD_WORDING_REST, r->arena, &f->predict));
    TD_TRY(td_array_fill(form_of(r), &r->tensor, r->body, r->size, &f->predict));
    return td_rest_predict_narrow(r, &f->predict);
}

const td_flow_verb td_rest_predict_array = { .method = TD_METHOD_PREDICT,
                                             .parse = array_parse,
                                             .open = array_open,
                                             .write = td_rest_predict_write,
                                             .record = td_record_predict };
