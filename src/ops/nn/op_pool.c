/* SPDX-License-Identifier: Apache-2.0 */
/* op_pool.c -- MaxPool, AvgPool and their relatives.
 *
 * float runs on vectors, other types in double. Windows over channels (TensorFlow allows them for MaxPool
 * where they tile the channels) are a pool over an image whose width is the channels.
 */
#include "base/macros.h"
#include "base/size.h"
#include "ops/nn/conv_call.h"
#include "ops/nn/geometry.h"

typedef struct pool_attrs {
    td_window window;
    td_pool_kind kind;
    bool with_batch; /* argmax counts images, too */
    int64_t depth;   /* window over channels; 1: none */
} pool_attrs;

static td_status parse_depth(const td_parse *p, pool_attrs *a)
{
    int64_t k[8], s[8];
    size_t n = 0, m = 0;

    TD_TRY(td_attr_ints(p, "ksize", k, TD_COUNT(k), &n));
    TD_TRY(td_attr_ints(p, "strides", s, TD_COUNT(s), &m));
    a->depth = 1;
    const bool is_depth = n == 4 && m == 4 && k[3] > 1 && k[0] == 1 && k[1] == 1 && k[2] == 1 &&
                          td_attr_string_is(p, "data_format", "NHWC");
    if (!is_depth) return NULL;
    if (s[0] != 1 || s[1] != 1 || s[2] != 1 || s[3] != k[3])
        return TD_ERR(UNIMPLEMENTED,
                      "%s: depthwise max pooling requires the depth window to equal the depth stride",
                      p->node->name);
    a->depth = k[3];
    return NULL;
}

static td_status parse_pool(td_parse *p, td_pool_kind kind, int dims, unsigned flags)
{
    pool_attrs *const a = p->attrs;

    a->kind = kind;
    a->depth = 1;
    if (kind == TD_POOL_MAX && dims == 2 && flags & TD_WINDOW_FORMAT) TD_TRY(parse_depth(p, a));
    if (a->depth > 1) {
        a->window =
            (td_window){ .dims = 2, .kernel = { 1, 1, 1 }, .stride = { 1, 1, 1 }, .dilation = { 1, 1, 1 } };
        return NULL;
    }
    return td_window_parse(p, dims, TD_WINDOW_KSIZE | flags, &a->window);
}

static td_status max2d_parse(td_parse *p)
{
    return parse_pool(p, TD_POOL_MAX, 2, TD_WINDOW_EXPLICIT | TD_WINDOW_FORMAT);
}

static td_status avg2d_parse(td_parse *p)
{
    return parse_pool(p, TD_POOL_MEAN, 2, TD_WINDOW_FORMAT);
}

static td_status max3d_parse(td_parse *p)
{
    return parse_pool(p, TD_POOL_MAX, 3, TD_WINDOW_FORMAT);
}

static td_status avg3d_parse(td_parse *p)
{
    return parse_pool(p, TD_POOL_MEAN, 3, TD_WINDOW_FORMAT);
}

static td_status argmax_parse(td_parse *p)
{
    ((pool_attrs *)p->attrs)->with_batch = td_attr_bool(p, "include_batch_in_index");
    return parse_pool(p, TD_POOL_MAX, 2, 0);
}

static td_status v2_parse(td_parse *p)
{
    pool_attrs *const a = p->attrs;

    a->depth = 1;
    td_window_parse_v2(p, 1, &a->window);
    return NULL;
}

/* ---------------------------------------------------------------- shapes */

static td_status pool_geometry(td_call *c, td_window *w, td_pool_shape *out)
{
    const td_shape *const x = &td_in(c, 0)->shape;

    TD_TRY(td_window_read(c, &((const pool_attrs *)c->attrs)->window, w));
    TD_TRY(td_window_check_rank(c, w, x, "input"));
    return td_pool_geometry(c, w, x, out);
}

static td_status pool_infer(td_call *c)
{
    const pool_attrs *const a = c->attrs;
    td_window w;
    td_pool_shape p;

    TD_TRY(pool_geometry(c, &w, &p));
    const int64_t spatial[] = { (int64_t)p.out[0], (int64_t)p.out[1], (int64_t)p.out[2] };
    const int64_t channels = (int64_t)p.channels / a->depth;
    if ((int64_t)p.channels % a->depth != 0)
        return TD_OP_ERR(c, UNIMPLEMENTED,
                         "Depthwise max pooling requires the depth window to evenly divide the input depth");
    const td_shape out = td_window_shape(&w, (int64_t)p.batch, spatial, channels);
    TD_TRY(td_shape_check(&out));
    for (uint32_t i = 0; i < c->n_out; i++)
        if (td_out_is_used(c, i)) td_out(c, i)->shape = out;
    return NULL;
}

/* ---------------------------------------------------------------- run */

typedef struct pool_state {
    td_pool_shape p;
    bool is_first;
    td_pool_fn *kernel;
    size_t count_in, count_out, grain;
    size_t at_in, at_turned, at_out;
} pool_state;

static td_status pool_prepare(td_call *c)
{
    const pool_attrs *const a = c->attrs;
    pool_state *const s = c->state;
    td_window w;
    size_t at = 0;

    TD_TRY(pool_geometry(c, &w, &s->p));
    s->is_first = w.is_first;
    if (a->depth > 1) { /* [pixels][channels] as an image of one channel, `channels` wide */
        s->p.in[1] = s->p.out[1] = s->p.in[1] * s->p.in[2];
        s->p.in[2] = s->p.channels;
        s->p.out[2] = s->p.channels / (size_t)a->depth;
        s->p.kernel[2] = s->p.stride[2] = (size_t)a->depth;
        s->p.channels = 1;
    }
    s->kernel = td_pool_select(c->env->cpu);
    s->count_in = (size_t)td_shape_count(&td_in(c, 0)->shape);
    s->count_out = s->p.batch * s->p.out[0] * s->p.out[1] * s->p.out[2] * s->p.channels;
    const size_t work = s->p.channels * s->p.kernel[0] * s->p.kernel[1] * s->p.kernel[2];
    s->grain = TD_MAX(1, 100000 / TD_MAX(1, work));
    const bool is_plain = td_in(c, 0)->dtype == TD_F32 && c->n_out == 1;
    const size_t size = is_plain ? sizeof(float) : sizeof(double);
    if (!is_plain) s->at_in = td_reserve(&at, s->count_in * size);
    if (s->is_first) s->at_turned = td_reserve(&at, s->count_in * size);
    if (!is_plain || s->is_first) s->at_out = td_reserve(&at, s->count_out * size * (s->is_first ? 2 : 1));
    c->scratch_size = at;
    return NULL;
}

typedef struct pixels_job {
    const pool_state *s;
    td_pool_kind kind;
    float *out;
    const float *in;
} pixels_job;

static void run_pixels(void *ctx, size_t begin, size_t end)
{
    const pixels_job *const j = ctx;
    j->s->kernel(&j->s->p, j->kind, j->out, j->in, begin, end);
}

static size_t pixels(const size_t *dims)
{
    return dims[0] * dims[1] * dims[2];
}

static void run_f32(td_call *c, const pool_state *s, td_pool_kind kind)
{
    const td_pool_shape *const p = &s->p;
    char *const scratch = c->scratch;
    pixels_job j = { s, kind, td_out(c, 0)->data, td_in(c, 0)->data };

    if (s->is_first) {
        float *const turned = (float *)(void *)(scratch + s->at_turned);
        td_channels_last(turned, j.in, p->batch, p->channels, pixels(p->in));
        j.in = turned;
        j.out = (float *)(void *)(scratch + s->at_out);
    }
    td_call_parallel(c, p->batch * pixels(p->out), s->grain, run_pixels, &j);
    if (s->is_first) td_channels_last(td_out(c, 0)->data, j.out, p->batch, pixels(p->out), p->channels);
}

static td_status run_wide(td_call *c, const pool_state *s, td_pool_kind kind)
{
    const td_pool_shape *const p = &s->p;
    const td_dtype type = td_in(c, 0)->dtype;
    char *const scratch = c->scratch;
    double *x = (double *)(void *)(scratch + s->at_in), *y = (double *)(void *)(scratch + s->at_out);

    td_to_double(type, td_in(c, 0)->data, s->count_in, x);
    if (s->is_first) {
        double *const turned = (double *)(void *)(scratch + s->at_turned);
        td_channels_last_f64(turned, x, p->batch, p->channels, pixels(p->in));
        x = turned;
    }
    td_pool_f64(p, kind, y, x, NULL, 0);
    if (s->is_first) {
        td_channels_last_f64(y + s->count_out, y, p->batch, pixels(p->out), p->channels);
        y += s->count_out;
    }
    td_from_double(type, y, s->count_out, td_out(c, 0)->data);
    return NULL;
}

static td_status pool_run(td_call *c)
{
    const pool_attrs *const a = c->attrs;
    const pool_state *const s = c->state;

    if (s->count_out == 0) return NULL;
    if (td_in(c, 0)->dtype != TD_F32) return run_wide(c, s, a->kind);
    run_f32(c, s, a->kind);
    return NULL;
}

static td_status argmax_run(td_call *c)
{
    const pool_attrs *const a = c->attrs;
    const pool_state *const s = c->state;
    char *const scratch = c->scratch;

    if (s->count_out == 0) return NULL; /* and perhaps no scratch */
    double *const x = (double *)(void *)(scratch + s->at_in);
    double *const y = (double *)(void *)(scratch + s->at_out);
    int64_t *const index = td_arena_try_alloc(c->arena, s->count_out * sizeof *index, 8);

    if (!index) return TD_OP_ERR(c, RESOURCE_EXHAUSTED, "no memory for %zu indices", s->count_out);
    td_to_double(td_in(c, 0)->dtype, td_in(c, 0)->data, s->count_in, x);
    td_pool_f64(&s->p, TD_POOL_MAX, y, x, index, a->with_batch);
    if (td_out_is_used(c, 0)) td_from_double(td_out(c, 0)->dtype, y, s->count_out, td_out(c, 0)->data);
    if (!td_out_is_used(c, 1)) return NULL;
    for (size_t i = 0; i < s->count_out; i++)
        if (td_out(c, 1)->dtype == TD_I32)
            ((int32_t *)td_out(c, 1)->data)[i] = (int32_t)index[i];
        else
            ((int64_t *)td_out(c, 1)->data)[i] = index[i];
    return NULL;
}

static const td_kernel pool_kernels[] = {
    { TD_DEVICE_CPU, TD_REAL_TYPES, sizeof(pool_state), pool_prepare, pool_run, NULL },
    { 0 },
};

static const td_kernel argmax_kernels[] = {
    { TD_DEVICE_CPU, TD_REAL_TYPES, sizeof(pool_state), pool_prepare, argmax_run, NULL },
    { 0 },
};

#define COMMON .attrs_size = sizeof(pool_attrs), .infer = pool_infer
#define POOL   COMMON, .kernels = pool_kernels
#define SIZES  TD_POOL_ATTRS ", T: type = float, "

const td_op td_ops_pool[] = {
    { .name = "MaxPool",
      .sig = "input: T -> output: T",
      .attrs = SIZES "explicit_paddings: list(int) = [], data_format: string = 'NHWC'",
      .parse = max2d_parse,
      POOL },
    { .name = "AvgPool",
      .sig = "value: T -> output: T",
      .attrs = SIZES "data_format: string = 'NHWC'",
      .parse = avg2d_parse,
      POOL },
    { .name = "MaxPoolV2",
      .sig = "input: T, ksize: int32, strides: int32 -> output: T",
      .attrs = "T: type = float, padding: string, data_format: string = 'NHWC'",
      .parse = v2_parse,
      POOL },
    { .name = "MaxPool3D",
      .sig = "input: T -> output: T",
      .attrs = SIZES "data_format: string = 'NDHWC'",
      .parse = max3d_parse,
      POOL },
    { .name = "AvgPool3D",
      .sig = "input: T -> output: T",
      .attrs = SIZES "data_format: string = 'NDHWC'",
      .parse = avg3d_parse,
      POOL },
    { .name = "MaxPoolWithArgmax",
      .sig = "input: T -> output: T, argmax: Targmax",
      .attrs = SIZES "Targmax: type = int64, include_batch_in_index: bool = false",
      .parse = argmax_parse,
      .kernels = argmax_kernels,
      COMMON },
    { 0 },
};
