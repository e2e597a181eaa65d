/* SPDX-License-Identifier: Apache-2.0 */
/* lower_nn.c -- convolutions, products, pools and resizes. TFLite's filters are [out, rows, columns, in], TensorFlow's
 * [rows, columns, in, out]: constants are turned when the graph is folded. */
#include "formats/tflite/options.h"

#include <string.h>

void td_tfl_set_window(td_tfl_op *o, td_node *n, const char *name, int32_t h, int32_t w)
{
    td_tfl_set_ints(o, n, name, (int64_t[]){ 1, h, w, 1 }, 4);
}

void td_tfl_set_geometry(td_tfl_op *o, td_node *n, size_t dilation_w)
{
    td_tfl_set_window(o, n, "strides", td_tfl_int(o, CONV_STRIDE_H, 0), td_tfl_int(o, CONV_STRIDE_W, 0));
    td_tfl_set_text(o, n, "padding", td_tfl_padding(o, CONV_PADDING));
    if (dilation_w)
        td_tfl_set_window(o, n, "dilations", td_tfl_int(o, dilation_w + 1, 1), td_tfl_int(o, dilation_w, 1));
}

static td_edge turned(td_tfl_op *o, td_edge filter, const int32_t *order)
{
    td_node *const n =
        td_tfl_node(o, "Transpose", o->type, (td_edge[]){ filter, td_tfl_i32s(o, order, 4) }, 2);

    td_tfl_set_type(o, n, "Tperm", TD_I32);
    return (td_edge){ n, 0, NULL };
}

/* value, the bias of operand `bias` added if there is one, and the activation. */
static void finish(td_tfl_op *o, td_edge value, size_t bias, uint8_t activation)
{
    if (td_tfl_has(o, bias)) {
        const bool is_vector = td_tfl_operand(o, bias)->shape.rank == 1;

        value = td_tfl_emit2(o, is_vector ? "BiasAdd" : "AddV2", o->type, value, td_tfl_in(o, bias));
    }
    td_tfl_out(o, 0, td_tfl_activate(o, activation, value));
}

void td_tfl_lower_conv(td_tfl_op *o)
{
    const td_edge filter = turned(o, td_tfl_in(o, 1), (int32_t[]){ 1, 2, 3, 0 });
    td_node *const n = td_tfl_node(o, o->def->op, o->type, (td_edge[]){ td_tfl_in(o, 0), filter }, 2);

    td_tfl_set_geometry(o, n, CONV_DILATION_W);
    finish(o, (td_edge){ n, 0, NULL }, 2, td_tfl_byte(o, CONV_ACTIVATION));
}

static td_edge reshaped(td_tfl_op *o, td_edge x, const int32_t *dims, size_t rank)
{
    td_node *const n = td_tfl_node(o, "Reshape", o->type, (td_edge[]){ x, td_tfl_i32s(o, dims, rank) }, 2);

    td_tfl_set_type(o, n, "Tshape", TD_I32);
    return (td_edge){ n, 0, NULL };
}

/* [1, rows, columns, channels * multiplier] as [rows, columns, channels, multiplier]. */
static td_edge depthwise_filter(td_tfl_op *o)
{
    const td_tfl_tensor *const t = td_tfl_operand(o, 1), *const x = td_tfl_operand(o, 0);
    const td_edge filter = td_tfl_in(o, 1);
    const int64_t *const dims = t->shape.dims;
    int64_t multiplier = td_tfl_int(o, DEPTH_MULTIPLIER, 0);
    const bool is_known = x->shape.rank == 4 && x->shape.dims[3] > 0;

    if (t->shape.rank != 4 || dims[0] != 1 || dims[1] < 1 || dims[2] < 1 || dims[3] < 1) {
        td_tfl_fail(o, TD_ERR(INVALID_ARGUMENT, "filter '%s' is not [1, rows, columns, channels]", t->name));
        return filter;
    }
    if (is_known) multiplier = dims[3] / x->shape.dims[3];
    if (multiplier < 1 || dims[3] % multiplier) {
        td_tfl_fail(o, TD_ERR(INVALID_ARGUMENT,
                              "filter '%s' has not so many channels for each of the input's", t->name));
        return filter;
    }
    return reshaped(o, filter,
                    (int32_t[]){ (int32_t)dims[1], (int32_t)dims[2], (int32_t)(dims[3] / multiplier),
                                 (int32_t)multiplier },
                    4);
}

void td_tfl_lower_depthwise(td_tfl_op *o)
{
    if (!td_tfl_has(o, 1)) {
        (void)td_tfl_in(o, 1);
        return;
    }
    td_node *const n =
        td_tfl_node(o, o->def->op, o->type, (td_edge[]){ td_tfl_in(o, 0), depthwise_filter(o) }, 2);

    td_tfl_set_geometry(o, n, DEPTH_DILATION_W);
    finish(o, (td_edge){ n, 0, NULL }, 2, td_tfl_byte(o, DEPTH_ACTIVATION));
}

void td_tfl_lower_transpose_conv(td_tfl_op *o)
{
    const td_edge filter = turned(o, td_tfl_in(o, 1), (int32_t[]){ 1, 2, 0, 3 });
    const td_edge in[] = { td_tfl_in(o, 0), filter, td_tfl_in(o, 2) };
    td_node *const n = td_tfl_node(o, o->def->op, o->type, in, 3);

    td_tfl_set_geometry(o, n, 0);
    finish(o, (td_edge){ n, 0, NULL }, 3, td_tfl_byte(o, CONV_ACTIVATION));
}

/* x is [..., depth]. TFLite makes rows of that depth of it, unless it keeps the dimensions. */
static td_edge dense_product(td_tfl_op *o, int64_t depth, bool keeps)
{
    const td_tfl_tensor *const t = td_tfl_operand(o, 0);
    td_edge x = td_tfl_in(o, 0);
    const bool has_rows = t->shape.rank == 2 && t->shape.dims[1] == depth;

    if (keeps && t->shape.rank > 2) {
        td_node *const n = td_tfl_node(o, "BatchMatMulV2", o->type, (td_edge[]){ x, td_tfl_in(o, 1) }, 2);

        td_tfl_set_bool(o, n, "adj_y", true);
        return (td_edge){ n, 0, NULL };
    }
    if (!has_rows) x = reshaped(o, x, (int32_t[]){ -1, (int32_t)depth }, 2);
    td_node *const n = td_tfl_node(o, o->def->op, o->type, (td_edge[]){ x, td_tfl_in(o, 1) }, 2);
    td_tfl_set_bool(o, n, "transpose_b", true);
    return (td_edge){ n, 0, NULL };
}

void td_tfl_lower_dense(td_tfl_op *o)
{
    const td_tfl_tensor *const w = td_tfl_operand(o, 1);

    if (!w || w->shape.rank != 2 || w->shape.dims[1] < 1)
        td_tfl_fail(o, TD_ERR(INVALID_ARGUMENT, "weights are not [units, depth]"));
    else if (td_tfl_byte(o, DENSE_FORMAT))
        td_tfl_fail(o, TD_ERR(UNIMPLEMENTED, "weights in a shuffled order are not built yet"));
    else
        finish(o, dense_product(o, w->shape.dims[1], td_tfl_bool(o, DENSE_KEEPS)), 2,
               td_tfl_byte(o, DENSE_ACTIVATION));
}

void td_tfl_lower_batch_matmul(td_tfl_op *o)
{
    td_node *const n =
        td_tfl_node(o, o->def->op, o->type, (td_edge[]){ td_tfl_in(o, 0), td_tfl_in(o, 1) }, 2);

    td_tfl_set_bool(o, n, "adj_x", td_tfl_bool(o, ADJ_X));
    td_tfl_set_bool(o, n, "adj_y", td_tfl_bool(o, ADJ_Y));
    td_tfl_out(o, 0, (td_edge){ n, 0, NULL });
}

void td_tfl_lower_pool(td_tfl_op *o)
{
    const td_edge x = td_tfl_in(o, 0);
    td_node *const n = td_tfl_node(o, o->def->op, o->type, &x, 1);

    td_tfl_set_geometry(o, n, 0);
    td_tfl_set_window(o, n, "ksize", td_tfl_int(o, POOL_HEIGHT, 0), td_tfl_int(o, POOL_WIDTH, 0));
    td_tfl_out(o, 0, td_tfl_activate(o, td_tfl_byte(o, POOL_ACTIVATION), (td_edge){ n, 0, NULL }));
}

void td_tfl_lower_softmax(td_tfl_op *o)
{
    const float beta = td_tfl_float(o, BETA, 0.0f);
    td_edge x = td_tfl_in(o, 0);

    if (beta < 1.0f || beta > 1.0f) x = td_tfl_emit2(o, "Mul", o->type, x, td_tfl_f32(o, beta));
    td_tfl_out(o, 0, td_tfl_emit1(o, o->def->op, o->type, x));
}

static void resize(td_tfl_op *o, size_t align_corners)
{
    td_node *const n =
        td_tfl_node(o, o->def->op, o->type, (td_edge[]){ td_tfl_in(o, 0), td_tfl_in(o, 1) }, 2);

    td_tfl_set_bool(o, n, "align_corners", td_tfl_bool(o, align_corners));
    td_tfl_set_bool(o, n, "half_pixel_centers", td_tfl_bool(o, align_corners + 1));
    td_tfl_out(o, 0, (td_edge){ n, 0, NULL });
}

void td_tfl_lower_resize_bilinear(td_tfl_op *o)
{
    resize(o, 2); /* behind a size that old files had there */
}

void td_tfl_lower_resize_nearest(td_tfl_op *o)
{
    resize(o, 0);
}
