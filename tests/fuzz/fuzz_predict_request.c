/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_predict_request.c -- any bytes as a PredictRequest:
 * parse, fill, and what was filled in back to the wire. */
#include "../unit/codec/fake_session.h"

#include "base/macros.h"
#include "codec/pb/info.h"
#include "codec/pb/predict.h"
#include "driver.h"
#include "serve/table.h"

enum { MAX_OUTPUT = 16 << 20 };

static float one = 1;
static const td_tensor default_x = { .dtype = TD_F32, .data = &one };
static const td_tensor_info infos[] = {
    { .alias = "a", .tensor = "a:0", .default_value = &default_x }, /* any dtype */
    { .alias = "b", .tensor = "b:0", .default_value = &default_x },
    { .alias = "x", .tensor = "x:0", .default_value = &default_x },
};
const td_signature fake_signature = { "serving_default", "", infos, infos, TD_COUNT(infos), TD_COUNT(infos) };

static td_status reply(td_predict *p, bool as_content)
{
    td_grpc_predict_reply r;

    for (size_t i = 0; i < p->sig->n_inputs; i++) /* a short list may stand for a large tensor */
        if (td_tensor_bytes(&p->inputs[i]) > MAX_OUTPUT) return NULL;
    TD_TRY(td_grpc_predict_plan(p, NULL, as_content, &r));
    uint8_t *const bytes = malloc(r.size);
    TD_ASSERT(td_grpc_predict_put(bytes, &r) == bytes + r.size);
    free(bytes);
    return NULL;
}

static td_status handle(const uint8_t *data, size_t size, td_arena *arena, td_predict *p)
{
    td_grpc_predict_request r;

    TD_TRY(td_grpc_predict_parse(data, size, arena, &r));
    TD_TRY(td_predict_open(td_servable_make("m", 1, NULL, td_servable_free, NULL), r.spec.signature,
                           TD_WORDING_GRPC, arena, p));
    TD_TRY(td_grpc_predict_fill(&r, p));
    TD_TRY(td_predict_run(p, 0));
    TD_TRY(reply(p, false));
    return reply(p, true);
}

void fuzz_one(const uint8_t *data, size_t size)
{
    td_arena *const arena = td_arena_make();
    td_predict p = { 0 };
    td_grpc_spec spec;
    td_string service;

    (void)fuzz_end(handle(data, size, arena, &p));
    td_predict_close(&p);
    td_arena_free(arena);
    TD_ASSERT(td_grpc_predict_content_at(data, size) <= size);
    (void)fuzz_end(td_grpc_metadata_parse(data, size, &spec));
    (void)fuzz_end(td_grpc_status_parse(data, size, &spec));
    (void)fuzz_end(td_grpc_health_parse(data, size, &service));
}
