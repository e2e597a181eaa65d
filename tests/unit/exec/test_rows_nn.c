/* SPDX-License-Identifier: Apache-2.0 */
/* test_rows_nn.c -- rows through the layers of neural networks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/macros.h"
#include "rows_case.h"

static void test_images(void **state)
{
    static const rows_case cases[] = {
        { "x: f[-1,6,6,2]; w = f[3,3,2,4]; b = f[4]; y = Conv2D(x, w) T=%f strides=[1,2,2,1] padding='SAME; "
          "z = BiasAdd(y, b) T=%f; a = Relu(z) T=%f; -> a",
          NULL, NULL },
        { "x: f[-1,6,6,4]; w = f[3,3,4,4]; y = Conv2D(x, w) T=%f strides=[1,1,1,1] padding='SAME; z = "
          "AddV2(y, x) T=%f; "
          "a = Relu(z) T=%f; -> a",
          NULL, NULL },
        { "x: f[-1,6,6,2]; p = i(1,0,2,3); t = Transpose(x, p) T=%f; w = f[3,3,2,4]; y = Conv2D(t, w) T=%f "
          "strides=[1,1,1,1] padding='SAME; -> y",
          "works across the batch dimension", NULL },
        { "x: f[-1,6,6,2]; w = f[3,3,2,2]; y = DepthwiseConv2dNative(x, w) T=%f strides=[1,1,1,1] "
          "padding='VALID; -> y",
          NULL, NULL },
        { "x: f[-1,3,3,4]; w = f[3,3,2,4]; s = Shape(x) T=%f; k0 = i(0); k1 = i(1); n = StridedSlice(s, k0, "
          "k1, k1) T=%i "
          "Index=%i shrink_axis_mask=1; h = i 6; c = i 2; m = Pack(n, h, h, c) T=%i N=4; y = "
          "Conv2DBackpropInput(m, w, x) "
          "T=%f strides=[1,2,2,1] padding='SAME; -> y",
          NULL, NULL },
        { "x: f[-1,3,3,4]; w = i(3,3,4,4); y = Conv2DBackpropFilter(x, w, x) T=%f strides=[1,1,1,1] "
          "padding='SAME; "
          "a = i 0; z = AddV2(x, x) T=%f; -> y",
          "node y (Conv2DBackpropFilter) is not known to keep rows apart", NULL },
        { "x: f[-1,6,6,2]; y = MaxPool(x) T=%f ksize=[1,2,2,1] strides=[1,2,2,1] padding='VALID; -> y", NULL,
          NULL },
        { "x: f[-1,6,6,2]; p = i(1,0,2,3); t = Transpose(x, p) T=%f; y = AvgPool(t) T=%f ksize=[1,2,2,1] "
          "strides=[1,2,2,1] padding='VALID; -> y",
          "node y (AvgPool)", NULL },
        { "x: f[-1,6,6,2]; k = i(1,2,2,1); y = MaxPoolV2(x, k, k) T=%f padding='VALID; -> y", NULL, NULL },
        { "x: f[-1,6,6,2]; y = MaxPoolWithArgmax(x) T=%f ksize=[1,2,2,1] strides=[1,2,2,1] padding='VALID; "
          "-> y, y:1",
          NULL, NULL },
        { "x: f[-1,6,6,2]; y = MaxPoolWithArgmax(x) T=%f ksize=[1,2,2,1] strides=[1,2,2,1] padding='VALID "
          "include_batch_in_index=true; -> y, y:1",
          "node y (MaxPoolWithArgmax) numbers elements across the rows", NULL },
        { "x: f[-1,4,4,4]; y = SpaceToDepth(x) T=%f block_size=2; z = DepthToSpace(y) T=%f block_size=2; -> "
          "y, z",
          NULL, NULL },
        { "x: f[-1,4,4,2]; s = i(7,5); y = ResizeBilinear(x, s) T=%f; z = ResizeNearestNeighbor(x, s) T=%f; "
          "-> y, z",
          NULL, NULL },
        { "x: f[-1,4,4,2]; b: f[-1,4]; i: i[-1]; s = i(3,3); y = CropAndResize(x, b, i, s) T=%f; -> y",
          "node y (CropAndResize) is not known to keep rows apart", NULL },
    };

    (void)state;
    rows_check(cases, TD_COUNT(cases));
}

static void test_normalisation(void **state)
{
    static const rows_case cases[] = {
        { "x: f[-1,2,2,3]; s = f[3]; o = f[3]; m = f[3]; v = i(1,2,3); w = Cast(v) SrcT=%i DstT=%f; "
          "y = FusedBatchNormV3(x, s, o, m, w) T=%f U=%f is_training=false; -> y",
          NULL, NULL },
        { "x: f[-1,2,2,3]; s = f[3]; e = f[0]; y = FusedBatchNormV3(x, s, s, e, e) T=%f U=%f "
          "is_training=true; -> y",
          "node y (FusedBatchNormV3) normalises over the batch", NULL },
        { "x: f[-1,2,2,4]; y = LRN(x) T=%f; -> y", NULL, NULL },
        { "x: f[-1,3]; b: f[-1]; p = i(1,0); t = Transpose(x, p) T=%f; y = BiasAdd(t, b) T=%f; -> y",
          "node y (BiasAdd) adds another bias to each row", NULL },
        { "x: f[-1,5]; a = i(-1); m = Mean(x, a) T=%f keep_dims=true; d = Sub(x, m) T=%f; q = "
          "SquaredDifference(x, m) T=%f; "
          "v = Mean(q, a) T=%f keep_dims=true; e = f 1; w = AddV2(v, e) T=%f; r = Rsqrt(w) T=%f; y = Mul(d, "
          "r) T=%f; -> y",
          NULL, NULL },
    };

    (void)state;
    rows_check(cases, TD_COUNT(cases));
}

static void test_cells(void **state)
{
    static const rows_case cases[] = {
        { "x: f[-1,3]; h: f[-1,2]; w = f[5,4]; v = f[5,2]; a = f[4]; b = f[2]; y = GRUBlockCell(x, h, w, v, "
          "a, b) T=%f; "
          "-> y:3",
          NULL, NULL },
        { "x: f[-1,4,3]; c: f[-1,2]; h: f[-1,2]; p = i(1,0,2); t = Transpose(x, p) T=%f; n = l 4; w = "
          "f[5,8]; z = f[2]; "
          "b = f[8]; y = BlockLSTM(n, t, c, h, w, z, z, z, b) T=%f; u = Transpose(y:6, p) T=%f; -> u",
          NULL, NULL },
        { "x: f[-1,4,3]; c = f[4,2]; n = l 4; w = f[5,8]; z = f[2]; b = f[8]; "
          "y = BlockLSTM(n, x, c, c, w, z, z, z, b) T=%f; -> y:6",
          "node y (BlockLSTM) walks along the batch dimension", NULL },
    };

    (void)state;
    rows_check(cases, TD_COUNT(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_images),
        cmocka_unit_test(test_normalisation),
        cmocka_unit_test(test_cells),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
