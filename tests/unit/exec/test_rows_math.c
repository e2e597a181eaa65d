/* SPDX-License-Identifier: Apache-2.0 */
/* test_rows_math.c -- rows through elementwise ops, reductions, products and matrices: each rule once as it keeps rows
 * apart, and once as it cannot. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/macros.h"
#include "rows_case.h"

static void test_elementwise(void **state)
{
    static const rows_case cases[] = {
        { "x: f[-1,4]; c = f[4]; y = AddV2(x, c) T=%f; z = Tanh(y) T=%f; -> z", NULL, NULL },
        { "x: f[-1,4]; c = f[1,4]; y = Mul(x, c) T=%f; -> y", NULL, NULL },
        { "x: f[-1,4]; y: f[-1,1]; z = Maximum(x, y) T=%f; w = Less(z, x) T=%f; -> z, w", NULL, NULL },
        { "x: f[-1,4]; c = f[3,4]; y = AddV2(x, c) T=%f; -> y", "node y (AddV2) has a result whose shape",
          NULL },
        { "x: f[-1,4]; c = f[5,1,4]; y = AddV2(x, c) T=%f; -> y", "output y has its rows in dimension 1",
          NULL },
        { "x: f[-1,1]; p = i(1,0); t = Transpose(x, p) T=%f; y = AddV2(x, t) T=%f; -> y",
          "node y (AddV2) brings rows together that lie in different dimensions", NULL },
        { "x: f[-1,4]; s = Shape(x) T=%f; k = i(0); e = i(1); n = StridedSlice(s, k, e, e) T=%i Index=%i "
          "shrink_axis_mask=1; m = Cast(n) SrcT=%i DstT=%f; y = Mul(x, m) T=%f; -> y",
          "node y (_FusedElementwise) takes the number of rows for a value", NULL },
        { "x: i[-1,4]; s = Shape(x) T=%i; k = i(0); e = i(1); n = StridedSlice(s, k, e, e) T=%i Index=%i "
          "shrink_axis_mask=1; y = Mul(x, n) T=%i; -> y",
          "node y (Mul) takes the number of rows for a value", NULL },
        { "x: f[-1,4]; y = Cast(x) SrcT=%f DstT=%int64; -> y", NULL, NULL },
        { "c: b[-1]; x: f[-1,4]; y: f[-1,4]; z = Select(c, x, y) T=%f; -> z", NULL, NULL },
        { "c: b[-1,1]; x: f[-1,4]; v = f[4]; z = SelectV2(c, x, v) T=%f; -> z", NULL, NULL },
        { "c: b[-1]; x: f[-1,4]; p = i(1,0); t = Transpose(x, p) T=%f; z = SelectV2(c, t, t) T=%f; -> z",
          "output z has its rows in dimension 1", NULL },
        { "x: f[-1,4]; a = i 1; m = Mean(x, a) T=%f; s = Sub(x, x) T=%f; y = AddN(x, s) T=%f N=2; -> y", NULL,
          NULL },
    };

    (void)state;
    rows_check(cases, TD_COUNT(cases));
}

static void test_reductions(void **state)
{
    static const rows_case cases[] = {
        { "x: f[-1,3,4]; a = i(1,2); y = Mean(x, a) T=%f Tidx=%i; -> y", NULL, NULL },
        { "x: f[-1,3,4]; a = i -1; y = Sum(x, a) T=%f keep_dims=true; -> y", NULL, NULL },
        { "x: f[-1,3,4]; a = i(0); y = Mean(x, a) T=%f; -> y", "node y (Mean) reduces the batch dimension",
          NULL },
        { "x: f[-1,3,4]; a = i(-3,1); y = Max(x, a) T=%f; -> y", "node y (Max) reduces the batch dimension",
          NULL },
        { "x: f[-1,3]; a: i[-1]; y = Max(x, a) T=%f; -> y", "dimensions that are not known", NULL },
        { "x: f[-1,3]; s = Shape(x) T=%f; k = i(1); e = i(2); o = i(1); a = StridedSlice(s, k, e, o) T=%i "
          "Index=%i; "
          "b = Sub(a, e) T=%i; y = Sum(x, b) T=%f; -> y",
          "dimensions that are not known", NULL },
        { "x: f[3,-1]; a = i 0; y = Sum(x, a) T=%f; -> y", "input x has a fixed first dimension 3", NULL },
        { "x: f[-1,3,4]; p = i(1,0,2); t = Transpose(x, p) T=%f; a = i 0; y = Sum(t, a) T=%f; -> y", NULL,
          NULL },
        { "x: f[-1,4]; a = i 1; y = ArgMax(x, a) T=%f; -> y", NULL, NULL },
        { "x: f[-1,4]; a = i 0; y = ArgMax(x, a) T=%f; -> y", "node y (ArgMax) compares rows", NULL },
        { "x: f[-1,4]; k = i 2; y = TopKV2(x, k) T=%f; -> y, y:1", NULL, NULL },
        { "x: f[-1]; k = i 1; y = TopKV2(x, k) T=%f; -> y", "along the batch dimension", NULL },
        { "x: f[-1,4]; n = i 2; y = NthElement(x, n) T=%f; -> y", NULL, NULL },
        { "x: f[-1]; n = i 0; y = NthElement(x, n) T=%f; -> y", "along the batch dimension", NULL },
        { "x: f[-1,4]; y = ApproxTopK(x) T=%f k=2; -> y", NULL, NULL },
        { "x: f[-1,4]; y = ApproxTopK(x) T=%f k=1 reduction_dimension=0; -> y", "compares rows", NULL },
    };

    (void)state;
    rows_check(cases, TD_COUNT(cases));
}

static void test_along_a_dimension(void **state)
{
    static const rows_case cases[] = {
        { "x: f[-1,4]; y = Softmax(x) T=%f; -> y", NULL, NULL },
        { "x: f[-1]; y = Softmax(x) T=%f; -> y", "node y (Softmax) works along the batch dimension", NULL },
        { "x: f[-1,4]; a = i 1; y = Cumsum(x, a) T=%f; -> y", NULL, NULL },
        { "x: f[-1,4]; a = i 0; y = Cumsum(x, a) T=%f; -> y", "accumulates from row to row", NULL },
        { "x: i[-1,4]; n = i 3; w = i[0]; y = DenseBincount(x, n, w) T=%i Tidx=%i; -> y", NULL, NULL },
        { "x: i[-1]; n = i 3; w = i[0]; y = DenseBincount(x, n, w) T=%i Tidx=%i; -> y",
          "counts over all rows", NULL },
        { "x: f[-1,3]; y: f[-1,3]; z = Cross(x, y) T=%f; -> z", NULL, NULL },
        { "x: f[-1,5]; t: i[-1]; y = InTopK(x, t) k=2 T=%i; -> y", NULL, NULL },
        { "x: f[-1,5]; v: f[-1,2]; y = LowerBound(x, v) T=%f; -> y", NULL, NULL },
        { "x: f[-1,4]; l: f[-1,4]; y = SoftmaxCrossEntropyWithLogits(x, l) T=%f; -> y, y:1", NULL, NULL },
    };

    (void)state;
    rows_check(cases, TD_COUNT(cases));
}

static void test_products(void **state)
{
    static const rows_case cases[] = {
        { "x: f[-1,4]; w = f[4,3]; y = MatMul(x, w) T=%f; -> y", NULL, NULL },
        { "x: f[-1,4]; w = f[3,4]; y = MatMul(w, x) T=%f transpose_b=true; -> y",
          "output y has its rows in dimension 1", NULL },
        { "x: f[-1,4]; w: f[-1,3]; y = MatMul(x, w) T=%f transpose_a=true; -> y",
          "node y (MatMul) sums over the batch dimension", NULL },
        { "x: f[-1,4]; y = MatMul(x, x) T=%f transpose_b=true; -> y", "brings rows together", NULL },
        { "x: f[-1,4]; w = f[4,3]; b = f[3]; y = MatMul(x, w) T=%f; z = BiasAdd(y, b) T=%f; a = Relu(z) "
          "T=%f; -> a",
          NULL, NULL },
        { "x: f[-1,4]; w = f[4,4]; y = MatMul(x, w) T=%f; z = AddV2(y, x) T=%f; -> z", NULL, NULL },
        { "x: f[-1,2,3]; y: f[-1,3,5]; z = BatchMatMulV2(x, y) T=%f; -> z", NULL, NULL },
        { "x: f[-1,2,3]; y = f[3,5]; z = BatchMatMulV2(x, y) T=%f; -> z", NULL, NULL },
        { "x: f[-1,3]; y = f[6,5,3]; z = BatchMatMulV2(y, x) T=%f adj_y=true; -> z",
          "output z has its rows in dimension 2", NULL },
        { "x: f[-1,3]; y: f[-1,3]; z = BatchMatMulV2(x, y) T=%f adj_x=true; -> z", "sums over the batch",
          NULL },
        { "x: f[-1,4,3]; w = f[3,5]; y = Einsum(x, w) equation='abc,cd->abd N=2 T=%f; -> y", NULL, NULL },
        { "x: f[-1,4,3]; w: f[-1,2,3]; y = Einsum(x, w) equation='...tc,...sc->...ts N=2 T=%f; -> y", NULL,
          NULL },
        { "x: f[-1,4,3]; w: f[-1,3]; y = Einsum(x, w) equation='abc,ac->ab N=2 T=%f; -> y", NULL, NULL },
        { "x: f[-1,4,3]; w: f[-1,3]; y = Einsum(x, w) equation='abc,ac->b N=2 T=%f; -> y",
          "node y (Einsum) sums over the batch dimension", NULL },
        { "x: f[-1,4]; w: f[-1,4]; y = Einsum(x, w) equation='ab,cb->ac N=2 T=%f; -> y",
          "brings rows together", NULL },
        { "x: f[-1,4,4]; n = l 0; y = MatrixBandPart(x, n, n) T=%f; -> y", NULL, NULL },
        { "x: f[-1,4]; n = l 0; y = MatrixBandPart(x, n, n) T=%f; -> y", "along the batch dimension", NULL },
        { "x: f[-1,4]; y = MatrixDiag(x) T=%f; z = MatrixDiagPart(y) T=%f; -> y, z", NULL, NULL },
        { "x: f[-1]; y = MatrixDiag(x) T=%f; -> y", "along the batch dimension", NULL },
        { "x: f[-1,3,4]; d: f[-1,3]; y = MatrixSetDiag(x, d) T=%f; -> y", NULL, NULL },
        { "x: f[-1,4]; d: f[-1]; y = MatrixSetDiag(x, d) T=%f; -> y", "along the batch dimension", NULL },
    };

    (void)state;
    rows_check(cases, TD_COUNT(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_elementwise),
        cmocka_unit_test(test_reductions),
        cmocka_unit_test(test_along_a_dimension),
        cmocka_unit_test(test_products),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
