/* SPDX-License-Identifier: Apache-2.0 */
/* test_savedmodel.c -- SavedModels: small ones, written as text here, and those of models/. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "assert_status.h"
#include "temp_dir.h"
#include "tensorflow/core/protobuf/saved_model.pb-c.h"

#include "base/macros.h"
#include "config/textproto.h"
#include "formats/savedmodel/source.h"

/* The message that the model of the running test lies in. */
static td_strbuf bytes;

static int begin(void **state)
{
    (void)state;
    bytes = (td_strbuf){ NULL, 0, 0 };
    return 0;
}

static int end(void **state)
{
    (void)state;
    td_strbuf_fini(&bytes);
    return 0;
}

static void encode(const char *text)
{
    static const ProtobufCMessageDescriptor *const any_types[] = { &tensorflow__asset_file_def__descriptor,
                                                                   NULL };
    const td_textproto_options options = { .any_types = any_types };

    bytes.size = 0;
    assert_ok(
        td_textproto_encode(text, strlen(text), &tensorflow__saved_model__descriptor, &options, &bytes));
}

enum { EXPAND_MAX = 1000 };
static td_budget budget;

static td_status parse(const char *text, const char *tags, td_model_file **out)
{
    encode(text);
    td_budget_begin(&budget, 0, 0, EXPAND_MAX, 0);
    return td_savedmodel_parse((const uint8_t *)td_strbuf_text(&bytes), bytes.size, "/m", tags, &budget, out);
}

/* A model with that inside of its only meta graph. */
static td_status parse_meta(const char *inside, td_model_file **out)
{
    td_strbuf text = { NULL, 0, 0 };

    td_strbuf_printf(&text, "meta_graphs { meta_info_def { tags: 'serve' } %s }", inside);
    const td_status status = parse(td_strbuf_text(&text), NULL, out);
    td_strbuf_fini(&text);
    return status;
}

static td_model_file *must_parse(const char *inside)
{
    td_model_file *m = NULL;

    assert_ok(parse_meta(inside, &m));
    return m;
}

static void expect_dump(const td_graph *g, const char *expected)
{
    td_strbuf text = { NULL, 0, 0 };

    td_graph_dump(g, &text);
    assert_string_equal(td_strbuf_text(&text), expected);
    td_strbuf_fini(&text);
}

/* ---- tests --------------------------------------------------------------------------------------------- */

static void tags_are_a_set(void **state)
{
    static const char two[] =
        "meta_graphs { meta_info_def { tags: ['serve', 'gpu'] } }"
        "meta_graphs { meta_info_def { tags: 'serve' } graph_def { node { name: 'a' op: 'A' } } }";
    td_model_file *m;

    (void)state;
    assert_null(parse(two, "serve", &m));
    assert_int_equal(m->graph->n_nodes, 1);
    td_model_file_free(m);
    assert_null(parse(two, "gpu,serve", &m));
    assert_int_equal(m->graph->n_nodes, 0);
    td_model_file_free(m);
    assert_status_like(
        parse(two, "gpu", &m), TD_NOT_FOUND,
        "Could not find meta graph def matching supplied tags: { gpu }. To inspect available tag-sets");
    assert_status_like(parse(two, "serve,tpu", &m), TD_NOT_FOUND, "{ serve tpu }");
}

static void nodes_become_a_graph(void **state)
{
    td_model_file *const m = must_parse(
        "graph_def {"
        "  node { name: 'add' op: 'AddV2' input: ['x', 'c:0', '^init'] device: '/cpu:0'"
        "         attr { key: 'T' value { type: DT_FLOAT } } attr { key: '_class' value { i: 1 } } }"
        "  node { name: 'x' op: 'Placeholder' attr { key: 'shape' value { shape { dim { size: -1 } dim { "
        "size: 2 } } } } }"
        "  node { name: 'c' op: 'Const' attr { key: 'value' value { tensor { dtype: DT_FLOAT float_val: 1 } "
        "} } }"
        "  node { name: 'init' op: 'NoOp' attr { key: 'l' value { list { s: ['a', 'b'] } } }"
        "         attr { key: 'f' value { func { name: 'fn' attr { key: 'x' value { i: 1 } } } } }"
        "         attr { key: 'e' value { list { } } } attr { key: 'p' value { placeholder: 'q' } }"
        "         attr { key: 'n' value { list { i: [1, -1] f: 0.5 type: [DT_INT32, 112] b: true shape { "
        "unknown_rank: true } func { name: 'g' } } } } }"
        "}");

    (void)state;
    expect_dump(
        m->graph,
        "add = AddV2(x, c, ^init) T=float device=\"/cpu:0\"\n"
        "x = Placeholder() shape=[?,2]\n"
        "c = Const() value=float[]\n"
        "init = NoOp() l=[\"a\",\"b\"] f=@fn e=[] p=? n=[1,-1,0.5,int32,quint8_ref,true,<unknown>,@g]\n");
    td_model_file_free(m);
}

static void graphs_that_are_wrong(void **state)
{
    static const struct {
        const char *inside, *part;
    } cases[] = {
        { "node { name: 'a' op: 'A' input: 'b' }", "Node 'a': Unknown input node 'b'" },
        { "node { name: 'a' op: 'A' input: '^b' }", "Node 'a': Unknown input node '^b'" },
        { "node { name: 'a' op: 'A' input: 'a:x' }", "Node 'a': bad input 'a:x'" },
        { "node { name: 'a' op: 'A' input: 'a:1:2' }", "Node 'a': bad input 'a:1:2'" },
        { "node { name: 'a' op: 'A' } node { name: 'a' op: 'B' }", "Node 'a' is not unique" },
        { "node { name: 'a' }", "Node 'a' does not specify an operation" },
        { "node { name: 'a' op: 'Const' }",
          "Saved model contains node \"a\" which is a constant tensor but no value" },
        { "node { name: 'a' op: 'A' attr { key: 's' value { shape { dim { size: -3 } } } } }",
          "Node 'a', attribute 's': " },
        { "node { name: 'a' op: 'A' attr { key: 's' value { tensor { dtype: DT_INT8 tensor_shape { dim { "
          "size: 2001 } } } } } }",
          "loading takes more than 1000 bytes of constants (--max_load_bytes)" },
    };
    td_strbuf text = { NULL, 0, 0 };
    td_model_file *m;

    (void)state;
    for (size_t i = 0; i < TD_COUNT(cases); i++) {
        text.size = 0;
        td_strbuf_printf(&text, "graph_def { %s }", cases[i].inside);
        assert_says(parse_meta(td_strbuf_text(&text), &m), cases[i].part);
    }
    td_strbuf_fini(&text);
    assert_status_like(parse_meta("graph_def { node { name: 'a\\0b' op: 'A' } }", &m), TD_DATA_LOSS,
                       "/m/saved_model.pb: damaged name (it holds a NUL) at byte 17");
}

static const char function_text[] =
    "graph_def { library { function {"
    "  signature { name: 'f' input_arg { name: 'x' type: DT_FLOAT } input_arg { name: 'v' type: DT_RESOURCE }"
    "              output_arg { name: 'second' type: DT_FLOAT } output_arg { name: 'same' type: DT_FLOAT }"
    "              control_output: 'done' }"
    "  node_def { name: 'split' op: 'Split' input: ['read:value:0', 'x'] }"
    "  node_def { name: 'read' op: 'ReadVariableOp' input: ['v', '^assert'] }"
    "  node_def { name: 'assert' op: 'Assert' input: 'x' }"
    "  ret { key: 'second' value: 'split:output:1' } ret { key: 'same' value: 'x' }"
    "  control_ret { key: 'done' value: 'assert' } }"
    "  function { signature { name: 'bad' output_arg { name: 'y' } } } } }";

static void functions_are_lowered_when_asked(void **state)
{
    td_model_file *const m = must_parse(function_text);
    td_arena *const arena = td_arena_make();
    td_graph *g;

    (void)state;
    assert_null(m->library->lower(m->library, "f", arena, &g));
    assert_string_equal(g->name, "f");
    assert_int_equal(g->n_args, 2);
    assert_string_equal(g->args[1]->name, "v");
    expect_dump(g, "x = _Arg() T=float index=0\n"
                   "v = _Arg() T=resource index=1\n"
                   "split = Split(read:value:0, x)\n"
                   "read = ReadVariableOp(v, ^assert)\n"
                   "assert = Assert(x)\n"
                   "return split:output:1, x, ^assert\n");
    assert_status_like(m->library->lower(m->library, "g", arena, &g), TD_NOT_FOUND,
                       "Function g is not defined.");
    assert_status_like(m->library->lower(m->library, "bad", arena, &g), TD_INVALID_ARGUMENT,
                       "function 'bad': Return y missing.");
    td_arena_free(arena);
    td_model_file_free(m);
}

static void signatures_are_sorted(void **state)
{
    td_model_file *const m = must_parse(
        "signature_def { key: 'z' value { method_name: 'predict'"
        "  inputs { key: 'b' value { name: 'b:0' dtype: DT_FLOAT_REF tensor_shape { dim { size: -1 name: "
        "'rows' } dim { size: 3 } } } }"
        "  inputs { key: 'a' value { name: 'a:0' dtype: DT_STRING tensor_shape { unknown_rank: true } } }"
        "  outputs { key: 'y' value { name: 'y:0' dtype: DT_INT64 } }"
        "  defaults { key: 'b' value { dtype: DT_FLOAT float_val: 2 } }"
        "  defaults { key: 'none' value { dtype: DT_FLOAT } } } }"
        "signature_def { key: 'c' value { } }");
    const td_signature *const z = &m->signatures[1];

    (void)state;
    assert_int_equal(m->n_signatures, 2);
    assert_string_equal(m->signatures[0].name, "c");
    assert_int_equal(m->signatures[0].n_inputs, 0);
    assert_string_equal(z->method, "predict");
    assert_int_equal(z->n_inputs, 2);
    assert_string_equal(z->inputs[0].alias, "a");
    assert_int_equal(z->inputs[0].shape.rank, -1);
    assert_null(z->inputs[0].dim_names);
    assert_string_equal(z->inputs[1].tensor, "b:0");
    assert_true(z->inputs[1].is_ref);
    assert_int_equal(z->inputs[1].dtype, TD_F32);
    assert_int_equal(z->inputs[1].shape.dims[0], -1);
    assert_string_equal(z->inputs[1].dim_names[0], "rows");
    assert_string_equal(z->inputs[1].dim_names[1], "");
    assert_true(*(const float *)z->inputs[1].default_value->data == 2);
    assert_null(z->inputs[0].default_value);
    assert_int_equal(z->outputs[0].dtype, TD_I64);
    td_model_file_free(m);
}

#define MAIN_OP "collection_def { key: 'saved_model_main_op' value { node_list { value: 'main:0' } } } "
#define LEGACY  "collection_def { key: 'legacy_init_op' value { node_list { value: 'legacy' } } } "
#define SIGNATURE                                                                                            \
    "signature_def { key: '__saved_model_init_op' value { outputs { key: '__saved_model_init_op' "           \
    "value { name: 'NoOp' tensor_shape { unknown_rank: true } } } } } "

static void init_has_an_order(void **state)
{
    static const char *const cases[][2] = {
        { SIGNATURE MAIN_OP LEGACY, "NoOp" }, { LEGACY MAIN_OP, "main" }, { LEGACY, "legacy" }, { "", NULL }
    };
    td_model_file *m;

    (void)state;
    for (size_t i = 0; i < TD_COUNT(cases); i++) {
        m = must_parse(cases[i][0]);
        if (cases[i][1])
            assert_string_equal(m->init_op, cases[i][1]);
        else
            assert_null(m->init_op);
        td_model_file_free(m);
    }
    assert_status_like(
        parse_meta("collection_def { key: 'saved_model_main_op' value { node_list { value: ['a', 'b'] } } }",
                   &m),
        TD_FAILED_PRECONDITION, "Expected exactly one main op");
}

static void saver_and_assets(void **state)
{
    td_model_file *m = must_parse("saver_def { filename_tensor_name: 'f:0' restore_op_name: 'restore' }"
                                  "asset_file_def { tensor_info { name: 't:0' } filename: 'a/b.txt' }");

    (void)state;
    assert_string_equal(m->restore_op, "restore");
    assert_string_equal(m->filename_tensor, "f:0");
    assert_null(m->variables_prefix);
    assert_int_equal(m->n_assets, 1);
    assert_string_equal(m->assets[0].tensor, "t:0");
    assert_string_equal(m->assets[0].path, "/m/assets/a/b.txt");
    td_model_file_free(m);

    m = must_parse("collection_def { key: 'saved_model_assets' value { any_list { value {"
                   " [type.googleapis.com/tensorflow.AssetFileDef] { tensor_info { name: 't:0' } filename: "
                   "'b' } } } } }");
    assert_int_equal(m->n_assets, 1);
    assert_string_equal(m->assets[0].path, "/m/assets/b");
    td_model_file_free(m);

    static const char *const bad[] = { "/etc/passwd", "../x", "a/../../x", "a/..", "" };
    for (size_t i = 0; i < TD_COUNT(bad); i++) {
        char text[200];
        snprintf(text, sizeof text, "asset_file_def { tensor_info { name: 't:0' } filename: '%s' }", bad[i]);
        assert_status_like(parse_meta(text, &m), TD_INVALID_ARGUMENT, "is not inside the model's assets");
    }
}

/* Whatever node an asset names, it is a constant of the real path when the model is read: TF2 writes a Placeholder,
 * TF1 a constant of a path that only the exporter had. */
static void assets_in_place(void **state)
{
    td_model_file *const m = must_parse(
        "graph_def {"
        " node { name: 'p' op: 'Placeholder' attr { key: 'dtype' value { type: DT_STRING } }"
        "        attr { key: 'shape' value { shape { } } } }"
        " node { name: 'c' op: 'Const' attr { key: 'dtype' value { type: DT_STRING } }"
        "        attr { key: 'value' value { tensor { dtype: DT_STRING tensor_shape { } string_val: '/old' } "
        "} } }"
        " node { name: 'i' op: 'Identity' input: ['p', '^c'] attr { key: 'T' value { type: DT_STRING } } }"
        " node { name: 'other' op: 'Placeholder' attr { key: 'dtype' value { type: DT_STRING } } } }"
        "asset_file_def { tensor_info { name: 'p:0' } filename: 'a' }"
        "asset_file_def { tensor_info { name: 'c' } filename: 'b' }"
        "asset_file_def { tensor_info { name: 'i:0' } filename: 'c' }"
        "asset_file_def { tensor_info { name: 'other:1' } filename: 'd' }"
        "asset_file_def { tensor_info { name: 'nobody:0' } filename: 'e' }");
    static const char *const want[] = { "/m/assets/a", "/m/assets/b", "/m/assets/c", NULL };

    (void)state;
    assert_int_equal(m->graph->n_nodes, 4);
    for (size_t i = 0; i < 4; i++) {
        const td_node *const node = m->graph->nodes[i];
        const td_attr_value *const value = td_node_attr(node, "value");

        assert_string_equal(node->op_name, want[i] ? "Const" : "Placeholder");
        if (!want[i]) continue;
        assert_int_equal(node->n_in + node->n_ctrl, 0);
        assert_int_equal(td_node_attr(node, "dtype")->u.type, TD_STRING);
        assert_int_equal(value->u.tensor->shape.rank, 0);
        assert_true(td_string_is(*(const td_string *)value->u.tensor->data, want[i]));
    }
    td_model_file_free(m);
}

/* Every message of the file cut short, and every byte changed, is refused or read; nothing else. */
static void damage(void **state)
{
    td_model_file *m;
    td_graph *g;

    (void)state;
    td_model_file_free(must_parse(function_text));
    const size_t size = bytes.size;
    for (size_t i = 0; i < 2 * size; i++) {
        char *const at = &bytes.data[i % size];
        if (i < size) *at = (char)(*at ^ 0x41);
        const td_status status = td_savedmodel_parse((const uint8_t *)bytes.data, i < size ? size : i - size,
                                                     "/m", "serve", &budget, &m);
        if (!status) {
            td_status_free(m->library->lower(m->library, "f", m->arena, &g));
            td_model_file_free(m);
        }
        td_status_free(status);
        if (i < size) *at = (char)(*at ^ 0x41);
    }
}

static void directories(void **state)
{
    static const char model[] =
        "meta_graphs { meta_info_def { tags: 'serve' } object_graph_def { nodes { x: [1, 'a'] } } "
        "graph_def { node { name: 'a' op: 'A' } } }";
    static const char broken[] = "meta_graphs {\n oops";
    td_model_file *m;

    (void)state;
    assert_null(td_savedmodel_read(TD_SOURCE_DIR "/models/half_plus_two/1", "serve", NULL, &m));
    assert_string_equal(m->variables_prefix, TD_SOURCE_DIR "/models/half_plus_two/1/variables/variables");
    assert_non_null(m->restore_op);
    td_model_file_free(m);

    assert_status_like(
        td_savedmodel_read(temp_dir, "serve", NULL, &m), TD_NOT_FOUND,
        "Specified file path does not appear to contain a SavedModel bundle (should have a file called "
        "`saved_model.pb`) Specified file path: /tmp/");
    temp_dir_write("saved_model.pbtxt", model, sizeof model - 1);
    assert_null(td_savedmodel_read(temp_dir, "serve", NULL, &m));
    assert_int_equal(m->graph->n_nodes, 1);
    td_model_file_free(m);
    temp_dir_write("saved_model.pbtxt", broken, sizeof broken - 1);
    assert_status_like(td_savedmodel_read(temp_dir, "serve", NULL, &m), TD_INVALID_ARGUMENT,
                       "saved_model.pbtxt:2:");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(tags_are_a_set, begin, end),
        cmocka_unit_test_setup_teardown(nodes_become_a_graph, begin, end),
        cmocka_unit_test_setup_teardown(graphs_that_are_wrong, begin, end),
        cmocka_unit_test_setup_teardown(functions_are_lowered_when_asked, begin, end),
        cmocka_unit_test_setup_teardown(signatures_are_sorted, begin, end),
        cmocka_unit_test_setup_teardown(init_has_an_order, begin, end),
        cmocka_unit_test_setup_teardown(saver_and_assets, begin, end),
        cmocka_unit_test_setup_teardown(assets_in_place, begin, end),
        cmocka_unit_test_setup_teardown(damage, begin, end),
        cmocka_unit_test_setup_teardown(directories, temp_dir_make, temp_dir_remove),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
