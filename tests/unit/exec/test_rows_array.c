/* SPDX-License-Identifier: Apache-2.0 */
/* test_rows_array.c -- rows through ops that move elements, cut, gather, or make things of shapes; and signatures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/macros.h"
#include "rows_case.h"

static void test_signatures(void **state)
{
    static const rows_case cases[] = {
        { "x: f[-1]; y = Neg(x) T=%f; -> y", NULL, NULL },
        { "x: f[4,2]; y = Neg(x) T=%f; -> y", "input x has a fixed first dimension 4", NULL },
        { "x: f[]; y = Neg(x) T=%f; -> y", "input x has no batch dimension", NULL },
        { "x: f; y = Neg(x) T=%f; -> y", "input x has no known rank", NULL },
        { "c = f[4]; y = Identity(c) T=%f; -> y", "it has no input", NULL },
        { "x: f[-1,2]; c = f[4]; y = Neg(x) T=%f; -> y, c", "output c has no batch dimension", NULL },
        { "x: f[-1,2]; y = Shape(x) T=%f; -> y", "output y tells the number of rows", NULL },
        { "x: f[-1,2]; s = i(-1); y = Reshape(x, s) T=%f; -> y", "output y has 2 rows for each", NULL },
    };

    (void)state;
    rows_check(cases, TD_COUNT(cases));
}

/* The number of rows, as Keras gets it. */
#define COUNT_OF(x)                                                                                          \
    "s = Shape(" x ") T=%f; k0 = i(0); k1 = i(1); n = StridedSlice(s, k0, k1, k1) T=%i Index=%i "            \
    "shrink_axis_mask=1; "

static void test_reshape(void **state)
{
    static const rows_case cases[] = {
        { "x: f[-1,3,4]; s = i(-1,12); y = Reshape(x, s) T=%f; -> y", NULL, NULL },
        { "x: f[-1,-1,4]; s = i(-1,4); w = f[4,4]; a = Reshape(x, s) T=%f; b = MatMul(a, w) T=%f; t = "
          "Shape(x) T=%f; "
          "y = Reshape(b, t) T=%f; -> y",
          NULL, NULL },
        { "x: f[-1,12]; " COUNT_OF(
              "x") "a = i 3; p = Pack(n, a, a) T=%i N=3; r = i -1; q = Pack(n, a, r) T=%i N=3; "
                   "y = Reshape(x, q) T=%f; -> y",
          NULL, NULL },
        { "x: f[-1,6]; s = i(-1,4); y = Reshape(x, s) T=%f; -> y", "node y (Reshape)", NULL },
        /* 29 is a size that is tried: rows of it are no proof for others */
        { "x: f[-1,-1,8]; s = i(-1,232); y = Reshape(x, s) T=%f; z = Softmax(y) T=%f; -> z",
          "node y (Reshape)", NULL },
        { "x: f[-1,6]; s = i(2,-1); y = Reshape(x, s) T=%f; -> y", "node y (Reshape)", NULL },
        { "x: f[-1,6]; s = i(6,-1); y = Reshape(x, s) T=%f; -> y", "node y (Reshape) joins or cuts rows",
          NULL },
        { "x: f[-1,2,6]; p = i(1,0,2); t = Transpose(x, p) T=%f; s = i(-1,6); y = Reshape(t, s) T=%f; u = "
          "i(2,-1,6); "
          "z = Reshape(y, u) T=%f; w = Transpose(z, p) T=%f; -> w",
          NULL, NULL },
        { "x: f[-1,2,6]; p = i(1,0,2); t = Transpose(x, p) T=%f; s = i(-1,12); y = Reshape(t, s) T=%f; -> y",
          "node y (Reshape) joins or cuts rows", NULL },
        { "x: f[-1,6]; s: i[-1]; y = Reshape(x, s) T=%f; -> y", "shape that depends on elements of rows",
          NULL },
        { "x: f[-1,4]; d = i 1; y = ExpandDims(x, d) T=%f; z = Squeeze(y) T=%f squeeze_dims=[1]; -> y, z",
          NULL, NULL },
        { "x: f[-1,4]; d = i 0; y = ExpandDims(x, d) T=%f; -> y", "output y has its rows in dimension 1",
          NULL },
        { "x: f[-1,1]; y = Squeeze(x) T=%f; -> y", "node y (Squeeze)", NULL },
        { "x: f[-1,3,4]; p = i(0,2,1); y = Transpose(x, p) T=%f; -> y", NULL, NULL },
        { "x: f[-1,4]; p = i(1,0); y = Transpose(x, p) T=%f; -> y", "output y has its rows in dimension 1",
          NULL },
        { "x: f[-1,4]; p: i[-1]; y = Transpose(x, p) T=%f; -> y", "not known before a run", NULL },
    };

    (void)state;
    rows_check(cases, TD_COUNT(cases));
}

static void test_joins(void **state)
{
    static const rows_case cases[] = {
        { "x: f[-1,3]; y: f[-1,2]; a = i 1; z = ConcatV2(x, y, a) T=%f N=2; -> z", NULL, NULL },
        { "x: f[-1,3]; y: f[-1,3]; a = i 0; z = ConcatV2(x, y, a) T=%f N=2; -> z",
          "node z (ConcatV2) concatenates along the batch dimension", NULL },
        { "x: f[-1,3]; y: f[-1,3]; z = Pack(x, y) T=%f N=2 axis=1; u = Unpack(z) T=%f num=2 axis=-2; -> z, "
          "u:1",
          NULL, NULL },
        { "x: f[-1,3]; y: f[-1,3]; z = Pack(x, y) T=%f N=2; -> z", "output z has its rows in dimension 1",
          NULL },
        { "x: f[-1,3]; u = Unpack(x) T=%f num=61; -> u", "node u (Unpack)", NULL },
        { "x: f[-1,6]; a = i -1; u = Split(a, x) T=%f num_split=3; -> u:2", NULL, NULL },
        { "x: f[-1,6]; a = i 0; u = Split(a, x) T=%f num_split=1; -> u", "node u (Split) splits the batch",
          NULL },
        { "x: f[-1,6]; a = i 1; n = i(2,4); u = SplitV(x, n, a) T=%f Tlen=%i num_split=2; -> u:1", NULL,
          NULL },
        { "x: f[-1,6]; a = i 0; n = i(-1); u = SplitV(x, n, a) T=%f Tlen=%i num_split=1; -> u",
          "splits the batch", NULL },
    };

    (void)state;
    rows_check(cases, TD_COUNT(cases));
}

static void test_slices(void **state)
{
    static const rows_case cases[] = {
        { "x: f[-1,6]; b = i(0,1); e = i(0,3); s = i(1,1); y = StridedSlice(x, b, e, s) T=%f Index=%i "
          "begin_mask=1 "
          "end_mask=1; -> y",
          NULL, NULL },
        { "x: f[-1,6]; b = i(0,-1); e = i(0,0); s = i(1,1); y = StridedSlice(x, b, e, s) T=%f Index=%i "
          "begin_mask=1 "
          "end_mask=1 shrink_axis_mask=2; -> y",
          NULL, NULL },
        { "x: f[-1,3,6]; b = i(0,0,2); e = i(0,0,4); s = i(1,1,1); y = StridedSlice(x, b, e, s) T=%f "
          "Index=%i "
          "ellipsis_mask=1 new_axis_mask=2; -> y",
          NULL, NULL },
        { "x: f[-1,6]; b = i(0); e = i(2147483647); s = i(1); y = StridedSlice(x, b, e, s) T=%f Index=%i; -> "
          "y",
          NULL, NULL },
        { "x: f[-1,6]; b = i(0); e = i(1000); s = i(1); y = StridedSlice(x, b, e, s) T=%f Index=%i; -> y",
          "node y (StridedSlice) takes some rows of the batch", NULL },
        { "x: f[-1,6]; b = i(0); e = i(0); s = i(-1); y = StridedSlice(x, b, e, s) T=%f Index=%i "
          "begin_mask=1 "
          "end_mask=1; -> y",
          "takes some rows", NULL },
        { "x: f[-1,6]; b = i(-1000); e = i(0); s = i(1); y = StridedSlice(x, b, e, s) T=%f Index=%i "
          "end_mask=1; -> y",
          "takes some rows", NULL },
        { "x: f[-1,6]; b = i(0); e = i(1); s = i(1); y = StridedSlice(x, b, e, s) T=%f Index=%i "
          "shrink_axis_mask=1; "
          "z = AddV2(x, y) T=%f; -> z",
          "node y (StridedSlice) takes some rows", NULL },
        { "x: f[-1,6]; b = i(0,2); e = i(-1,3); y = Slice(x, b, e) T=%f Index=%i; -> y", NULL, NULL },
        { "x: f[-1,6]; " COUNT_OF(
              "x") "b = i(0,2); e = i 3; m = Pack(n, e) T=%i N=2; y = Slice(x, b, m) T=%f Index=%i; "
                   "-> y",
          NULL, NULL },
        { "x: f[-1,6]; " COUNT_OF(
              "x") "b = i(0,2); e = i 3; o = i 1; d = Sub(n, o) T=%i; m = Pack(d, e) T=%i N=2; "
                   "y = Slice(x, b, m) T=%f Index=%i; -> y",
          "takes some rows", NULL },
        { "x: f[-1,6]; c = f[100]; " COUNT_OF(
              "x") "b = i(0); m = Pack(n) T=%i N=1; y = Slice(c, b, m) T=%f Index=%i; "
                   "z = Neg(x) T=%f; -> z, y",
          "node y (Slice) cuts by the number of rows", NULL },
    };

    (void)state;
    rows_check(cases, TD_COUNT(cases));
}

static void test_repeats(void **state)
{
    static const rows_case cases[] = {
        { "x: f[-1,3]; p = i[2,2]; q = i(0,2); z = i(0,0); r = Pack(z, q) T=%i N=2; y = Pad(x, r) T=%f; -> y",
          NULL, NULL },
        { "x: f[-1,3]; p = i[2,2]; y = Pad(x, p) T=%f; -> y", "node y (Pad) pads the batch dimension", NULL },
        { "x: f[-1,4]; q = i(0,2); z = i(0,0); r = Pack(z, q) T=%i N=2; y = MirrorPad(x, r) T=%f "
          "mode='REFLECT; -> y",
          NULL, NULL },
        { "x: f[-1,3]; m = i(1,2); y = Tile(x, m) T=%f; -> y", NULL, NULL },
        { "x: f[-1,3]; m = i(2,1); y = Tile(x, m) T=%f; s = i(2,-1,3); z = Reshape(y, s) T=%f; a = i 0; "
          "w = Sum(z, a) T=%f; -> w",
          NULL, NULL },
        { "x: f[-1,3]; m = i(2,1); y = Tile(x, m) T=%f; s = i(-1,2,3); z = Reshape(y, s) T=%f; -> z",
          "node z (Reshape)", NULL },
        { "x: f[-1,3]; c = f[1,3]; " COUNT_OF("x") "o = i 1; m = Pack(n, o) T=%i N=2; t = Tile(c, m) T=%f; "
                                                   "y = AddV2(t, x) T=%f; -> t, y",
          NULL, NULL },
        { "x: f[-1,3]; m: i[-1]; y = Tile(x, m) T=%f; -> y", "node y (Tile)", NULL },
        { "x: f[-1,3]; v = f 2; " COUNT_OF(
              "x") "o = i 3; m = Pack(n, o) T=%i N=2; t = Fill(m, v) T=%f index_type=%i; "
                   "y = AddV2(t, x) T=%f; -> t, y",
          NULL, NULL },
        { "x: f[-1,3]; v = f 2; " COUNT_OF(
              "x") "m = Pack(n, n) T=%i N=2; t = Fill(m, v) T=%f index_type=%i; -> t",
          "node t (Fill) makes something of the number of rows", NULL },
        { "x: f[-1,3]; c = f[3]; s = Shape(x) T=%f; t = BroadcastTo(c, s) T=%f Tidx=%i; -> t", NULL, NULL },
        { "x: f[-1,1]; c = i(4,5,3); t = BroadcastTo(x, c) T=%f Tidx=%i; -> t", "node t (BroadcastTo)",
          NULL },
        { "x: f[-1,3]; y = ZerosLike(x) T=%f; z = OnesLike(x) T=%f; -> y, z", NULL, NULL },
        { "x: i[-1,3]; d = i 4; a = f 1; b = f 0; y = OneHot(x, d, a, b) T=%f TI=%i; z = OneHot(x, d, a, b) "
          "T=%f TI=%i "
          "axis=1; -> y, z",
          NULL, NULL },
        { "x: i[-1,3]; d = i 4; a = f 1; b = f 0; y = OneHot(x, d, a, b) T=%f TI=%i axis=0; -> y",
          "output y has its rows in dimension 1", NULL },
        { "x: f[-1,3]; " COUNT_OF("x") "z = i 0; o = i 1; r = Range(z, n, o) Tidx=%i; -> r",
          "node r (Range) is not known to keep rows apart", NULL },
    };

    (void)state;
    rows_check(cases, TD_COUNT(cases));
}

static void test_orders(void **state)
{
    static const rows_case cases[] = {
        { "x: f[-1,3]; a = i(1); y = ReverseV2(x, a) T=%f Tidx=%i; -> y", NULL, NULL },
        { "x: f[-1,3]; a = i(-2); y = ReverseV2(x, a) T=%f Tidx=%i; -> y", "node y (ReverseV2) moves rows",
          NULL },
        { "x: f[-1,3]; h = i(1); a = i(1); y = Roll(x, h, a) T=%f Tshift=%i Taxis=%i; -> y", NULL, NULL },
        { "x: f[-1,3]; h = i(1); a = i(0); y = Roll(x, h, a) T=%f Tshift=%i Taxis=%i; -> y", "moves rows",
          NULL },
        { "x: f[-1,3]; l: i[-1]; y = ReverseSequence(x, l) T=%f Tlen=%i seq_dim=1; -> y", NULL, NULL },
        { "x: f[-1,3]; l = i(1,2,3); y = ReverseSequence(x, l) T=%f Tlen=%i seq_dim=0 batch_dim=1; -> y",
          "moves rows", NULL },
        { "x: f[-1,4,4,2]; b = i(2,2); p = i[2,2]; q = Sub(p, p) T=%i; y = SpaceToBatchND(x, b, q) T=%f; f = "
          "f[2,2,2,2]; "
          "c = Conv2D(y, f) T=%f strides=[1,1,1,1] padding='SAME; z = BatchToSpaceND(c, b, q) T=%f; -> z",
          NULL, NULL },
        { "x: f[-1,4,4,2]; b = i(2,2); p = i[2,2]; q = Sub(p, p) T=%i; y = SpaceToBatchND(x, b, q) T=%f; -> "
          "y",
          "output y has 4 rows for each", NULL },
        { "x: f[-1,4,4,2]; b = i(2,2); p = i[2,2]; q = Sub(p, p) T=%i; z = BatchToSpaceND(x, b, q) T=%f; -> "
          "z",
          "node z (BatchToSpaceND)", NULL },
        { "x: f[-1,3]; y = Unique(x) T=%f; -> y", "node y (Unique)", NULL },
        { "x: f[-1]; y = Unique(x) T=%f; -> y", "node y (Unique) is not known to keep rows apart", NULL },
    };

    (void)state;
    rows_check(cases, TD_COUNT(cases));
}

static void test_gathers(void **state)
{
    static const rows_case cases[] = {
        { "x: i[-1,3]; t = f[5,2]; a = i 0; y = GatherV2(t, x, a) Tparams=%f Tindices=%i Taxis=%i; -> y",
          NULL, NULL },
        { "x: i[-1,3]; t = f[2,5]; a = i 1; y = GatherV2(t, x, a) Tparams=%f Tindices=%i Taxis=%i; -> y",
          "output y has its rows in dimension 1", NULL },
        { "x: f[-1,5]; t = i(2,0); a = i 1; y = GatherV2(x, t, a) Tparams=%f Tindices=%i Taxis=%i; -> y",
          NULL, NULL },
        { "x: f[-1,5]; t = i(0,0); a = i 0; y = GatherV2(x, t, a) Tparams=%f Tindices=%i Taxis=%i; -> y",
          "node y (GatherV2) gathers across rows", NULL },
        { "x: f[-1,5,2]; t: i[-1,3]; a = i 1; y = GatherV2(x, t, a) Tparams=%f Tindices=%i Taxis=%i "
          "batch_dims=1; -> y",
          NULL, NULL },
        { "x: f[-1,5]; t: i[-1]; a = i 0; y = GatherV2(x, t, a) Tparams=%f Tindices=%i Taxis=%i; -> y",
          "gathers across rows", NULL },
        { "x: f[-1,5]; t: i[-1]; a = i 1; y = GatherV2(x, t, a) Tparams=%f Tindices=%i Taxis=%i; -> y",
          "brings rows together", NULL },
        { "x: i[-1,3]; t = f[5,2]; y = Gather(t, x) Tparams=%f Tindices=%i; -> y", NULL, NULL },
        { "x: i[-1,2]; t = f[3,3,4]; y = GatherNd(t, x) Tparams=%f Tindices=%i; -> y", NULL, NULL },
        { "x: f[-1,4]; t = i[2,1]; y = GatherNd(x, t) Tparams=%f Tindices=%i; -> y", "gathers across rows",
          NULL },
        { "x: s[-1]; y = StringLower(x); z = StringJoin(y, x) N=2 separator='-; n = StringLength(z); -> z, n",
          NULL, NULL },
    };

    (void)state;
    rows_check(cases, TD_COUNT(cases));
}

/* What is computed of shapes, and where that ends. */
static void test_counts(void **state)
{
    static const rows_case cases[] = {
        { "x: f[-1,3,4]; s = Shape(x) T=%f; g = i(0,1); a = i 0; h = GatherV2(s, g, a) Tparams=%i "
          "Tindices=%i Taxis=%i; "
          "p = Prod(h, a) T=%i; q = i 4; t = Pack(p, q) T=%i N=2; y = Reshape(x, t) T=%f; z = Reshape(y, s) "
          "T=%f; -> z",
          NULL, NULL },
        { "x: f[-1,6]; " COUNT_OF(
              "x") "six = i 6; m = Mul(n, six) T=%i; d = i 3; q = FloorDiv(m, d) T=%i; r = i 3; "
                   "t = Pack(q, r) T=%i N=2; y = Reshape(x, t) T=%f; u = i(-1,6); "
                   "z = Reshape(y, u) T=%f; -> z",
          NULL, NULL },
        { "x: f[-1,6]; " COUNT_OF("x") "d = i 4; q = FloorDiv(n, d) T=%i; v = f 0; t = Pack(q) T=%i N=1; "
                                       "y = Fill(t, v) T=%f index_type=%i; -> x, y",
          "node q (FloorDiv) divides the number of rows", NULL },
        { "x: f[-1,6]; " COUNT_OF("x") "d = i 4; q = Maximum(n, d) T=%i; v = f 0; t = Pack(q) T=%i N=1; "
                                       "y = Fill(t, v) T=%f index_type=%i; -> x, y",
          "node q (Maximum) takes the number of rows for a value", NULL },
        { "x: f[-1,6]; " COUNT_OF("x") "q = Mul(n, n) T=%i; v = f 0; t = Pack(q) T=%i N=1; "
                                       "y = Fill(t, v) T=%f index_type=%i; -> x, y",
          "node q (Mul) makes something of the number of rows", NULL },
        { "x: f[-1,6]; k = i 1; r = Rank(x) T=%f; q = Sub(r, k) T=%i; y = Sum(x, q) T=%f; -> y", NULL, NULL },
    };

    (void)state;
    rows_check(cases, TD_COUNT(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signatures), cmocka_unit_test(test_reshape), cmocka_unit_test(test_joins),
        cmocka_unit_test(test_slices),     cmocka_unit_test(test_repeats), cmocka_unit_test(test_orders),
        cmocka_unit_test(test_gathers),    cmocka_unit_test(test_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
