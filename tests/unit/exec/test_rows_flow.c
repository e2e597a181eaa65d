/* SPDX-License-Identifier: Apache-2.0 */
/* test_rows_flow.c -- rows through branches, loops and lists, past effects and through tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/macros.h"
#include "rows_case.h"

static void test_branches(void **state)
{
    static const char *const alike = "a { x: f; y = Neg(x) T=%f; -> y; } b { x: f; y = Relu(x) T=%f; -> y; }";
    static const char *const unlike =
        "a { x: f; y = Neg(x) T=%f; -> y; } b { x: f; a = i(0); y = ReverseV2(x, a) T=%f Tidx=%i; -> y; }";
    static const char *const turned =
        "a { x: f; y = Neg(x) T=%f; -> y; } b { x: f; p = i(1,0); y = Transpose(x, p) T=%f; -> y; }";
#define BRANCH "StatelessIf(c, x) Tcond=%bool Tin=[%f] Tout=[%f] then_branch=@a else_branch=@b; -> y"
    const rows_case cases[] = {
        { "x: f[-1,-1]; s = Shape(x) T=%f; k = i(1); e = i(2); o = i(1); t = StridedSlice(s, k, e, o) T=%i "
          "Index=%i "
          "shrink_axis_mask=1; l = i 9; c = Less(t, l) T=%i; y = " BRANCH,
          NULL, alike },
        { "x: f[-1,-1]; s = Shape(x) T=%f; k = i(1); e = i(2); o = i(1); t = StridedSlice(s, k, e, o) T=%i "
          "Index=%i "
          "shrink_axis_mask=1; l = i 9; c = Less(t, l) T=%i; y = " BRANCH,
          "moves rows", unlike },
        { "x: f[-1,-1]; s = Shape(x) T=%f; k = i(1); e = i(2); o = i(1); t = StridedSlice(s, k, e, o) T=%i "
          "Index=%i "
          "shrink_axis_mask=1; l = i 9; c = Less(t, l) T=%i; y = " BRANCH,
          "node y (StatelessIf) has branches that do unlike things", turned },
        { "x: f[-1,2]; s = Shape(x) T=%f; k = i(0); e = i(1); t = StridedSlice(s, k, e, e) T=%i Index=%i "
          "shrink_axis_mask=1; l = i 9; c = Less(t, l) T=%i; y = " BRANCH,
          "node c (Less) takes the number of rows for a value", alike },
        { "x: f[-1,-1,4]; s = Shape(x) T=%f; k = i(1); e = i(2); o = i(1); t = StridedSlice(s, k, e, o) T=%i "
          "Index=%i "
          "shrink_axis_mask=1; l = i 9; c = Less(t, l) T=%i; y = " BRANCH,
          "node y (StatelessIf) has branches that do unlike things",
          "a { x: f; q = i(-1,4); y = Reshape(x, q) T=%f; -> y; } "
          "b { x: f; p = i(1,0,2); t = Transpose(x, p) T=%f; q = i(-1,4); y = Reshape(t, q) T=%f; -> y; }" },
        { "x: f[-1,2]; k = i(0,1); z = f 0; m = Max(x, k) T=%f; c = Less(m, z) T=%f; y = " BRANCH,
          "node m (Max) reduces the batch dimension", alike },
    };

    (void)state;
    rows_check(cases, TD_COUNT(cases));
}

static void test_loops(void **state)
{
#define LOOP "StatelessWhile(i, x) T=[%i%f] cond=@c body=@b; -> y:1"
#define COND "c { i: i; x: f; n = i 3; y = Less(i, n) T=%i; -> y; } "
#define NEXT "o = i 1; j = AddV2(i, o) T=%i; "
    static const rows_case cases[] = {
        { "x: f[-1,2]; i = i 0; y = " LOOP, NULL,
          COND "b { i: i; x: f; " NEXT "y = Tanh(x) T=%f; -> j, y; }" },
        { "x: f[-1,2]; i = i 0; y = " LOOP, "moves rows",
          COND "b { i: i; x: f; " NEXT "a = i(0); y = ReverseV2(x, a) T=%f Tidx=%i; -> j, y; }" },
        { "x: f[-1,1]; i = i 0; y = " LOOP, "node y (StatelessWhile) does unlike things to the rows",
          COND "b { i: i; x: f; " NEXT "p = i(1,0); y = Transpose(x, p) T=%f; -> j, y; }" },
        /* an axis that is another in the second round */
        { "x: f[-1,2]; i = i 1; y = " LOOP, "moves rows",
          "c { i: i; x: f; n = i -1; y = Less(n, i) T=%i; -> y; } b { i: i; x: f; o = i 1; j = Sub(i, o) "
          "T=%i; "
          "a = Pack(i) T=%i N=1; y = ReverseV2(x, a) T=%f Tidx=%i; -> j, y; }" },
        { "x: f[-1,2]; i = i 0; y = " LOOP, "node y (Less) takes the number of rows",
          "c { i: i; x: f; s = Shape(x) T=%f; k = i(0); e = i(1); n = StridedSlice(s, k, e, e) T=%i Index=%i "
          "shrink_axis_mask=1; y = Less(i, n) T=%i; -> y; } b { i: i; x: f; " NEXT
          "y = Tanh(x) T=%f; -> j, y; }" },
    };

    (void)state;
    rows_check(cases, TD_COUNT(cases));
}

/* A recurrent layer as Keras writes it, with a cell that no fusion knows: [batch, time, 2] by time. */
static void test_lists(void **state)
{
#define WALK(first)                                                                                          \
    "x: f[-1,-1,2]; p = i(1,0,2); t = Transpose(x, p) T=%f; s = Shape(" first ") T=%f; k = i(0); e = i(1); " \
    "n = StridedSlice(s, k, e, e) T=%i Index=%i shrink_axis_mask=1; sh = i(-1,2); "                          \
    "l = TensorListFromTensor(" first ", sh) element_dtype=%f shape_type=%i; "                               \
    "r = TensorListReserve(sh, n) element_dtype=%f shape_type=%i; i = i 0; a = i 0; "                        \
    "h = GatherV2(" first ", i, a) Tparams=%f Tindices=%i Taxis=%i; z = ZerosLike(h) T=%f; "                 \
    "w = StatelessWhile(i, r, z, l, n) T=[%i%variant%f%variant%i] cond=@c body=@b; "                         \
    "y = TensorListStack(w:1, sh) element_dtype=%f; "
#define BODY                                                                                                 \
    "c { i: i; r: v; h: f; l: v; n: i; y = Less(i, n) T=%i; -> y; } b { i: i; r: v; h: f; l: v; n: i; "      \
    "sh = i(-1,2); x = TensorListGetItem(l, i, sh) element_dtype=%f; g = AddV2(x, h) T=%f; k = Sin(g) "      \
    "T=%f; "                                                                                                 \
    "q = TensorListSetItem(r, i, k) element_dtype=%f; o = i 1; j = AddV2(i, o) T=%i; -> j, q, k, l, n; }"
    static const rows_case cases[] = {
        { WALK("t") "u = Transpose(y, p) T=%f; -> u, w:2", NULL, BODY },
        { WALK("t") "-> y", "output y has its rows in dimension 1", BODY },
        { WALK("x") "-> y", "node y (Less) takes the number of rows for a value", BODY },
        { "x: f[-1,2]; sh = i(2); i = i 0; l = TensorListFromTensor(x, sh) element_dtype=%f shape_type=%i; "
          "y = TensorListGetItem(l, i, sh) element_dtype=%f; z = AddV2(x, y) T=%f; -> z",
          "node l (TensorListFromTensor) makes a list with an element for each row", NULL },
        { "x: f[-1,2]; sh = i(-1,2); z = i -1; l = EmptyTensorList(sh, z) element_dtype=%f shape_type=%i; "
          "m = TensorListPushBack(l, x) element_dtype=%f; n = TensorListPushBack(m, x) element_dtype=%f; "
          "y = TensorListStack(n, sh) element_dtype=%f; a = i 0; w = Sum(y, a) T=%f; -> w",
          NULL, NULL },
        /* what no round sets is zeros of the declared shape */
        { "x: f[-1,2]; sh = i(3,2); n = i 1; r = TensorListReserve(sh, n) element_dtype=%f shape_type=%i; i "
          "= i 0; "
          "w = StatelessWhile(i, r, x) T=[%i%variant%f] cond=@c body=@b; "
          "y = TensorListGetItem(w:1, i, sh) element_dtype=%f; -> y",
          "puts unlike things into one list",
          "c { i: i; r: v; x: f; y = Less(i, i) T=%i; -> y; } b { i: i; r: v; x: f; "
          "q = TensorListSetItem(r, i, x) element_dtype=%f; o = i 1; j = AddV2(i, o) T=%i; -> j, q, x; }" },
    };

    (void)state;
    rows_check(cases, TD_COUNT(cases));
}

#define TABLE "h = HashTableV2() key_dtype=%string value_dtype=%int64 shared_name='t; d = l 7; "

static void test_effects(void **state)
{
    static const rows_case cases[] = {
        { "x: f[-1,2]; y = Print(x, x) T=%f U=[%f]; -> y",
          "node y (Print) has a state, or does something besides its answer", NULL },
        { "x: f[-1,2]; y = CheckNumerics(x) T=%f message='x; -> y", NULL, NULL },
        { "x: s[-1]; " TABLE "y = LookupTableFindV2(h, x, d) Tin=%string Tout=%int64; -> y", NULL, NULL },
        { "x: s[-1]; " TABLE
          "v: l[-1]; n = LookupTableInsertV2(h, x, v) Tin=%string Tout=%int64; y = StringLower(x); "
          "-> y, ^n",
          "node n (LookupTableInsertV2) changes a variable or a table", NULL },
        { "x: f[-1,2]; c: b[-1]; k = i(0); d = All(c, k); a = Assert(d, x) T=[%f]; -> x, ^a",
          "node a (Assert) asserts something of the rows", NULL },
        { "x: f[-1,2]; y: f[-1,2]; s = Shape(x) T=%f; t = Shape(y) T=%f; e = Equal(s, t) T=%i; k = i(0); d = "
          "All(e, k); "
          "a = Assert(d, s) T=[%i]; -> x, ^a",
          NULL, NULL },
        { "x: f[-1,2]; s = Shape(x) T=%f; k = i(0); m = Max(s, k) T=%i; o = i 2; d = Less(o, m) T=%i; "
          "a = Assert(d, s) T=[%i]; -> x, ^a",
          "node a (Assert) asserts something of the rows", NULL },
    };

    (void)state;
    rows_judge(cases, TD_COUNT(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_branches),
        cmocka_unit_test(test_loops),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_effects),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
