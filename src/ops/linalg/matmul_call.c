/* SPDX-License-Identifier: Apache-2.0 */
/* matmul_call.c -- see matmul_call.h. */
#include "ops/linalg/matmul_call.h"

#include <string.h>

#include "base/map.h"
#include "base/mem.h"
#include "base/size.h"
#include "kernels/wide/wide.h"
#include "ops/pack.h"

typedef struct pack_ctx {
    const td_matmul_call *m;
    const void *b;
    const float *scale;
} pack_ctx;

static void pack(const td_matmul_call *m, const float *b, const float *scale, void *packed)
{
    if (m->bf16)
        td_bf16_gemm_pack(m->bf16, packed, b, m->p.b_k, m->p.b_n, scale);
    else
        td_matmul_pack(&m->p, b, scale, packed);
}

static td_status build_pack(const void *ctx, void *data)
{
    const pack_ctx *const x = ctx;
    const td_matmul_call *const m = x->m;

    if (m->type_b == TD_F32) {
        pack(m, x->b, x->scale, data);
        return NULL;
    }
    float *const wide = td_try_alloc(m->count_b * sizeof(float), 64);
    if (!wide) return TD_ERR(RESOURCE_EXHAUSTED, "no memory for %zu weights", m->count_b);
    td_to_float(m->type_b, x->b, m->count_b, wide);
    pack(m, wide, x->scale, data);
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
    const size_t size = m->bf16 ? td_bf16_gemm_packed_size(m->bf16)
                                : td_gemm_packed_size(m->p.k, m->p.n) * td_matmul_b_count(&m->p);
    const size_t shape[] = { m->p.k, m->p.n, m->p.b_k, m->p.b_n, td_matmul_b_count(&m->p) };
    /* Every signature makes its own scale vector: equal elements, not equal addresses, make packs equal. */
    const uint64_t by_scale = x.scale ? td_hash_bytes(x.scale, m->p.n * sizeof(float), 1) : 0;
    const td_pack_key key = {
        .data = { x.b },
        .kind = m->bf16 ? "matmul bf16" : "matmul",
        .params = td_hash_bytes(shape, sizeof shape, by_scale),
    };
    const td_pack_way way = { build_pack, &x, sizeof x, size, m->count_b * td_dtype_size(m->type_b) };
    TD_TRY(td_pack_get(c, &key, &way, &packed));
    m->packed = packed;
    return NULL;
}

/* Rows of a that lie one behind the other, and one matrix: what oneDNN takes. */
static bool is_plain(const td_matmul *p)
{
    return p->n_batch == 0 && p->a_k == 1 && p->a_m == p->k && p->c_m == p->n;
}

static td_dnnl_gemm_shape shape_of(const td_matmul_call *m)
{
    return (td_dnnl_gemm_shape){ .m = m->p.m, .n = m->p.n, .k = m->p.k, .has_bias = m->early.bias != 0 };
}

static void choose_bf16(const td_call *c, td_matmul_call *m)
{
    const td_dnnl_gemm_shape s = shape_of(m);

    const bool is_bf16 = c->env->is_bf16 || (m->type == TD_BF16 && m->type_b == TD_BF16);

    if (!is_bf16 || !td_in_is_const(c, m->in_b) || !is_plain(&m->p) || !td_bf16_gemm_pays(&s)) return;
    if (td_bf16_gemm_can(&s, c->env->cpu))
        m->bf16 = td_bf16_gemm_make(&s, m->type == TD_BF16, m->out_type == TD_BF16 && !m->is_late,
                                    c->env->cpu, c->threads);
}

/* Many rows: on the same packed form as our tiles. */
static void choose_dnnl(const td_call *c, td_matmul_call *m)
{
    const td_dnnl_gemm_shape s = shape_of(m);

    if (!m->packed || m->bf16 || !is_plain(&m->p)) return;
    if (td_dnnl_gemm_fits(&s, c->env->cpu)) m->dnnl = td_dnnl_gemm_make(&s, c->env->cpu, c->threads);
}

static size_t own_scratch(const td_call *c, const td_matmul_call *m)
{
    if (m->bf16) return td_bf16_gemm_scratch(m->bf16, c->threads);
    return m->dnnl ? td_dnnl_gemm_scratch(m->dnnl, c->threads) : td_matmul_scratch(&m->plan, c->threads);
}

/* Do sums go somewhere before they are the output? */
static bool is_apart(const td_matmul_call *m)
{
    return m->is_late || (m->out_type != TD_F32 && !(m->bf16 && m->out_type == TD_BF16));
}

static size_t reserve_floats(size_t *at, bool is_needed, size_t count)
{
    return td_reserve(at, is_needed ? count * sizeof(float) : 0);
}

static void reserve_sums(td_matmul_call *m, size_t *at)
{
    const bool adds_bf16 = m->bf16 && m->type_add == TD_BF16 && !m->is_late;

    m->at_c = reserve_floats(at, is_apart(m), m->count_c);
    m->at_add = reserve_floats(at, m->type_add != TD_F32 && !adds_bf16, m->count_add);
    m->at_late = reserve_floats(at, m->is_late && m->out_type != TD_F32, m->count_out);
}

td_status td_matmul_call_prepare(td_call *c, td_matmul_call *m)
{
    size_t at = 0;

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
    choose_bf16(c, m);
    TD_TRY(pack_weights(c, m));
    choose_dnnl(c, m);
    c->body = m->bf16 ? "dnnl_bf16" : m->dnnl ? "dnnl" : "panels";
    c->work = 2.0 * (double)m->count_c * (double)m->p.k;
    td_matmul_plan_make(&m->p, c->threads, m->packed != NULL, &m->plan);
    m->at_a = reserve_floats(&at, m->type != TD_F32 && !(m->bf16 && m->type == TD_BF16), m->count_a);
    m->at_b = reserve_floats(&at, m->type_b != TD_F32 && !m->packed, m->count_b);
    reserve_sums(m, &at);
    m->at_scratch = td_reserve(&at, own_scratch(c, m));
    m->scratch_size = at;
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

/* Elements as floats: where they are, or in the scratch at `at`. */
static const float *as_floats(const td_call *c, td_dtype type, const void *in, size_t count, size_t at)
{
    if (type == TD_F32) return in;
    td_to_float(type, in, count, floats_at(c, at));
    return floats_at(c, at);
}

static bool run_bf16(const td_call *c, const td_matmul_call *m, void *out, const void *a, td_gemm_end *end)
{
    const bool adds_bf16 = end->add && m->type_add == TD_BF16;
    const td_bf16_gemm_job job = {
        .c = out,
        .a = m->type == TD_BF16 ? a : as_floats(c, m->type, a, m->count_a, m->at_a),
        .packed = m->packed,
        .end = end,
        .add = adds_bf16 ? td_in(c, m->epilogue.add)->data : NULL,
        .scratch = (char *)c->scratch + m->at_scratch,
        .team = c->team,
    };

    if (adds_bf16) end->add = NULL;
    return td_bf16_gemm_run(m->bf16, &job);
}

/* False: no memory. */
static bool run_floats(const td_call *c, const td_matmul_call *m, float *out, const void *a, const void *b,
                       const td_gemm_end *end)
{
    void *const own = (char *)c->scratch + m->at_scratch;
    const float *const rows = as_floats(c, m->type, a, m->count_a, m->at_a);

    if (m->dnnl) return td_dnnl_gemm_run(m->dnnl, out, rows, m->packed, end, own, c->team);
    const float *const matrix = m->packed ? NULL : as_floats(c, m->type_b, b, m->count_b, m->at_b);
    td_matmul_run(&m->plan, td_gemm_select(c->env->cpu), out, rows, matrix, m->packed, end, own, c->team);
    return true;
}

/* Float, half, bfloat16. */
static td_status run_float(td_call *c, const td_matmul_call *m, void *out, const void *a, const void *b)
{
    void *const sums = is_apart(m) ? floats_at(c, m->at_c) : out;
    td_gemm_end end = td_epilogue_end(c, &m->early, m->p.c_m);
    const float *add = NULL;
    bool is_ok = true;

    if (m->epilogue.add && (m->is_late || !m->bf16 || m->type_add != TD_BF16))
        add = as_floats(c, m->type_add, td_in(c, m->epilogue.add)->data, m->count_add, m->at_add);
    if (end.add && add) end.add = add;
    if (m->p.k == 0)
        end_zeros(&end, sums, m->count_c, m->p.n);
    else if (m->bf16)
        is_ok = run_bf16(c, m, sums, a, &end);
    else
        is_ok = run_floats(c, m, sums, a, b, &end);
    if (!is_ok) return TD_ERR(RESOURCE_EXHAUSTED, "%s: no memory", c->node);
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

td_status td_matmul_call_run(td_call *c, const td_matmul_call *m, void *out, const void *a, const void *b)
{
    if (m->count_c == 0) return NULL;
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

    td_bf16_gemm_free(m->bf16);
    td_dnnl_gemm_free(m->dnnl);
    m->bf16 = NULL;
    m->dnnl = NULL;
}
