/* SPDX-License-Identifier: Apache-2.0 */
/* test_fuse_elementwise_forms.c -- which neighbours become one chain, which stay alone, and that results are the same:
 * over types, broadcast operands, values with users elsewhere, and as many links and operands as a chain may have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"
#include "cpu_levels.h"
#include "pass_graph.h"

/* A graph in postfix: operands by a letter, "neg" takes one off the stack, "add" two; "dup" and "swap" are as in Forth,
 * "ret" returns the top and leaves it. What is on the stack at the end is returned, too. How many chains it becomes,
 * and how many nodes are left beside them. */
typedef struct form {
    const char *words;
    size_t chains, left;
} form;

/* ---------------------------------------------------------------- operands */

typedef struct operand {
    const char *name;
    td_dtype dtype;
    td_shape shape;
} operand;

static const operand args[] = {
    { "a", TD_F32, { 2, { 4, 5 } } },       { "b", TD_F32, { 2, { 4, 5 } } },
    { "c", TD_F32, { 2, { 4, 5 } } },       { "row", TD_F32, { 1, { 5 } } },
    { "col", TD_F32, { 2, { 4, 1 } } },     { "one", TD_F32, { 0 } },
    { "tall", TD_F32, { 3, { 3, 4, 5 } } }, { "none", TD_F32, { 2, { 0, 5 } } },
    { "odd", TD_F32, { 1, { 3 } } },        { "int", TD_I32, { 2, { 4, 5 } } },
    { "long", TD_I64, { 2, { 4, 5 } } },    { "wide", TD_F64, { 2, { 4, 5 } } },
    { "half", TD_F16, { 2, { 4, 5 } } },    { "yes", TD_BOOL, { 2, { 4, 5 } } },
};

static float floats[TD_COUNT(args)][64];

/* Any elements will do, if both programs see the same ones: small numbers, not 0, in each type's own form. */
static void fill(td_tensor *t, size_t i)
{
    static union {
        int32_t i32[64];
        int64_t i64[64];
        double f64[64];
        uint16_t f16[64];
        uint8_t yes[64];
    } others[TD_COUNT(args)];

    pg_fill(floats[i], 64, (unsigned)i + 1);
    for (size_t k = 0; k < 64; k++) {
        const float v = floats[i][k] * 3.0f;
        floats[i][k] = v;
        if (t->dtype == TD_I32) others[i].i32[k] = (int32_t)(v * 5.0f) | 1;
        if (t->dtype == TD_I64) others[i].i64[k] = (int64_t)(v * 5.0f) | 1;
        if (t->dtype == TD_F64) others[i].f64[k] = (double)v;
        if (t->dtype == TD_F16) others[i].f16[k] = (uint16_t)(0x3c00 + k * 16); /* from 1 up */
        if (t->dtype == TD_BOOL) others[i].yes[k] = k % 3 == 0;
    }
    t->data = t->dtype == TD_F32 ? (void *)floats[i] : &others[i];
}

/* ---------------------------------------------------------------- the graph */

/* Words for ops, with the type of their first value operand in place of $. */
static const struct {
    const char *word, *text;
    int n_in;
} ops[] = {
    { "neg", "Neg T=$", 1 },
    { "abs", "Abs T=$", 1 },
    { "exp", "Exp T=$", 1 },
    { "sqrt", "Sqrt T=$", 1 },
    { "square", "Square T=$", 1 },
    { "sigmoid", "Sigmoid T=$", 1 },
    { "relu6", "Relu6 T=$", 1 },
    { "leaky", "LeakyRelu T=$ alpha=0.3f", 1 },
    { "isnan", "IsNan T=$", 1 },
    { "not", "LogicalNot", 1 },
    { "add", "AddV2 T=$", 2 },
    { "old_add", "Add T=$", 2 },
    { "sub", "Sub T=$", 2 },
    { "mul", "Mul T=$", 2 },
    { "div", "RealDiv T=$", 2 },
    { "floor_div", "FloorDiv T=$", 2 },
    { "max", "Maximum T=$", 2 },
    { "bias", "BiasAdd T=$", 2 },
    { "bias_first", "BiasAdd T=$ data_format='NCHW", 2 },
    { "relu_grad", "ReluGrad T=$", 2 },
    { "less", "Less T=$", 2 },
    { "equal", "Equal T=$ incompatible_shape_error=true", 2 },
    { "loose_equal", "Equal T=$ incompatible_shape_error=false", 2 },
    { "and", "LogicalAnd", 2 },
    { "select", "SelectV2 T=$", 3 },
    { "old_select", "Select T=$", 3 },
    { "clip", "ClipByValue T=$", 3 },
    { "to_int", "Cast SrcT=$ DstT=%int32", 1 },
    { "to_long", "Cast SrcT=$ DstT=%int64", 1 },
    { "to_float", "Cast SrcT=$ DstT=%float", 1 },
    { "to_double", "Cast SrcT=$ DstT=%double", 1 },
    { "to_half", "Cast SrcT=$ DstT=%half", 1 },
    { "to_bool", "Cast SrcT=$ DstT=%bool", 1 },
    { "cut", "Cast SrcT=$ DstT=%half Truncate=true", 1 },
    { "id", "Identity T=$", 1 },
    { "check", "CheckNumerics T=$ message='m", 1 },
    { "softmax", "Softmax T=$", 1 },
};

typedef struct stack {
    td_edge e[32];
    td_dtype type[32];
    size_t n;
} stack;

static const char *words;

static void push(stack *s, td_edge e, td_dtype type)
{
    assert_true(s->n < TD_COUNT(s->e));
    s->e[s->n] = e;
    s->type[s->n++] = type;
}

static td_dtype result_of(const char *text, td_dtype in)
{
    static const struct {
        const char *part;
        td_dtype type;
    } others[] = { { "IsNan", TD_BOOL },      { "Less", TD_BOOL },        { "Equal", TD_BOOL },
                   { "Logical", TD_BOOL },    { "DstT=%int32", TD_I32 },  { "DstT=%int64", TD_I64 },
                   { "DstT=%float", TD_F32 }, { "DstT=%double", TD_F64 }, { "DstT=%half", TD_F16 },
                   { "DstT=%bool", TD_BOOL } };

    for (size_t i = 0; i < TD_COUNT(others); i++)
        if (strstr(text, others[i].part)) return others[i].type;
    return in;
}

static void apply(td_graph *g, stack *s, const char *text, int n)
{
    char full[96];

    assert_true(s->n >= (size_t)n);
    s->n -= (size_t)n;
    const td_edge *const in = s->e + s->n;
    const td_dtype type = s->type[s->n + (n == 3 && strncmp(text, "Clip", 4) ? 1 : 0)];
    const char *const hole = strchr(text, '$');
    (void)snprintf(full, sizeof full, "%.*s%s%s%s", hole ? (int)(hole - text) : (int)strlen(text), text,
                   hole ? "%" : "", hole ? td_dtype_name(type) : "", hole ? hole + 1 : "");
    const td_edge none = PG_END;
    push(s, pg_node(g, full, in[0], n > 1 ? in[1] : none, n > 2 ? in[2] : none, PG_END),
         result_of(text, type));
}

static void shuffle(td_graph *g, stack *s, const char *word)
{
    if (!strcmp(word, "dup")) {
        push(s, s->e[s->n - 1], s->type[s->n - 1]);
    } else if (!strcmp(word, "swap")) {
        const td_edge e = s->e[s->n - 1];
        const td_dtype type = s->type[s->n - 1];
        s->e[s->n - 1] = s->e[s->n - 2];
        s->type[s->n - 1] = s->type[s->n - 2];
        s->e[s->n - 2] = e;
        s->type[s->n - 2] = type;
    } else if (!strcmp(word, "ret")) {
        pg_ret(g, s->e[s->n - 1]);
    } else if (!strcmp(word, "two")) {
        push(s, pg_float(g, 2.0f), TD_F32);
    } else if (!strcmp(word, "vector")) {
        push(s, pg_noise(g, &(td_shape){ 1, { 5 } }, 9), TD_F32);
    } else {
        fail_msg("no word %s", word);
    }
}

static void read_word(td_graph *g, stack *s, const char *word)
{
    for (size_t i = 0; i < TD_COUNT(args); i++)
        if (!strcmp(word, args[i].name)) {
            push(s, (td_edge){ .node = g->args[i] }, args[i].dtype);
            return;
        }
    for (size_t i = 0; i < TD_COUNT(ops); i++)
        if (!strcmp(word, ops[i].word)) {
            apply(g, s, ops[i].text, ops[i].n_in);
            return;
        }
    shuffle(g, s, word);
}

static td_graph *make(td_arena *arena)
{
    td_graph *const g = td_graph_make(arena, "main");
    char *rest, *const copy = td_arena_strdup(arena, words);
    stack s = { .n = 0 };

    for (size_t i = 0; i < TD_COUNT(args); i++)
        (void)pg_arg(g, args[i].dtype);
    for (char *w = strtok_r(copy, " ", &rest); w; w = strtok_r(NULL, " ", &rest))
        read_word(g, &s, w);
    for (size_t i = 0; i < s.n; i++)
        pg_ret(g, s.e[i]);
    return g;
}

/* ---------------------------------------------------------------- checks */

static size_t count_left(pg *t)
{
    size_t n = 0;

    for (size_t i = 0; i < TD_COUNT(ops); i++) {
        char name[32];

        (void)snprintf(name, sizeof name, "%.*s", (int)strcspn(ops[i].text, " "), ops[i].text);
        bool is_new = strcmp(name, "Identity") != 0;
        for (size_t k = 0; k < i; k++)
            is_new = is_new && (strncmp(ops[k].text, name, strlen(name)) || ops[k].text[strlen(name)] > ' ');
        if (is_new) n += pg_count_after(t, make(t->p.arena), name);
    }
    return n;
}

static void check(const form *f, bool fails)
{
    td_tensor in[TD_COUNT(args)];
    pg t;

    words = f->words;
    for (size_t i = 0; i < TD_COUNT(args); i++) {
        in[i] = (td_tensor){ args[i].dtype, args[i].shape, NULL, NULL };
        fill(&in[i], i);
    }
    pg_open(&t, NULL);
    const size_t chains = pg_count_after(&t, make(t.p.arena), "_FusedElementwise"), left = count_left(&t);
    if (chains != f->chains || left != f->left) fail_msg("\"%s\": %zu chains, %zu left", words, chains, left);
    for (size_t level = 0; level < cpu_levels(); level++) {
        t.env.cpu = cpu_level(level);
        if (fails)
            pg_assert_same_error(&t, make, in);
        else
            pg_assert_same(&t, make, in, 1e-6);
    }
    t.env.cpu = td_cpu_detect();
    if (!fails) pg_assert_same_walk(&t, make, in, 1e-6);
    pg_close(&t);
}

static void check_all(const form *forms, size_t n)
{
    for (size_t i = 0; i < n; i++)
        check(&forms[i], false);
}

static void test_neighbours(void **state)
{
    static const form forms[] = {
        { "a neg", 0, 1 },
        { "a neg exp", 1, 0 },
        { "a b add sigmoid", 1, 0 },
        { "a sigmoid a mul", 1, 0 },
        { "a b add dup sigmoid mul", 1, 0 },
        { "a id neg id exp id", 1, 0 },
        { "a exp softmax neg exp", 1, 2 },
        { "a neg softmax exp", 0, 3 },
        { "a neg exp softmax b add sqrt", 2, 1 },
        { "a leaky relu6 square", 1, 0 },
        { "a two mul vector add", 1, 0 },
        { "a vector bias sigmoid", 1, 0 },
        { "a b c clip neg", 1, 0 },
        { "a check neg exp", 1, 1 },
        { "a neg check exp", 0, 3 },
        { "a b old_add neg", 1, 0 },
        { "a b relu_grad neg", 1, 0 },
        { "two neg exp a add", 0, 1 }, /* what is constant is no neighbour any more */
    };

    (void)state;
    check_all(forms, TD_COUNT(forms));
}

/* A value with a user elsewhere is worked out once, where it was. */
static void test_users_elsewhere(void **state)
{
    static const form forms[] = {
        { "a neg ret exp", 0, 2 },
        { "a neg exp ret sqrt abs", 2, 0 },
        { "a neg dup exp swap softmax", 0, 3 },
        { "a exp dup softmax mul", 0, 3 },
        { "a neg exp dup softmax mul sqrt", 2, 1 },
        { "a neg dup exp swap sqrt", 0, 3 },
        { "a neg dup exp swap sqrt add", 1, 0 },
        { "a neg ret dup mul exp", 1, 1 },
        { "a neg exp dup", 1, 0 },
    };

    (void)state;
    check_all(forms, TD_COUNT(forms));
}

static void test_types(void **state)
{
    static const form forms[] = {
        { "a b less yes and not", 1, 0 },
        { "a b less a b select", 1, 0 },
        { "a b less a neg b exp select sqrt", 1, 0 },
        { "a b less a b old_select neg", 0, 3 },
        { "wide neg exp", 1, 0 },
        { "half half add sqrt", 1, 0 },
        { "a to_double wide add", 1, 0 },
        { "a to_double wide add to_float", 1, 0 },
        { "a to_half half mul to_float a add", 1, 0 },
        { "a cut half mul", 0, 2 },
        { "a isnan not to_float a mul", 1, 0 },
        { "int to_float a add", 1, 0 },
        { "a to_int int add", 0, 2 }, /* small integers are mostly shapes */
        { "long long mul neg", 0, 2 },
        { "int int add neg to_float", 1, 0 },
        { "int int add to_bool yes and", 1, 0 },
        { "a b equal not", 1, 0 },
        { "a b loose_equal not", 0, 2 },
        { "a row bias_first neg", 0, 2 },
        { "int int floor_div to_float a add", 1, 0 },
    };

    (void)state;
    check_all(forms, TD_COUNT(forms));
}

static void test_broadcast(void **state)
{
    static const form forms[] = {
        { "a row add neg", 1, 0 },
        { "row neg a add", 1, 0 },
        { "row sqrt square col abs mul a add", 1, 0 },
        { "col neg exp row neg exp mul", 1, 0 },
        { "one neg exp a mul", 1, 0 },
        { "a neg tall mul exp", 1, 0 },
        { "a neg ret tall mul exp", 1, 1 },
        { "tall a add row mul col sub one div", 1, 0 },
        { "none row add neg", 1, 0 },
        { "none one mul exp", 1, 0 },
        { "row one less row a select", 1, 0 },
        { "col two max vector mul neg", 1, 0 },
    };
    static const form failing[] = {
        { "a odd add neg", 1, 0 },       { "a neg odd mul exp", 1, 0 },  { "a one bias neg", 1, 0 },
        { "a row relu_grad neg", 1, 0 }, { "a row col clip neg", 1, 0 }, { "none a add neg", 1, 0 },
    };

    (void)state;
    check_all(forms, TD_COUNT(forms));
    for (size_t i = 0; i < TD_COUNT(failing); i++)
        check(&failing[i], true);
}

/* Twelve links, eight operands, six values at a time. */
static void test_limits(void **state)
{
    static const form forms[] = {
        { "a neg neg neg neg neg neg neg neg neg neg neg neg", 1, 0 },
        { "a neg neg neg neg neg neg neg neg neg neg neg neg neg", 1, 1 },
        { "a neg neg neg neg neg neg neg neg neg neg neg neg neg neg", 2, 0 },
        { "a b add c add row add col add one add wide to_float add half to_float add", 1, 0 },
        { "a b add c add row add col add one add wide to_float add half to_float add tall add", 1, 1 },
        { "a b add c add row add col add one add wide to_float add half to_float add tall add int to_float "
          "add",
          2, 0 },
        { "a exp a sqrt a neg a abs a square a sigmoid a relu6 add add add add add", 1, 1 },
        { "a exp b sqrt c neg a abs b square c sigmoid add add add add add neg", 1, 0 },
    };

    (void)state;
    check_all(forms, TD_COUNT(forms));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_neighbours), cmocka_unit_test(test_users_elsewhere),
        cmocka_unit_test(test_types),      cmocka_unit_test(test_broadcast),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
