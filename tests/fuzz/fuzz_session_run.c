/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_session_run.c -- any bytes as a SessionRunRequest: what it names is found in a signature, or not. */
#include "../unit/codec/fake_session.h"

#include "base/macros.h"
#include "codec/pb/session_run.h"
#include "driver.h"

static const td_tensor_info inputs[] = {
    { .alias = "a", .tensor = "in/a:0", .dtype = TD_F32 },
    { .alias = "b", .tensor = "in/b:0", .dtype = TD_F32 },
};
static const td_tensor_info outputs[] = {
    { .alias = "p", .tensor = "p:0", .dtype = TD_F32 },
    { .alias = "s", .tensor = "s:1", .dtype = TD_F32 },
};
const td_signature fake_signature = { "serving_default", "", inputs, outputs, TD_COUNT(inputs),
                                      TD_COUNT(outputs) };

static bool is_one_of(td_string s, const char *a, const char *b)
{
    return td_string_is(s, a) || td_string_is(s, b);
}

static td_status handle(const uint8_t *data, size_t size, td_arena *arena)
{
    td_grpc_session_run r;
    td_string signature;

    TD_TRY(td_grpc_session_run_parse(data, size, arena, &r));
    TD_TRY(td_grpc_session_run_resolve(&r, NULL, &signature));
    if (r.has_aliases) return NULL;
    TD_ASSERT(td_string_is(signature, "serving_default"));
    for (size_t i = 0; i < r.predict.n_inputs; i++)
        TD_ASSERT(is_one_of(r.predict.inputs[i].alias, "a", "b"));
    for (size_t i = 0; i < r.predict.n_filter; i++)
        TD_ASSERT(is_one_of(r.predict.filter[i], "p", "s"));
    return NULL;
}

void fuzz_one(const uint8_t *data, size_t size)
{
    td_arena *const arena = td_arena_make();

    (void)fuzz_end(handle(data, size, arena));
    td_arena_free(arena);
}
