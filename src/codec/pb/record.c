/* SPDX-License-Identifier: Apache-2.0 */
/* record.c -- see record.h. The request is written as a client would have sent it by gRPC: the model as it was named, the
 * signature's name, numbers as tensor_content; the answer as gRPC's clients get it. */
#include "codec/pb/record.h"

#include <string.h>
#include <time.h>

#include "base/macros.h"
#include "codec/pb/examples.h"
#include "codec/pb/predict.h"
#include "codec/pb/prediction_log.h"
#include "codec/pb/wire_buf.h"
#include "formats/tfrecord.h"

/* ---- around a request and its answer ---- */

enum { METADATA = 1, REQUEST = 1, RESPONSE = 2 }; /* of PredictionLog, and of each kind of log */
enum {
    META_SPEC = 1,
    META_SAMPLING = 2,
    META_TIME = 4,
    RATE = 1
}; /* of LogMetadata, and of SamplingConfig */

typedef struct record {
    td_request_log *log;
    uint8_t *bytes; /* of the frame; NULL: there is no room */
    size_t size;    /* of the PredictionLog */
} record;

static td_request_log *log_of(const td_flow *f)
{
    return td_servable_log(f->predict.servable);
}

static void put_rate(double rate, td_strbuf *out)
{
    uint8_t *const at = td_wire_buf_grow(out, 1 + sizeof rate);

    *at = (uint8_t)td_wire_tag(RATE, TD_WIRE_FIXED64);
    memcpy(at + 1, &rate, sizeof rate); /* little-endian on both sides */
}

static void put_metadata(const td_flow *f, td_strbuf *out)
{
    const td_predict *const p = &f->predict;
    const td_grpc_spec spec = td_grpc_spec_of(p->servable, p->sig->name);
    td_strbuf sampling = { 0 };

    (void)td_grpc_spec_put(td_wire_buf_grow(out, td_grpc_spec_size(META_SPEC, &spec)), META_SPEC, &spec);
    put_rate(td_request_log_rate(log_of(f)), &sampling);
    td_wire_buf_message(out, META_SAMPLING, &sampling);
    td_wire_buf_number(out, META_TIME, (int64_t)time(NULL));
}

/* Where the request is to be written; NULL: nowhere. Behind it goes the response's head. */
static uint8_t *begin_record(record *r, const td_flow *f, td_log_kind kind, size_t request, size_t response)
{
    const size_t both = td_wire_bytes_size(REQUEST, request) + td_wire_bytes_size(RESPONSE, response);
    td_strbuf metadata = { 0 };
    uint8_t *at = NULL;

    put_metadata(f, &metadata);
    r->log = log_of(f);
    r->size = td_wire_bytes_size(METADATA, metadata.size) + td_wire_bytes_size((uint32_t)kind, both);
    r->bytes = td_request_log_reserve(r->log, TD_TFRECORD_HEAD + r->size + TD_TFRECORD_TAIL);
    if (r->bytes) {
        td_tfrecord_put_head(r->bytes, r->size);
        at = td_wire_put_bytes(r->bytes + TD_TFRECORD_HEAD, METADATA, metadata.data, metadata.size);
        at = td_wire_put_head(at, (uint32_t)kind, both);
        at = td_wire_put_head(at, REQUEST, request);
    }
    td_strbuf_fini(&metadata);
    return at;
}

static void end_record(record *r, const uint8_t *at)
{
    uint8_t *const log = r->bytes + TD_TFRECORD_HEAD;

    TD_ASSERT(at == log + r->size);
    td_tfrecord_put_tail(log + r->size, log, r->size);
    td_request_log_put(r->log, r->bytes);
}

/* The model as the client named it. */
static td_grpc_spec asked_spec(const td_flow *f)
{
    const char *const signature = f->predict.sig->name;

    return (
        td_grpc_spec){ .is_given = true, .model = f->model, .signature = { signature, strlen(signature) } };
}

/* ---- predict ---- */

enum {
    SPEC = 1,
    INPUTS = 2,
    OUTPUT_FILTER = 3,
    KEY = 1,
    VALUE = 2
}; /* of PredictRequest, and of a map's entry */

typedef struct predict_request {
    const td_predict *p;
    td_grpc_spec spec;
    td_grpc_tensor *inputs; /* by the signature; tensor NULL: it is left to its default */
    bool is_filtered;
    size_t size;
} predict_request;

static size_t entry_size(const char *alias, const td_grpc_tensor *t)
{
    return td_wire_bytes_size(KEY, strlen(alias)) + td_wire_bytes_size(VALUE, t->size);
}

static const char *output_name(const td_predict *p, size_t i)
{
    return p->sig->outputs[p->want[i]].alias;
}

static bool is_filtered(const td_predict *p)
{
    for (size_t i = 0; i < p->n_want; i++)
        if (p->want[i] != i) return true;
    return p->n_want != p->sig->n_outputs;
}

static td_status plan_inputs(predict_request *q)
{
    const td_predict *const p = q->p;

    for (size_t i = 0; i < p->sig->n_inputs; i++) {
        const td_tensor *const t = &p->inputs[i];

        if (t->dtype == TD_DTYPE_NONE) continue;
        TD_TRY(td_grpc_tensor_plan(t, t->dtype != TD_STRING, &q->inputs[i]));
        q->size += td_wire_bytes_size(INPUTS, entry_size(p->sig->inputs[i].alias, &q->inputs[i]));
    }
    return NULL;
}

static td_status plan_request(const td_flow *f, predict_request *out)
{
    const td_predict *const p = &f->predict;
    predict_request q = { .p = p, .spec = asked_spec(f), .is_filtered = is_filtered(p) };

    q.inputs = TD_ARENA_NEW_N(f->arena, td_grpc_tensor, p->sig->n_inputs);
    q.size = td_grpc_spec_size(SPEC, &q.spec);
    TD_TRY(plan_inputs(&q));
    for (size_t i = 0; q.is_filtered && i < p->n_want; i++)
        q.size += td_wire_bytes_size(OUTPUT_FILTER, strlen(output_name(p, i)));
    *out = q;
    return NULL;
}

static uint8_t *put_request(uint8_t *at, const predict_request *q)
{
    const td_predict *const p = q->p;

    at = td_grpc_spec_put(at, SPEC, &q->spec);
    for (size_t i = 0; i < p->sig->n_inputs; i++) {
        const char *const alias = p->sig->inputs[i].alias;

        if (!q->inputs[i].tensor) continue;
        at = td_wire_put_head(at, INPUTS, entry_size(alias, &q->inputs[i]));
        at = td_wire_put_bytes(at, KEY, alias, strlen(alias));
        at = td_grpc_tensor_put(td_wire_put_head(at, VALUE, q->inputs[i].size), &q->inputs[i]);
    }
    for (size_t i = 0; q->is_filtered && i < p->n_want; i++)
        at = td_wire_put_bytes(at, OUTPUT_FILTER, output_name(p, i), strlen(output_name(p, i)));
    return at;
}

static td_status record_predict(const td_flow *f)
{
    td_grpc_predict_reply reply;
    predict_request q;
    record r;

    TD_TRY(plan_request(f, &q));
    TD_TRY(td_grpc_predict_plan(&f->predict, NULL, false, &reply));
    uint8_t *at = begin_record(&r, f, TD_LOG_PREDICT, q.size, reply.size);
    if (!at) return NULL;
    at = td_wire_put_head(put_request(at, &q), RESPONSE, reply.size);
    end_record(&r, td_grpc_predict_put(at, &reply));
    return NULL;
}

void td_record_predict(const td_flow *f)
{
    const td_status error = record_predict(f);

    if (error) td_request_log_fail(log_of(f), error);
}

/* ---- classify, regress ---- */

enum { INPUT = 2, LIST = 1, EXAMPLE = 1 }; /* of ClassificationRequest, Input, ExampleList */

typedef struct examples {
    const td_string *items;
    size_t n, size; /* size: of the ExampleList */
} examples;

static examples examples_of(const td_predict *p)
{
    examples e = { .items = p->inputs[0].data, .n = (size_t)p->inputs[0].shape.dims[0] };

    for (size_t i = 0; i < e.n; i++)
        e.size += td_wire_bytes_size(EXAMPLE, e.items[i].size);
    return e;
}

static uint8_t *put_examples(uint8_t *at, const examples *e)
{
    at = td_wire_put_head(at, INPUT, td_wire_bytes_size(LIST, e->size));
    at = td_wire_put_head(at, LIST, e->size);
    for (size_t i = 0; i < e->n; i++)
        at = td_wire_put_bytes(at, EXAMPLE, e->items[i].data, e->items[i].size);
    return at;
}

static void put_record(const td_flow *f, td_log_kind kind, const td_strbuf *reply)
{
    const td_grpc_spec spec = asked_spec(f);
    const examples e = examples_of(&f->predict);
    const size_t input = td_wire_bytes_size(INPUT, td_wire_bytes_size(LIST, e.size));
    record r;

    uint8_t *at = begin_record(&r, f, kind, td_grpc_spec_size(SPEC, &spec) + input, reply->size);
    if (!at) return;
    at = put_examples(td_grpc_spec_put(at, SPEC, &spec), &e);
    end_record(&r, td_wire_put_bytes(at, RESPONSE, reply->data, reply->size));
}

/* Takes reply, or an error. */
static void end_examples(const td_flow *f, td_log_kind kind, td_status error, td_strbuf *reply)
{
    if (error)
        td_request_log_fail(log_of(f), error);
    else
        put_record(f, kind, reply);
    td_strbuf_fini(reply);
}

void td_record_classify(const td_flow *f)
{
    td_strbuf reply = { 0 };
    td_classes classes;
    td_status error = td_classify_result(&f->predict, &classes);

    if (!error) error = td_grpc_classes_put(&f->predict, &classes, TD_GRPC_RESULT_ALONE, &reply);
    end_examples(f, TD_LOG_CLASSIFY, error, &reply);
}

void td_record_regress(const td_flow *f)
{
    td_strbuf reply = { 0 };
    const float *values;
    size_t n;
    td_status error = td_regress_result(&f->predict, &values, &n);

    if (!error) error = td_grpc_regressions_put(&f->predict, values, n, TD_GRPC_RESULT_ALONE, &reply);
    end_examples(f, TD_LOG_REGRESS, error, &reply);
}
