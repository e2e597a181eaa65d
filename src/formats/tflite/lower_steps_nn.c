/* SPDX-License-Identifier: Apache-2.0 */
/* lower_steps_nn.c -- convolutions, products, pools, softmax and means of quantised tensors. Factors are computed with the
 * mix of float and double that TFLite has, so that they are the same to the last bit. */
#include <string.h>

#include "formats/tflite/options.h"
#include "formats/tflite/steps.h"

static td_dtype bias_type(const td_tfl_op *o)
{
    return o->type == TD_F32 ? TD_F32 : o->type == TD_I16 ? TD_I64 : TD_I32;
}

/* A vector of zeros where there is no bias. */
static td_edge bias_of(td_tfl_op *o, size_t i, size_t n)
{

    if (td_tfl_has(o, i)) return td_tfl_in(o, i);
    void *const zeros = td_arena_alloc(o->l->arena, n * sizeof(int64_t));

    if (n) memset(zeros, 0, n * sizeof(int64_t));
    return td_tfl_bytes(o, bias_type(o), zeros, n, 1);
}

/* Factors of outputs: those of bytes of old have a product of floats in them, others one of doubles. */
static void set_output_factors(td_tfl_op *o, td_node *node, const float *scales, size_t n, bool is_old)
{
    const td_tfl_steps x = td_tfl_steps_in(o, (size_t)o->def->main), y = td_tfl_steps_out(o, 0);
    td_fixed *const factors = TD_ARENA_NEW_N(o->l->arena, td_fixed, n);

    for (size_t i = 0; i < n; i++) {
        const double product = is_old ? (double)(x.scale * scales[i]) : (double)x.scale * (double)scales[i];

        factors[i] = td_tfl_factor(o, product / (double)y.scale);
    }
    td_tfl_set_factors(o, node, factors, n);
}

/* The node: input, filter, bias; the filter's outputs are its dimension `axis`. NULL: there is trouble. */
static td_node *filtered(td_tfl_op *o, const char *op, int32_t axis, bool is_old, uint8_t activation)
{
    const td_tfl_tensor *const w = td_tfl_operand(o, 1);
    size_t n;
    int32_t zero;

    const td_edge filter = td_tfl_in(o, 1);
    const float *const scales = td_tfl_scales_in(o, 1, axis, &n, &zero);
    if (!scales || !filter.node) return NULL;
    if (w->shape.dims[axis] < 1) {
        td_tfl_fail(o, TD_ERR(INVALID_ARGUMENT, "filter '%s' has no known number of outputs", w->name));
        return NULL;
    }
    const size_t x = (size_t)o->def->main,
                 b = x ? x + 1 : 2; /* transposed ones begin with the result's shape */
    const td_edge bias = bias_of(o, b, (size_t)w->shape.dims[axis]);
    const td_edge in[] = { td_tfl_in(o, x), filter, bias, x ? td_tfl_in(o, 0) : bias };
    td_node *const node = td_tfl_node(o, op, o->type, in, x ? 4 : 3);
    const td_tfl_steps y = td_tfl_steps_out(o, 0);

    td_tfl_set_type(o, node, "Tfilter", w->dtype);
    td_tfl_set_type(o, node, "Tbias", td_tfl_has(o, b) ? td_tfl_type_of(o, b) : bias_type(o));
    td_tfl_set_int(o, node, "zero_x", td_tfl_steps_in(o, x).zero);
    td_tfl_set_int(o, node, "zero_filter", zero);
    set_output_factors(o, node, scales, n, is_old);
    td_tfl_set_steps(o, node, &y, activation);
    td_tfl_out(o, 0, (td_edge){ node, 0, NULL });
    return node;
}

void td_tfl_lower_steps_conv(td_tfl_op *o)
{
    td_node *const n = filtered(o, o->def->op, 0, o->type == TD_U8, td_tfl_byte(o, CONV_ACTIVATION));

    if (n) td_tfl_set_geometry(o, n, CONV_DILATION_W);
}

void td_tfl_lower_steps_depthwise(td_tfl_op *o)
{
    td_node *const n = filtered(o, o->def->op, 3, o->type == TD_U8, td_tfl_byte(o, DEPTH_ACTIVATION));

    if (!n) return;
    td_tfl_set_bool(o, n, "depthwise", true);
    td_tfl_set_geometry(o, n, DEPTH_DILATION_W);
}

void td_tfl_lower_steps_transpose_conv(td_tfl_op *o)
{
    td_node *const n = filtered(o, o->def->op, 0, o->type == TD_U8, td_tfl_byte(o, CONV_ACTIVATION));

    if (n) td_tfl_set_geometry(o, n, 0);
}

void td_tfl_lower_steps_dense(td_tfl_op *o)
{
    if (td_tfl_byte(o, DENSE_FORMAT)) {
        td_tfl_fail(o, TD_ERR(UNIMPLEMENTED, "weights in a shuffled order are not built yet"));
        return;
    }
    td_node *const n = filtered(o, o->def->op, 0, o->type == TD_U8, td_tfl_byte(o, DENSE_ACTIVATION));

    if (!n) return;
    td_tfl_set_bool(o, n, "keep_dims", td_tfl_bool(o, DENSE_KEEPS));
    td_tfl_set_bool(o, n, "rounds_once", o->type != TD_U8);
}

/* ---- floats by a filter of steps: TFLite takes each image to steps, or each row --------------------------- */

static td_node *hybrid(td_tfl_op *o, int32_t axis, bool is_asymmetric, uint8_t activation)
{
    const td_tfl_tensor *const w = td_tfl_operand(o, 1);
    const td_edge x = td_tfl_in(o, 0), filter = td_tfl_in(o, 1);
    size_t n;
    int32_t zero;
    const float *const scales = td_tfl_scales_in(o, 1, axis, &n, &zero);

    if (!scales || !filter.node) return NULL;
    if (w->dtype != TD_I8 || zero || w->shape.dims[axis] < 1) {
        td_tfl_fail(o, TD_ERR(INVALID_ARGUMENT, "filter '%s' is not of INT8 around 0", w->name));
        return NULL;
    }
    td_node *const node =
        td_tfl_node(o, o->def->op, TD_DTYPE_NONE,
                    (td_edge[]){ x, filter, bias_of(o, 2, (size_t)w->shape.dims[axis]) }, 3);

    td_tfl_set_floats(o, node, "scales", scales, n);
    td_tfl_set_bool(o, node, "asymmetric", is_asymmetric);
    td_tfl_out(o, 0, td_tfl_activate(o, activation, (td_edge){ node, 0, NULL }));
    return node;
}

static bool has_many(td_tfl_op *o)
{
    return td_tfl_has(o, 1) && td_tfl_operand(o, 1)->scales.n > 1;
}

void td_tfl_lower_hybrid_conv(td_tfl_op *o)
{
    td_node *const n = hybrid(o, 0, has_many(o), td_tfl_byte(o, CONV_ACTIVATION));

    if (n) td_tfl_set_geometry(o, n, CONV_DILATION_W);
}

void td_tfl_lower_hybrid_depthwise(td_tfl_op *o)
{
    td_node *const n = hybrid(o, 3, true, td_tfl_byte(o, DEPTH_ACTIVATION));

    if (!n) return;
    td_tfl_set_bool(o, n, "depthwise", true);
    td_tfl_set_geometry(o, n, DEPTH_DILATION_W);
}

void td_tfl_lower_hybrid_dense(td_tfl_op *o)
{
    td_node *const n = hybrid(o, 0, td_tfl_bool(o, DENSE_ASYMMETRIC), td_tfl_byte(o, DENSE_ACTIVATION));

    if (n) td_tfl_set_bool(o, n, "keep_dims", td_tfl_bool(o, DENSE_KEEPS));
    if (td_tfl_byte(o, DENSE_FORMAT))
        td_tfl_fail(o, TD_ERR(UNIMPLEMENTED, "weights in a shuffled order are not built yet"));
}

void td_tfl_lower_steps_pool(td_tfl_op *o)
{
    const td_tfl_steps x = td_tfl_steps_in(o, 0), y = td_tfl_steps_out(o, 0);
    const td_edge in = td_tfl_in(o, 0);
    td_node *const n = td_tfl_node(o, "_LitePool", o->type, &in, 1);

    if (x.zero != y.zero || memcmp(&x.scale, &y.scale, sizeof x.scale) != 0)
        td_tfl_fail(o, TD_ERR(INVALID_ARGUMENT, "input and output have other scales or zero points"));
    td_tfl_set_geometry(o, n, 0);
    td_tfl_set_window(o, n, "ksize", td_tfl_int(o, POOL_HEIGHT, 0), td_tfl_int(o, POOL_WIDTH, 0));
    td_tfl_set_bool(o, n, "mean", !strcmp(o->def->op, "AvgPool"));
    td_tfl_set_steps(o, n, &y, td_tfl_byte(o, POOL_ACTIVATION));
    td_tfl_out(o, 0, (td_edge){ n, 0, NULL });
}

void td_tfl_lower_steps_batch_matmul(td_tfl_op *o)
{
    const td_tfl_steps x = td_tfl_steps_in(o, 0), y = td_tfl_steps_in(o, 1), out = td_tfl_steps_out(o, 0);
    const td_fixed factor = td_tfl_factor(o, (double)x.scale * (double)y.scale / (double)out.scale);
    td_node *const n =
        td_tfl_node(o, o->def->op, o->type, (td_edge[]){ td_tfl_in(o, 0), td_tfl_in(o, 1) }, 2);

    td_tfl_set_bool(o, n, "adj_x", td_tfl_bool(o, ADJ_X));
    td_tfl_set_bool(o, n, "adj_y", td_tfl_bool(o, ADJ_Y));
    td_tfl_set_int(o, n, "zero_x", x.zero);
    td_tfl_set_int(o, n, "zero_y", y.zero);
    td_tfl_set_factors(o, n, &factor, 1);
    td_tfl_set_steps(o, n, &out, 0);
    td_tfl_out(o, 0, (td_edge){ n, 0, NULL });
}

void td_tfl_lower_steps_resize(td_tfl_op *o)
{
    td_node *const n =
        td_tfl_node(o, o->def->op, o->type, (td_edge[]){ td_tfl_in(o, 0), td_tfl_in(o, 1) }, 2);

    td_tfl_set_bool(o, n, "align_corners", td_tfl_bool(o, 2));
    td_tfl_set_bool(o, n, "half_pixel_centers", td_tfl_bool(o, 3));
    td_tfl_out(o, 0, (td_edge){ n, 0, NULL });
}

void td_tfl_lower_steps_l2_norm(td_tfl_op *o)
{
    const td_edge in = td_tfl_in(o, 0);
    td_node *const n = td_tfl_node(o, o->def->op, o->type, &in, 1);

    td_tfl_set_int(o, n, "zero_x", td_tfl_steps_in(o, 0).zero);
    if (td_tfl_byte(o, 0))
        td_tfl_fail(o, TD_ERR(UNIMPLEMENTED, "fused activation of quantised tensors is not built yet"));
    td_tfl_out(o, 0, (td_edge){ n, 0, NULL });
}

void td_tfl_lower_steps_softmax(td_tfl_op *o)
{
    const td_tfl_steps x = td_tfl_steps_in(o, 0), y = td_tfl_steps_out(o, 0);
    const td_edge in = td_tfl_in(o, 0);
    td_node *const n = td_tfl_node(o, o->def->op, o->type, &in, 1);

    td_tfl_set_float(o, n, "step", x.scale * td_tfl_float(o, BETA, 0.0f));
    td_tfl_set_float(o, n, "scale", y.scale);
    td_tfl_set_int(o, n, "zero", y.zero);
    td_tfl_out(o, 0, (td_edge){ n, 0, NULL });
}

void td_tfl_lower_steps_softmax_wide(td_tfl_op *o)
{
    const td_tfl_steps x = td_tfl_steps_in(o, 0), y = td_tfl_steps_out(o, 0);
    const float step = x.scale * td_tfl_float(o, BETA, 0.0f);
    const td_fixed factor = td_tfl_factor(o, (double)step / (10.0 / 65535.0));
    const td_edge in = td_tfl_in(o, 0);
    td_node *const n = td_tfl_node(o, o->def->op, TD_DTYPE_NONE, &in, 1);

    if (y.zero) td_tfl_fail(o, TD_ERR(INVALID_ARGUMENT, "the output's zero point is %d, not 0", (int)y.zero));
    td_tfl_set_factors(o, n, &factor, 1);
    td_tfl_out(o, 0, (td_edge){ n, 0, NULL });
}

/* Steps without their zero point, as int32. */
static td_edge distances(td_tfl_op *o, td_edge x)
{
    const td_tfl_steps s = td_tfl_steps_in(o, 0);
    const int entries = s.type == TD_I16 ? 1 << 16 : 1 << 8;
    int32_t *const table = TD_ARENA_NEW_N(o->l->arena, int32_t, (size_t)entries);

    for (int v = 0; v < entries; v++)
        table[v] = (s.type == TD_U8 ? v : s.type == TD_I16 ? (int16_t)v : (int8_t)v) - s.zero;
    const td_edge values = td_tfl_bytes(o, TD_I32, table, (size_t)entries, 1);
    td_node *const n = td_tfl_node(o, "_LiteLookup", o->type, (td_edge[]){ x, values }, 2);

    td_tfl_set_type(o, n, "Tout", TD_I32);
    return (td_edge){ n, 0, NULL };
}

void td_tfl_lower_steps_reduce(td_tfl_op *o)
{
    const td_tfl_steps x = td_tfl_steps_in(o, 0), y = td_tfl_steps_out(o, 0);
    const td_edge in = td_tfl_in(o, 0);
    td_node *const sums = td_tfl_node(o, "Sum", TD_I32, (td_edge[]){ distances(o, in), td_tfl_in(o, 1) }, 2);
    const td_fixed factor = td_tfl_factor(o, (double)x.scale / (double)y.scale);

    td_tfl_set_type(o, sums, "Tidx", td_tfl_type_of(o, 1));
    td_tfl_set_bool(o, sums, "keep_dims", td_tfl_bool(o, 0));
    td_node *const n = td_tfl_node(o, "_LiteSums", y.type, (td_edge[]){ { sums, 0, NULL }, in }, 2);
    td_tfl_set_type(o, n, "Tof", o->type);
    td_tfl_set_bool(o, n, "mean", !strcmp(o->def->op, "Mean"));
    td_tfl_set_factors(o, n, &factor, 1);
    td_tfl_set_steps(o, n, &y, 0);
    td_tfl_out(o, 0, (td_edge){ n, 0, NULL });
}
