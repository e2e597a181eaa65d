/* SPDX-License-Identifier: Apache-2.0 */
/* op_uniform_conv.c -- UniformQuantizedConvolution, its hybrid, and UniformQuantizedDotHybrid, which is one without spatial
 * dimensions.
 *
 * Dimensions come in any order that dimension_numbers names. Hybrids take floats and quantise them themselves, each of
 * the batch by its own range. Sums are of 32 bits, modulo 2^32, of steps without their zero points. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/macros.h"
#include "base/wire.h"
#include "ops/array/array.h"
#include "ops/quant/quantized.h"

enum { SPATIAL = TD_MAX_RANK - 2 };
/* Tensors, and their first two dimensions: batch or output features, and (input) features. */
enum { LHS, RHS, OUTPUT };

typedef struct conv_attrs {
    int64_t stride[SPATIAL], lhs_step[SPATIAL], rhs_step[SPATIAL], pad[2 * SPATIAL];
    size_t n_stride, n_lhs_step, n_rhs_step, n_pad;
    bool is_same, is_explicit, is_hybrid;
    bool has_numbers;
    int64_t number[3][2 + SPATIAL]; /* which dimension of the tensor it is */
    size_t n_spatial[3];
    int64_t batch_groups, feature_groups;
    int64_t axis[3], min, max;
} conv_attrs;

/* ---------------------------------------------------------------- attributes */

static td_status parse_steps(const td_parse *p, const char *name, int64_t *out, size_t *n)
{
    TD_TRY(td_attr_ints(p, name, out, SPATIAL, n));
    for (size_t i = 0; i < *n; i++)
        if (out[i] < 1 || out[i] > INT32_MAX)
            return TD_ERR(INVALID_ARGUMENT, "%s: All elements of %s must be >= 1. Given %" PRId64,
                          p->node->name, name, out[i]);
    return NULL;
}

static td_status parse_padding(const td_parse *p, conv_attrs *a)
{
    a->is_same = td_attr_string_is(p, "padding", "SAME");
    a->is_explicit = td_attr_string_is(p, "padding", "EXPLICIT");
    if (!a->is_same && !a->is_explicit && !td_attr_string_is(p, "padding", "VALID"))
        return TD_ERR(INVALID_ARGUMENT, "%s: padding Attr must be one of [EXPLICIT | SAME | VALID]",
                      p->node->name);
    TD_TRY(td_attr_ints(p, "explicit_padding", a->pad, 2 * SPATIAL, &a->n_pad));
    if (!a->is_explicit && a->n_pad)
        return TD_ERR(INVALID_ARGUMENT,
                      "%s: If padding Attr is not 'EXPLICIT', explicit_padding Attr must be empty",
                      p->node->name);
    for (size_t i = 0; i < a->n_pad; i++)
        if (a->pad[i] < 0 || a->pad[i] > INT32_MAX)
            return TD_ERR(INVALID_ARGUMENT, "%s: All explicit_padding elems must be >= 0, Given %" PRId64,
                          p->node->name, a->pad[i]);
    return NULL;
}

/* Adds spatial dimensions, one or a packed list of them; false: too many, or damaged. */
static bool read_spatial(conv_attrs *a, int side, const td_wire_field *f)
{
    td_wire list = td_wire_inside(f);
    uint64_t v = f->value;

    while (f->type == TD_WIRE_VARINT || (list.at < list.end && td_wire_varint(&list, &v))) {
        if (a->n_spatial[side] == SPATIAL) return false;
        a->number[side][2 + a->n_spatial[side]++] = (int64_t)v;
        if (f->type == TD_WIRE_VARINT) return true;
    }
    return !list.bad;
}

/* UniformQuantizedConvolutionDimensionNumbersAttr: three numbers for each of input, kernel and output. */
static td_status parse_numbers(const td_parse *p, conv_attrs *a)
{
    static const int place[3][2] = { { 0, 1 }, { 1, 0 }, { 0, 1 } }; /* the kernel's inputs come first */
    const td_string text = td_attr_string(p, "dimension_numbers");
    td_wire w = td_wire_of(text.data, text.size);
    td_wire_field f;
    bool is_ok = true;

    while (is_ok && td_wire_next(&w, &f)) {
        const int side = (int)(f.number - 1) / 3, which = (int)(f.number - 1) % 3;

        if (f.number < 1 || f.number > 9) continue;
        if (which == 2 && (f.type == TD_WIRE_VARINT || f.type == TD_WIRE_BYTES))
            is_ok = read_spatial(a, side, &f);
        else if (which < 2 && f.type == TD_WIRE_VARINT)
            a->number[side][place[side][which]] = (int64_t)f.value;
    }
    if (!is_ok || w.bad)
        return TD_ERR(INVALID_ARGUMENT, "%s: Error parsing convolution dimension numbers.", p->node->name);
    a->has_numbers = a->n_spatial[LHS] > 0;
    return NULL;
}

static td_status conv_parse(td_parse *p)
{
    conv_attrs *const a = p->attrs;

    TD_TRY(parse_steps(p, "window_strides", a->stride, &a->n_stride));
    TD_TRY(parse_steps(p, "lhs_dilation", a->lhs_step, &a->n_lhs_step));
    TD_TRY(parse_steps(p, "rhs_dilation", a->rhs_step, &a->n_rhs_step));
    TD_TRY(parse_padding(p, a));
    TD_TRY(parse_numbers(p, a));
    a->batch_groups = td_attr_int(p, "batch_group_count");
    a->feature_groups = td_attr_int(p, "feature_group_count");
    if (a->batch_groups < 1 || a->feature_groups < 1)
        return TD_ERR(INVALID_ARGUMENT, "%s: group counts must be positive integers", p->node->name);
    a->is_hybrid = strcmp(p->node->op_name, "UniformQuantizedConvolution") != 0;
    a->axis[RHS] = td_attr_int(p, "rhs_quantization_axis");
    a->axis[LHS] = a->axis[OUTPUT] = -1;
    if (a->is_hybrid) return NULL;
    a->axis[LHS] = td_attr_int(p, "lhs_quantization_axis");
    a->axis[OUTPUT] = td_attr_int(p, "output_quantization_axis");
    a->min = td_attr_int(p, "output_quantization_min_val");
    a->max = td_attr_int(p, "output_quantization_max_val");
    if (a->axis[LHS] != -1)
        return TD_ERR(INVALID_ARGUMENT, "%s: lhs_quantization_axis Attr must be -1 (per-tensor).",
                      p->node->name);
    return NULL;
}

/* lhs [batch, inputs], rhs [inputs, outputs] */
static td_status dot_parse(td_parse *p)
{
    conv_attrs *const a = p->attrs;

    *a = (conv_attrs){ .is_hybrid = true,
                       .has_numbers = true,
                       .number = { { 0, 1 }, { 1, 0 }, { 0, 1 } },
                       .batch_groups = 1,
                       .feature_groups = 1,
                       .axis = { -1, td_attr_int(p, "rhs_quantization_axis"), -1 } };
    if (a->axis[RHS] != -1 && a->axis[RHS] != 1)
        return TD_ERR(INVALID_ARGUMENT,
                      "%s: rhs_quantization_axis Attr must be 1 (per-channel) or -1 (per-tensor).",
                      p->node->name);
    return NULL;
}

/* ---------------------------------------------------------------- geometry */

/* A tensor by what its dimensions are, spatial ones from number 2 on. */
typedef struct view {
    int64_t size[TD_MAX_RANK], step[TD_MAX_RANK];
} view;

typedef struct geometry {
    int spatial;
    int64_t number[3][TD_MAX_RANK];
    view of[3];
    int64_t pad[SPATIAL]; /* in front */
    td_shape out;
} geometry;

/* Each dimension of a tensor is one thing. */
static td_status read_numbers(td_call *c, geometry *g)
{
    const conv_attrs *const a = c->attrs;
    const int rank = g->spatial + 2;

    for (int side = 0; side < 3; side++) {
        unsigned seen = 0;

        if (a->has_numbers && a->n_spatial[side] != (size_t)g->spatial)
            return TD_OP_ERR(
                c, INVALID_ARGUMENT,
                "Spatial dimensions size must be rank - 2. Given rank %d and spatial dimensions size %zu",
                rank, a->n_spatial[side]);
        for (int i = 0; i < rank; i++) {
            const int64_t d = a->has_numbers ? a->number[side][i] : i;

            if (d < 0 || d >= rank || seen >> d & 1)
                return TD_OP_ERR(
                    c, INVALID_ARGUMENT,
                    "Each dimension number must be in region [0, rank), and there once. Given rank %d "
                    "and dimension number value %" PRId64,
                    rank, d);
            seen |= 1u << d;
            g->number[side][i] = d;
        }
    }
    return NULL;
}

static void make_view(geometry *g, int side, const td_shape *s)
{
    int64_t strides[TD_MAX_RANK];

    td_shape_strides(s, strides);
    for (int i = 0; i < s->rank; i++) {
        g->of[side].size[i] = s->dims[g->number[side][i]];
        g->of[side].step[i] = strides[g->number[side][i]];
    }
}

static int64_t step_at(const int64_t *steps, size_t n, int i)
{
    return n ? steps[i] : 1;
}

/* From the first to behind the last of `size` elements, `step` from each other. */
static int64_t spread(int64_t size, int64_t step)
{
    return size > 0 ? (size - 1) * step + 1 : 0;
}

static td_status check_counts(td_call *c, const geometry *g)
{
    const conv_attrs *const a = c->attrs;
    const int64_t *const lhs = g->of[LHS].size, *const rhs = g->of[RHS].size;

    if (rhs[1] < 1 || lhs[1] % a->feature_groups != 0 || lhs[1] / a->feature_groups != rhs[1])
        return TD_OP_ERR(
            c, INVALID_ARGUMENT,
            "lhs feature dimension size divided by feature_group_count must equal the rhs input feature "
            "dimension size, but %" PRId64 " / %" PRId64 " != %" PRId64,
            lhs[1], a->feature_groups, rhs[1]);
    if (rhs[0] % a->feature_groups != 0 || rhs[0] % a->batch_groups != 0)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "rhs output dimension size must be a multiple of the group counts, but %" PRId64
                         " is not",
                         rhs[0]);
    if (lhs[0] % a->batch_groups != 0)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "batch_group_count must divide lhs batch dimension size, but %" PRId64
                         " does not divide %" PRId64,
                         a->batch_groups, lhs[0]);
    return NULL;
}

static td_status place_window(td_call *c, geometry *g, int i)
{
    const conv_attrs *const a = c->attrs;
    const int64_t in = g->of[LHS].size[2 + i], kernel = g->of[RHS].size[2 + i];

    if (in > INT32_MAX || kernel > INT32_MAX) /* so that no product below overflows */
        return TD_OP_ERR(c, INVALID_ARGUMENT, "spatial dimension %d is too large", i);
    const int64_t stride = step_at(a->stride, a->n_stride, i);
    const int64_t wide = spread(in, step_at(a->lhs_step, a->n_lhs_step, i)),
                  reach = spread(kernel, step_at(a->rhs_step, a->n_rhs_step, i));
    int64_t both = 0;

    g->pad[i] = 0;
    if (a->is_same) {
        both = TD_MAX(((wide + stride - 1) / stride - 1) * stride + reach - wide, 0);
        g->pad[i] = both / 2;
    } else if (a->is_explicit) {
        both = a->pad[2 * i] + a->pad[2 * i + 1];
        g->pad[i] = a->pad[2 * i];
    }
    const int64_t n = (wide + both - reach + 1 + stride - 1) / stride;

    if (n < 0) return TD_OP_ERR(c, INVALID_ARGUMENT, "Dimension %" PRId64 " must be >= 0", n);
    g->out.dims[g->number[OUTPUT][2 + i]] = n;
    return NULL;
}

static td_status geometry_of(td_call *c, geometry *g)
{
    const conv_attrs *const a = c->attrs;
    const td_shape *const lhs = &td_in(c, 0)->shape, *const rhs = &td_in(c, 1)->shape;
    const size_t spatial = (size_t)TD_MAX(lhs->rank - 2, 0);
    const bool is_dot = a->has_numbers && a->n_spatial[LHS] == 0;

    g->spatial = (int)spatial;
    if (lhs->rank != rhs->rank || (is_dot ? lhs->rank != 2 : lhs->rank < 3))
        return TD_OP_ERR(c, INVALID_ARGUMENT, "lhs and rhs must have the same rank, %s",
                         is_dot ? "2" : "at least 3");
    if ((a->n_stride && a->n_stride != spatial) || (a->n_lhs_step && a->n_lhs_step != spatial) ||
        (a->n_rhs_step && a->n_rhs_step != spatial) || (a->is_explicit && a->n_pad != 2 * spatial))
        return TD_OP_ERR(
            c, INVALID_ARGUMENT,
            "window_strides, dilations and explicit_padding must have as many elements as there are "
            "spatial dimensions, %zu",
            spatial);
    TD_TRY(read_numbers(c, g));
    make_view(g, LHS, lhs);
    make_view(g, RHS, rhs);
    TD_TRY(check_counts(c, g));
    g->out.rank = lhs->rank;
    g->out.dims[g->number[OUTPUT][0]] = g->of[LHS].size[0] / a->batch_groups;
    g->out.dims[g->number[OUTPUT][1]] = g->of[RHS].size[0];
    for (int i = 0; i < g->spatial; i++)
        TD_TRY(place_window(c, g, i));
    TD_TRY(td_shape_check(&g->out));
    make_view(g, OUTPUT, &g->out);
    return NULL;
}

/* Scales and zero points at input i: one, or of output features where `axis` is theirs. */
static td_status check_steps(td_call *c, const geometry *g, int side, uint32_t i, int feature)
{
    const conv_attrs *const a = c->attrs;
    const td_shape *const s = &td_in(c, i)->shape;
    const int64_t axis = a->axis[side];
    const bool is_dot = g->spatial == 0; /* goes by what is there */
    const td_shape want = { 1, { g->of[RHS].size[0] } };

    if (axis != -1 && axis != g->number[side][feature])
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "quantization_axis Attr must be -1 (per-tensor) or the output feature dimension "
                         "(per-channel).");
    if (!td_shape_equal(s, &td_in(c, i + 1)->shape) || (is_dot ? s->rank > 1 : s->rank != (axis != -1)) ||
        (s->rank == 1 && !td_shape_equal(s, &want)))
        return TD_OP_ERR(c, INVALID_ARGUMENT, "scales and zero_points do not fit quantization_axis %" PRId64,
                         axis);
    return NULL;
}

static td_status conv_infer(td_call *c)
{
    const conv_attrs *const a = c->attrs;
    const td_dtype lhs = a->is_hybrid ? TD_F32 : TD_QI8, out = a->is_hybrid ? TD_F32 : TD_QI32;
    geometry g = { 0 };

    if (td_in(c, 0)->dtype != lhs || td_out(c, 0)->dtype != out)
        return TD_OP_ERR(c, UNIMPLEMENTED, "%s takes %s and gives %s", c->op->name, td_dtype_name(lhs),
                         td_dtype_name(out));
    TD_TRY(geometry_of(c, &g));
    if (a->is_hybrid) {
        TD_TRY(check_steps(c, &g, RHS, 2, 0));
    } else {
        if (td_in(c, 2)->shape.rank != 0 || td_in(c, 3)->shape.rank != 0)
            return TD_OP_ERR(c, INVALID_ARGUMENT, "lhs scales/zero_points must be all scalar tensors.");
        TD_TRY(check_steps(c, &g, RHS, 4, 0));
        TD_TRY(check_steps(c, &g, OUTPUT, 6, 1));
        if (td_in(c, 4)->shape.rank == 0 && td_in(c, 6)->shape.rank != 0)
            return TD_OP_ERR(c, INVALID_ARGUMENT,
                             "If rhs is per-tensor quantized, output must be also per-tensor quantized.");
    }
    td_out(c, 0)->shape = g.out;
    return NULL;
}

/* ---------------------------------------------------------------- run */

typedef struct conv_state {
    geometry g;
    size_t count; /* of lhs */
} conv_state;

/* What a hybrid finds of each of the batch. */
typedef struct found_steps {
    float low, high, scale, inverse;
    int32_t zero;
} found_steps;

/* Scratch: lhs without zero points, then found_steps of a hybrid. */
static td_status conv_prepare(td_call *c)
{
    conv_state *const s = c->state;

    TD_TRY(geometry_of(c, &s->g));
    s->count = (size_t)td_shape_count(&td_in(c, 0)->shape);
    c->scratch_size = (s->count + 1) * sizeof(int32_t) + (size_t)s->g.of[LHS].size[0] * sizeof(found_steps);
    return NULL;
}

static size_t batch_at(const conv_state *s, size_t i)
{
    const view *const v = &s->g.of[LHS];

    return i / (size_t)v->step[0] % (size_t)v->size[0];
}

/* Steps for all of low..high and 0, of 8 bits. */
static void find_steps(found_steps *f)
{
    const double low = (double)fminf(0.0f, f->low), high = (double)fmaxf(0.0f, f->high);

    f->scale = (float)((high - low) / 255.0);
    f->inverse = high - low != 0 ? (float)(255.0 / (high - low)) : 0.0f;
    f->zero = 0;
    if (f->scale == 0.0f || !isfinite(f->inverse)) {
        *f = (found_steps){ .scale = 1.0f };
        return;
    }
    const double scale = (double)f->scale, by_low = -128.0 - low / scale, by_high = 127.0 - high / scale;
    const bool low_is_near = 128.0 + fabs(low / scale) < 127.0 + fabs(high / scale);

    f->zero = (int32_t)round(fmin(fmax(low_is_near ? by_low : by_high, -128.0), 127.0));
}

static void quantize_floats(const conv_state *s, const float *in, found_steps *f, int32_t *out)
{
    for (size_t b = 0; b < (size_t)s->g.of[LHS].size[0]; b++)
        f[b] = (found_steps){ .low = INFINITY, .high = -INFINITY };
    for (size_t i = 0; i < s->count; i++) {
        found_steps *const own = &f[batch_at(s, i)];

        own->low = fminf(own->low, in[i]);
        own->high = fmaxf(own->high, in[i]);
    }
    for (size_t b = 0; b < (size_t)s->g.of[LHS].size[0]; b++)
        find_steps(&f[b]);
    for (size_t i = 0; i < s->count; i++) {
        const found_steps *const own = &f[batch_at(s, i)];
        const float step = floorf(in[i] * own->inverse + 0.5f) + (float)own->zero;

        out[i] = own->inverse == 0.0f ? 0 : (int32_t)fminf(fmaxf(step, -128.0f), 127.0f) - own->zero;
    }
}

typedef struct conv_job {
    const td_call *c;
    const int32_t *lhs;
    const found_steps *found; /* NULL: not a hybrid */
} conv_job;

/* The element of lhs under tap `tap` of the window at `out`, or -1. Both count spatial dimensions, the last first. */
static int64_t lhs_at(const td_call *c, size_t out, size_t tap)
{
    const conv_attrs *const a = c->attrs;
    const geometry *const g = &((const conv_state *)c->state)->g;
    int64_t at = 0;

    for (int i = g->spatial - 1; i >= 0; i--) {
        const size_t n = (size_t)g->of[OUTPUT].size[2 + i], k = (size_t)g->of[RHS].size[2 + i];
        const int64_t step = step_at(a->lhs_step, a->n_lhs_step, i);
        const int64_t place = (int64_t)(out % n) * step_at(a->stride, a->n_stride, i) +
                              (int64_t)(tap % k) * step_at(a->rhs_step, a->n_rhs_step, i) - g->pad[i];

        if (place < 0 || place % step != 0 || place / step >= g->of[LHS].size[2 + i]) return -1;
        at += place / step * g->of[LHS].step[2 + i];
        out /= n;
        tap /= k;
    }
    return at;
}

/* Where spatial element i of a tensor is. */
static int64_t spatial_at(const view *v, int spatial, size_t i)
{
    int64_t at = 0;

    for (int d = spatial - 1; d >= 0; d--) {
        at += (int64_t)(i % (size_t)v->size[2 + d]) * v->step[2 + d];
        i /= (size_t)v->size[2 + d];
    }
    return at;
}

static size_t spatial_count(const view *v, int spatial)
{
    size_t n = 1;

    for (int d = 0; d < spatial; d++)
        n *= (size_t)v->size[2 + d];
    return n;
}

static int32_t sum_at(const conv_job *j, size_t batch, size_t feature, size_t place)
{
    const conv_attrs *const a = j->c->attrs;
    const geometry *const g = &((const conv_state *)j->c->state)->g;
    const view *const lhs = &g->of[LHS], *const rhs = &g->of[RHS];
    const size_t group = feature / (size_t)(rhs->size[0] / a->feature_groups);
    const int64_t zero = td_uniform_zero(td_in(j->c, j->found ? 3 : 5), feature);
    const td_tensor *const filter = td_in(j->c, 1);
    uint32_t sum = 0;

    for (size_t tap = 0; tap < spatial_count(rhs, g->spatial); tap++) {
        const int64_t at = lhs_at(j->c, place, tap), tap_at = spatial_at(rhs, g->spatial, tap);

        for (int64_t f = 0; at >= 0 && f < rhs->size[1]; f++) {
            const int64_t x =
                at + (int64_t)batch * lhs->step[0] + ((int64_t)group * rhs->size[1] + f) * lhs->step[1];
            const int64_t w = tap_at + (int64_t)feature * rhs->step[0] + f * rhs->step[1];

            sum += (uint32_t)j->lhs[x] * (uint32_t)(td_quantized_get(filter, (size_t)w) - zero);
        }
    }
    return (int32_t)sum;
}

static void put_sum(const conv_job *j, size_t batch, size_t feature, int64_t at, int32_t sum)
{
    const td_call *const c = j->c;
    const conv_attrs *const a = c->attrs;

    if (j->found) {
        const float scale = (float)td_uniform_scale(td_in(c, 2), feature);

        ((float *)td_out(c, 0)->data)[at] = (float)sum * j->found[batch].scale * scale;
        return;
    }
    const double factor = td_uniform_scale(td_in(c, 2), 0) * td_uniform_scale(td_in(c, 4), feature) /
                          td_uniform_scale(td_in(c, 6), feature);
    const int64_t v = td_quantized_scale(sum, factor) + td_uniform_zero(td_in(c, 7), feature);

    td_quantized_put_clamped(td_out(c, 0), (size_t)at, (double)TD_MAX(TD_MIN(v, a->max), a->min));
}

/* Elements [begin, end) of [batch][feature][place]. */
static void run_elements(void *ctx, size_t begin, size_t end)
{
    const conv_job *const j = ctx;
    const conv_attrs *const a = j->c->attrs;
    const geometry *const g = &((const conv_state *)j->c->state)->g;
    const view *const out = &g->of[OUTPUT];
    const size_t places = spatial_count(out, g->spatial), features = (size_t)out->size[1];

    for (size_t i = begin; i < end; i++) {
        const size_t place = i % places, feature = i / places % features, n = i / places / features;
        const size_t part = feature / (features / (size_t)a->batch_groups);
        const size_t batch = part * (size_t)out->size[0] + n;

        put_sum(j, batch, feature,
                (int64_t)n * out->step[0] + (int64_t)feature * out->step[1] +
                    spatial_at(out, g->spatial, place),
                sum_at(j, batch, feature, place));
    }
}

static td_status conv_run(td_call *c)
{
    const conv_attrs *const a = c->attrs;
    const conv_state *const s = c->state;
    int32_t *const lhs = c->scratch;
    found_steps *const found = (found_steps *)(void *)(lhs + s->count + 1);
    conv_job j = { c, lhs, a->is_hybrid ? found : NULL };
    const size_t n = (size_t)td_shape_count(&td_out(c, 0)->shape);

    TD_TRY(td_uniform_check(c, 2, a->is_hybrid ? 4 : 8));
    if (n == 0) return NULL;
    if (a->is_hybrid)
        quantize_floats(s, td_in(c, 0)->data, found, lhs);
    else
        for (size_t i = 0; i < s->count; i++)
            lhs[i] = (int32_t)(uint32_t)(td_quantized_get(td_in(c, 0), i) - td_uniform_zero(td_in(c, 3), 0));
    td_call_parallel(c, n, 64, run_elements, &j);
    return NULL;
}

static const td_kernel conv_kernels[] = {
    { .dtypes = TD_DTYPE_BIT(TD_QI8),
      .state_size = sizeof(conv_state),
      .prepare = conv_prepare,
      .run = conv_run },
    { 0 },
};

#define STEPS(p)                                                                                             \
    p "quantization_axis: int = -1, " p "quantization_min_val: int, " p "quantization_max_val: int"
#define WINDOW                                                                                               \
    "window_strides: list(int) = [], padding: string, explicit_padding: list(int) = [], "                    \
    "lhs_dilation: list(int) = [], rhs_dilation: list(int) = [], batch_group_count: int = 1, "               \
    "feature_group_count: int = 1, dimension_numbers: string = '', "
#define HYBRID_SIG   "lhs: Tlhs, rhs: Trhs, rhs_scales: float, rhs_zero_points: int32 -> output: Tout"
#define HYBRID_TYPES "Tlhs: type, Trhs: type, Tout: type, "
#define CONV         .attrs_size = sizeof(conv_attrs), .infer = conv_infer, .kernels = conv_kernels

const td_op td_ops_uniform_conv[] = {
    { .name = "UniformQuantizedConvolution",
      .sig = "lhs: Tin, rhs: Tin, lhs_scales: float, lhs_zero_points: int32, rhs_scales: float, "
             "rhs_zero_points: "
             "int32, output_scales: float, output_zero_points: int32 -> output: Tout",
      .attrs = "Tin: type, Tout: type, " WINDOW STEPS("lhs_") ", " STEPS("rhs_") ", " STEPS("output_"),
      .key = "Tin",
      .parse = conv_parse,
      CONV },
    { .name = "UniformQuantizedConvolutionHybrid",
      .sig = HYBRID_SIG,
      .attrs = HYBRID_TYPES WINDOW STEPS("rhs_"),
      .key = "Trhs",
      .parse = conv_parse,
      CONV },
    { .name = "UniformQuantizedDotHybrid",
      .sig = HYBRID_SIG,
      .attrs = HYBRID_TYPES STEPS("rhs_"),
      .key = "Trhs",
      .parse = dot_parse,
      CONV },
    { 0 },
};
