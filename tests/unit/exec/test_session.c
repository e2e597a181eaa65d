/* SPDX-License-Identifier: Apache-2.0 */
/* test_session.c -- sessions end to end, on graphs written as text: calls, loops, state, plans, refusals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "assert_status.h"
#include "tensord/session.h"

#include "base/strbuf.h"
#include "base/thread.h"
#include "temp_dir.h"

/* ---------------------------------------------------------------- models as text */

#define ATTR(name, value)   "attr { key: \"" name "\" value { " value " } } "
#define T_FLOAT             ATTR("T", "type: DT_FLOAT")
#define NODE(name, op, ins) "node { name: \"" name "\" op: \"" op "\" " ins
#define IN(x)               "input: \"" x "\" "
#define PLACEHOLDER(name)   NODE(name, "Placeholder", ATTR("dtype", "type: DT_FLOAT") "} ")
#define CONST(name, v)                                                                                       \
    NODE(name, "Const",                                                                                      \
         ATTR("dtype", "type: DT_FLOAT")                                                                     \
             ATTR("value", "tensor { dtype: DT_FLOAT tensor_shape { } float_val: " v " }") "} ")
#define INT(name, v)                                                                                         \
    NODE(name, "Const",                                                                                      \
         ATTR("dtype", "type: DT_INT32")                                                                     \
             ATTR("value", "tensor { dtype: DT_INT32 tensor_shape { } int_val: " v " }") "} ")
#define MATRIX(name, type, field)                                                                            \
    NODE(name, "Const",                                                                                      \
         ATTR("dtype", "type: DT_" type)                                                                     \
             ATTR("value", "tensor { dtype: DT_" type                                                        \
                           " tensor_shape { dim { size: 1 } dim { size: 1 } } " field ": 1 }") "} ")
#define BINARY(name, op, a, b) NODE(name, op, IN(a) IN(b) T_FLOAT "} ")
#define SIGNATURE(in, out)                                                                                   \
    "signature_def { key: \"s\" value { method_name: \"tensorflow/serving/predict\" "                        \
    "inputs { key: \"x\" value { name: \"" in ":0\" dtype: DT_FLOAT tensor_shape { dim { size: -1 } } } } "  \
    "outputs { key: \"y\" value { name: \"" out                                                              \
    "\" dtype: DT_FLOAT tensor_shape { unknown_rank: true } } } } } "

/* Writes a model with this meta graph and loads it. */
static td_status load(const char *graph, const char *signatures, td_session **out)
{
    td_strbuf text = { 0 };

    td_strbuf_printf(
        &text,
        "saved_model_schema_version: 1 meta_graphs { meta_info_def { tags: \"serve\" } graph_def { %s } %s }",
        graph, signatures);
    temp_dir_write("saved_model.pbtxt", td_strbuf_text(&text), text.size);
    td_strbuf_fini(&text);
    return td_session_load(temp_dir, NULL, out);
}

static td_session *loaded(const char *graph, const char *signatures)
{
    td_session *s = NULL;

    assert_ok(load(graph, signatures, &s));
    return s;
}

static void assert_refused(const char *graph, const char *signatures, const char *why)
{
    td_session *s = NULL;

    assert_says(load(graph, signatures, &s), why);
}

/* Runs signature "s" on x, n values; y must be want, n_want values. */
static td_status run(td_session *s, float *x, int64_t n, td_result **r)
{
    const td_tensor in = { TD_F32, { 1, { n } }, x, NULL };
    const size_t want = 0;

    return td_session_run(s, td_session_find_signature(s, "s"), &in, &want, 1, NULL, r);
}

static void assert_runs(td_session *s, float *x, int64_t n, const float *want, int64_t n_want)
{
    td_result *r = NULL;

    assert_ok(run(s, x, n, &r));
    const td_tensor *const y = td_result_outputs(r);
    assert_int_equal(td_shape_count(&y->shape), n_want);
    for (int64_t i = 0; i < n_want; i++)
        assert_float_equal(((const float *)y->data)[i], want[i], 1e-6f);
    td_result_free(r);
}

/* ---------------------------------------------------------------- tests */

static void test_plans_follow_shapes(void **state)
{
    td_session *const s = loaded(PLACEHOLDER("x") CONST("a", "0.5") CONST("b", "2")
                                     BINARY("m", "Mul", "x", "a") BINARY("y", "AddV2", "m", "b"),
                                 SIGNATURE("x", "y:0"));
    float x[64], want[64];

    (void)state;
    for (int n = 0; n < 64; n++) { /* more shapes than a program keeps plans */
        for (int i = 0; i < n; i++) {
            x[i] = (float)i;
            want[i] = 0.5f * (float)i + 2.0f;
        }
        assert_runs(s, x, n, want, n);
    }
    td_session_unref(s);
}

/* Denormals are zero inside a run, as in TensorFlow; the caller's own arithmetic stays as it was. */
static void test_denormals_are_zero(void **state)
{
    td_session *const s =
        loaded(PLACEHOLDER("x") CONST("a", "1e20") BINARY("y", "Mul", "x", "a"), SIGNATURE("x", "y:0"));
    float x[3] = { 1e-40f, -1e-45f, 2.0f };
    volatile float tiny = 1e-40f;

    (void)state;
    assert_runs(s, x, 3, (const float[]){ 0.0f, 0.0f, 2e20f }, 3);
    assert_true(tiny * 0.5f > 0.0f);
    td_session_unref(s);
}

/* A value with several users, in-place candidates and an output that is the input itself. */
static void test_lifetimes(void **state)
{
    td_session *const s = loaded(
        PLACEHOLDER("x") BINARY("a", "AddV2", "x", "x") BINARY("b", "Mul", "a", "x")
            BINARY("c", "Sub", "b", "a") BINARY("d", "Mul", "c", "b") BINARY("e", "AddV2", "d", "a")
                BINARY("f", "Sub", "e", "c"),
        SIGNATURE(
            "x",
            "f:0") "signature_def { key: \"same\" value { inputs { key: \"x\" value { name: \"x:0\" dtype: "
                   "DT_FLOAT } } outputs { key: \"x\" value { name: \"x:0\" dtype: DT_FLOAT } } } }");
    float x[3] = { 1, 2, 3 }, want[3];

    (void)state;
    for (int i = 0; i < 3; i++) {
        const float a = 2 * x[i], b = a * x[i], c = b - a;

        want[i] = c * b + a - c;
    }
    assert_runs(s, x, 3, want, 3);
    const td_tensor in = { TD_F32, { 1, { 3 } }, x, NULL };
    const size_t first = 0;
    td_result *r = NULL;
    td_status_free(td_session_run(s, td_session_find_signature(s, "same"), &in, &first, 1, NULL, &r));
    assert_non_null(r);
    assert_memory_equal(td_result_outputs(r)->data, x, sizeof x);
    td_result_free(r);
    td_session_unref(s);
}

#define ARG(name, type)      "input_arg { name: \"" name "\" type: " type " } "
#define RET(name, type)      "output_arg { name: \"" name "\" type: " type " } "
#define FNODE(name, op, ins) "node_def { name: \"" name "\" op: \"" op "\" " ins
#define FINT(name, v)                                                                                        \
    FNODE(name, "Const",                                                                                     \
          ATTR("dtype", "type: DT_INT32")                                                                    \
              ATTR("value", "tensor { dtype: DT_INT32 tensor_shape { } int_val: " v " }") "} ")
#define LOOP_TYPES "list { type: DT_INT32 type: DT_FLOAT type: DT_FLOAT }"

/* while (i < 5) { i, a, b = i + 1, b, a + b }:
 * what one round returns is what the next one reads, crosswise. */
static const char fibonacci[] = PLACEHOLDER("x") CONST("zero", "0") INT("i0", "0") BINARY("z", "Mul", "x",
                                                                                          "zero")
    NODE("w", "While",
         IN("i0") IN("z") IN("x") ATTR("T", LOOP_TYPES) ATTR("cond", "func { name: \"less\" }") ATTR(
             "body",
             "func { name: \"next\" }") "} ") "library { "
                                              "function { signature { name: \"less\" " ARG("i", "DT_INT32")
                                                  ARG("a",
                                                      "DT_FLOAT") ARG("b", "DT_FLOAT")
                                                      RET("go", "DT_BOOL") "} " FINT("five", "5") FNODE(
                                                          "l", "Less",
                                                          IN("i") IN("five:output:0") ATTR(
                                                              "T",
                                                              "type: DT_INT32") "} ") "ret { key: \"go\" "
                                                                                      "value: \"l:z:0\" } } "
                                                                                      "function { signature "
                                                                                      "{ name: \"next\" " ARG(
                                                                                          "i", "DT_INT32")
                                                                                          ARG("a", "DT_FLOAT") ARG(
                                                                                              "b",
                                                                                              "DT_FLOAT") RET("i1",
                                                                                                              "DT_"
                                                                                                              "INT3"
                                                                                                              "2")
                                                                                              RET("a1",
                                                                                                  "DT_"
                                                                                                  "FLOA"
                                                                                                  "T") RET("b"
                                                                                                           "1",
                                                                                                           "D"
                                                                                                           "T"
                                                                                                           "_"
                                                                                                           "F"
                                                                                                           "L"
                                                                                                           "O"
                                                                                                           "A"
                                                                                                           "T") "} " FINT("one",
                                                                                                                          "1")
                                                                                                  FNODE(
                                                                                                      "add",
                                                                                                      "AddV2",
                                                                                                      IN("i") IN(
                                                                                                          "on"
                                                                                                          "e:"
                                                                                                          "ou"
                                                                                                          "tp"
                                                                                                          "ut"
                                                                                                          ":"
                                                                                                          "0")
                                                                                                          ATTR(
                                                                                                              "T",
                                                                                                              "type: DT_INT32") "} ")
                                                                                                      FNODE(
                                                                                                          "su"
                                                                                                          "m",
                                                                                                          "Ad"
                                                                                                          "dV"
                                                                                                          "2",
                                                                                                          IN("a") IN(
                                                                                                              "b")
                                                                                                              T_FLOAT
                                                                                                          "}"
                                                                                                          " ") "ret { key: \"i1\" value: \"add:z:0\" } ret { key: \"a1\" value: \"b\" } ret { key: \"b1\" value: \"sum:z:0\" } } } ";

static void test_loop_hands_values_crosswise(void **state)
{
    td_session *const s = loaded(fibonacci, SIGNATURE("x", "w:2"));
    float x[2] = { 1, 10 };

    (void)state;
    assert_runs(s, x, 2, (float[]){ 8, 80 }, 2);
    assert_runs(s, x, 1, (float[]){ 8 }, 1);
    td_session_unref(s);
}

static const char counter[] =
    PLACEHOLDER("x") NODE("v", "VariableV2", ATTR("dtype", "type: DT_FLOAT") ATTR("shape", "shape { }") "} ")
        CONST("start", "100") NODE("init", "Assign", IN("v") IN("start") T_FLOAT "} ")
            NODE("main_op", "NoOp", IN("^init") "} ")
                NODE("delta", "Sum", IN("x") IN("axis") T_FLOAT ATTR("Tidx", "type: DT_INT32") "} ")
                    INT("axis", "0") NODE("y", "AssignAdd", IN("v") IN("delta") T_FLOAT "} ");
#define MAIN_OP "collection_def { key: \"saved_model_main_op\" value { node_list { value: \"main_op\" } } } "

static void test_state_is_kept_and_not_warmed_up(void **state)
{
    td_session *const s = loaded(counter, SIGNATURE("x", "y:0") MAIN_OP);
    float x[2] = { 1, 2 };

    (void)state;
    assert_runs(s, x, 2, (float[]){ 103 }, 1);
    assert_runs(s, x, 2, (float[]){ 106 }, 1);
    td_session_unref(s);
}

#define VARIABLE(name)                                                                                       \
    NODE(name, "VarHandleOp",                                                                                \
         ATTR("dtype", "type: DT_FLOAT") ATTR("shape", "shape { }")                                          \
             ATTR("shared_name", "s: \"" name "\"") "} ")
#define READ(name, of)      NODE(name, "ReadVariableOp", IN(of) ATTR("dtype", "type: DT_FLOAT") "} ")
#define CHANGE(name, op, v) NODE(name, op, IN(v) IN("sum") ATTR("dtype", "type: DT_FLOAT") "} ")
#define SUM                                                                                                  \
    INT("axis", "0") NODE("sum", "Sum", IN("x") IN("axis") T_FLOAT ATTR("Tidx", "type: DT_INT32") "} ")
#define TABLE                                                                                                \
    NODE("t", "HashTableV2", ATTR("key_dtype", "type: DT_FLOAT") ATTR("value_dtype", "type: DT_FLOAT") "} ") \
    CONST("none", "7")                                                                                       \
    NODE("y", "LookupTableFindV2",                                                                           \
         IN("t") IN("x") IN("none") ATTR("Tin", "type: DT_FLOAT") ATTR("Tout", "type: DT_FLOAT") "} ")

/* What is read must have a value when the load ends: by the checkpoint, by the init op, or by a request. */
static void test_state_without_a_value_is_refused(void **state)
{
    (void)state;
    assert_refused(PLACEHOLDER("x") VARIABLE("w") READ("r", "w") BINARY("y", "Mul", "x", "r"),
                   SIGNATURE("x", "y:0"), "gives a value: w");
    assert_refused(PLACEHOLDER("x") SUM VARIABLE("count") CHANGE("add", "AssignAddVariableOp", "count") NODE(
                       "y", "ReadVariableOp", IN("count") IN("^add") ATTR("dtype", "type: DT_FLOAT") "} "),
                   SIGNATURE("x", "y:0"), "gives a value: count");
    assert_refused(PLACEHOLDER("x") TABLE, SIGNATURE("x", "y:0"), "gives a value: t");
}

static void test_requests_may_give_values(void **state)
{
    td_session *const s =
        loaded(PLACEHOLDER("x") SUM VARIABLE("w") CHANGE("set", "AssignVariableOp", "w")
                   NODE("y", "ReadVariableOp", IN("w") IN("^set") ATTR("dtype", "type: DT_FLOAT") "} ")
                       VARIABLE("unused") READ("r", "unused"),
               SIGNATURE("x", "y:0"));
    float x[2] = { 1, 2 };

    (void)state;
    assert_runs(s, x, 2, (float[]){ 3 }, 1);
    td_session_unref(s);
}

/* Warm-up feeds zeros: that a model refuses them says nothing about it. */
static void test_a_model_may_refuse_zeros(void **state)
{
    td_session *const s = loaded(
        PLACEHOLDER("x") INT("one", "1")
            NODE("i", "Cast", IN("x") ATTR("SrcT", "type: DT_FLOAT") ATTR("DstT", "type: DT_INT32") "} ")
                NODE("d", "FloorDiv", IN("one") IN("i") ATTR("T", "type: DT_INT32") "} ") NODE(
                    "y", "Cast", IN("d") ATTR("SrcT", "type: DT_INT32") ATTR("DstT", "type: DT_FLOAT") "} "),
        SIGNATURE("x", "y:0"));
    float x[1] = { 1 };

    (void)state;
    assert_runs(s, x, 1, (float[]){ 1 }, 1);
    td_session_unref(s);
}

static void test_refusals(void **state)
{
    (void)state;
    assert_refused(PLACEHOLDER("x") NODE("a", "Frobnicate", IN("x") "} ")
                       NODE("b", "Defenestrate", IN("a") "} "),
                   SIGNATURE("x", "b:0"), "Frobnicate");
    assert_refused(PLACEHOLDER("x") NODE("a", "Frobnicate", IN("x") "} ")
                       NODE("b", "Defenestrate", IN("a") "} "),
                   SIGNATURE("x", "b:0"), "Defenestrate");
}

/* A signature that cannot be compiled is refused when it is asked for;
 * it keeps nobody else from being served. */
static void assert_unusable(const char *graph, const char *out, const char *why)
{
    td_session *s = NULL;
    td_result *r = NULL;
    float x = 1;
    td_strbuf sig = { 0 };

    td_strbuf_printf(
        &sig,
        "signature_def { key: \"s\" value { inputs { key: \"x\" value { name: \"x:0\" dtype: DT_FLOAT } } "
        "outputs { key: \"y\" value { name: \"%s\" dtype: DT_FLOAT } } } }",
        out);
    td_status status = load(graph, td_strbuf_text(&sig), &s);
    td_strbuf_fini(&sig);
    if (!status) status = run(s, &x, 1, &r);
    assert_says(status, why);
    td_session_unref(s);
}

static void test_contradictions(void **state)
{
    (void)state;
    assert_unusable(PLACEHOLDER("x") INT("i", "1") NODE("y", "AddV2", IN("x") IN("i") T_FLOAT "} "), "y:0",
                    "incompatible with expected float");
    assert_unusable(PLACEHOLDER("x") MATRIX("a", "FLOAT", "float_val") MATRIX("b", "INT8", "int_val")
                        BINARY("c", "Mul", "a", "x")
                            NODE("y", "BatchMatMulV3",
                                 IN("c") IN("b") ATTR("Ta", "type: DT_FLOAT") ATTR("Tb", "type: DT_INT8")
                                     ATTR("Tout", "type: DT_FLOAT") "} "),
                    "y:0", "products of float and int8 into float");
    assert_unusable(PLACEHOLDER("x") NODE("y", "AddV2", IN("x") T_FLOAT "} "), "y:0",
                    "expected 2 inputs but got 1");
    assert_unusable(PLACEHOLDER("x") BINARY("y", "AddV2", "x", "x"), "y:3", "wants number 3");
    assert_unusable(PLACEHOLDER("x") BINARY("y", "AddV2", "x", "x"), "nothing:0", "nothing");
    assert_unusable(PLACEHOLDER("x") BINARY("a", "AddV2", "x", "b") BINARY("b", "AddV2", "a", "x"), "b:0",
                    "cycle");
    assert_unusable(PLACEHOLDER("x") PLACEHOLDER("z") BINARY("y", "AddV2", "x", "z"), "y:0",
                    "You must feed a value");
}

static void test_recursion_ends(void **state)
{
    (void)state;
    assert_unusable(
        PLACEHOLDER("x") NODE(
            "y", "PartitionedCall",
            IN("x") ATTR("Tin", "list { type: DT_FLOAT }") ATTR("Tout", "list { type: DT_FLOAT }") ATTR(
                "f",
                "func { name: \"f\" }") "} ") "library { function { signature { name: \"f\" " ARG("a",
                                                                                                  "DT_FLOAT")
            RET("r", "DT_FLOAT") "} " FNODE(
                "c", "PartitionedCall",
                IN("a") ATTR("Tin", "list { type: DT_FLOAT }") ATTR("Tout", "list { type: DT_FLOAT }")
                    ATTR("f", "func { name: \"f\" }") "} ") "ret { key: \"r\" value: \"c:output:0\" } } } ",
        "y:0", "nest deeper");
    assert_unusable(
        PLACEHOLDER("x") NODE("c", "Const",
                              ATTR("dtype", "type: DT_BOOL") ATTR(
                                  "value", "tensor { dtype: DT_BOOL tensor_shape { } bool_val: true }") "} ")
            NODE(
                "y", "StatelessIf",
                IN("c") IN("x") ATTR("Tcond", "type: DT_BOOL") ATTR("Tin", "list { type: DT_FLOAT }")
                    ATTR("Tout", "list { type: DT_FLOAT }") ATTR("then_branch", "func { name: \"f\" }") ATTR(
                        "else_branch",
                        "func { name: \"f\" }") "} ") "library { function { signature { name: \"f\" " ARG("a",
                                                                                                          "DT"
                                                                                                          "_F"
                                                                                                          "LO"
                                                                                                          "A"
                                                                                                          "T")
                RET("r", "DT_FLOAT") "} " FNODE(
                    "k", "Const",
                    ATTR("dtype", "type: DT_BOOL")
                        ATTR("value", "tensor { dtype: DT_BOOL tensor_shape { } bool_val: true }") "} ")
                    FNODE(
                        "c", "StatelessIf",
                        IN("k:output:0") IN("a") ATTR("Tcond", "type: DT_BOOL") ATTR(
                            "Tin", "list { type: DT_FLOAT }") ATTR("Tout", "list { type: DT_FLOAT }")
                            ATTR("then_branch", "func { name: \"f\" }") ATTR(
                                "else_branch",
                                "func { name: \"f\" }") "} ") "ret { key: \"r\" value: \"c:output:0\" } } } ",
        "y:0", "nests deeper");
}

static void *run_often(void *ctx)
{
    float x[7], want[7];

    for (int i = 0; i < 200; i++) {
        const int n = 1 + i % 7;

        for (int k = 0; k < n; k++) {
            x[k] = (float)(i + k);
            want[k] = 8 * x[k];
        }
        assert_runs(ctx, x, n, want, n);
    }
    return NULL;
}

static void test_threads(void **state)
{
    td_session *const s = loaded(fibonacci, SIGNATURE("x", "w:2"));
    pthread_t threads[4];

    (void)state;
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run_often, s), 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    td_session_unref(s);
}

/* ---------------------------------------------------------------- some outputs only */

#define OUTPUT(name, node)                                                                                   \
    "outputs { key: \"" name "\" value { name: \"" node                                                      \
    ":0\" dtype: DT_FLOAT tensor_shape { unknown_rank: true } } } "
#define SEVERAL(outputs)                                                                                     \
    "signature_def { key: \"s\" value { inputs { key: \"x\" value { name: \"x:0\" dtype: DT_FLOAT "          \
    "tensor_shape { dim { size: -1 } } } } " outputs "} } "

/* a = x + 2, b = a * 2, z = x as one number, which fails for any other count. */
static const char three_graph[] =
    PLACEHOLDER("x") CONST("two", "2") BINARY("a", "AddV2", "x", "two") BINARY("b", "Mul", "a", "two")
        NODE("one", "Const",
             ATTR("dtype", "type: DT_INT32")
                 ATTR("value", "tensor { dtype: DT_INT32 tensor_shape { dim { size: 1 } } int_val: 1 }") "} ")
            NODE("z", "Reshape", IN("x") IN("one") T_FLOAT ATTR("Tshape", "type: DT_INT32") "} ");

static td_status run_some(td_session *s, const size_t *want, size_t n_want, float *x, td_result **r)
{
    const td_tensor in = { TD_F32, { 1, { 2 } }, x, NULL };

    return td_session_run(s, td_session_find_signature(s, "s"), &in, want, n_want, NULL, r);
}

static void assert_some(td_session *s, const size_t *want, size_t n_want, const float *first)
{
    float x[] = { 1, 5 };
    td_result *r;

    assert_ok(run_some(s, want, n_want, x, &r));
    for (size_t i = 0; i < n_want; i++)
        assert_true(((const float *)td_result_outputs(r)[i].data)[0] == first[i]);
    td_result_free(r);
}

/* What is not asked for cannot fail. */
static void test_computes_what_is_wanted(void **state)
{
    td_session *const s = loaded(three_graph, SEVERAL(OUTPUT("a", "a") OUTPUT("b", "b") OUTPUT("z", "z")));
    float x[] = { 1, 5 };
    td_result *r;

    (void)state;
    for (int k = 0; k < 3; k++) {
        assert_some(s, (const size_t[]){ 1 }, 1, (const float[]){ 6 });
        assert_some(s, (const size_t[]){ 0 }, 1, (const float[]){ 3 });
        assert_some(s, (const size_t[]){ 1, 0 }, 2, (const float[]){ 6, 3 });
        assert_some(s, (const size_t[]){ 0, 1 }, 2, (const float[]){ 3, 6 });
        assert_status_like(run_some(s, (const size_t[]){ 2 }, 1, x, &r), TD_INVALID_ARGUMENT, "");
        assert_status_like(run_some(s, (const size_t[]){ 0, 1, 2 }, 3, x, &r), TD_INVALID_ARGUMENT, "");
    }
    td_session_unref(s);
}

/* More ways to ask than are kept: the rest gets all of it. */
static void test_computes_all_when_too_many_ask(void **state)
{
    td_strbuf outputs = { 0 }, signature = { 0 };

    (void)state;
    for (int k = 0; k < 6; k++)
        td_strbuf_printf(&outputs,
                         "outputs { key: \"o%d\" value { name: \"%s:0\" dtype: DT_FLOAT tensor_shape { "
                         "unknown_rank: true } } } ",
                         k, k % 2 ? "b" : "a");
    td_strbuf_printf(&signature, SEVERAL("%s"), td_strbuf_text(&outputs));
    td_session *const s = loaded(three_graph, td_strbuf_text(&signature));

    for (size_t mask = 1; mask < 63; mask++) {
        size_t want[6], n = 0;
        float first[6];

        for (size_t k = 0; k < 6; k++)
            if (mask >> k & 1) {
                first[n] = k % 2 ? 6 : 3;
                want[n++] = k;
            }
        assert_some(s, want, n, first);
    }
    td_session_unref(s);
    td_strbuf_fini(&outputs);
    td_strbuf_fini(&signature);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_plans_follow_shapes, temp_dir_make, temp_dir_remove),
        cmocka_unit_test_setup_teardown(test_computes_what_is_wanted, temp_dir_make, temp_dir_remove),
        cmocka_unit_test_setup_teardown(test_computes_all_when_too_many_ask, temp_dir_make, temp_dir_remove),
        cmocka_unit_test_setup_teardown(test_denormals_are_zero, temp_dir_make, temp_dir_remove),
        cmocka_unit_test_setup_teardown(test_lifetimes, temp_dir_make, temp_dir_remove),
        cmocka_unit_test_setup_teardown(test_loop_hands_values_crosswise, temp_dir_make, temp_dir_remove),
        cmocka_unit_test_setup_teardown(test_state_is_kept_and_not_warmed_up, temp_dir_make, temp_dir_remove),
        cmocka_unit_test_setup_teardown(test_state_without_a_value_is_refused, temp_dir_make,
                                        temp_dir_remove),
        cmocka_unit_test_setup_teardown(test_requests_may_give_values, temp_dir_make, temp_dir_remove),
        cmocka_unit_test_setup_teardown(test_a_model_may_refuse_zeros, temp_dir_make, temp_dir_remove),
        cmocka_unit_test_setup_teardown(test_refusals, temp_dir_make, temp_dir_remove),
        cmocka_unit_test_setup_teardown(test_contradictions, temp_dir_make, temp_dir_remove),
        cmocka_unit_test_setup_teardown(test_recursion_ends, temp_dir_make, temp_dir_remove),
        cmocka_unit_test_setup_teardown(test_threads, temp_dir_make, temp_dir_remove),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
