/* SPDX-License-Identifier: Apache-2.0 */
/* op_attention.c -- _FusedAttention: softmax(q k' scale + mask) v; passes/fuse_attention makes it.
 *
 * q, k and v are [batch, rows, heads, depth]; the result too, or [batch, heads, rows, depth] unless
 * `joins_heads`. Instead of a mask there may be a selection of scores, of bools. Batch and heads broadcast, unless it stands for einsums (`by_label`), and with the mask, [batch, heads, rows, keys], a single row, too.
 */
#include <string.h>

#include "base/macros.h"
#include "base/size.h"
#include "kernels/attention/attention.h"
#include "kernels/wide/wide.h"
#include "ops/nn/epilogue.h"

typedef struct attention_attrs {
    float scale, fill;
    bool joins_heads, by_label, selects, clears; /* selects: the mask is of bools (td_attention_selection) */
} attention_attrs;

enum { Q = 0, K, V, MASK };

static td_status attention_parse(td_parse *p)
{
    attention_attrs *const a = p->attrs;

    a->scale = td_attr_float(p, "scale");
    a->joins_heads = td_attr_bool(p, "joins_heads");
    a->by_label = td_attr_bool(p, "by_label");
    a->selects = td_attr_int(p, "num_keeps") > 0;
    a->fill = td_attr_float(p, "fill");
    a->clears = td_attr_bool(p, "clears");
    return NULL;
}

static td_status mixed_parse(td_parse *p)
{
    static const char *const any[] = { "Tqueries", "Tkeys", "Tvalues", "Tout", NULL };

    TD_TRY(td_mixed_parse(p, any, NULL));
    return attention_parse(p);
}

static td_status shape_error(const td_call *c)
{
    char q[TD_SHAPE_TEXT], k[TD_SHAPE_TEXT], v[TD_SHAPE_TEXT];

    return TD_OP_ERR(c, INVALID_ARGUMENT, "Matrix size-incompatible: %s, %s and %s",
                     td_shape_text(&td_in(c, Q)->shape, q, sizeof q),
                     td_shape_text(&td_in(c, K)->shape, k, sizeof k),
                     td_shape_text(&td_in(c, V)->shape, v, sizeof v));
}

/* Batch and heads of both. */
static bool are_same(const td_shape *scores, int heads, const td_shape *of)
{
    return scores->dims[0] == of->dims[0] && scores->dims[heads] == of->dims[2];
}

/* [batch, heads, rows, keys], what softmax sees, and the depth of v. */
static td_status scores_shape(const td_call *c, td_shape *scores, int64_t *depth)
{
    const td_shape *const q = &td_in(c, Q)->shape, *const k = &td_in(c, K)->shape,
                          *const v = &td_in(c, V)->shape;

    const bool by_label = ((const attention_attrs *)c->attrs)->by_label;

    if (q->rank != 4 || k->rank != 4 || v->rank != 4) return shape_error(c);
    if (by_label && !are_same(q, 2, k)) return shape_error(c);
    *scores = (td_shape){ 4, { q->dims[0], q->dims[2], q->dims[1], k->dims[1] } };
    if (q->dims[3] != k->dims[3] || v->dims[1] != k->dims[1]) return shape_error(c);
    for (uint32_t i = K; i <= V; i++) {
        const td_shape heads = { 4, { td_in(c, i)->shape.dims[0], td_in(c, i)->shape.dims[2], 1, 1 } };
        if (!td_shape_broadcast(scores, &heads, scores)) return shape_error(c);
    }
    if (c->n_in > MASK) {
        const td_shape before = *scores;
        if (!td_shape_broadcast(scores, &td_in(c, MASK)->shape, scores) || scores->rank != 4 ||
            scores->dims[3] != before.dims[3])
            return shape_error(c);
    }
    if (by_label && !are_same(scores, 1, v)) return shape_error(c);
    *depth = v->dims[3];
    return td_shape_check(scores);
}

static td_status attention_infer(td_call *c)
{
    const attention_attrs *const a = c->attrs;
    td_shape s;
    int64_t depth;

    TD_TRY(scores_shape(c, &s, &depth));
    td_out(c, 0)->shape = a->joins_heads ? (td_shape){ 4, { s.dims[0], s.dims[2], s.dims[1], depth } }
                                         : (td_shape){ 4, { s.dims[0], s.dims[1], s.dims[2], depth } };
    return td_shape_check(&td_out(c, 0)->shape);
}

/* Of [batch, rows, heads, depth]; dims of 1 are the same for all. */
static td_attention_steps steps_of(const td_shape *s)
{
    const size_t depth = (size_t)s->dims[3], row = (size_t)s->dims[2] * depth;

    return (td_attention_steps){ .batch = s->dims[0] == 1 ? 0 : (size_t)s->dims[1] * row,
                                 .head = s->dims[2] == 1 ? 0 : depth,
                                 .row = s->dims[1] == 1 ? 0 : row };
}

/* Of [batch, heads, rows, keys], with leading dims left out. */
static void mask_steps(const td_shape *s, td_attention_plan *p)
{
    size_t steps[4] = { 0 }, step = 1;

    for (int i = 0; i < s->rank; i++) {
        const int64_t dim = s->dims[s->rank - 1 - i];
        steps[i] = dim == 1 ? 0 : step;
        step *= (size_t)dim;
    }
    p->mask = (td_attention_steps){ .batch = steps[3], .head = steps[2], .row = steps[1] };
    p->mask_column = steps[0] || p->keys == 1;
}

typedef struct attention_state {
    td_attention_plan plan;
    const td_attention_body *body;
    td_softmax_fn *softmax;
    bool is_empty;
    size_t count[V + 1], count_out;    /* elements */
    size_t at[V + 1], at_out, at_body; /* offsets in the scratch: operands and output as floats */
} attention_state;

/* Operands and output that the body wants as floats and which are none. False: too many. */
static bool reserve_floats(const td_call *c, attention_state *st)
{
    const bool takes = st->body->takes_bf16;
    size_t at = 0, bytes = 0;

    for (uint32_t i = Q; i <= V; i++) {
        const td_tensor *const t = td_in(c, i);
        st->count[i] = (size_t)td_shape_count(&t->shape);
        st->at[i] = td_reserve(&at, takes || t->dtype == TD_F32 ? 0 : st->count[i] * sizeof(float));
    }
    st->count_out = (size_t)td_shape_count(&td_out(c, 0)->shape);
    st->at_out = td_reserve(&at, takes || td_out(c, 0)->dtype == TD_F32 ? 0 : st->count_out * sizeof(float));
    st->at_body = at;
    return td_mul_size(st->plan.thread_bytes, (size_t)TD_MAX(c->threads, 1), &bytes) &&
           td_add_size(st->at_body, bytes, &at);
}

static td_status attention_prepare(td_call *c)
{
    const attention_attrs *const a = c->attrs;
    attention_state *const st = c->state;
    td_attention_plan *const p = &st->plan;
    td_shape s;
    int64_t depth;

    TD_TRY(scores_shape(c, &s, &depth));
    *p = (td_attention_plan){ .batch = (size_t)s.dims[0],
                              .heads = (size_t)s.dims[1],
                              .rows = (size_t)s.dims[2],
                              .keys = (size_t)s.dims[3],
                              .depth = (size_t)td_in(c, Q)->shape.dims[3],
                              .out_depth = (size_t)depth,
                              .scale = a->scale,
                              .mask_column = 1 };
    p->q = steps_of(&td_in(c, Q)->shape);
    p->k = steps_of(&td_in(c, K)->shape);
    p->v = steps_of(&td_in(c, V)->shape);
    const size_t d = p->out_depth;
    p->out = a->joins_heads ? (td_attention_steps){ p->rows * p->heads * d, d, p->heads * d }
                            : (td_attention_steps){ p->heads * p->rows * d, p->rows * d, d };
    st->is_empty = td_shape_count(&s) == 0 || depth == 0;
    if (st->is_empty) return NULL;
    if (c->n_in > MASK) mask_steps(&td_in(c, MASK)->shape, p);
    st->softmax = td_softmax_select(c->env->cpu);
    st->body = td_attention_choose(c->env->cpu, c->env->is_bf16, a->selects);
    c->body = st->body->name;
    c->work = 2.0 * (double)td_shape_count(&s) * (double)(p->depth + p->out_depth);
    st->body->cut(p, c->threads);
    if (!reserve_floats(c, st)) return TD_ERR(RESOURCE_EXHAUSTED, "%s: no memory for the scores", c->node);
    c->scratch_size = st->at_body + p->thread_bytes * (size_t)TD_MAX(c->threads, 1);
    return NULL;
}

static float *floats_at(const td_call *c, size_t at)
{
    return (float *)(void *)((char *)c->scratch + at);
}

static const void *operand(const td_call *c, const attention_state *st, uint32_t i)
{
    const td_tensor *const t = td_in(c, i);

    return st->body->takes_bf16 ? t->data
                                : td_as_floats(t->dtype, t->data, st->count[i], floats_at(c, st->at[i]));
}

static td_status attention_run(td_call *c)
{
    const attention_attrs *const attrs = c->attrs;
    const attention_state *const st = c->state;
    td_tensor *const out = td_out(c, 0);
    const void *const mask = c->n_in > MASK ? td_in(c, MASK)->data : NULL;

    if (st->is_empty) { /* sums of nothing */
        const size_t bytes = td_tensor_bytes(out);
        if (bytes) memset(out->data, 0, bytes);
        return NULL;
    }
    const bool takes = st->body->takes_bf16, is_apart = !takes && out->dtype != TD_F32;
    const td_attention a = {
        .plan = &st->plan,
        .gemm = td_gemm_select(c->env->cpu),
        .softmax = st->softmax,
        .q = operand(c, st, Q),
        .k = operand(c, st, K),
        .v = operand(c, st, V),
        .is_bf16 = { td_in(c, Q)->dtype == TD_BF16, td_in(c, K)->dtype == TD_BF16,
                     td_in(c, V)->dtype == TD_BF16 },
        .writes_bf16 = takes && out->dtype == TD_BF16,
        .mask = attrs->selects ? NULL : mask,
        .selection = { attrs->selects ? mask : NULL, attrs->fill, attrs->clears },
        .out = is_apart ? floats_at(c, st->at_out) : out->data,
        .scratch = (char *)c->scratch + st->at_body,
    };
    td_attention_run(st->body, &a, c->team);
    if (is_apart) td_from_float(out->dtype, a.out, st->count_out, out->data);
    return NULL;
}

#define KERNEL(types)                                                                                        \
    {                                                                                                        \
        TD_DEVICE_CPU, types, sizeof(attention_state), attention_prepare, attention_run, NULL                \
    }

static const td_kernel attention_kernels[] = { KERNEL(TD_DTYPE_BIT(TD_F32)), { 0 } };
static const td_kernel mixed_kernels[] = { KERNEL(TD_DTYPE_BIT(TD_F32) | TD_DTYPE_BIT(TD_BF16)), { 0 } };

#define SELECTION "num_keeps: int = 0, fill: float = 0, clears: bool = false"

const td_op td_ops_attention[] = {
    { .name = "_FusedAttention",
      .sig = "q: T, k: T, v: T, mask: num_masks*T, keep: num_keeps*bool -> y: T",
      .attrs = "T: type, num_masks: int, scale: float, joins_heads: bool, by_label: bool = false, " SELECTION,
      .attrs_size = sizeof(attention_attrs),
      .parse = attention_parse,
      .infer = attention_infer,
      .kernels = attention_kernels },
    { .name = "_MixedAttention",
      .sig = "q: Tqueries, k: Tkeys, v: Tvalues, mask: num_masks*T, keep: num_keeps*bool -> y: Tout",
      .attrs =
          "T: type, Tqueries: type, Tkeys: type, Tvalues: type, Tout: type, num_masks: int, scale: float, "
          "joins_heads: bool, by_label: bool = false, " SELECTION,
      .attrs_size = sizeof(attention_attrs),
      .parse = mixed_parse,
      .infer = attention_infer,
      .kernels = mixed_kernels },
    { 0 },
};
