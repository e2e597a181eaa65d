/* SPDX-License-Identifier: Apache-2.0 */
/* test_joint.c -- signatures on the same examples as one: which are, what a run of it answers, and that no load fails for
 * it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "assert_status.h"
#include "base/macros.h"
#include "base/strbuf.h"
#include "exec/joint.h"
#include "temp_dir.h"

#define ATTR(name, value) "attr { key: \"" name "\" value { " value " } } "
#define T_FLOAT           ATTR("T", "type: DT_FLOAT")
#define EXAMPLES(name)    "node { name: \"" name "\" op: \"Placeholder\" " ATTR("dtype", "type: DT_STRING") "} "
#define CONST(name, v)                                                                                       \
    "node { name: \"" name "\" op: \"Const\" " ATTR("dtype", "type: DT_FLOAT")                               \
        ATTR("value", "tensor { dtype: DT_FLOAT tensor_shape { } float_val: " v " }") "} "
#define NUMBERS(name, of)                                                                                    \
    "node { name: \"" name "\" op: \"StringToNumber\" input: \"" of                                          \
    "\" " ATTR("out_type", "type: DT_FLOAT") "} "
#define BINARY(name, op, a, b)                                                                               \
    "node { name: \"" name "\" op: \"" op "\" input: \"" a "\" input: \"" b "\" " T_FLOAT "} "
#define OUTPUT(alias, tensor)                                                                                \
    "outputs { key: \"" alias "\" value { name: \"" tensor                                                   \
    ":0\" dtype: DT_FLOAT tensor_shape { dim { size: -1 } } } } "
#define HEAD(name, alias, examples, outputs)                                                                 \
    "signature_def { key: \"" name "\" value { inputs { key: \"" alias "\" value { name: \"" examples        \
    ":0\" dtype: DT_STRING tensor_shape { dim { size: -1 } } } } " outputs "} } "

/* x of the examples e; a = 2 x, b = 2 x + 2; c of the examples f. */
#define BODY                                                                                                 \
    EXAMPLES("e")                                                                                            \
    NUMBERS("x", "e")                                                                                        \
    CONST("two", "2")                                                                                        \
    BINARY("a", "Mul", "x", "two") BINARY("b", "AddV2", "a", "two") EXAMPLES("f") NUMBERS("c", "f")

static td_status load(const char *graph, const char *signatures, const td_session_options *o,
                      td_session **out)
{
    td_strbuf text = { 0 };

    td_strbuf_printf(
        &text,
        "saved_model_schema_version: 1 meta_graphs { meta_info_def { tags: \"serve\" } graph_def { %s } %s }",
        graph, signatures);
    temp_dir_write("saved_model.pbtxt", td_strbuf_text(&text), text.size);
    td_strbuf_fini(&text);
    return td_session_load(temp_dir, o, out);
}

static td_session *loaded(const char *graph, const char *signatures)
{
    td_session *s;

    assert_ok(load(graph, signatures, NULL, &s));
    return s;
}

/* The joint signature of the one named so; NULL: none. */
static const td_signature *joint_of(const td_session *s, const char *name, size_t *first)
{
    return td_joint_of(s, td_session_find_signature(s, name), first);
}

static size_t n_joint(const td_session *s)
{
    size_t own, all;

    (void)td_session_signatures(s, &own);
    (void)td_joint_signatures(s, &all);
    return all - own;
}

/* Runs sig on "3" and checks each of the wanted. */
static void assert_answers(td_session *s, const td_signature *sig, const size_t *want, size_t n,
                           const float *answers)
{
    const td_string three = { "3", 1 };
    const td_tensor in = { .dtype = TD_STRING, .shape = { 1, { 1 } }, .data = (void *)(uintptr_t)&three };
    td_result *r;

    assert_ok(td_session_run(s, sig, &in, want, n, NULL, &r));
    for (size_t i = 0; i < n; i++)
        assert_true(*(const float *)td_result_outputs(r)[i].data == answers[i]);
    td_result_free(r);
}

static void test_who_is_joined(void **state)
{
    td_session *const s =
        loaded(BODY, HEAD("one", "inputs", "e", OUTPUT("outputs", "a"))
                         HEAD("two", "inputs", "e", OUTPUT("scores", "b") OUTPUT("more", "x"))
                             HEAD("by_itself", "inputs", "f", OUTPUT("outputs", "c"))
                                 HEAD("named", "examples", "e", OUTPUT("outputs", "a")));
    size_t one, two, none;
    const td_signature *const joint = joint_of(s, "one", &one);

    (void)state;
    assert_int_equal(n_joint(s), 1);
    assert_non_null(joint);
    assert_ptr_equal(joint_of(s, "two", &two), joint);
    assert_null(joint_of(s, "by_itself", &none));
    assert_null(joint_of(s, "named", &none));
    assert_int_equal(joint->n_inputs, 1);
    assert_int_equal(joint->n_outputs, 3);
    assert_null(td_session_find_signature(s, joint->name));
    assert_null(td_session_trouble(s, joint));
    assert_string_equal(joint->outputs[one].alias, "outputs");
    assert_string_equal(joint->outputs[two + 1].alias, "scores"); /* sorted by alias */
    for (int round = 0; round < 2; round++) {
        assert_answers(s, joint, (const size_t[]){ one, two + 1 }, 2, (const float[]){ 6, 8 });
        assert_answers(s, joint, (const size_t[]){ two, one }, 2, (const float[]){ 3, 6 });
        assert_answers(s, joint, (const size_t[]){ one, two, two + 1 }, 3, (const float[]){ 6, 3, 8 });
    }
    td_session_unref(s);
}

static void test_one_is_none(void **state)
{
    size_t first;
    td_session *const s = loaded(BODY, HEAD("one", "inputs", "e", OUTPUT("outputs", "a")));

    (void)state;
    assert_int_equal(n_joint(s), 0);
    assert_null(joint_of(s, "one", &first));
    td_session_unref(s);
}

/* A signature that changes state, or lacks ops, is not run with others. */
static void test_state_and_missing_ops_are_left_out(void **state)
{
    size_t first;
    td_session *const s = loaded(
        BODY "node { name: \"v\" op: \"VarHandleOp\" " ATTR("dtype", "type: DT_FLOAT")
            ATTR("shape", "shape { }") ATTR(
                "shared_name",
                "s: \"v\"") "} "
                            "node { name: \"set\" op: \"AssignVariableOp\" input: \"v\" input: \"x\" " ATTR(
                                "dtype",
                                "type: DT_FLOAT") "} "
                                                  "node { name: \"kept\" op: \"ReadVariableOp\" input: \"v\" "
                                                  "input: \"^set\" " ATTR(
                                                      "dtype",
                                                      "type: DT_FLOAT") "} "
                                                                        "node { name: \"odd\" op: "
                                                                        "\"NobodyKnowsThis\" input: \"x\" } ",
        HEAD("one", "inputs", "e", OUTPUT("outputs", "a")) HEAD("two", "inputs", "e", OUTPUT("outputs", "b"))
            HEAD("changes", "inputs", "e", OUTPUT("outputs", "kept"))
                HEAD("lacks", "inputs", "e", OUTPUT("outputs", "odd")));

    (void)state;
    assert_int_equal(n_joint(s), 1);
    assert_non_null(joint_of(s, "one", &first));
    assert_non_null(joint_of(s, "two", &first));
    assert_null(joint_of(s, "changes", &first));
    assert_null(joint_of(s, "lacks", &first));
    td_session_unref(s);
}

/* More outputs than a run can leave out some of. */
static void test_too_many_outputs(void **state)
{
    td_strbuf signatures = { 0 };
    size_t first;

    (void)state;
    for (int k = 0; k < 65; k++)
        td_strbuf_printf(&signatures, HEAD("s%d", "inputs", "e", OUTPUT("outputs", "a")), k);
    td_session *const s = loaded(BODY, td_strbuf_text(&signatures));

    assert_int_equal(n_joint(s), 0);
    assert_null(joint_of(s, "s0", &first));
    td_session_unref(s);
    td_strbuf_fini(&signatures);
}

/* What a model may take is for what it is asked for: there is no limit at which it loads without a joint one, and with a
 * higher one does not. */
static void test_no_load_fails_for_it(void **state)
{
    bool has_loaded = false, was_left_out = false, was_made = false;

    (void)state;
    for (int64_t most = 1; most < 200 && !was_made; most++) {
        const td_session_options o = { .max_nodes = most };
        td_session *s;
        const td_status st = load(BODY,
                                  HEAD("one", "inputs", "e", OUTPUT("outputs", "a"))
                                      HEAD("two", "inputs", "e", OUTPUT("outputs", "b")),
                                  &o, &s);

        if (st) {
            assert_false(has_loaded);
            td_status_free(st);
            continue;
        }
        has_loaded = true;
        was_left_out |= n_joint(s) == 0;
        was_made = n_joint(s) == 1;
        td_session_unref(s);
    }
    assert_true(was_left_out && was_made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_who_is_joined, temp_dir_make, temp_dir_remove),
        cmocka_unit_test_setup_teardown(test_one_is_none, temp_dir_make, temp_dir_remove),
        cmocka_unit_test_setup_teardown(test_state_and_missing_ops_are_left_out, temp_dir_make,
                                        temp_dir_remove),
        cmocka_unit_test_setup_teardown(test_too_many_outputs, temp_dir_make, temp_dir_remove),
        cmocka_unit_test_setup_teardown(test_no_load_fails_for_it, temp_dir_make, temp_dir_remove),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
