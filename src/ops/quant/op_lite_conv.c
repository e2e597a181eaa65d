/* SPDX-License-Identifier: Apache-2.0 */
/* op_lite_conv.c -- _LiteConv2D, _LiteMatMul and others: convolutions and products of quantised tensors.
 *
 * Filters are as TFLite has them: [out, rows, columns, in], [1, rows, columns, out] if depthwise, [out, depth] for products.
 * A product takes inputs of any rank as rows of that depth. */
#include <inttypes.h>

#include "base/macros.h"
#include "base/map.h"
#include "base/size.h"
#include "kernels/quant/conv8.h"
#include "ops/nn/geometry.h"
#include "ops/pack.h"
#include "ops/quant/lite.h"

enum { SHARD = 200000 }; /* products that are worth a thread */

typedef struct conv_attrs {
    td_window window;
    bool is_depthwise, rounds_once;
    bool keeps; /* a product's output has the input's dimensions but the last */
    int32_t zero_x, zero_w;
    td_lite_out out;
    td_fixed *factors;
    size_t n_factors;
    float *scales; /* of a filter over floats; NULL: over steps */
    size_t n_scales;
    bool is_asymmetric;
} conv_attrs;

static td_status parse_steps(td_parse *p, conv_attrs *a)
{
    TD_TRY(td_lite_type(p, "T", TD_LITE_TYPES));
    TD_TRY(td_lite_type(p, "Tfilter", TD_LITE_BYTES));
    const td_dtype type = td_attr_type(p, "T"), bias = type == TD_I16 ? TD_I64 : TD_I32;
    TD_TRY(td_lite_type(p, "Tbias", TD_DTYPE_BIT(bias)));
    TD_TRY(td_lite_zero(p, "zero_x", type, &a->zero_x));
    TD_TRY(td_lite_zero(p, "zero_filter", td_attr_type(p, "Tfilter"), &a->zero_w));
    TD_TRY(td_lite_out_parse(p, type, &a->out));
    return td_lite_factors(p, &a->factors, &a->n_factors);
}

static td_status parse_scales(td_parse *p, conv_attrs *a)
{
    const td_attr_value *items;

    a->n_scales = td_attr_list(p, "scales", &items);
    a->scales = TD_ARENA_NEW_N(p->arena, float, a->n_scales);
    for (size_t i = 0; i < a->n_scales; i++)
        a->scales[i] = items[i].u.f;
    a->is_asymmetric = td_attr_bool(p, "asymmetric");
    if (a->n_scales) return NULL;
    return TD_ERR(INVALID_ARGUMENT, "%s: there are no scales", p->node->name);
}

static td_status parse_window(td_parse *p, conv_attrs *a)
{
    a->is_depthwise = td_attr_bool(p, "depthwise");
    return td_window_parse(p, 2, TD_WINDOW_DILATIONS, &a->window);
}

static td_status conv_parse(td_parse *p)
{
    TD_TRY(parse_window(p, p->attrs));
    return parse_steps(p, p->attrs);
}

static td_status hybrid_conv_parse(td_parse *p)
{
    TD_TRY(parse_window(p, p->attrs));
    return parse_scales(p, p->attrs);
}

static td_status product_parse(td_parse *p)
{
    conv_attrs *const a = p->attrs;

    a->keeps = td_attr_bool(p, "keep_dims");
    a->rounds_once = td_attr_bool(p, "rounds_once");
    return parse_steps(p, a);
}

static td_status hybrid_product_parse(td_parse *p)
{
    ((conv_attrs *)p->attrs)->keeps = td_attr_bool(p, "keep_dims");
    return parse_scales(p, p->attrs);
}

/* ---------------------------------------------------------------- shapes */

static td_int int_of(td_dtype type)
{
    return type == TD_I8 ? TD_INT_S8 : type == TD_U8 ? TD_INT_U8 : TD_INT_S16;
}

static td_status describe(td_call *c, td_conv8 *out)
{
    const conv_attrs *const a = c->attrs;
    const td_shape *const bias = &td_in(c, 2)->shape;
    const size_t n = out->conv.out_channels, n_scales = a->scales ? a->n_scales : a->n_factors;

    if (n_scales != 1 && n_scales != n)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "there are %zu scales for %zu outputs", n_scales, n);
    if (bias->rank != 1 || bias->dims[0] != (int64_t)n)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "bias is not a vector of %zu", n);
    out->is_depthwise = a->is_depthwise;
    out->x = out->y = a->scales ? TD_INT_S8 : int_of(td_in(c, 0)->dtype);
    out->w = int_of(td_in(c, 1)->dtype);
    out->zero_x = a->zero_x;
    out->zero_w = a->zero_w;
    out->zero_y = a->out.zero;
    out->low = a->out.low;
    out->high = a->out.high;
    out->rounds_once = a->rounds_once;
    out->factors = a->factors;
    out->n_factors = a->n_factors;
    return NULL;
}

static td_status conv_geometry(td_call *c, td_conv8 *out)
{
    const conv_attrs *const a = c->attrs;
    const td_shape *const x = &td_in(c, 0)->shape, *const f = &td_in(c, 1)->shape;

    TD_TRY(td_window_check_rank(c, &a->window, x, "input"));
    TD_TRY(td_window_check_rank(c, &a->window, f, "filter"));
    if (a->is_depthwise && f->dims[0] != 1)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "a depthwise filter is [1, rows, columns, channels]");
    const td_shape turned = a->is_depthwise
                                ? (td_shape){ 4, { f->dims[1], f->dims[2], 1, f->dims[3] } }
                                : (td_shape){ 4, { f->dims[1], f->dims[2], f->dims[3], f->dims[0] } };
    TD_TRY(td_conv_geometry(c, &a->window, x, &turned, &out->conv));
    return describe(c, out);
}

static td_status conv_infer(td_call *c)
{
    td_conv8 k = { 0 };

    TD_TRY(conv_geometry(c, &k));
    td_out(c, 0)->shape = td_conv_output(&((const conv_attrs *)c->attrs)->window, &k.conv);
    return td_shape_check(&td_out(c, 0)->shape);
}

/* Transposed: input 3 says the shape of the output, which is the image of a convolution that makes the input's. */
static td_status transposed_geometry(td_call *c, td_conv8 *out)
{
    const conv_attrs *const a = c->attrs;
    const td_shape *const x = &td_in(c, 0)->shape, *const f = &td_in(c, 1)->shape;
    td_shape image;

    TD_TRY(td_need_shape(c, 3, false, &image));
    TD_TRY(td_window_check_rank(c, &a->window, x, "input"));
    TD_TRY(td_window_check_rank(c, &a->window, f, "filter"));
    if (image.rank != 4 || image.dims[0] != x->dims[0] || image.dims[3] != f->dims[0] ||
        f->dims[3] != x->dims[3])
        return TD_OP_ERR(c, INVALID_ARGUMENT, "input, filter and the shape of the output do not fit");
    td_conv *const g = &out->conv;

    *g = (td_conv){ .batch = (size_t)x->dims[0],
                    .groups = 1,
                    .in = { 1, (size_t)x->dims[1], (size_t)x->dims[2] },
                    .in_channels = (size_t)x->dims[3],
                    .out = { 1, (size_t)image.dims[1], (size_t)image.dims[2] },
                    .out_channels = (size_t)f->dims[0],
                    .kernel = { 1, (size_t)f->dims[1], (size_t)f->dims[2] },
                    .stride = { 1, (size_t)a->window.stride[1], (size_t)a->window.stride[2] },
                    .dilation = { 1, 1, 1 },
                    .is_transposed = true };
    for (int i = 1; i < 3; i++) {
        int64_t n;

        if (f->dims[i] < 1) return TD_OP_ERR(c, INVALID_ARGUMENT, "filter must not have zero elements");
        TD_TRY(td_window_output(c, &a->window, i, image.dims[i], f->dims[i], &n, &g->pad[i]));
        if (n != x->dims[i])
            return TD_OP_ERR(c, INVALID_ARGUMENT,
                             "size %" PRId64 " of the output is not one of size %" PRId64 " of the input",
                             image.dims[i], x->dims[i]);
    }
    td_out(c, 0)->shape = image;
    return describe(c, out);
}

static td_status transposed_infer(td_call *c)
{
    td_conv8 k = { 0 };

    return transposed_geometry(c, &k);
}

static td_status product_geometry(td_call *c, td_conv8 *out)
{
    const td_shape *const x = &td_in(c, 0)->shape, *const f = &td_in(c, 1)->shape;
    const int64_t count = td_shape_count(x);

    if (f->rank != 2 || f->dims[1] < 1 || x->rank < 1)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "weights are not [units, depth], or there are no rows");
    if (count % f->dims[1])
        return TD_OP_ERR(c, INVALID_ARGUMENT, "%" PRId64 " elements are no rows of %" PRId64, count,
                         f->dims[1]);
    if (((const conv_attrs *)c->attrs)->keeps && x->dims[x->rank - 1] != f->dims[1])
        return TD_OP_ERR(c, INVALID_ARGUMENT, "rows of %" PRId64 " do not fit weights of depth %" PRId64,
                         x->dims[x->rank - 1], f->dims[1]);
    out->conv = (td_conv){ .batch = (size_t)(count / f->dims[1]),
                           .groups = 1,
                           .in = { 1, 1, 1 },
                           .in_channels = (size_t)f->dims[1],
                           .out = { 1, 1, 1 },
                           .out_channels = (size_t)f->dims[0],
                           .kernel = { 1, 1, 1 },
                           .stride = { 1, 1, 1 },
                           .dilation = { 1, 1, 1 } };
    return describe(c, out);
}

static td_status product_infer(td_call *c)
{
    td_shape *const out = &td_out(c, 0)->shape;
    td_conv8 k = { 0 };

    TD_TRY(product_geometry(c, &k));
    if (((const conv_attrs *)c->attrs)->keeps) {
        *out = td_in(c, 0)->shape;
        out->dims[out->rank - 1] = (int64_t)k.conv.out_channels;
    } else {
        *out = (td_shape){ 2, { (int64_t)k.conv.batch, (int64_t)k.conv.out_channels } };
    }
    return td_shape_check(out);
}

/* ---------------------------------------------------------------- run */

typedef struct conv_state {
    td_conv8 k;
    const td_conv8_bodies *bodies; /* NULL: the plain way */
    const void *packed;            /* NULL: packed by each run */
    size_t pixels, grain;
    size_t packed_size, work_size; /* at the scratch's begin, then one for each thread */
    size_t image_size;             /* floats of each that become steps; 0: none do */
    size_t at_steps, at_zeros, at_scales;
} conv_state;

typedef struct pack_ctx {
    const td_conv8 *k;
    const void *w;
} pack_ctx;

static td_status build_pack(const void *ctx, void *data)
{
    const pack_ctx *const x = ctx;

    td_conv8_pack(x->k, data, x->w);
    return NULL;
}

static td_status pack_weights(td_call *c, conv_state *s)
{
    const pack_ctx x = { &s->k, td_in(c, 1)->data };
    const td_conv *const g = &s->k.conv;
    const size_t layout[] = { g->groups, g->in_channels, g->out_channels, g->kernel[1] * g->kernel[2],
                              s->k.w == TD_INT_U8 };
    const td_pack_key key = { .data = { x.w },
                              .kind = "conv8",
                              .params = td_hash_bytes(layout, sizeof layout, 1) };
    const td_pack_way way = { build_pack, &x, sizeof x, s->packed_size,
                              (size_t)td_shape_count(&td_in(c, 1)->shape) };

    return td_pack_get(c, &key, &way, &s->packed);
}

/* Room for the steps of floats, behind all else. */
static td_status place_live(td_call *c, conv_state *s)
{
    const size_t count = (size_t)td_shape_count(&td_in(c, 0)->shape), batch = s->k.conv.batch;
    size_t at = c->scratch_size;

    if (!((const conv_attrs *)c->attrs)->scales) return NULL;
    if (at > SIZE_MAX / 4 || count > SIZE_MAX / 4 || batch > SIZE_MAX / 32)
        return TD_OP_ERR(c, RESOURCE_EXHAUSTED, "the input is too large");
    s->image_size = count / batch;
    s->at_steps = td_reserve(&at, count);
    s->at_zeros = td_reserve(&at, batch * sizeof(int32_t));
    s->at_scales = td_reserve(&at, batch * sizeof(float));
    c->scratch_size = at;
    return NULL;
}

static td_status prepare(td_call *c, conv_state *s)
{
    const td_conv *const g = &s->k.conv;
    const size_t work = g->in_channels / g->groups * g->kernel[1] * g->kernel[2] * g->out_channels;
    size_t all;

    s->pixels = g->batch * g->out[1] * g->out[2];
    s->grain = td_round_up(TD_MAX(1, SHARD / TD_MAX(1, work)), TD_CONV8_ROWS);
    c->work = 2.0 * (double)s->pixels * (double)work;
    if (!s->pixels) return NULL;
    if (!td_conv8_is_fast(&s->k)) return place_live(c, s);
    if (!td_conv8_packed_size(&s->k, &s->packed_size) || !td_conv8_scratch(&s->k, &s->work_size) ||
        !td_mul_size(s->work_size, (size_t)TD_MAX(c->threads, 1), &all))
        return TD_OP_ERR(c, RESOURCE_EXHAUSTED, "the filter is too large");
    s->bodies = td_conv8_select(c->env->cpu);
    if (!s->packed_size)
        s->packed = NULL;
    else if (td_in_is_const(c, 1))
        TD_TRY(pack_weights(c, s));
    const size_t own = s->packed || !s->packed_size ? 0 : td_round_up(s->packed_size, 64);

    if (!td_add_size(all, own, &c->scratch_size))
        return TD_OP_ERR(c, RESOURCE_EXHAUSTED, "the filter is too large");
    s->packed_size = own;
    return place_live(c, s);
}

static td_status conv_prepare(td_call *c)
{
    conv_state *const s = c->state;

    TD_TRY(conv_geometry(c, &s->k));
    return prepare(c, s);
}

static td_status transposed_prepare(td_call *c)
{
    conv_state *const s = c->state;

    TD_TRY(transposed_geometry(c, &s->k));
    return prepare(c, s);
}

static td_status product_prepare(td_call *c)
{
    conv_state *const s = c->state;

    TD_TRY(product_geometry(c, &s->k));
    return prepare(c, s);
}

typedef struct conv_job {
    const conv_state *s;
    const td_conv8 *k;
    void *out;
    const void *in, *w, *bias;
    char *work;
} conv_job;

static void run_shard(void *ctx, size_t shard, int thread)
{
    const conv_job *const j = ctx;
    const conv_state *const s = j->s;
    const size_t begin = shard * s->grain, end = TD_MIN(begin + s->grain, s->pixels);

    if (s->bodies)
        td_conv8_run(j->k, s->bodies, j->out, j->in, j->w, j->bias, j->work + (size_t)thread * s->work_size,
                     begin, end);
    else
        td_conv8_ref(j->k, j->out, j->in, j->w, j->bias, begin, end);
}

static void run(td_call *c, conv_job *j)
{
    const conv_state *const s = c->state;

    j->s = s;
    j->out = td_out(c, 0)->data;
    j->w = s->packed ? s->packed : td_in(c, 1)->data;
    j->work = (char *)c->scratch + s->packed_size;
    if (s->packed_size) {
        td_conv8_pack(&s->k, c->scratch, td_in(c, 1)->data);
        j->w = c->scratch;
    }
    td_team_run(c->team, td_div_up(s->pixels, s->grain), run_shard, j);
}

static td_status conv_run(td_call *c)
{
    const conv_state *const s = c->state;
    conv_job j = { .k = &s->k, .in = td_in(c, 0)->data, .bias = td_in(c, 2)->data };

    if (s->pixels) run(c, &j);
    return NULL;
}

/* ---------------------------------------------------------------- floats, whose steps each run finds */

typedef struct steps_job {
    const conv_state *s;
    const float *in;
    bool is_asymmetric;
    int8_t *steps;
    int32_t *zeros;
    float *scales;
} steps_job;

static void find_steps(void *ctx, size_t begin, size_t end)
{
    const steps_job *const j = ctx;
    const size_t n = j->s->image_size;

    for (size_t i = begin; i < end; i++)
        td_conv8_quantize(j->steps + i * n, j->in + i * n, n, j->is_asymmetric, &j->zeros[i], &j->scales[i]);
}

static td_status hybrid_run(td_call *c)
{
    const conv_attrs *const a = c->attrs;
    const conv_state *const s = c->state;
    char *const scratch = c->scratch;
    steps_job steps = { s,
                        td_in(c, 0)->data,
                        a->is_asymmetric,
                        (int8_t *)scratch + s->at_steps,
                        (int32_t *)(void *)(scratch + s->at_zeros),
                        (float *)(void *)(scratch + s->at_scales) };
    const td_conv8_live live = { steps.zeros, steps.scales, a->scales, a->n_scales > 1, td_in(c, 2)->data };
    td_conv8 k = s->k;
    conv_job j = { .k = &k, .in = steps.steps };

    if (!s->pixels) return NULL;
    td_call_parallel(c, k.conv.batch, TD_MAX(1, SHARD / 8 / TD_MAX(1, s->image_size)), find_steps, &steps);
    k.live = &live;
    run(c, &j);
    return NULL;
}

static const td_kernel conv_kernels[] = {
    { TD_DEVICE_CPU, TD_LITE_TYPES, sizeof(conv_state), conv_prepare, conv_run, NULL },
    { 0 },
};
static const td_kernel transposed_kernels[] = {
    { TD_DEVICE_CPU, TD_LITE_TYPES, sizeof(conv_state), transposed_prepare, conv_run, NULL },
    { 0 },
};
static const td_kernel product_kernels[] = {
    { TD_DEVICE_CPU, TD_LITE_TYPES, sizeof(conv_state), product_prepare, conv_run, NULL },
    { 0 },
};

static const td_kernel hybrid_conv_kernels[] = {
    { TD_DEVICE_CPU, TD_DTYPE_BIT(TD_F32), sizeof(conv_state), conv_prepare, hybrid_run, NULL },
    { 0 },
};
static const td_kernel hybrid_product_kernels[] = {
    { TD_DEVICE_CPU, TD_DTYPE_BIT(TD_F32), sizeof(conv_state), product_prepare, hybrid_run, NULL },
    { 0 },
};

#define COMMON .flags = TD_OP_PACKS, .attrs_size = sizeof(conv_attrs)
#define STEPS                                                                                                \
    "T: type, Tfilter: type, Tbias: type, zero_x: int, zero_filter: int = 0, " TD_LITE_OUT_ATTRS             \
    ", " TD_LITE_FACTORS_ATTRS
#define SCALES "scales: list(float), asymmetric: bool"
#define WINDOW                                                                                               \
    ", strides: list(int), padding: string, dilations: list(int) = [1, 1, 1, 1], depthwise: bool = false"
#define CONV    .infer = conv_infer, COMMON
#define PRODUCT .infer = product_infer, COMMON

static const char over_steps[] = "input: T, filter: Tfilter, bias: Tbias -> output: T";
static const char over_floats[] = "input: float, filter: int8, bias: float -> output: float";

const td_op td_ops_lite_conv[] = {
    { .name = "_LiteConv2D",
      .sig = over_steps,
      .attrs = STEPS WINDOW,
      .parse = conv_parse,
      .kernels = conv_kernels,
      CONV },
    { .name = "_LiteConv2DTransposed",
      .sig = "input: T, filter: Tfilter, bias: Tbias, sizes: int32 -> output: T",
      .attrs = STEPS WINDOW,
      .parse = conv_parse,
      .infer = transposed_infer,
      .kernels = transposed_kernels,
      COMMON },
    { .name = "_LiteHybridConv2D",
      .sig = over_floats,
      .attrs = SCALES WINDOW,
      .parse = hybrid_conv_parse,
      .kernels = hybrid_conv_kernels,
      CONV },
    { .name = "_LiteHybridMatMul",
      .sig = over_floats,
      .attrs = SCALES ", keep_dims: bool = false",
      .parse = hybrid_product_parse,
      .kernels = hybrid_product_kernels,
      PRODUCT },
    { .name = "_LiteMatMul",
      .sig = over_steps,
      .attrs = STEPS ", keep_dims: bool = false, rounds_once: bool = false",
      .parse = product_parse,
      .kernels = product_kernels,
      PRODUCT },
    { 0 },
};
