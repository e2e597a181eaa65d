/* SPDX-License-Identifier: Apache-2.0 */
/* test_fuse_layer_norm.c -- layer normalisation as files spell it becomes one node, with the same results: every
 * spelling that fuse_layer_norm.c takes, and its neighbours, which must stay as they are. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"
#include "cpu_levels.h"
#include "pass_graph.h"
#include "words.h"

/* Words say how a graph differs from (d r) gamma + beta, d = x - mean, r = rsqrt(mean(d d) + 1e-3), and what x is like;
 * how many fused nodes that makes. */
typedef struct form {
    const char *words;
    size_t fused;
} form;

enum { ROWS = 33, COLS = 71 };

static const char *words;

static bool has(const char *word)
{
    return words_have(words, word);
}

/* ---------------------------------------------------------------- the graph */

static const char *type(void)
{
    return has("double") ? "%double" : "%float";
}

/* A value by its name: "shared_x" wants x outside, too, "waits_x" has it wait for something. */
static td_edge value(td_graph *g, td_edge e, const char *name)
{
    char word[32], text[32];

    (void)snprintf(word, sizeof word, "shared_%s", name);
    if (has(word)) pg_ret(g, e);
    (void)snprintf(word, sizeof word, "waits_%s", name);
    if (has(word)) td_node_add_ctrl(g, e.node, pg_assert(g));
    (void)snprintf(text, sizeof text, "Identity T=%s", type());
    return has("identities") ? pg_node(g, text, e, PG_END) : e;
}

static td_edge unary(td_graph *g, const char *op, td_edge x)
{
    char text[48];

    (void)snprintf(text, sizeof text, "%s T=%s", op, type());
    return pg_node(g, text, x, PG_END);
}

static td_edge binary(td_graph *g, const char *op, td_edge a, td_edge b)
{
    char text[48];

    (void)snprintf(text, sizeof text, "%s T=%s", op, type());
    return pg_node(g, text, a, b, PG_END);
}

/* a b or b a, a + b or b + a. */
static td_edge either(td_graph *g, const char *op, td_edge a, td_edge b)
{
    return has("turned") ? binary(g, op, b, a) : binary(g, op, a, b);
}

static td_edge mean(td_graph *g, td_edge x, bool is_odd)
{
    const int32_t last = -1, first = 1, both[] = { -1, -2 };
    const int64_t wide = -1;
    char text[64];

    (void)snprintf(text, sizeof text, "%s T=%s%s%s", is_odd && has("odd_sum") ? "Sum" : "Mean", type(),
                   is_odd && has("odd_dims") ? "" : " keep_dims=true",
                   is_odd && has("wide_axis") ? " Tidx=%int64" : "");
    if (is_odd && has("wide_axis"))
        return pg_node(g, text, x,
                       pg_tensor(g, &(td_tensor){ TD_I64, { 0 }, (void *)(uintptr_t)&wide, NULL }), PG_END);
    if (is_odd && has("two_axes")) return pg_node(g, text, x, pg_ints(g, 2, both), PG_END);
    if (is_odd && has("scalar_axis")) return pg_node(g, text, x, pg_int(g, -1), PG_END);
    return pg_node(g, text, x, pg_ints(g, 1, is_odd && has("other_axis") ? &first : &last), PG_END);
}

static td_edge number(td_graph *g, double v, int rank)
{
    float narrow = (float)v;

    if (has("double")) return pg_tensor(g, &(td_tensor){ TD_F64, { rank, { 1, 1, 1, 1, 1 } }, &v, NULL });
    return pg_tensor(g, &(td_tensor){ TD_F32, { rank, { 1, 1, 1, 1, 1 } }, &narrow, NULL });
}

static td_edge epsilon(td_graph *g)
{
    if (has("epsilon_0")) return number(g, 0, 0);
    if (has("epsilon_below_0")) return number(g, -1e-9, 0);
    if (has("epsilon_large")) return number(g, 0.75, 0);
    if (has("epsilon_1d")) return number(g, 1e-3, 1);
    if (has("epsilon_5d")) return number(g, 1e-3, 5);
    if (has("epsilon_row")) return unary(g, "Square", pg_noise(g, &(td_shape){ 2, { ROWS, 1 } }, 7));
    if (has("epsilon_unknown")) return unary(g, "Square", pg_arg(g, TD_F32));
    return number(g, 1e-3, 0);
}

/* gamma or beta. */
static td_edge vector(td_graph *g, const char *name, unsigned seed)
{
    char word[32];
    td_shape shape = { has("double") ? 1 : 3, { 1, 1, COLS } };

    (void)snprintf(word, sizeof word, "%s_", name);
    const char *const kind = strstr(words, word);
    const char *const what = kind ? kind + strlen(word) : "";
    if (!strncmp(what, "scalar", 6)) return number(g, 1.5, 0);
    if (!strncmp(what, "one", 3)) return number(g, 1.5, 1);
    if (!strncmp(what, "column", 6)) shape = (td_shape){ 2, { ROWS, 1 } };
    if (!strncmp(what, "matrix", 6)) shape = (td_shape){ 2, { ROWS, COLS } };
    if (!strncmp(what, "unknown", 7)) return unary(g, "Square", pg_arg(g, TD_F32));
    if (!strncmp(what, "1d", 2)) shape = (td_shape){ 1, { COLS } };
    if (!strncmp(what, "5d", 2)) shape = (td_shape){ 5, { 1, 1, 1, 1, COLS } };
    if (!strncmp(what, "long", 4)) shape = (td_shape){ 1, { COLS + 1 } };
    if (!has("double")) return value(g, pg_noise(g, &shape, seed), name);
    double v[COLS];
    for (size_t i = 0; i < COLS; i++)
        v[i] = (double)i / COLS;
    return pg_tensor(g, &(td_tensor){ TD_F64, { 1, { COLS } }, v, NULL });
}

/* The mean of what squares: x - m squared, in several spellings. */
static td_edge variance(td_graph *g, td_edge x, td_edge m, td_edge d)
{
    const td_edge fixed = has("stopped") ? value(g, unary(g, "StopGradient", m), "stopped") : m;
    td_edge squares;

    if (has("difference_of_squares"))
        squares = binary(g, "SquaredDifference", has("turned") ? fixed : x, has("turned") ? x : fixed);
    else if (has("square"))
        squares = unary(g, "Square", d);
    else if (has("square_of_x"))
        squares = unary(g, "Square", x);
    else if (has("times_x"))
        squares = binary(g, "Mul", d, x);
    else if (has("sum_back"))
        squares = unary(g, "Square", binary(g, "AddV2", x, m));
    else if (has("cube"))
        squares = unary(g, "Exp", d);
    else
        squares = binary(g, "Mul", d, d);
    return value(g, mean(g, value(g, squares, "squares"), has("odd_variance")), "variance");
}

static td_edge inverse(td_graph *g, td_edge x, td_edge m, td_edge d)
{
    const td_edge sum =
        value(g, either(g, has("old_add") ? "Add" : "AddV2", variance(g, x, m, d), epsilon(g)), "sum");

    if (has("sqrt")) return unary(g, "Sqrt", sum);
    return value(g, unary(g, "Rsqrt", sum), "inverse");
}

/* x k + (beta - m k): Keras and, with `subtracts`, tf.nn.batch_normalization. */
static td_edge by_scale(td_graph *g, td_edge x, td_edge m, td_edge r, td_edge gamma, td_edge beta,
                        td_edge other)
{
    const td_edge k = value(g, either(g, "Mul", r, gamma), "k");
    const td_edge at = has("other_mean") ? other : m;
    const td_edge by = has("other_k") ? r : k;
    td_edge rest;

    if (has("subtracts"))
        rest = binary(g, "Sub", beta, either(g, "Mul", at, by));
    else if (has("subtracts_back"))
        rest = binary(g, "Sub", either(g, "Mul", at, by), beta);
    else
        rest =
            either(g, "AddV2",
                   either(g, "Mul", value(g, unary(g, has("abs") ? "Abs" : "Neg", at), "minus"), by), beta);
    return either(g, "AddV2", value(g, either(g, "Mul", has("other_x") ? other : x, k), "scaled"),
                  value(g, rest, "rest"));
}

static td_edge by_difference(td_graph *g, td_edge d, td_edge r, td_edge gamma, td_edge beta)
{
    td_edge y;

    if (has("gamma_first"))
        y = either(g, "Mul", d, value(g, either(g, "Mul", r, gamma), "k"));
    else if (has("gamma_inside"))
        y = either(g, "Mul", either(g, "Mul", d, gamma), r);
    else if (has("divides"))
        y = binary(g, "RealDiv", either(g, "Mul", d, gamma), r);
    else
        y = either(g, "Mul", value(g, either(g, "Mul", d, r), "normal"), gamma);
    if (has("minus_beta")) return binary(g, "Sub", y, beta);
    if (has("no_beta")) return y;
    return either(g, has("old_add") ? "Add" : "AddV2", value(g, y, "scaled"), beta);
}

static td_graph *make(td_arena *arena)
{
    td_graph *const g = td_graph_make(arena, "main");
    const td_edge x = pg_arg(g, has("double") ? TD_F64 : TD_F32);
    const td_edge other = unary(g, "Neg", x);
    const td_edge m = value(g, mean(g, has("mean_of_other") ? other : x, has("odd_mean")), "mean");
    const td_edge d = value(g, has("added") ? binary(g, "AddV2", x, m) : binary(g, "Sub", x, m), "d");
    const td_edge r = inverse(g, x, m, d);
    const td_edge gamma = vector(g, "gamma", 1), beta = vector(g, "beta", 2);
    const td_edge e = has("other_d") ? binary(g, "Sub", other, m) : has("new_d") ? binary(g, "Sub", x, m) : d;

    pg_ret(g, has("keras") ? by_scale(g, x, m, r, gamma, beta, other) : by_difference(g, e, r, gamma, beta));
    return g;
}

/* ---------------------------------------------------------------- checks */

static td_shape shape_of_x(void)
{
    if (has("x_0d")) return (td_shape){ 0 };
    if (has("x_1d")) return (td_shape){ 1, { COLS } };
    if (has("x_2d")) return (td_shape){ 2, { ROWS, COLS } };
    if (has("x_4d")) return (td_shape){ 4, { 2, 3, 1, COLS } };
    if (has("x_narrow")) return (td_shape){ 2, { ROWS, 1 } };
    if (has("x_wide")) return (td_shape){ 2, { ROWS, COLS + 2 } };
    if (has("x_square")) return (td_shape){ 2, { COLS, COLS } };
    if (has("x_without_rows")) return (td_shape){ 3, { 1, 0, COLS } };
    if (has("x_without_columns")) return (td_shape){ 2, { ROWS, 0 } };
    return (td_shape){ 3, { 1, ROWS, COLS } };
}

static void check(const form *f, float offset, double tol)
{
    static float x[COLS * COLS * 2];
    static double wide[TD_COUNT(x)];
    const td_dtype dtype = words_have(f->words, "double") ? TD_F64 : TD_F32;
    float other[] = { 0.5f };
    uint8_t holds = true;
    pg t;

    words = f->words;
    pg_fill(x, TD_COUNT(x), 3);
    for (size_t i = 0; i < TD_COUNT(x); i++)
        wide[i] = (double)(x[i] += offset);
    if (has("infinite")) x[5] = INFINITY;
    const td_tensor unknown = { TD_F32, { 0 }, other, NULL };
    const td_tensor in[] = { { dtype, shape_of_x(), dtype == TD_F64 ? (void *)wide : x, NULL },
                             strstr(words, "waits_") ? (td_tensor){ TD_BOOL, { 0 }, &holds, NULL } : unknown,
                             unknown };
    pg_open(&t, NULL);
    const size_t fused = pg_count_after(&t, make(t.p.arena), "_FusedLayerNorm");
    if (fused != f->fused) fail_msg("\"%s\": %zu fused", words, fused);
    for (size_t level = 0; level < cpu_levels(); level++) {
        t.env.cpu = cpu_level(level);
        if (has("fails"))
            pg_assert_same_error(&t, make, in);
        else
            pg_assert_same(&t, make, in, tol);
    }
    t.env.cpu = td_cpu_detect();
    if (!has("fails")) pg_assert_same_walk(&t, make, in, tol);
    holds = false;
    if (strstr(words, "waits_")) pg_assert_same_error(&t, make, in);
    pg_close(&t);
}

static void check_all(const form *forms, size_t n)
{
    for (size_t i = 0; i < n; i++)
        check(&forms[i], 0.25f, 1e-5);
}

static void test_spellings(void **state)
{
    static const form forms[] = {
        { "", 1 },
        { "turned", 1 },
        { "square", 1 },
        { "difference_of_squares", 1 },
        { "difference_of_squares turned stopped", 1 },
        { "gamma_first", 1 },
        { "gamma_first turned square old_add", 1 },
        { "keras difference_of_squares stopped", 1 },
        { "keras turned", 1 },
        { "keras subtracts", 1 },
        { "keras subtracts turned difference_of_squares", 1 },
        { "identities", 1 },
        { "keras identities stopped", 1 },
        { "scalar_axis odd_mean odd_variance", 1 },
        { "epsilon_large", 1 },
        { "keras epsilon_1d", 1 },
        { "new_d", 1 },
    };

    (void)state;
    check_all(forms, TD_COUNT(forms));
    for (size_t i = 0; i < TD_COUNT(forms); i++) /* x k - m k loses digits to a large mean */
        check(&forms[i], 100.0f, 1e-4);
}

static void test_other_arithmetic_stays(void **state)
{
    static const form forms[] = {
        { "double", 0 },
        { "gamma_inside", 0 },
        { "divides", 0 },
        { "minus_beta", 0 },
        { "no_beta", 0 },
        { "sqrt", 0 },
        { "square_of_x", 0 },
        { "times_x", 0 },
        { "sum_back", 0 },
        { "cube", 0 },
        { "added", 0 },
        { "mean_of_other", 0 },
        { "other_d", 0 },
        { "keras other_mean", 0 },
        { "keras other_k", 0 },
        { "keras other_x", 0 },
        { "keras abs", 0 },
        { "keras subtracts_back", 0 },
        { "keras subtracts other_mean", 0 },
        { "keras subtracts other_k", 0 },
    };

    (void)state;
    check_all(forms, TD_COUNT(forms));
}

static void test_other_means_stay(void **state)
{
    static const form forms[] = {
        { "odd_mean other_axis", 0 },
        { "odd_variance other_axis", 0 },
        { "odd_mean odd_variance other_axis", 0 },
        { "odd_mean wide_axis", 0 },
        { "odd_variance two_axes", 0 },
        { "odd_mean odd_variance two_axes", 0 },
        { "odd_mean odd_sum", 0 },
        { "odd_variance odd_sum", 0 },
        { "odd_mean odd_dims x_square", 0 },
        { "odd_variance odd_dims x_square gamma_1d beta_1d", 0 },
        { "keras odd_variance odd_dims x_square gamma_1d beta_1d", 0 },
    };

    (void)state;
    check_all(forms, TD_COUNT(forms));
}

static void test_constants(void **state)
{
    static const form forms[] = {
        { "gamma_1d beta_5d", 1 },
        { "gamma_5d beta_1d x_2d", 1 },
        { "gamma_1d beta_1d x_1d", 1 },
        { "gamma_5d beta_5d x_1d", 1 },
        { "keras gamma_5d x_1d", 1 },
        { "gamma_scalar", 0 },
        { "beta_scalar", 0 },
        { "gamma_one beta_one", 0 },
        { "gamma_column", 0 },
        { "beta_column", 0 },
        { "beta_matrix", 0 },
        { "gamma_unknown", 0 },
        { "beta_unknown", 0 },
        { "keras beta_unknown", 0 },
        { "gamma_long fails", 0 },
        { "gamma_long beta_long fails", 1 },
        { "epsilon_0", 0 },
        { "epsilon_below_0", 0 },
        { "epsilon_5d", 0 },
        { "epsilon_row", 0 },
        { "epsilon_unknown", 0 },
    };

    (void)state;
    check_all(forms, TD_COUNT(forms));
}

static void test_shapes(void **state)
{
    static const form forms[] = {
        { "x_2d", 1 },
        { "x_4d", 1 },
        { "x_0d fails", 1 },
        { "x_wide fails", 1 },
        { "x_without_rows", 1 },
        { "x_without_columns fails", 1 },
        { "x_narrow", 1 }, /* is as wide as gamma, once it is multiplied */
        { "x_narrow keras gamma_5d", 1 },
        { "x_narrow infinite", 1 },
        { "infinite", 1 },
    };

    (void)state;
    check_all(forms, TD_COUNT(forms));
}

/* What is read elsewhere, too, is made there, too. */
static void test_shared_values(void **state)
{
    static const char *const names[] = { "mean", "d",       "squares", "variance",
                                         "sum",  "inverse", "normal",  "scaled" };
    static const char *const keras[] = { "mean",    "stopped", "squares", "variance",
                                         "inverse", "k",       "minus",   "rest" };
    char text[64];

    (void)state;
    for (size_t i = 0; i < TD_COUNT(names); i++) {
        (void)snprintf(text, sizeof text, "shared_%s", names[i]);
        check(&(form){ text, 1 }, 0.25f, 1e-5);
        (void)snprintf(text, sizeof text, "keras stopped difference_of_squares shared_%s", keras[i]);
        check(&(form){ text, 1 }, 0.25f, 1e-5);
    }
}

/* What waits has to be waited for. */
static void test_waiting_values_stay(void **state)
{
    static const char *const names[] = { "mean",    "d",      "squares", "variance", "sum",
                                         "inverse", "normal", "scaled",  "gamma",    "beta" };
    static const char *const keras[] = { "mean", "stopped", "squares", "variance", "inverse",
                                         "k",    "minus",   "rest",    "scaled",   "gamma" };
    char text[64];

    (void)state;
    for (size_t i = 0; i < TD_COUNT(names); i++) {
        (void)snprintf(text, sizeof text, "waits_%s gamma_1d beta_1d", names[i]);
        check(&(form){ text, 0 }, 0.25f, 1e-5);
        (void)snprintf(text, sizeof text, "keras stopped difference_of_squares waits_%s", keras[i]);
        check(&(form){ text, 0 }, 0.25f, 1e-5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spellings),
        cmocka_unit_test(test_other_arithmetic_stays),
        cmocka_unit_test(test_other_means_stay),
        cmocka_unit_test(test_constants),
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_shared_values),
        cmocka_unit_test(test_waiting_values_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
