/* SPDX-License-Identifier: Apache-2.0 */
/* conv_call.c -- see conv_call.h. */
#include "ops/nn/conv_call.h"

#include "base/macros.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/size.h"
#include "ops/layers.h"
#include "ops/nn/geometry.h"
#include "ops/pack.h"

#define TURN_BODY                                                                                            \
    for (size_t n = 0; n < batch; n++, in += channels * pixels, out += channels * pixels)                    \
        for (size_t p0 = 0; p0 < pixels; p0 += 16)                                                           \
            for (size_t c = 0; c < channels; c++)                                                            \
                for (size_t p = p0; p < TD_MIN(p0 + 16, pixels); p++)                                        \
                    out[p * channels + c] = in[c * pixels + p];

void td_channels_last(float *out, const float *in, size_t batch, size_t channels, size_t pixels)
{
    TURN_BODY
}

void td_channels_last_f64(double *out, const double *in, size_t batch, size_t channels, size_t pixels)
{
    TURN_BODY
}

/* ---------------------------------------------------------------- weights */

typedef struct pack_ctx {
    const td_conv_call *s;
    td_dtype type;
    const void *w;
    const float *scale;
} pack_ctx;

static td_status no_memory(const td_conv_call *s)
{
    return TD_ERR(RESOURCE_EXHAUSTED, "no memory for %zu weights", s->count_w);
}

static bool pack(const td_conv_call *s, float *packed, const float *w, const float *scale)
{
    return s->plan.body->pack(s->plan.state, packed, w, scale);
}

static td_status build_pack(const void *ctx, void *data)
{
    const pack_ctx *const x = ctx;

    if (x->type == TD_F32) return pack(x->s, data, x->w, x->scale) ? NULL : no_memory(x->s);
    float *const wide = td_try_alloc(x->s->count_w * sizeof(float), 64);
    if (!wide) return no_memory(x->s);
    td_to_float(x->type, x->w, x->s->count_w, wide);
    const bool is_ok = pack(x->s, data, wide, x->scale);
    td_free(wide);
    return is_ok ? NULL : no_memory(x->s);
}

static td_status pack_weights(td_call *c, td_conv_call *s)
{
    const uint32_t scale = s->epilogue.scale;
    const void *packed;

    if (!td_in_is_const(c, s->filter) || (scale && !td_in_is_const(c, scale))) {
        if (scale) return TD_ERR(INTERNAL, "%s: a fused scale must be constant, and so the weights", c->node);
        return NULL;
    }
    const pack_ctx x = { s, td_in(c, s->filter)->dtype, td_in(c, s->filter)->data,
                         scale ? td_in(c, scale)->data : NULL };
    const td_conv_body *const body = s->plan.body;
    /* Every signature makes its own scale vector: equal elements, not equal addresses, make packs equal. */
    const uint64_t by_scale = x.scale ? td_hash_bytes(x.scale, s->conv.out_channels * sizeof(float), 1) : 0;
    const uint64_t layout = body->layout(s->plan.state);
    const td_pack_key key = {
        .data = { x.w },
        .kind = body->form,
        .params = td_hash_bytes(&layout, sizeof layout, by_scale),
    };
    const td_pack_way way = { build_pack, &x, sizeof x, body->packed_size(s->plan.state),
                              s->count_w * td_dtype_size(x.type) };
    TD_TRY(td_pack_get(c, &key, &way, &packed));
    s->packed = packed;
    return NULL;
}

/* ---------------------------------------------------------------- prepare */

static bool is_bf16(td_dtype t)
{
    return t == TD_BF16;
}

static td_status choose(td_call *c, td_conv_call *s)
{
    const bool is_turned = s->is_first; /* floats, on the way in and out */
    const td_conv_ask ask = {
        .conv = s->conv,
        .cpu = c->env->cpu,
        .threads = c->threads,
        .is_const = td_in_is_const(c, s->filter),
        .has_bias = s->early.bias != 0,
        .precision = s->precision,
        .scale = td_layer_scale(c),
        .is_bf16 = c->env->is_bf16 || (is_bf16(s->type_x) && is_bf16(s->type_w)),
        .has_more = s->early.add || s->early.act != TD_ACT_NONE,
        .reads_bf16 = is_bf16(s->type_x) && !is_turned,
        .writes_bf16 = is_bf16(s->type_y) && !is_turned && !s->is_late,
        .adds_bf16 = s->early.add && is_bf16(s->type_add),
    };

    if (!td_conv_body_choose(&ask, &s->plan)) return TD_ERR(RESOURCE_EXHAUSTED, "%s: no memory", c->node);
    c->body = s->plan.body->name;
    c->work = 2.0 * (double)s->count_y * (double)(s->count_w / TD_MAX(1, s->conv.out_channels));
    return NULL;
}

static size_t floats_if(bool is_needed, size_t count)
{
    return is_needed ? count * sizeof(float) : 0;
}

/* Do sums go somewhere before they are the output? */
static bool is_apart(const td_conv_call *s)
{
    return s->is_first || s->is_late || (s->type_y != TD_F32 && !s->plan.writes_bf16);
}

static td_status prepare_float(td_call *c, td_conv_call *s)
{
    size_t at = s->at_begin;

    TD_TRY(choose(c, s));
    TD_TRY(pack_weights(c, s));
    s->at_x = td_reserve(&at, floats_if(s->type_x != TD_F32 && !s->plan.reads_bf16, s->count_x));
    s->at_turned = td_reserve(&at, floats_if(s->is_first, s->count_x));
    s->at_w = td_reserve(&at, floats_if(s->type_w != TD_F32 && !s->packed, s->count_w));
    s->at_packed = td_reserve(&at, s->packed ? 0 : s->plan.body->packed_size(s->plan.state));
    s->at_add = td_reserve(&at, floats_if(s->type_add != TD_F32 && !s->plan.adds_bf16, s->count_add));
    s->at_y =
        td_reserve(&at, floats_if(is_apart(s), s->count_y * (s->type_y != TD_F32 && s->is_first ? 2 : 1)));
    s->at_late = td_reserve(&at, floats_if(s->is_late && s->type_y != TD_F32, s->count_out));
    s->at_body = td_reserve(&at, s->plan.body->scratch(s->plan.state, c->threads));
    c->scratch_size = at;
    return NULL;
}

void td_conv_call_begin(td_conv_call *s, const td_window *w, const td_epilogue *e)
{
    s->epilogue = *e;
    s->sum = td_conv_output(w, &s->conv);
    s->is_first = w->is_first;
    s->x = 0;
    s->filter = 1;
}

static void note(const td_call *c, const td_conv_call *s)
{
    const td_conv_body *const body = s->plan.body;

    if (body && c->env->precision > TD_PRECISION_BFLOAT16)
        td_layer_note(c, body->precision, s->count_w * sizeof(float), body->packed_size(s->plan.state),
                      td_in_is_const(c, s->filter));
}

/* Floats, and the same in fewer bits beside them. */
static td_status prepare_both(td_call *c, td_conv_call *s)
{
    td_conv_call *const trial = TD_ARENA_NEW(c->arena, td_conv_call);

    *trial = *s;
    s->precision = TD_PRECISION_FLOAT32;
    TD_TRY(prepare_float(c, s));
    trial->at_begin = c->scratch_size;
    s->trial = trial;
    TD_TRY(prepare_float(c, trial));
    note(c, trial);
    if (!trial->plan.body->precision || s->type_x != TD_F32 || s->type_y != TD_F32) {
        td_conv_call_release(trial);
        s->trial = NULL;
        return NULL;
    }
    s->at_trial = td_reserve(&c->scratch_size, s->count_out * sizeof(float));
    return NULL;
}

static td_status prepare_single(td_call *c, td_conv_call *s)
{
    s->precision = td_layer_precision(c);
    if (s->precision != TD_PRECISION_FLOAT32 && td_layer_is_measured(c)) return prepare_both(c, s);
    TD_TRY(prepare_float(c, s));
    note(c, s);
    return NULL;
}

td_status td_conv_call_prepare(td_call *c, td_conv_call *s)
{
    const td_tensor *const add = s->epilogue.add ? td_in(c, s->epilogue.add) : NULL;
    size_t at = 0;

    s->type_x = td_in(c, s->x)->dtype;
    s->type_w = td_in(c, s->filter)->dtype;
    s->type_y = td_out(c, 0)->dtype;
    s->type_add = add ? add->dtype : TD_F32;
    s->count_x = (size_t)td_shape_count(&td_in(c, s->x)->shape);
    s->count_w = (size_t)td_shape_count(&td_in(c, s->filter)->shape);
    s->count_y = (size_t)td_shape_count(&s->sum);
    s->count_out = (size_t)td_shape_count(&td_out(c, 0)->shape);
    s->count_add = add ? (size_t)td_shape_count(&add->shape) : 0;
    s->is_late = td_epilogue_split(c, &s->epilogue, &s->sum, &s->early);
    if (s->count_y == 0) return NULL;
    if (td_is_single(s->type_x)) return prepare_single(c, s);
    s->at_x = td_reserve(&at, s->count_x * sizeof(double));
    s->at_turned = td_reserve(&at, s->is_first ? s->count_x * sizeof(double) : 0);
    s->at_w = td_reserve(&at, s->count_w * sizeof(double));
    s->at_y = td_reserve(&at, s->count_y * sizeof(double) * (s->is_first ? 2 : 1));
    c->scratch_size = at;
    return NULL;
}

/* ---------------------------------------------------------------- run */

static size_t pixels(const size_t *dims)
{
    return dims[0] * dims[1] * dims[2];
}

static float *floats_at(const td_call *c, size_t at)
{
    return (float *)(void *)((char *)c->scratch + at);
}

static const float *as_floats(const td_call *c, td_dtype type, const void *in, size_t count, size_t at)
{
    return td_as_floats(type, in, count, floats_at(c, at));
}

static const float *residual(const td_call *c, const td_conv_call *s)
{
    if (!s->epilogue.add || s->plan.adds_bf16) return NULL;
    return as_floats(c, s->type_add, td_in(c, s->epilogue.add)->data, s->count_add, s->at_add);
}

/* The image as the body takes it. */
static const void *image_of(const td_call *c, const td_conv_call *s)
{
    const td_conv *const v = &s->conv;
    const void *const in = td_in(c, s->x)->data;

    if (s->plan.reads_bf16) return in;
    const float *const x = as_floats(c, s->type_x, in, s->count_x, s->at_x);
    if (!s->is_first) return x;
    td_channels_last(floats_at(c, s->at_turned), x, v->batch, v->in_channels, pixels(v->in));
    return floats_at(c, s->at_turned);
}

/* NULL: no memory. */
static const float *weights_of(const td_call *c, const td_conv_call *s)
{
    if (s->packed) return s->packed;
    const float *const w = as_floats(c, s->type_w, td_in(c, s->filter)->data, s->count_w, s->at_w);

    return pack(s, floats_at(c, s->at_packed), w, NULL) ? floats_at(c, s->at_packed) : NULL;
}

/* What is left to do with sums that are not the output yet. */
static void settle(td_call *c, const td_conv_call *s, void *out, float *y, const float *add)
{
    const td_conv *const v = &s->conv;

    if (s->is_first) {
        float *const to = s->type_y == TD_F32 ? out : y + s->count_y;
        td_channels_last(to, y, v->batch, pixels(v->out), v->out_channels); /* the same turn, the other way */
        y = to;
    }
    if (s->is_late) { /* of fused ops, which are channels last */
        float *const to = s->type_y == TD_F32 ? out : floats_at(c, s->at_late);
        td_epilogue_late(c, &s->epilogue, &s->sum, to, y, add);
        y = to;
    }
    if (s->type_y != TD_F32) td_from_float(s->type_y, y, s->count_out, out);
}

static td_status run_float(td_call *c, const td_conv_call *s, void *out)
{
    td_gemm_end end = td_epilogue_end(c, &s->early, s->conv.out_channels);
    const float *const add = residual(c, s);
    const td_conv_job job = {
        .out = is_apart(s) ? floats_at(c, s->at_y) : out,
        .in = image_of(c, s),
        .packed = weights_of(c, s),
        .end = &end,
        .scratch = (char *)c->scratch + s->at_body,
        .team = c->team,
        .add = s->plan.adds_bf16 ? td_in(c, s->epilogue.add)->data : NULL,
    };

    end.add = s->early.add ? add : NULL;
    if (!job.packed || !s->plan.body->run(s->plan.state, &job))
        return TD_ERR(RESOURCE_EXHAUSTED, "%s: no memory", c->node);
    if (is_apart(s)) settle(c, s, out, job.out, add);
    return NULL;
}

static td_status run_trial(td_call *c, const td_conv_call *s)
{
    float *const other = floats_at(c, s->at_trial);

    TD_TRY(run_float(c, s->trial, other));
    td_layer_compare(c, other, td_out(c, 0)->data, s->count_out, td_in(c, s->x)->data, s->count_x);
    return NULL;
}

static void run_double(td_call *c, const td_conv_call *s)
{
    const td_dtype type = s->type_x;
    const td_conv *const v = &s->conv;
    char *const scratch = c->scratch;
    double *const turned = (double *)(void *)(scratch + s->at_turned);
    double *x = (double *)(void *)(scratch + s->at_x), *const w = (double *)(void *)(scratch + s->at_w);
    double *y = (double *)(void *)(scratch + s->at_y);

    td_to_double(type, td_in(c, s->x)->data, s->count_x, x);
    td_to_double(type, td_in(c, s->filter)->data, s->count_w, w);
    if (s->is_first) {
        td_channels_last_f64(turned, x, v->batch, v->in_channels, pixels(v->in));
        x = turned;
    }
    td_conv_ref(v, y, x, w);
    if (s->is_first) {
        td_channels_last_f64(y + s->count_y, y, v->batch, pixels(v->out), v->out_channels);
        y += s->count_y;
    }
    td_from_double(type, y, s->count_y, td_out(c, 0)->data);
}

td_status td_conv_call_run(td_call *c, const td_conv_call *s)
{
    if (s->count_y == 0) return NULL;
    if (td_is_single(s->type_x)) {
        TD_TRY(run_float(c, s, td_out(c, 0)->data));
        return s->trial ? run_trial(c, s) : NULL;
    }
    run_double(c, s);
    return NULL;
}

void td_conv_call_release(void *state)
{
    td_conv_call *const s = state;

    if (s->trial) td_conv_plan_free(&s->trial->plan);
    td_conv_plan_free(&s->plan);
}
