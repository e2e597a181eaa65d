/* SPDX-License-Identifier: Apache-2.0 */
/* test_objects.c -- variables that only the object graph names, as tf.saved_model.save() of a Keras 3 model has them:
 * its restore op, where there is one, fills other handles. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tensorflow/core/protobuf/trackable_object_graph.pb-c.h"

#include "assert_status.h"
#include "bundle_writer.h"
#include "config/textproto.h"
#include "temp_dir.h"
#include "tensord/session.h"

#define TYPE(name, t) "attr { key: '" name "' value { type: DT_" t " } } "
#define HANDLE(name, shared)                                                                                 \
    "node { name: '" name "' op: 'VarHandleOp' " TYPE(                                                       \
        "dtype",                                                                                             \
        "FLOAT") "attr { key: 'shape' value { shape { } } } attr { key: 'shared_name' value { s: '" shared   \
                 "' } } } "
#define READ(name, handle)                                                                                   \
    "node_def { name: '" name "' op: 'ReadVariableOp' input: '" handle "' " TYPE("dtype", "FLOAT") "} "

/* y = x * v + w, in a function that captures both. */
#define LIBRARY                                                                                              \
    "library { function { signature { name: 'f' input_arg { name: 'x' type: DT_FLOAT } "                     \
    "input_arg { name: 'v' type: DT_RESOURCE } input_arg { name: 'w' type: DT_RESOURCE } "                   \
    "output_arg { name: 'y' type: DT_FLOAT } } " READ("rv", "v")                                             \
        READ("rw", "w") "node_def { name: 'xv' op: 'Mul' input: ['x', 'rv:value:0'] " TYPE(                  \
            "T", "FLOAT") "} "                                                                               \
                          "node_def { name: 'sum' op: 'AddV2' input: ['xv:z:0', 'rw:value:0'] " TYPE(        \
                              "T", "FLOAT") "} "                                                             \
                                            "ret { key: 'y' value: 'sum:z:0' } } } "
#define CALL                                                                                                 \
    "node { name: 'call' op: 'StatefulPartitionedCall' input: ['x', 'v', 'w'] "                              \
    "attr { key: 'Tin' value { list { type: [DT_FLOAT, DT_RESOURCE, DT_RESOURCE] } } } "                     \
    "attr { key: 'Tout' value { list { type: DT_FLOAT } } } attr { key: 'f' value { func { name: 'f' } } } " \
    "} "
#define GRAPH(v, w)                                                                                          \
    "graph_def { node { name: 'x' op: 'Placeholder' " TYPE("dtype", "FLOAT") "} " HANDLE("v", v)             \
        HANDLE("w", w) CALL LIBRARY "} "
#define SIGNATURE                                                                                            \
    "signature_def { key: 's' value { "                                                                      \
    "inputs { key: 'x' value { name: 'x:0' dtype: DT_FLOAT tensor_shape { dim { size: -1 } } } } "           \
    "outputs { key: 'y' value { name: 'call:0' dtype: DT_FLOAT tensor_shape { dim { size: -1 } } } } } } "
/* The root's layer has the two variables, objects 2 and 3; an object points back. */
#define OBJECTS                                                                                              \
    "object_graph_def { nodes { children { node_id: 1 local_name: 'layer' } } "                              \
    "nodes { children [{ node_id: 2 local_name: 'v' }, { node_id: 3 local_name: 'w' }, "                     \
    "{ local_name: 'back' }] user_object { } } "                                                             \
    "nodes { variable { dtype: DT_FLOAT name: 'one name' } } "                                               \
    "nodes { variable { dtype: DT_FLOAT name: 'one name' } } "                                               \
    "concrete_functions { key: 'f' value { bound_inputs: [2, 3] } } } "
/* In the checkpoint objects have other numbers, children another order, and there are some more of them. */
#define TRACKED                                                                                              \
    "nodes { children [{ node_id: 3 local_name: 'optimizer' }, { node_id: 1 local_name: 'layer' }] } "       \
    "nodes { children [{ node_id: 4 local_name: 'w' }, { node_id: 2 local_name: 'v' }] } "                   \
    "nodes { attributes [{ name: 'OTHER' checkpoint_key: 'no' }, "                                           \
    "{ name: 'VARIABLE_VALUE' checkpoint_key: 'layer/v' }] } nodes { } "                                     \
    "nodes { attributes { name: 'VARIABLE_VALUE' checkpoint_key: 'layer/w' } } "

static void write_model(const char *graph, const char *objects)
{
    td_strbuf text = { NULL, 0, 0 };

    td_strbuf_printf(&text, "meta_graphs { meta_info_def { tags: 'serve' } %s %s %s }", graph, SIGNATURE,
                     objects);
    temp_dir_write("saved_model.pbtxt", td_strbuf_text(&text), text.size);
    td_strbuf_fini(&text);
}

static void write_checkpoint(const void *tracked, size_t size)
{
    const float v = 2, w = 1;
    const int32_t no = 7;
    bundle_writer b;

    bundle_begin(&b);
    if (tracked) bundle_add_text(&b, "_CHECKPOINTABLE_OBJECT_GRAPH", tracked, size);
    bundle_add(&b, "int", TD_I32, 0, NULL, &no, sizeof no);
    bundle_add(&b, "layer/v", TD_F32, 0, NULL, &v, sizeof v);
    bundle_add(&b, "layer/w", TD_F32, 0, NULL, &w, sizeof w);
    bundle_add(&b, "vector", TD_F32, 1, (const int64_t[]){ 1 }, &w, sizeof w);
    bundle_save(&b, "variables/variables", TABLE_SNAPPY);
    bundle_fini(&b);
}

static void write_tracked(const char *text)
{
    td_strbuf bytes = { NULL, 0, 0 };

    assert_ok(td_textproto_encode(text, strlen(text), &tensorflow__trackable_object_graph__descriptor, NULL,
                                  &bytes));
    write_checkpoint(td_strbuf_text(&bytes), bytes.size);
    td_strbuf_fini(&bytes);
}

static td_status load(td_session **s)
{
    return td_session_load(temp_dir, NULL, s);
}

static void serves(void **state)
{
    float x[2] = { 1, 10 };
    const td_tensor in = { TD_F32, { 1, { 2 } }, x, NULL };
    const size_t want = 0;
    td_session *s = NULL;
    td_result *r = NULL;

    (void)state;
    write_model(GRAPH("a", "b"), OBJECTS);
    write_tracked(TRACKED);
    assert_ok(load(&s));
    assert_ok(td_session_run(s, td_session_find_signature(s, "s"), &in, &want, 1, NULL, &r));
    const float *const y = td_result_outputs(r)->data;
    assert_float_equal(y[0], 3, 0);
    assert_float_equal(y[1], 21, 0);
    td_result_free(r);
    td_session_unref(s);
}

/* What the checkpoint does not have: the load fails, and says what to do instead. */
static void lacks_a_value(void **state)
{
    static const char *const tracked[] = {
        "",
        "nodes { }",
        "nodes { children { node_id: 1 local_name: 'layer' } } nodes { children { node_id: 9 local_name: 'v' "
        "} }",
        "nodes { children { node_id: 1 local_name: 'layer' } } nodes { children [{ node_id: 2 local_name: "
        "'w' }] } "
        "nodes { attributes { name: 'VARIABLE_VALUE' checkpoint_key: 'layer/w' } }",
    };
    td_session *s = NULL;

    (void)state;
    write_model(GRAPH("a", "b"), OBJECTS);
    for (size_t i = 0; i < TD_COUNT(tracked); i++) {
        write_tracked(tracked[i]);
        assert_status_like(load(&s), TD_FAILED_PRECONDITION, "model.export()");
    }
    write_checkpoint(NULL, 0); /* of TF1 */
    assert_status_like(load(&s), TD_FAILED_PRECONDITION, "model.export()");
}

static void assert_value_refused(const char *key, td_code code, const char *why)
{
    char text[500];
    td_session *s = NULL;

    snprintf(text, sizeof text,
             "nodes { children { node_id: 1 local_name: 'layer' } } nodes { children { node_id: 2 "
             "local_name: 'v' } } "
             "nodes { attributes { name: 'VARIABLE_VALUE' checkpoint_key: '%s' } }",
             key);
    write_tracked(text);
    assert_status_like(load(&s), code, why);
}

static void values_that_do_not_fit(void **state)
{
    (void)state;
    write_model(GRAPH("a", "b"), OBJECTS);
    assert_value_refused("int", TD_INVALID_ARGUMENT, "key 'int' is int32[], variable a is float[]");
    assert_value_refused("vector", TD_INVALID_ARGUMENT, "key 'vector' is float[1], variable a is float[]");
    assert_value_refused("nowhere", TD_NOT_FOUND, "Key nowhere not found");
}

static void one_name_for_two(void **state)
{
    td_session *s = NULL;

    (void)state;
    write_model(GRAPH("a", "a"), OBJECTS);
    write_tracked(TRACKED);
    assert_status_like(load(&s), TD_INVALID_ARGUMENT, "variable a is two objects, 'layer/v' and 'layer/w'");
}

static void damage(void **state)
{
    td_session *s = NULL;

    (void)state;
    write_model(GRAPH("a", "b"), OBJECTS);
    write_checkpoint("\x0a\x7f", 2);
    assert_status_like(load(&s), TD_DATA_LOSS, "damaged object graph of the checkpoint");
    write_checkpoint("\x0a\x02\x0a\x7f", 4);
    assert_status_like(load(&s), TD_DATA_LOSS, "damaged object graph of the checkpoint");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(serves, temp_dir_make, temp_dir_remove),
        cmocka_unit_test_setup_teardown(lacks_a_value, temp_dir_make, temp_dir_remove),
        cmocka_unit_test_setup_teardown(values_that_do_not_fit, temp_dir_make, temp_dir_remove),
        cmocka_unit_test_setup_teardown(one_name_for_two, temp_dir_make, temp_dir_remove),
        cmocka_unit_test_setup_teardown(damage, temp_dir_make, temp_dir_remove),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
