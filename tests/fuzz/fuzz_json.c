/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_json.c -- any bytes as the body of a REST :predict: open, survey, fill, and the answer back as text.
 *
 * The first byte picks the signature. What the one-pass reader takes, a survey must call good; what it takes
 * twice must be the same. */
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "codec/json/base64.h"
#include "codec/json/predict.h"
#include "driver.h"
#include "exec/memory.h"
#include "serve/table.h"

static const td_tensor_info one_of[] = {
#define X(name, number, bytes, text, pb) { .alias = "x", .tensor = "x:0", .dtype = TD_##name },
    TD_DTYPES(X)
#undef X
};
static const td_tensor_info several[] = {
    { .alias = "a", .tensor = "a:0", .dtype = TD_F32 },
    { .alias = "b_bytes", .tensor = "b:0", .dtype = TD_STRING },
    { .alias = "c", .tensor = "c:0", .dtype = TD_I64 },
};

/* ---- a session that answers each output with the input of the same index ---- */

static td_signature today;

struct td_result {
    td_tensor outputs[TD_COUNT(several)];
};

const td_signature *td_session_find_signature(const td_session *s, const char *name)
{
    (void)s;
    return strcmp(name, today.name) ? NULL : &today;
}

const td_signature *td_session_signatures(const td_session *s, size_t *count)
{
    (void)s;
    *count = 1;
    return &today;
}

td_session *td_session_ref(td_session *s)
{
    return s;
}

void td_session_unref(td_session *s)
{
    (void)s;
}

td_account *td_session_account(td_session *s)
{
    (void)s;
    return NULL;
}

td_status td_session_run(td_session *s, const td_signature *sig, const td_tensor *in, const size_t *want,
                         size_t n_want, const td_run_options *opts, td_result **out)
{
    td_result *const r = calloc(1, sizeof *r);

    (void)s;
    (void)sig;
    (void)opts;
    for (size_t i = 0; i < n_want; i++)
        r->outputs[i] = in[want[i]];
    *out = r;
    return NULL;
}

int64_t td_session_expect(const td_session *s, const td_signature *sig, const td_tensor *in)
{
    (void)s;
    (void)sig;
    (void)in;
    return 0;
}

const td_tensor *td_result_outputs(const td_result *r)
{
    return r->outputs;
}

void td_result_free(td_result *r)
{
    free(r);
}

/* Nothing is joined here. */
bool td_session_is_batchable(const td_session *s, const td_signature *sig, const char **why_not)
{
    (void)s, (void)sig, (void)why_not;
    return false;
}

td_status td_result_rows(const td_result *r, size_t first, size_t n, td_tensor *out)
{
    (void)r, (void)first, (void)n, (void)out;
    return TD_ERR(INTERNAL, "no rows");
}

/* ---- */

static void choose_signature(uint8_t n)
{
    const size_t i = n % (TD_COUNT(one_of) + 1);
    const bool is_one = i < TD_COUNT(one_of);
    const td_tensor_info *const infos = is_one ? &one_of[i] : several;
    const size_t count = is_one ? 1 : TD_COUNT(several);

    today = (td_signature){ "serving_default", "", infos, infos, count, count };
}

static td_status try_fill(td_json_predict *r, td_arena *arena, td_predict *p)
{
    TD_TRY(td_predict_open(td_servable_make("m", 1, NULL, td_servable_free, NULL), r->signature,
                           TD_WORDING_REST, arena, p));
    return td_json_predict_fill(r, p);
}

static td_status handle(const char *text, size_t size, td_arena *arena, td_predict *p, td_json_out *out)
{
    td_json_predict r;
    td_status error = td_json_predict_open(text, size, arena, &r);

    if (!error) error = try_fill(&r, arena, p);
    const bool was_taken = !error;

    (void)fuzz_end(error);
    td_predict_close(p);
    error = td_json_predict_survey(&r);
    if (!error) error = try_fill(&r, arena, p);
    TD_ASSERT(!was_taken || !error || fuzz_is_short());
    if (error) return error;
    TD_TRY(td_predict_run(p, 0));
    return td_json_predict_put(&r, p, out);
}

static void check_base64(const char *text, size_t size)
{
    unsigned char *const bytes = malloc(size / 4 * 3 + 3);
    char *const again = malloc(td_base64_size(size) + 4);
    size_t n;

    if (td_base64_decode(text, size, bytes, &n))
        TD_ASSERT(td_base64_encode(again, bytes, n) == again + td_base64_size(n));
    free(bytes);
    free(again);
}

void fuzz_one(const uint8_t *data, size_t size)
{
    if (!size) return;
    char *const text = calloc(1, size - 1 + TD_JSON_PAD);
    td_arena *const arena = td_arena_make();
    td_json_out out = { 0 };
    td_predict p = { 0 };

    memcpy(text, data + 1, size - 1);
    choose_signature(*data);
    (void)fuzz_end(handle(text, size - 1, arena, &p, &out));
    check_base64(text, size - 1);
    td_predict_close(&p);
    td_json_out_fini(&out);
    td_arena_free(arena);
    free(text);
}
