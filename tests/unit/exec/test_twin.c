/* SPDX-License-Identifier: Apache-2.0 */
/* test_twin.c -- which signatures are the same under two names, and that those which are not are told apart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "assert_status.h"
#include "base/strbuf.h"
#include "exec/load.h"
#include "temp_dir.h"

#define ATTR(name, value) "attr { key: \"" name "\" value { " value " } } "
#define T_FLOAT           ATTR("T", "type: DT_FLOAT")
#define IN(name)          "node { name: \"" name "\" op: \"Placeholder\" " ATTR("dtype", "type: DT_FLOAT") "} "
#define CONST(name, v)                                                                                       \
    "node { name: \"" name "\" op: \"Const\" " ATTR("dtype", "type: DT_FLOAT")                               \
        ATTR("value", "tensor { dtype: DT_FLOAT tensor_shape { } float_val: " v " }") "} "
#define CALL(name, f, a, b)                                                                                  \
    "node { name: \"" name "\" op: \"PartitionedCall\" input: \"" a "\" input: \"" b                         \
    "\" " ATTR("f", "func { name: \"" f "\" }") ATTR("Tin", "list { type: DT_FLOAT type: DT_FLOAT }")        \
        ATTR("Tout", "list { type: DT_FLOAT }") "} "
#define NODE(name, op, a, b)                                                                                 \
    "node_def { name: \"" name "\" op: \"" op "\" input: \"" a "\" input: \"" b "\" " T_FLOAT "} "
#define FUNCTION(name, nodes, ret)                                                                           \
    "function { signature { name: \"" name                                                                   \
    "\" input_arg { name: \"p\" type: DT_FLOAT } input_arg { name: \"q\" type: DT_FLOAT } "                  \
    "output_arg { name: \"r\" type: DT_FLOAT } } " nodes "ret { key: \"r\" value: \"" ret "\" } } "
#define SIG(name, in, out, dims)                                                                             \
    "signature_def { key: \"" name "\" value { inputs { key: \"x\" value { name: \"" in                      \
    ":0\" dtype: DT_FLOAT tensor_shape { " dims "} } } outputs { key: \"y\" value { name: \"" out            \
    ":0\" dtype: DT_FLOAT tensor_shape { " dims "} } } } } "

/* As Keras does it: two functions around one. */
#define WRAPPER(name)                                                                                        \
    FUNCTION(name,                                                                                           \
             "node_def { name: \"call\" op: \"PartitionedCall\" input: \"p\" input: \"q\" " ATTR(            \
                 "f", "func { name: \"inner\" }") ATTR("Tin", "list { type: DT_FLOAT type: DT_FLOAT }")      \
                 ATTR("Tout", "list { type: DT_FLOAT }") "} node_def { name: \"NoOp\" op: \"NoOp\" input: "  \
                                                         "\"^call\" } node_def { name: \"id\" op: "          \
                                                         "\"Identity\" input: \"call:output:0\" input: "     \
                                                         "\"^NoOp\" " T_FLOAT "} ",                          \
             "id:output:0")
#define INNER    FUNCTION("inner", NODE("m", "Mul", "p", "q"), "m:z:0")
#define MUL(f)   FUNCTION(f, NODE("m", "Mul", "p", "q"), "m:z:0")
#define ADD(f)   FUNCTION(f, NODE("m", "AddV2", "p", "q"), "m:z:0")
#define SWAP(f)  FUNCTION(f, NODE("m", "Sub", "q", "p"), "m:z:0")
#define SUB(f)   FUNCTION(f, NODE("m", "Sub", "p", "q"), "m:z:0")
#define BODY     IN("a") IN("b") CONST("k", "3") CONST("l", "5")
#define TWO_SIGS SIG("serve", "a", "f", "") SIG("serving_default", "b", "g", "")

static td_session *load(const char *nodes, const char *functions, const char *signatures)
{
    td_strbuf text = { 0 };
    td_session *s = NULL;

    td_strbuf_printf(
        &text,
        "saved_model_schema_version: 1 meta_graphs { meta_info_def { tags: \"serve\" } graph_def { %s "
        "library { %s } } %s }",
        nodes, functions, signatures);
    temp_dir_write("saved_model.pbtxt", td_strbuf_text(&text), text.size);
    td_strbuf_fini(&text);
    assert_ok(td_session_load(temp_dir, NULL, &s));
    return s;
}

static float answer(td_session *s, const char *signature, float x)
{
    const td_tensor in = { TD_F32, { 0 }, &x, NULL };
    const size_t want = 0;
    td_result *r = NULL;

    assert_ok(td_session_run(s, td_session_find_signature(s, signature), &in, &want, 1, NULL, &r));
    const float y = *(const float *)td_result_outputs(r)[0].data;
    td_result_free(r);
    return y;
}

/* Of the signatures in the order of their names, the one whose program serves; 9: its own. */
static size_t lead_of(const td_session *s, size_t i)
{
    const td_entry *const twin = s->entries[i].twin;

    assert_true(twin ? !s->entries[i].prog && twin->prog : s->entries[i].prog != NULL);
    return twin ? (size_t)(twin - s->entries) : 9;
}

static void check(const char *nodes, const char *functions, const char *signatures, bool is_twin, float serve,
                  float serving_default)
{
    td_session *const s = load(nodes, functions, signatures);

    assert_int_equal(lead_of(s, 0), is_twin ? 1 : 9);
    assert_int_equal(lead_of(s, 1), 9);
    assert_true(answer(s, "serve", 2) == serve);
    assert_true(answer(s, "serving_default", 2) == serving_default);
    td_session_unref(s);
}

static void test_twins(void **state)
{
    (void)state;
    check(BODY CALL("f", "w", "a", "k") CALL("g", "v", "b", "k"), WRAPPER("w") WRAPPER("v") INNER, TWO_SIGS,
          true, 6, 6);
    check(BODY CALL("f", "w", "a", "k") CALL("g", "w", "b", "k"), MUL("w"), TWO_SIGS, true, 6, 6);
    check(BODY CALL("f", "w", "a", "k") CALL("g", "v", "b", "k"), MUL("w") MUL("v"), TWO_SIGS, true, 6, 6);
}

static void test_told_apart(void **state)
{
    (void)state;
    /* by another constant */
    check(BODY CALL("f", "w", "a", "k") CALL("g", "w", "b", "l"), MUL("w"), TWO_SIGS, false, 6, 10);
    /* by what a function does */
    check(BODY CALL("f", "w", "a", "k") CALL("g", "v", "b", "k"), MUL("w") ADD("v"), TWO_SIGS, false, 6, 5);
    /* by the order of its arguments, inside and outside */
    check(BODY CALL("f", "w", "a", "k") CALL("g", "v", "b", "k"), SUB("w") SWAP("v"), TWO_SIGS, false, -1, 1);
    check(BODY CALL("f", "w", "a", "k") CALL("g", "w", "k", "b"), SUB("w"), TWO_SIGS, false, -1, 1);
    /* by their shapes */
    check(BODY CALL("f", "w", "a", "k") CALL("g", "w", "b", "k"), MUL("w"),
          SIG("serve", "a", "f", "unknown_rank: true ") SIG("serving_default", "b", "g", ""), false, 6, 6);
    /* by one tensor that feeds both: such ones are joined, where they can be */
    check(BODY CALL("f", "w", "a", "k") CALL("g", "w", "a", "k"), MUL("w"),
          SIG("serve", "a", "f", "") SIG("serving_default", "a", "g", ""), false, 6, 6);
}

/* Constants of the same value in different bodies are nobody's business here. */
static void test_other_constants(void **state)
{
    (void)state;
    check(
        BODY CALL("f", "w", "a", "k") CALL("g", "v", "b", "k"),
        FUNCTION("w",
                 "node_def { name: \"c\" op: \"Const\" " ATTR("dtype", "type: DT_FLOAT")
                     ATTR("value", "tensor { dtype: DT_FLOAT tensor_shape { } float_val: 4 }") "} " NODE(
                         "m", "Mul", "p", "c:output:0"),
                 "m:z:0")
            FUNCTION("v",
                     "node_def { name: \"c\" op: \"Const\" " ATTR("dtype", "type: DT_FLOAT")
                         ATTR("value", "tensor { dtype: DT_FLOAT tensor_shape { } float_val: 7 }") "} " NODE(
                             "m", "Mul", "p", "c:output:0"),
                     "m:z:0"),
        TWO_SIGS, false, 8, 14);
}

/* What cannot be compiled has an error of its own under each name. */
static void test_unusable(void **state)
{
    td_session *const s =
        load(BODY CALL("f", "w", "a", "k")
                 CALL("g", "w", "b", "k") "node { name: \"h\" op: \"Neg\" input: \"a\" " T_FLOAT "} ",
             FUNCTION("w", NODE("m", "NoSuchOp", "p", "q"), "m:z:0"), TWO_SIGS SIG("third", "a", "h", ""));

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        assert_null(s->entries[i].twin);
        assert_non_null(s->entries[i].error);
    }
    assert_true(answer(s, "third", 2) == -2);
    td_session_unref(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_twins, temp_dir_make, temp_dir_remove),
        cmocka_unit_test_setup_teardown(test_told_apart, temp_dir_make, temp_dir_remove),
        cmocka_unit_test_setup_teardown(test_other_constants, temp_dir_make, temp_dir_remove),
        cmocka_unit_test_setup_teardown(test_unusable, temp_dir_make, temp_dir_remove),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
