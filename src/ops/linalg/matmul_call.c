/* SPDX-License-Identifier: Apache-2.0 */
/* matmul_call.c -- see matmul_call.h. */
#include "ops/linalg/matmul_call.h"

#include <string.h>

#include "base/map.h"
#include "base/mem.h"
#include "base/size.h"
#include "kernels/wide/wide.h"
#include "ops/layers.h"
#include "ops/pack.h"

typedef struct pack_ctx {
    const td_matmul_call *m;
    const void *b;
    const float *scale;
} pack_ctx;

static td_status build_pack(const void *ctx, void *data)
{
    const pack_ctx *const x = ctx;
    const td_matmul_call *const m = x->m;

    if (m->type_b == TD_F32) {
        m->plan.body->pack(&m->p, data, x->b, x->scale);
        return NULL;
    }
    float *const wide = td_try_alloc(m->count_b * sizeof(float), 64);
    if (!wide) return TD_ERR(RESOURCE_EXHAUSTED, "no memory for %zu weights", m->count_b);
    td_to_float(m->type_b, x->b, m->count_b, wide);
    m->plan.body->pack(&m->p, data, wide, x->scale);
    td_free(wide);
    return NULL;
}

static td_status pack_weights(td_call *c, td_matmul_call *m)
{
    const uint32_t scale = m->epilogue.scale;
    const void *packed;

    if (!td_in_is_const(c, m->in_b) || (scale && !td_in_is_const(c, scale))) {
        if (scale) return TD_ERR(INTERNAL, "%s: a fused scale must be constant, and so the weights", c->node);
        return NULL;
    }
    const pack_ctx x = { m, td_in(c, m->in_b)->data, scale ? td_in(c, scale)->data : NULL };
    const size_t shape[] = { m->p.k, m->p.n, m->p.b_k, m->p.b_n, td_matmul_b_count(&m->p) };
    /* Every signature makes its own scale vector: equal elements, not equal addresses, make packs equal. */
    const uint64_t by_scale = x.scale ? td_hash_bytes(x.scale, m->p.n * sizeof(float), 1) : 0;
    const td_pack_key key = {
        .data = { x.b },
        .kind = m->plan.body->form,
        .params = td_hash_bytes(shape, sizeof shape, by_scale),
    };
    const td_pack_way way = { build_pack, &x, sizeof x, m->plan.body->packed_size(&m->p),
                              m->count_b * td_dtype_size(m->type_b) };
    TD_TRY(td_pack_get(c, &key, &way, &packed));
    m->packed = packed;
    return NULL;
}

static td_status choose(td_call *c, td_matmul_call *m)
{
    const td_product_ask ask = {
        .p = m->p,
        .cpu = c->env->cpu,
        .threads = c->threads,
        .is_const = td_in_is_const(c, m->in_b),
        .has_bias = m->early.bias != 0,
        .precision = m->precision,
        .scale = td_layer_scale(c),
        .is_bf16 = c->env->is_bf16 || (m->type == TD_BF16 && m->type_b == TD_BF16),
        .reads_bf16 = m->type == TD_BF16,
        .writes_bf16 = m->out_type == TD_BF16 && !m->is_late,
        .adds_bf16 = m->early.add && m->type_add == TD_BF16,
    };

    if (!td_product_body_choose(&ask, &m->plan)) return TD_ERR(RESOURCE_EXHAUSTED, "%s: no memory", c->node);
    c->body = m->plan.body->name;
    c->work = 2.0 * (double)m->count_c * (double)m->p.k;
    return NULL;
}

/* Do sums go somewhere before they are the output? */
static bool is_apart(const td_matmul_call *m)
{
    return m->is_late || (m->out_type != TD_F32 && !m->plan.writes_bf16);
}

static size_t reserve_floats(size_t *at, bool is_needed, size_t count)
{
    return td_reserve(at, is_needed ? count * sizeof(float) : 0);
}

static void reserve_sums(td_matmul_call *m, size_t *at)
{
    m->at_c = reserve_floats(at, is_apart(m), m->count_c);
    m->at_add = reserve_floats(at, m->type_add != TD_F32 && !m->plan.adds_bf16, m->count_add);
    m->at_late = reserve_floats(at, m->is_late && m->out_type != TD_F32, m->count_out);
}

static td_status prepare(td_call *c, td_matmul_call *m)
{
    size_t at = m->at_begin;

    m->count_a = (size_t)td_shape_count(&td_in(c, m->in_a)->shape);
    m->count_b = (size_t)td_shape_count(&td_in(c, m->in_b)->shape);
    m->count_c = (size_t)td_shape_count(&m->sum);
    m->count_out = (size_t)td_shape_count(&td_out(c, 0)->shape);
    m->type_add = m->epilogue.add ? td_in(c, m->epilogue.add)->dtype : TD_F32;
    m->count_add = m->epilogue.add ? (size_t)td_shape_count(&td_in(c, m->epilogue.add)->shape) : 0;
    m->is_late = td_epilogue_split(c, &m->epilogue, &m->sum, &m->early);
    m->scratch_size = 0;
    m->widens = !td_is_single(m->type) && (m->type != m->out_type || m->type_b != m->type);
    if (m->widens) {
        if (m->out_type != TD_I32)
            return TD_ERR(UNIMPLEMENTED, "%s: products of %s and %s into %s", c->node, td_dtype_name(m->type),
                          td_dtype_name(m->type_b), td_dtype_name(m->out_type));
        m->at_a = td_reserve(&at, m->count_a * sizeof(int32_t));
        m->at_b = td_reserve(&at, m->count_b * sizeof(int32_t));
        m->scratch_size = at;
        return NULL;
    }
    if (!td_is_single(m->type) || m->count_c == 0) return NULL;
    if (m->p.k == 0) {
        reserve_sums(m, &at);
        m->scratch_size = at;
        return NULL;
    }
    td_matmul_simplify(&m->p);
    TD_TRY(choose(c, m));
    TD_TRY(pack_weights(c, m));
    m->at_a = reserve_floats(&at, m->type != TD_F32 && !m->plan.reads_bf16, m->count_a);
    m->at_b = reserve_floats(&at, m->type_b != TD_F32 && !m->packed, m->count_b);
    reserve_sums(m, &at);
    m->at_scratch = td_reserve(&at, m->plan.body->scratch(m->plan.state, c->threads));
    m->scratch_size = at;
    return NULL;
}

static void note(const td_call *c, const td_matmul_call *m)
{
    const td_product_body *const body = m->plan.body;

    if (body && c->env->precision > TD_PRECISION_BFLOAT16)
        td_layer_note(c, body->precision, m->count_b * sizeof(float), body->packed_size(&m->p),
                      td_in_is_const(c, m->in_b));
}

/* Floats, and the same in fewer bits beside them. */
static td_status prepare_both(td_call *c, td_matmul_call *m)
{
    td_matmul_call *const trial = TD_ARENA_NEW(c->arena, td_matmul_call);

    *trial = *m;
    m->precision = TD_PRECISION_FLOAT32;
    TD_TRY(prepare(c, m));
    trial->at_begin = m->scratch_size;
    m->trial = trial;
    TD_TRY(prepare(c, trial));
    note(c, trial);
    if (!trial->plan.body || !trial->plan.body->precision || m->out_type != TD_F32 || m->type != TD_F32) {
        td_matmul_call_release(trial);
        m->trial = NULL;
        return NULL;
    }
    m->at_trial = reserve_floats(&trial->scratch_size, true, m->count_out);
    m->scratch_size = trial->scratch_size;
    return NULL;
}

td_status td_matmul_call_prepare(td_call *c, td_matmul_call *m)
{
    m->precision = td_layer_precision(c);
    if (m->precision != TD_PRECISION_FLOAT32 && td_layer_is_measured(c)) return prepare_both(c, m);
    TD_TRY(prepare(c, m));
    note(c, m);
    return NULL;
}

/* Sums of nothing have an end, too. */
static void end_zeros(const td_gemm_end *e, float *c, size_t count, size_t n)
{
    for (size_t at = 0; at < count; at += n) {
        for (size_t i = 0; i < n; i++) {
            const float v = (e->bias ? e->bias[i] : 0.0f) + (e->add ? e->add[at / n * e->add_ld + i] : 0.0f);
            c[at + i] = v < e->lo ? e->lo : v > e->hi ? e->hi : v;
        }
        if (e->post) e->post(c + at, n);
    }
}

static float *floats_at(const td_call *c, size_t at)
{
    return (float *)(void *)((char *)c->scratch + at);
}

static const float *as_floats(const td_call *c, td_dtype type, const void *in, size_t count, size_t at)
{
    return td_as_floats(type, in, count, floats_at(c, at));
}

/* The residual as floats; NULL: there is none, or the body takes it as it is. */
static const float *residual(const td_call *c, const td_matmul_call *m)
{
    if (!m->epilogue.add || m->plan.adds_bf16) return NULL;
    return as_floats(c, m->type_add, td_in(c, m->epilogue.add)->data, m->count_add, m->at_add);
}

/* False: no memory. */
static bool run_body(const td_call *c, const td_matmul_call *m, void *out, const void *a, const void *b,
                     const td_gemm_end *end)
{
    const td_product_job job = {
        .c = out,
        .a = m->plan.reads_bf16 ? a : as_floats(c, m->type, a, m->count_a, m->at_a),
        .b = m->packed ? NULL : as_floats(c, m->type_b, b, m->count_b, m->at_b),
        .packed = m->packed,
        .end = end,
        .add = m->plan.adds_bf16 ? td_in(c, m->epilogue.add)->data : NULL,
        .scratch = (char *)c->scratch + m->at_scratch,
        .team = c->team,
    };

    return m->plan.body->run(m->plan.state, &job);
}

/* Float, half, bfloat16. */
static td_status run_float(td_call *c, const td_matmul_call *m, void *out, const void *a, const void *b)
{
    void *const sums = is_apart(m) ? floats_at(c, m->at_c) : out;
    const float *const add = residual(c, m);
    td_gemm_end end = td_epilogue_end(c, &m->early, m->p.c_m);

    end.add = m->early.add ? add : NULL;
    if (m->p.k == 0)
        end_zeros(&end, sums, m->count_c, m->p.n);
    else if (!run_body(c, m, sums, a, b, &end))
        return TD_ERR(RESOURCE_EXHAUSTED, "%s: no memory", c->node);
    if (!is_apart(m)) return NULL;
    float *done = sums;
    if (m->is_late) {
        done = m->out_type == TD_F32 ? out : floats_at(c, m->at_late);
        td_epilogue_late(c, &m->epilogue, &m->sum, done, sums, add);
    }
    if (m->out_type != TD_F32) td_from_float(m->out_type, done, m->count_out, out);
    return NULL;
}

static void *widen(void *out, td_dtype type, const void *in, size_t n)
{
    int32_t *const to = out;

    for (size_t i = 0; i < n; i++)
        to[i] = type == TD_I8 ? ((const int8_t *)in)[i] : ((const uint8_t *)in)[i];
    return out;
}

/* int8 and uint8 into int32. */
static void run_widened(td_call *c, const td_matmul_call *m, void *out, const void *a, const void *b)
{
    char *const scratch = c->scratch;

    td_matmul_ref(&m->p, TD_I32, out, widen(scratch + m->at_a, m->type, a, m->count_a),
                  widen(scratch + m->at_b, m->type_b, b, m->count_b), false, false);
}

static td_status run_trial(td_call *c, const td_matmul_call *m, const void *out, const void *a, const void *b)
{
    float *const other = floats_at(c, m->at_trial);

    TD_TRY(td_matmul_call_run(c, m->trial, other, a, b));
    td_layer_compare(c, other, out, m->count_out, a, m->count_a);
    return NULL;
}

td_status td_matmul_call_run(td_call *c, const td_matmul_call *m, void *out, const void *a, const void *b)
{
    if (m->count_c == 0) return NULL;
    if (m->trial) {
        TD_TRY(run_float(c, m, out, a, b));
        return run_trial(c, m, out, a, b);
    }
    if (m->p.k == 0 && !td_is_single(m->type))
        memset(out, 0, m->count_c * td_dtype_size(m->out_type));
    else if (m->widens)
        run_widened(c, m, out, a, b);
    else if (td_is_single(m->type))
        return run_float(c, m, out, a, b);
    else
        td_matmul_wide(&m->p, m->type, out, a, b, m->conj_a, m->conj_b);
    return NULL;
}

void td_matmul_call_release(void *state)
{
    td_matmul_call *const m = state;

    if (m->trial) td_product_plan_free(&m->trial->plan);
    td_product_plan_free(&m->plan);
}
