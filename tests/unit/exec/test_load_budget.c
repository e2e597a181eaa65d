/* SPDX-License-Identifier: Apache-2.0 */
/* test_load_budget.c -- small files that name much: each is refused with the limit's name, or takes little. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "assert_status.h"
#include "tensord/session.h"

#include "base/strbuf.h"
#include "temp_dir.h"

#define FLOAT      "attr { key: \"T\" value { type: DT_FLOAT } } "
#define FUNC(k, f) "attr { key: \"" k "\" value { func { name: \"" f "\" } } } "
#define TYPES(k)   "attr { key: \"" k "\" value { list { type: DT_FLOAT } } } "
#define BODY(name)                                                                                           \
    "function { signature { name: \"" name "\" input_arg { name: \"a\" type: DT_FLOAT } "                    \
    "output_arg { name: \"r\" type: DT_FLOAT } } "

static td_strbuf graph, library;
static bool has_init; /* the graph has a node `init` to be run */

static int begin(void **state)
{
    graph = library = (td_strbuf){ 0 };
    has_init = false;
    td_strbuf_printf(
        &graph, "node { name: \"x\" op: \"Placeholder\" attr { key: \"dtype\" value { type: DT_FLOAT } } } ");
    return temp_dir_make(state);
}

static int end(void **state)
{
    td_strbuf_fini(&graph);
    td_strbuf_fini(&library);
    return temp_dir_remove(state);
}

/* Loads what was written; the signature's answer is "y". */
static td_status load(const td_session_options *o, td_session **out)
{
    td_strbuf text = { 0 };

    td_strbuf_printf(&text,
                     "saved_model_schema_version: 1 meta_graphs { meta_info_def { tags: \"serve\" } "
                     "graph_def { %s library { %s } } "
                     "signature_def { key: \"s\" value { inputs { key: \"x\" value { name: \"x:0\" dtype: "
                     "DT_FLOAT tensor_shape { } } } "
                     "outputs { key: \"y\" value { name: \"y:0\" dtype: DT_FLOAT tensor_shape { "
                     "unknown_rank: true } } } } } %s}",
                     td_strbuf_text(&graph), td_strbuf_text(&library),
                     has_init ? "signature_def { key: \"__saved_model_init_op\" value { outputs { key: "
                                "\"__saved_model_init_op\" value { name: \"init\" } } } } "
                              : "");
    temp_dir_write("saved_model.pbtxt", td_strbuf_text(&text), text.size);
    td_strbuf_fini(&text);
    return td_session_load(temp_dir, o, out);
}

static void assert_refused(const td_session_options *o, const char *why)
{
    td_session *s = NULL;

    assert_status_like(load(o, &s), TD_INVALID_ARGUMENT, why);
}

static void assert_answers(const td_session_options *o, float x, float y)
{
    const td_tensor in = { TD_F32, { 0 }, &x, NULL };
    const size_t want = 0;
    td_session *s = NULL;
    td_result *r = NULL;

    assert_ok(load(o, &s));
    assert_ok(td_session_run(s, td_session_find_signature(s, "s"), &in, &want, 1, NULL, &r));
    assert_float_equal(*(const float *)td_result_outputs(r)->data, y, 1e-6);
    td_result_free(r);
    td_session_unref(s);
}

static void put_call(td_strbuf *to, const char *node, const char *name, const char *in, int callee)
{
    td_strbuf_printf(to,
                     "%s { name: \"%s\" op: \"PartitionedCall\" input: \"%s\" " TYPES("Tin") TYPES("Tout")
                         FUNC("f", "f%d") "} ",
                     node, name, in, callee);
}

/* f0 is x; f(k) is f(k-1) of f(k-1). */
static void put_doubling_calls(int levels)
{
    td_strbuf_printf(&library, BODY("f0") "ret { key: \"r\" value: \"a\" } } ");
    for (int k = 1; k <= levels; k++) {
        td_strbuf_printf(&library, BODY("f%d"), k);
        put_call(&library, "node_def", "p", "a", k - 1);
        put_call(&library, "node_def", "q", "p:output:0", k - 1);
        td_strbuf_printf(&library, "ret { key: \"r\" value: \"q:output:0\" } } ");
    }
    put_call(&graph, "node", "y", "x", levels);
}

static void test_calls_that_double(void **state)
{
    (void)state;
    put_doubling_calls(60);
    assert_refused(NULL, "loading takes more than 500000 nodes (--max_load_nodes)");
}

static void test_limits_are_options(void **state)
{
    (void)state;
    put_doubling_calls(5);
    assert_answers(NULL, 3, 3);
    assert_refused(&(td_session_options){ .max_nodes = 50 }, "loading takes more than 50 nodes");
}

/* Branches that both name the next level: 2^60 of them, and as many bodies as there are functions. */
static void put_doubling_ifs(int levels)
{
    static const char an_if[] =
        "{ name: \"%s\" op: \"StatelessIf\" input: \"%s\" input: \"%s\" attr { key: \"Tcond\" value { type: "
        "DT_BOOL } } " TYPES("Tin") TYPES("Tout") FUNC("then_branch", "f%d") FUNC("else_branch", "f%d") "} ";

    td_strbuf_printf(&library, BODY("f0") "ret { key: \"r\" value: \"a\" } } ");
    for (int k = 1; k <= levels; k++) {
        td_strbuf_printf(&library,
                         BODY("f%d") "node_def { name: \"c\" op: \"Less\" input: \"a\" input: \"a\" " FLOAT
                                     "} "
                                     "node_def ",
                         k);
        td_strbuf_printf(&library, an_if, "i", "c:z:0", "a", k - 1, k - 1);
        td_strbuf_printf(&library, "ret { key: \"r\" value: \"i:output:0\" } } ");
    }
    td_strbuf_printf(&graph, "node { name: \"c\" op: \"Less\" input: \"x\" input: \"x\" " FLOAT "} node ");
    td_strbuf_printf(&graph, an_if, "y", "c", "x", levels, levels);
}

static void test_branches_that_double(void **state)
{
    (void)state;
    put_doubling_ifs(60);
    assert_answers(&(td_session_options){ .max_bodies = 62 }, 3, 3);
    assert_refused(&(td_session_options){ .max_bodies = 60 },
                   "loading takes more than 60 bodies of control flow (--max_load_bodies)");
}

/* A constant of a mebibyte in a few bytes; sums of it. */
static void put_sums(int n, bool as_chain)
{
    td_strbuf_printf(
        &graph,
        "node { name: \"s0\" op: \"Const\" attr { key: \"dtype\" value { type: DT_FLOAT } } attr { key: "
        "\"value\" "
        "value { tensor { dtype: DT_FLOAT tensor_shape { dim { size: 262144 } } float_val: 1 } } } } ");
    td_strbuf_printf(&graph, "node { name: \"axis\" op: \"Const\" attr { key: \"dtype\" value { type: "
                             "DT_INT32 } } attr { key: \"value\" "
                             "value { tensor { dtype: DT_INT32 tensor_shape { } int_val: 0 } } } } ");
    for (int i = 1; i <= n; i++)
        td_strbuf_printf(&graph,
                         "node { name: \"s%d\" op: \"AddV2\" input: \"s%d\" input: \"s0\" " FLOAT "} ", i,
                         as_chain ? i - 1 : 0);
    if (as_chain) {
        td_strbuf_printf(&graph,
                         "node { name: \"m\" op: \"Max\" input: \"s%d\" input: \"axis\" " FLOAT
                         "attr { key: \"Tidx\" value { type: DT_INT32 } } } "
                         "node { name: \"y\" op: \"Mul\" input: \"m\" input: \"x\" " FLOAT "} ",
                         n);
        return;
    }
    td_strbuf_printf(&graph, "node { name: \"y\" op: \"AddN\" input: \"x\" ");
    for (int i = 1; i <= n; i++)
        td_strbuf_printf(&graph, "input: \"s%d\" ", i);
    td_strbuf_printf(&graph, "attr { key: \"N\" value { i: %d } } " FLOAT "} ", n + 1);
}

static void test_folded_chains_keep_their_end(void **state)
{
    (void)state;
    put_sums(200, true);
    assert_answers(&(td_session_options){ .max_bytes = 4 << 20 }, 2, 402);
}

static void test_folded_values_that_stay(void **state)
{
    (void)state;
    put_sums(50, false);
    assert_refused(&(td_session_options){ .max_bytes = 40 << 20 }, "bytes of constants (--max_load_bytes)");
}

/* One string of a kilobyte, eight million times: 128 MB of places, 8 GB for whoever copies it. */
static void test_strings_count_with_their_bytes(void **state)
{
    char text[1001];

    (void)state;
    memset(text, 'x', 1000);
    text[1000] = '\0';
    td_strbuf_printf(&graph,
                     "node { name: \"k\" op: \"Const\" attr { key: \"dtype\" value { type: DT_STRING } } "
                     "attr { key: \"value\" "
                     "value { tensor { dtype: DT_STRING tensor_shape { dim { size: 8000000 } } string_val: "
                     "\"%s\" } } } } ",
                     text);
    td_strbuf_printf(&graph, "node { name: \"y\" op: \"Identity\" input: \"x\" " FLOAT "} ");
    assert_refused(NULL, "loading takes more than 805306368 bytes of constants (--max_load_bytes)");
}

/* ---------------------------------------------------------------- init ops */

/* Variables v0 to v(n - 1), each filled with as many floats; y = x + an element of each. */
static void put_fills(int n, int count)
{
    td_strbuf_printf(
        &graph,
        "node { name: \"dims\" op: \"Const\" attr { key: \"dtype\" value { type: DT_INT32 } } attr { key: "
        "\"value\" value { tensor { dtype: DT_INT32 tensor_shape { dim { size: 1 } } int_val: %d } } } } "
        "node { name: \"one\" op: \"Const\" attr { key: \"dtype\" value { type: DT_FLOAT } } attr { key: "
        "\"value\" value { tensor { dtype: DT_FLOAT tensor_shape { } float_val: 1 } } } } ",
        count);
    for (int i = 0; i < n; i++)
        td_strbuf_printf(&graph,
                         "node { name: \"v%d\" op: \"VarHandleOp\" attr { key: \"dtype\" value { type: "
                         "DT_FLOAT } } attr { key: "
                         "\"shape\" value { shape { unknown_rank: true } } } attr { key: \"shared_name\" "
                         "value { s: \"v%d\" } } } "
                         "node { name: \"fill%d\" op: \"Fill\" input: \"dims\" input: \"one\" " FLOAT "} "
                         "node { name: \"set%d\" op: \"AssignVariableOp\" input: \"v%d\" input: \"fill%d\" "
                         "attr { key: \"dtype\" "
                         "value { type: DT_FLOAT } } } ",
                         i, i, i, i, i, i);
    td_strbuf_printf(&graph, "node { name: \"init\" op: \"NoOp\" ");
    for (int i = 0; i < n; i++)
        td_strbuf_printf(&graph, "input: \"^set%d\" ", i);
    td_strbuf_printf(&graph, "} node { name: \"y\" op: \"Identity\" input: \"x\" " FLOAT "} ");
    has_init = true;
}

static void test_init_that_fills_memory(void **state)
{
    struct rusage used;

    (void)state;
    put_fills(1, 2000000000);
    assert_refused(
        NULL, "loading takes more than 805306368 bytes of variables and tables (--max_load_bytes): init");
    assert_int_equal(getrusage(RUSAGE_SELF, &used), 0);
    assert_true(used.ru_maxrss < 3 << 20); /* KiB: it was refused before it was filled */
}

/* Each is small; the sum is not. */
static void test_init_of_many_variables(void **state)
{
    (void)state;
    put_fills(40, 1 << 18);
    assert_answers(&(td_session_options){ .max_bytes = 64 << 20 }, 3, 3);
    assert_refused(&(td_session_options){ .max_bytes = 40 << 20 },
                   "more than 41943040 bytes of variables and tables (--max_load_bytes): init");
}

/* A table of as many keys as it is told. */
static void test_init_of_a_table(void **state)
{
    (void)state;
    td_strbuf_printf(&graph,
                     "node { name: \"from\" op: \"Const\" attr { key: \"dtype\" value { type: DT_INT64 } } "
                     "attr { key: \"value\" "
                     "value { tensor { dtype: DT_INT64 tensor_shape { } int64_val: 0 } } } } "
                     "node { name: \"to\" op: \"Const\" attr { key: \"dtype\" value { type: DT_INT64 } } "
                     "attr { key: \"value\" "
                     "value { tensor { dtype: DT_INT64 tensor_shape { } int64_val: 1000000 } } } } "
                     "node { name: \"step\" op: \"Const\" attr { key: \"dtype\" value { type: DT_INT64 } } "
                     "attr { key: \"value\" "
                     "value { tensor { dtype: DT_INT64 tensor_shape { } int64_val: 1 } } } } "
                     "node { name: \"keys\" op: \"Range\" input: \"from\" input: \"to\" input: \"step\" attr "
                     "{ key: \"Tidx\" value "
                     "{ type: DT_INT64 } } } "
                     "node { name: \"table\" op: \"HashTableV2\" attr { key: \"key_dtype\" value { type: "
                     "DT_INT64 } } attr { key: "
                     "\"value_dtype\" value { type: DT_INT64 } } } "
                     "node { name: \"init\" op: \"LookupTableImportV2\" input: \"table\" input: \"keys\" "
                     "input: \"keys\" attr { key: "
                     "\"Tin\" value { type: DT_INT64 } } attr { key: \"Tout\" value { type: DT_INT64 } } } "
                     "node { name: \"y\" op: \"Identity\" input: \"x\" " FLOAT "} ");
    has_init = true;
    assert_answers(&(td_session_options){ .max_bytes = 200 << 20 }, 3, 3);
    assert_refused(&(td_session_options){ .max_bytes = 16 << 20 }, "bytes of variables and tables");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_calls_that_double, begin, end),
        cmocka_unit_test_setup_teardown(test_limits_are_options, begin, end),
        cmocka_unit_test_setup_teardown(test_branches_that_double, begin, end),
        cmocka_unit_test_setup_teardown(test_folded_chains_keep_their_end, begin, end),
        cmocka_unit_test_setup_teardown(test_folded_values_that_stay, begin, end),
        cmocka_unit_test_setup_teardown(test_init_that_fills_memory, begin, end),
        cmocka_unit_test_setup_teardown(test_init_of_many_variables, begin, end),
        cmocka_unit_test_setup_teardown(test_init_of_a_table, begin, end),
        cmocka_unit_test_setup_teardown(test_strings_count_with_their_bytes, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
