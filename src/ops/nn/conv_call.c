/* SPDX-License-Identifier: Apache-2.0 */
/* conv_call.c -- see conv_call.h. */
#include "ops/nn/conv_call.h"

#include <string.h>

#include "base/macros.h"
#include "base/file_map.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/size.h"
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

static size_t packed_size(const td_conv_call *s)
{
    if (s->dnnl) return td_dnnl_conv_packed_size(s->dnnl);
    return s->is_winograd ? td_winograd_packed_size(&s->conv) : td_conv_packed_size(&s->gemm);
}

static bool pack(const td_conv_call *s, float *packed, const float *w, const float *scale)
{
    if (s->dnnl) return td_dnnl_conv_pack(s->dnnl, packed, w, scale);
    if (s->is_winograd)
        td_winograd_pack(&s->conv, packed, w, scale);
    else
        td_conv_pack(&s->gemm, packed, w, scale);
    return true;
}

static td_status no_memory(const td_conv_call *s)
{
    return TD_ERR(RESOURCE_EXHAUSTED, "no memory for %zu weights", s->count_w);
}

static td_status build_pack(void *ctx, void *data)
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
    pack_ctx x = { s, td_in(c, s->filter)->dtype, td_in(c, s->filter)->data,
                   scale ? td_in(c, scale)->data : NULL };
    const uint64_t layout = s->dnnl ? td_dnnl_conv_packed_hash(s->dnnl) : s->is_winograd;
    const size_t shape[] = { s->gemm.segments, s->gemm.depth,         s->conv.out_channels,
                             s->conv.groups,   s->conv.is_transposed, layout };
    /* Every signature makes its own scale vector: equal elements, not equal addresses, make packs equal. */
    const uint64_t by_scale = x.scale ? td_hash_bytes(x.scale, s->conv.out_channels * sizeof(float), 1) : 0;
    const td_pack_key key = {
        .data = { x.w },
        .kind = s->dnnl ? "conv dnnl" : "conv",
        .params = td_hash_bytes(shape, sizeof shape, by_scale),
    };
    TD_TRY(td_pack_get(c, &key, packed_size(s), build_pack, &x, &packed));
    s->packed = packed;
    td_file_map_forget(x.w, s->count_w * td_dtype_size(x.type)); /* the packed form takes its place */
    return NULL;
}

/* ---------------------------------------------------------------- prepare */

static bool choose_gemm(const td_call *c, td_conv_call *s)
{
    const td_conv *const v = &s->conv;
    const td_dnnl_gemm_shape shape = {
        .m = v->batch * v->out[0] * v->out[1] * v->out[2],
        .n = v->out_channels,
        .k = v->in_channels,
        .has_bias = s->early.bias != 0,
    };

    if (!s->gemm.is_matrix || !td_dnnl_gemm_fits(&shape, c->env->cpu)) return false;
    s->dnnl_gemm = td_dnnl_gemm_make(&shape, c->env->cpu, c->threads);
    return s->dnnl_gemm != NULL;
}

/* Which body? Filters that are packed by each run cost more to transform than they save. */
static void choose(td_call *c, td_conv_call *s)
{
    if (!td_in_is_const(c, s->filter)) return;
    s->is_winograd = td_winograd_fits(&s->conv, td_gemm_select(c->env->cpu));
    if (s->is_winograd || choose_gemm(c, s) || !td_dnnl_conv_fits(&s->conv, c->env->cpu)) return;
    s->dnnl = td_dnnl_conv_make(&s->conv, s->early.bias != 0, c->env->cpu, c->threads);
}

static size_t run_scratch(const td_call *c, const td_conv_call *s)
{
    if (s->dnnl) return td_dnnl_conv_scratch(s->dnnl, c->threads);
    if (s->dnnl_gemm) return td_dnnl_gemm_scratch(s->dnnl_gemm, c->threads);
    return s->is_winograd ? td_winograd_scratch(&s->conv, c->threads) : td_conv_scratch(&s->gemm, c->threads);
}

static td_status prepare_float(td_call *c, td_conv_call *s, td_dtype type)
{
    const bool is_wide = type != TD_F32;
    size_t at = 0;

    td_conv_gemm_plan(&s->conv, &s->gemm);
    choose(c, s);
    TD_TRY(pack_weights(c, s));
    s->zeros = td_arena_try_alloc(c->arena, s->gemm.zeros_size, 64);
    if (!s->zeros) return TD_ERR(RESOURCE_EXHAUSTED, "%s: no memory", c->node);
    memset((void *)(uintptr_t)s->zeros, 0, s->gemm.zeros_size);
    s->at_x = td_reserve(&at, is_wide ? s->count_x * sizeof(float) : 0);
    s->at_turned = td_reserve(&at, s->is_first ? s->count_x * sizeof(float) : 0);
    s->at_w = td_reserve(&at, is_wide && !s->packed ? s->count_w * sizeof(float) : 0);
    s->at_packed = td_reserve(&at, s->packed ? 0 : packed_size(s));
    s->at_y = td_reserve(&at, is_wide || s->is_first || s->is_late
                                  ? s->count_y * sizeof(float) * (is_wide && s->is_first ? 2 : 1)
                                  : 0);
    s->at_gemm = td_reserve(&at, run_scratch(c, s));
    c->scratch_size = at;
    return NULL;
}

td_status td_conv_call_prepare(td_call *c, td_conv_call *s)
{
    const td_dtype type = td_in(c, s->x)->dtype;
    size_t at = 0;

    s->count_x = (size_t)td_shape_count(&td_in(c, s->x)->shape);
    s->count_w = (size_t)td_shape_count(&td_in(c, s->filter)->shape);
    s->count_y = (size_t)td_shape_count(&s->sum);
    s->is_late = td_epilogue_split(c, &s->epilogue, &s->sum, &s->early);
    if (s->count_y == 0) return NULL;
    if (td_is_single(type)) return prepare_float(c, s, type);
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

/* False: no memory. */
static bool run_body(const td_call *c, const td_conv_call *s, float *y, const float *x, const float *packed)
{
    const td_gemm_isa *const isa = td_gemm_select(c->env->cpu);
    const td_gemm_end end = td_epilogue_end(c, &s->early, s->conv.out_channels);
    void *const own = (char *)c->scratch + s->at_gemm;

    if (s->dnnl) return td_dnnl_conv_run(s->dnnl, y, x, packed, &end, own, c->team);
    if (s->dnnl_gemm) return td_dnnl_gemm_run(s->dnnl_gemm, y, x, packed, &end, own, c->team);
    if (s->is_winograd)
        td_winograd_run(&s->conv, isa, y, x, packed, &end, s->zeros, own, c->team);
    else
        td_conv_run(&s->gemm, isa, y, x, packed, &end, s->zeros, own, c->team);
    return true;
}

static td_status run_float(td_call *c, const td_conv_call *s, td_dtype type)
{
    const td_conv *const v = &s->conv;
    char *const scratch = c->scratch;
    float *const turned = (float *)(void *)(scratch + s->at_turned), *y = td_out(c, 0)->data;
    const float *x = td_in(c, s->x)->data, *packed = s->packed;

    if (type != TD_F32) {
        td_to_float(type, x, s->count_x, (float *)(void *)(scratch + s->at_x));
        x = (float *)(void *)(scratch + s->at_x);
    }
    if (s->is_first) {
        td_channels_last(turned, x, v->batch, v->in_channels, pixels(v->in));
        x = turned;
    }
    if (!packed) {
        const float *w = td_in(c, s->filter)->data;
        if (type != TD_F32) {
            td_to_float(type, w, s->count_w, (float *)(void *)(scratch + s->at_w));
            w = (float *)(void *)(scratch + s->at_w);
        }
        (void)pack(s, (float *)(void *)(scratch + s->at_packed), w, NULL); /* never for oneDNN */
        packed = (float *)(void *)(scratch + s->at_packed);
    }
    if (type != TD_F32 || s->is_first || s->is_late) y = (float *)(void *)(scratch + s->at_y);
    if (!run_body(c, s, y, x, packed)) return TD_ERR(RESOURCE_EXHAUSTED, "%s: no memory", c->node);
    if (s->is_first) {
        float *const to = type == TD_F32 ? td_out(c, 0)->data : y + s->count_y;
        td_channels_last(to, y, v->batch, pixels(v->out), v->out_channels); /* the same turn, the other way */
        y = to;
    }
    if (s->is_late) td_epilogue_late(c, &s->epilogue, &s->sum, y); /* fused ops are float, channels last */
    if (type != TD_F32) td_from_float(type, y, s->count_y, td_out(c, 0)->data);
    return NULL;
}

static void run_double(td_call *c, const td_conv_call *s, td_dtype type)
{
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
    const td_dtype type = td_in(c, s->x)->dtype;

    if (s->count_y == 0) return NULL;
    if (td_is_single(type)) return run_float(c, s, type);
    run_double(c, s, type);
    return NULL;
}

void td_conv_call_release(void *state)
{
    td_conv_call *const s = state;

    td_dnnl_conv_free(s->dnnl);
    td_dnnl_gemm_free(s->dnnl_gemm);
    s->dnnl = NULL;
    s->dnnl_gemm = NULL;
}
