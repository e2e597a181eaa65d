/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_array.c -- any bytes as X-Tensord-Tensor and a body behind it: up to a NUL the one, the rest the other. What is read
 * can be written, and reads the same again. */
#include "../unit/codec/fake_session.h"

#include "base/macros.h"
#include "codec/array/array.h"
#include "driver.h"
#include "serve/table.h"

static const td_tensor_info infos[] = { { .alias = "x", .tensor = "x:0" } }; /* any dtype */
const td_signature fake_signature = { "serving_default", "", infos, infos, 1, 1 };

static td_status open_and_fill(td_array_form form, const td_array_note *note, const void *bytes, size_t size,
                               td_arena *arena, td_predict *p)
{
    TD_TRY(td_predict_open(td_servable_make("m", 1, NULL, td_servable_free, NULL), (td_string){ 0 },
                           TD_WORDING_REST, arena, p));
    return td_array_fill(form, note, bytes, size, p);
}

static td_status check_back(td_array_form form, const td_predict *p, td_arena *arena, td_json_out *out)
{
    const td_tensor *const t = td_predict_output(p, 0);
    td_predict again = { 0 };
    td_array_note note;

    TD_TRY(td_array_put(form, p, out));
    TD_TRY(td_array_note_parse(td_array_note_text(t, "x", arena), arena, &note));
    const td_status error = open_and_fill(form, &note, out->data, out->size, arena, &again);

    if (!error) {
        TD_ASSERT(again.inputs[0].dtype == t->dtype && td_shape_equal(&again.inputs[0].shape, &t->shape));
        TD_ASSERT(t->dtype == TD_STRING || !td_tensor_bytes(t) ||
                  !memcmp(again.inputs[0].data, t->data, td_tensor_bytes(t)));
    }
    td_predict_close(&again);
    return error;
}

static td_status handle(const char *text, const uint8_t *body, size_t size, td_arena *arena, td_predict *p,
                        td_json_out *out)
{
    const td_array_form form = td_array_is_npy(body, size) ? TD_ARRAY_NPY : TD_ARRAY_RAW;
    td_array_note note = { 0 };

    if (*text) TD_TRY(td_array_note_parse(text, arena, &note));
    TD_TRY(open_and_fill(form, &note, body, size, arena, p));
    TD_TRY(td_predict_run(p, 0));
    return check_back(form, p, arena, out);
}

void fuzz_one(const uint8_t *data, size_t size)
{
    const uint8_t *const end = memchr(data, 0, size);
    td_arena *const arena = td_arena_make();
    td_json_out out = { 0 };
    td_predict p = { 0 };

    if (end)
        (void)fuzz_end(handle((const char *)data, end + 1, (size_t)(data + size - end - 1), arena, &p, &out));
    td_predict_close(&p);
    td_json_out_fini(&out);
    td_arena_free(arena);
}
