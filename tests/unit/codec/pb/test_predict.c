/* SPDX-License-Identifier: Apache-2.0 */
/* test_predict.c -- PredictRequest to a td_predict and a td_predict to PredictResponse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "assert_status.h"
#include "codec/pb/info.h"
#include "codec/pb/predict.h"
#include "codec/pb/wire_buf.h"
#include "../fake_session.h"
#include "formats/tensor_proto.h"
#include "serve/table.h"

static int64_t seven = 7;
static const td_tensor default_b = { .dtype = TD_I64, .data = &seven };
static const td_tensor_info inputs[] = {
    { .alias = "a", .tensor = "a:0", .dtype = TD_F32, .shape = { .rank = 1, .dims = { -1 } } },
    { .alias = "b", .tensor = "b:0", .dtype = TD_I64, .default_value = &default_b },
};
static const td_tensor_info outputs[] = {
    { .alias = "y", .tensor = "y:0", .dtype = TD_F32 },
    { .alias = "z", .tensor = "z:0", .dtype = TD_I64, .is_ref = true, .shape = { .rank = -1 } },
};
const td_signature fake_signature = {
    "serving_default", "tensorflow/serving/predict", inputs, outputs, 2, 2
};

static td_arena *arena;
static td_predict predict;
static td_strbuf message;

/* ---------------------------------------------------------------- building requests */

static void add_spec(const char *name, int64_t version, const char *label, const char *signature)
{
    td_strbuf spec = { 0 }, value = { 0 };

    td_wire_buf_text(&spec, 1, name);
    if (version) {
        td_wire_buf_number(&value, 1, version);
        td_wire_buf_message(&spec, 2, &value);
    }
    td_wire_buf_text(&spec, 4, label);
    td_wire_buf_text(&spec, 3, signature);
    td_wire_buf_message(&message, 1, &spec);
}

static void add_floats(const char *alias, const float *v, size_t n)
{
    td_strbuf tensor = { 0 }, shape = { 0 }, dim = { 0 };

    td_wire_buf_number(&tensor, 1, TD_F32);
    td_wire_buf_number(&dim, 1, (int64_t)n);
    td_wire_buf_message(&shape, 2, &dim);
    td_wire_buf_message(&tensor, 2, &shape);
    td_wire_buf_bytes(&tensor, 4, v, n * sizeof *v);
    td_wire_buf_entry(&message, 2, alias, &tensor);
}

static void add_raw(const char *alias, const char *bytes, size_t size)
{
    td_strbuf tensor = { 0 };

    td_strbuf_add(&tensor, bytes, size);
    td_wire_buf_entry(&message, 2, alias, &tensor);
}

/* parse, open, fill */
static td_status read_message(void)
{
    td_grpc_predict_request r;

    TD_TRY(td_grpc_predict_parse((const uint8_t *)message.data, message.size, arena, &r));
    TD_TRY(td_predict_open(td_servable_make("m", 3, NULL, td_servable_free, NULL), r.spec.signature,
                           TD_WORDING_GRPC, arena, &predict));
    return td_grpc_predict_fill(&r, &predict);
}

static int setup(void **state)
{
    (void)state;
    arena = td_arena_make();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    td_predict_close(&predict);
    td_strbuf_fini(&message);
    td_arena_free(arena);
    return 0;
}

/* ---------------------------------------------------------------- requests */

static td_status join(const char *name, int64_t version, const char *label, td_model_spec *address)
{
    td_grpc_predict_request r;

    td_strbuf_fini(&message);
    add_spec(name, version, label, NULL);
    TD_TRY(td_grpc_predict_read((const uint8_t *)message.data, message.size, arena, &r));
    return td_grpc_spec_join(&r.spec, address);
}

static void specs_join_addresses(void **state)
{
    const td_model_spec plain = { .name = { "m", 1 } },
                        third = { .name = { "m", 1 }, .has_version = true, .version = 3 },
                        labeled = { .name = { "m", 1 }, .label = { "a", 1 } };
    td_model_spec at = plain;

    (void)state;
    assert_ok(join(NULL, 0, NULL, &at));
    assert_false(at.has_version);
    assert_ok(join("m", 4, NULL, &at));
    assert_true(at.has_version);
    assert_int_equal(at.version, 4);
    at = plain;
    assert_ok(join("m", 0, "a", &at));
    assert_int_equal(at.label.size, 1);
    at = third;
    assert_ok(join("m", 3, NULL, &at));
    assert_says(join("m", 4, NULL, &at), "another version");
    assert_says(join(NULL, 0, "a", &at), "another version");
    at = labeled;
    assert_ok(join("", 0, "a", &at));
    assert_says(join("m", 0, "b", &at), "another version");
    assert_says(join("m", 3, NULL, &at), "another version");
    assert_says(join("n", 0, NULL, &at), "names the model n, the URL m");
}

static const float three[] = { 1, 2, 5 };

static void reads_inputs(void **state)
{
    (void)state;
    add_spec("m", 0, NULL, NULL);
    add_floats("a", three, 3);
    add_raw("b", "\x08\x09\x52\x01\x05", 5); /* int64_val: 5 */
    assert_null(read_message());
    assert_int_equal(predict.inputs[0].dtype, TD_F32);
    assert_memory_equal(predict.inputs[0].data, three, sizeof three);
    assert_int_equal(predict.inputs[1].dtype, TD_I64);
    assert_int_equal(*(int64_t *)predict.inputs[1].data, 5);
}

static void last_of_one_name_counts(void **state)
{
    const float other[] = { 9 };

    (void)state;
    add_spec("m", 0, NULL, NULL);
    add_floats("a", other, 1);
    add_floats("a", three, 3);
    assert_null(read_message());
    assert_int_equal(td_shape_count(&predict.inputs[0].shape), 3);
}

static void reads_specs(void **state)
{
    td_grpc_predict_request r;

    (void)state;
    add_spec("m", 9, NULL, "sig");
    assert_null(td_grpc_predict_parse((const uint8_t *)message.data, message.size, arena, &r));
    assert_true(r.spec.model.has_version);
    assert_int_equal(r.spec.model.version, 9);
    assert_int_equal(r.spec.signature.size, 3);

    add_spec(NULL, 0, "stable", NULL); /* merged: the label takes the version's place */
    assert_null(td_grpc_predict_parse((const uint8_t *)message.data, message.size, arena, &r));
    assert_false(r.spec.model.has_version);
    assert_int_equal(r.spec.model.label.size, 6);
    assert_int_equal(r.spec.model.name.size, 1);
}

static void refuses_no_model(void **state)
{
    (void)state;
    assert_status(read_message(), TD_INVALID_ARGUMENT, "Missing ModelSpec");
    add_spec(NULL, 1, NULL, NULL);
    assert_status(read_message(), TD_INVALID_ARGUMENT, "ModelSpec has no name specified.");
    td_strbuf_add(&message, "\x0a\x7f", 2);
    assert_status(read_message(), TD_INVALID_ARGUMENT, "Damaged PredictRequest");
}

static void names_must_match(void **state)
{
    (void)state;
    add_spec("m", 0, NULL, NULL);
    add_floats("c", three, 3);
    add_floats("a", three, 3);
    add_floats("d", three, 3);
    assert_status(
        read_message(), TD_INVALID_ARGUMENT,
        "input size does not match signature: 3!=2 len({a,c,d}) != len({a,b}). Sent extra: {c,d}. Missing "
        "but required: {b}.");
}

static void missing_without_default(void **state)
{
    (void)state;
    add_spec("m", 0, NULL, NULL);
    add_raw("b", "\x08\x09\x52\x01\x05", 5);
    assert_status(
        read_message(), TD_INVALID_ARGUMENT,
        "Signature input alias: a(feed name: a:0) not found in request and no default value provided. Inputs "
        "expected to be in the request {a,b}, or default input alias set: b. The request has {b}.");
}

static void extra_beside_default(void **state)
{
    (void)state;
    add_spec("m", 0, NULL, NULL);
    add_floats("a", three, 3);
    add_floats("c", three, 3);
    assert_status(read_message(), TD_INVALID_ARGUMENT,
                  "Inputs contains invalid name. Used request inputs: a,b, request input: a,c");
}

static void default_fills_in(void **state)
{
    (void)state;
    add_spec("m", 0, NULL, NULL);
    add_floats("a", three, 3);
    assert_null(read_message());
    assert_int_equal(predict.inputs[1].dtype, TD_DTYPE_NONE);
}

static void bad_tensors_are_named(void **state)
{
    (void)state;
    add_spec("m", 0, NULL, NULL);
    add_raw("a",
            "\x08\x01\x22\x03"
            "abc",
            7); /* three bytes for a float */
    assert_status(read_message(), TD_INVALID_ARGUMENT, "tensor parsing error: a");
}

static void huge_tensors_are_refused(void **state)
{
    (void)state;
    add_spec("m", 0, NULL, NULL);
    add_raw("a", "\x08\x01\x12\x08\x12\x06\x08\x80\x80\x80\x80\x10", 12); /* 4 Gi floats, none of them sent */
    assert_status(read_message(), TD_RESOURCE_EXHAUSTED, "Input a is too large");
}

static void filters_outputs(void **state)
{
    (void)state;
    add_spec("m", 0, NULL, NULL);
    add_floats("a", three, 3);
    td_wire_buf_text(&message, 3, "z");
    assert_null(read_message());
    assert_int_equal(predict.n_want, 1);
    assert_int_equal(predict.want[0], 1);
}

static void finds_the_content(void **state)
{
    (void)state;
    add_spec("m", 0, NULL, NULL);
    add_floats("a", three, 3);

    const uint8_t *const head = (const uint8_t *)message.data;
    const size_t at = td_grpc_predict_content_at(head, message.size);
    assert_true(at > 0 && at + sizeof three <= message.size);
    assert_memory_equal(head + at, three, sizeof three);
    assert_int_equal(td_grpc_predict_content_at(head, at + 1), at);
    for (size_t cut = 0; cut < at; cut++)
        assert_int_equal(td_grpc_predict_content_at(head, cut), cut < at ? 0 : at);
}

/* ---------------------------------------------------------------- replies */

static void writes_replies(void **state)
{
    td_grpc_predict_reply reply;

    (void)state;
    add_spec("m", 0, NULL, NULL);
    add_floats("a", three, 3);
    assert_null(read_message());
    assert_null(td_predict_run(&predict, 0));
    assert_null(td_grpc_predict_plan(&predict, NULL, false, &reply));
    uint8_t *const bytes = malloc(reply.size);
    assert_ptr_equal(td_grpc_predict_put(bytes, &reply), bytes + reply.size);

    static const uint8_t want[] = "\x0a\x1b\x0a\x01y\x12\x16"        /* outputs { key: "y" value { */
                                  "\x08\x01\x12\x04\x12\x02\x08\x03" /* DT_FLOAT, [3] */
                                  "\x2a\x0c\x00\x00\x80\x3f\x00\x00\x00\x40\x00\x00\xa0\x40"
                                  "\x0a\x0c\x0a\x01z\x12\x07\x08\x09\x12\x00\x52\x01\x07"
                                  "\x12\x18\x0a\x01m\x12\x02\x08\x03\x1a\x0fserving_default";
    assert_int_equal(reply.size, sizeof want - 1);
    assert_memory_equal(bytes, want, sizeof want - 1);
    free(bytes);
}

/* A reply in pieces is the same bytes. */
static void cuts_large_outputs_out(void **state)
{
    enum { N = (1 << 20) / sizeof(float) }; /* as few as are lent */
    float *const many = calloc(N, sizeof *many);
    td_grpc_predict_reply reply;
    td_grpc_cut cuts[2];

    (void)state;
    for (size_t k = 0; k < 2; k++) { /* one element less is written */
        add_spec("m", 0, NULL, NULL);
        add_floats("a", many, N - k);
        assert_null(read_message());
        assert_null(td_predict_run(&predict, 0));
        assert_null(td_grpc_predict_plan(&predict, NULL, k == 0, &reply));
        const size_t lent = td_grpc_predict_lent(&reply);
        uint8_t *const whole = malloc(reply.size), *const cut = malloc(reply.size - lent);
        assert_ptr_equal(td_grpc_predict_put(whole, &reply), whole + reply.size);
        const size_t n = td_grpc_predict_put_cut(cut, &reply, cuts), at = n ? cuts[0].at : 0;
        assert_int_equal(lent, k ? 0 : 1 << 20);
        assert_int_equal(n, k ? 0 : 1);
        if (n) assert_int_equal(cuts[0].size, lent);
        if (n) assert_ptr_equal(cuts[0].data, td_predict_output(&predict, 0)->data);
        assert_memory_equal(cut, whole, at);
        assert_memory_equal(cut + at, whole + at + lent, reply.size - lent - at);
        if (n) assert_memory_equal(cuts[0].data, whole + at, lent);
        free(whole);
        free(cut);
        td_predict_close(&predict);
        message.size = 0;
    }
    free(many);
}

static void writes_metadata(void **state)
{
    td_servable *const s = td_servable_make("m", 3, NULL, td_servable_free, NULL);
    td_strbuf out = { 0 };
    td_wire_field f;

    (void)state;
    assert_null(td_grpc_metadata_put(s, &out));
    td_wire w = td_wire_of(out.data, out.size);
    assert_true(td_wire_next(&w, &f) && td_wire_is(&f, 1, TD_WIRE_BYTES)); /* model_spec */
    assert_true(td_wire_next(&w, &f) && td_wire_is(&f, 2, TD_WIRE_BYTES)); /* metadata */
    w = td_wire_inside(&f);
    assert_true(td_wire_next(&w, &f) && f.size == 13 && !memcmp(f.data, "signature_def", 13));
    assert_true(td_wire_next(&w, &f) && f.number == 2);
    w = td_wire_inside(&f);
    assert_true(td_wire_next(&w, &f) && f.size == 54); /* type.googleapis.com/... */
    td_strbuf_fini(&out);
    td_servable_release(s);
}

static void metadata_requests_are_checked(void **state)
{
    td_grpc_spec spec;

    (void)state;
    add_spec("m", 0, NULL, NULL);
    assert_status(td_grpc_metadata_parse((const uint8_t *)message.data, message.size, &spec),
                  TD_INVALID_ARGUMENT, "GetModelMetadataRequest must specify at least one metadata_field");
    td_wire_buf_text(&message, 2, "signature_def");
    assert_null(td_grpc_metadata_parse((const uint8_t *)message.data, message.size, &spec));
    td_wire_buf_text(&message, 2, "x");
    assert_status(td_grpc_metadata_parse((const uint8_t *)message.data, message.size, &spec),
                  TD_INVALID_ARGUMENT, "Metadata field x is not supported");
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(specs_join_addresses),
        CASE(reads_inputs),
        CASE(last_of_one_name_counts),
        CASE(reads_specs),
        CASE(refuses_no_model),
        CASE(names_must_match),
        CASE(missing_without_default),
        CASE(extra_beside_default),
        CASE(default_fills_in),
        CASE(bad_tensors_are_named),
        CASE(huge_tensors_are_refused),
        CASE(filters_outputs),
        CASE(finds_the_content),
        CASE(writes_replies),
        CASE(cuts_large_outputs_out),
        CASE(writes_metadata),
        CASE(metadata_requests_are_checked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
