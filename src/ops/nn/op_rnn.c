/* SPDX-License-Identifier: Apache-2.0 */
/* op_rnn.c -- _FusedLSTM and _FusedGRU: a loop over a sequence as one node; passes/fuse_rnn makes them.
 *
 * x is [time, batch, inputs]. The loop runs as long as its counter, from 0 up, is below every limit. seq is
 * the list of states that it filled: `size` elements; with `keeps_last`, each step writes element 0. Elements
 * that were never written are zeros.
 */
#include <inttypes.h>
#include <string.h>

#include "base/macros.h"
#include "base/map.h"
#include "base/size.h"
#include "kernels/rnn/body.h"
#include "ops/op.h"
#include "ops/pack.h"

typedef struct rnn_attrs {
    td_rnn_kind kind;
    bool keeps_last;
    bool is_open;                      /* without a step there is nothing that says how long the rows are */
    uint32_t c0, wx, wh, bx, bh, size; /* input indices; 0: none */
} rnn_attrs;

enum { X = 0, H0 = 1 };

static td_status lstm_parse(td_parse *p)
{
    rnn_attrs *const a = p->attrs;

    *a = (rnn_attrs){ .kind = TD_RNN_LSTM, .c0 = 2, .wx = 3, .wh = 4, .bx = 5, .size = 6 };
    a->keeps_last = td_attr_bool(p, "keeps_last");
    a->is_open = td_attr_bool(p, "is_open");
    return NULL;
}

static td_status gru_parse(td_parse *p)
{
    rnn_attrs *const a = p->attrs;

    *a = (rnn_attrs){ .kind = TD_RNN_GRU, .wx = 2, .wh = 3, .bx = 4, .bh = 5, .size = 6 };
    a->keeps_last = td_attr_bool(p, "keeps_last");
    a->is_open = td_attr_bool(p, "is_open");
    return NULL;
}

/* ---------------------------------------------------------------- shapes */

typedef struct sizes {
    int64_t steps, time, batch, inputs, hidden, size;
} sizes;

static bool has_shape(const td_call *c, uint32_t i, int rank, int64_t a, int64_t b)
{
    const td_shape *const s = &td_in(c, i)->shape;

    return i == 0 || (s->rank == rank && s->dims[0] == a && (rank < 2 || s->dims[1] == b));
}

static td_status read_steps(td_call *c, const rnn_attrs *a, sizes *s)
{
    TD_TRY(td_need_int(c, a->size, &s->size));
    s->steps = INT64_MAX;
    for (uint32_t i = a->size + 1; i < c->n_in; i++) {
        int64_t limit;

        TD_TRY(td_need_int(c, i, &limit));
        s->steps = TD_MIN(s->steps, TD_MAX(limit, 0));
    }
    if (s->steps > s->time)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "Trying to access element %" PRId64 " in a list with %" PRId64 " elements.", s->time,
                         s->time);
    const int64_t written = a->keeps_last ? TD_MIN(s->steps, 1) : s->steps;
    if (s->size < written)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "Trying to modify element %" PRId64 " in a list with %" PRId64 " elements.", s->size,
                         s->size);
    if (a->is_open && s->steps == 0)
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "Tried to stack list which only contains uninitialized tensors and has a "
                         "non-fully-defined element shape");
    return NULL;
}

static td_status read_sizes(td_call *c, sizes *s)
{
    const rnn_attrs *const a = c->attrs;
    const td_shape *const x = &td_in(c, X)->shape, *const h = &td_in(c, H0)->shape;

    if (x->rank != 3 || h->rank != 2)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "In[0] is not a matrix. Instead it has shape of rank %d",
                         (int)x->rank - 1);
    *s = (sizes){ .time = x->dims[0], .batch = x->dims[1], .inputs = x->dims[2], .hidden = h->dims[1] };
    const int64_t columns = (int64_t)td_rnn_gates(a->kind) * s->hidden;
    if (!has_shape(c, H0, 2, s->batch, s->hidden) || !has_shape(c, a->c0, 2, s->batch, s->hidden) ||
        !has_shape(c, a->wx, 2, s->inputs, columns) || !has_shape(c, a->wh, 2, s->hidden, columns) ||
        !has_shape(c, a->bx, 1, columns, 0) || !has_shape(c, a->bh, 1, columns, 0))
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "Incompatible shapes: batch %" PRId64 ", inputs %" PRId64 ", state [%" PRId64
                         ",%" PRId64 "]",
                         s->batch, s->inputs, h->dims[0], s->hidden);
    return read_steps(c, a, s);
}

static td_status rnn_infer(td_call *c)
{
    sizes s;

    TD_TRY(read_sizes(c, &s));
    td_out(c, 0)->shape = (td_shape){ 3, { s.size, s.batch, s.hidden } };
    for (uint32_t i = 1; i < c->n_out; i++)
        td_out(c, i)->shape = (td_shape){ 2, { s.batch, s.hidden } };
    return td_shape_check(&td_out(c, 0)->shape);
}

/* ---------------------------------------------------------------- prepare and run */

typedef struct rnn_state {
    td_rnn_plan plan;
    const void *wx, *wh;
} rnn_state;

typedef struct pack_ctx {
    td_tensor w;
    td_rnn_kind kind;
    const td_rnn_body *body;
} pack_ctx;

static td_status build_pack(const void *ctx, void *data)
{
    const pack_ctx *const x = ctx;

    if (!x->body->pack(x->kind, (size_t)x->w.shape.dims[0],
                       (size_t)x->w.shape.dims[1] / td_rnn_gates(x->kind), data, x->w.data))
        return TD_ERR(RESOURCE_EXHAUSTED, "no memory to pack the weights of a recurrent layer");
    return NULL;
}

static td_status pack_weights(td_call *c, uint32_t i, const td_rnn_plan *p, const void **out)
{
    const td_tensor w = *td_in(c, i);
    const size_t shape[] = { (size_t)w.shape.dims[0], (size_t)w.shape.dims[1], p->ask.kind };
    const td_pack_key key = { .data = { w.data },
                              .kind = p->body->form,
                              .params = td_hash_bytes(shape, sizeof shape, 0) };
    const pack_ctx x = { w, p->ask.kind, p->body };
    const td_pack_way way = { build_pack, &x, sizeof x,
                              p->body->packed_size(p->ask.kind, shape[0], p->ask.hidden),
                              td_tensor_bytes(&w) };

    *out = NULL;
    if (!td_in_is_const(c, i))
        return TD_ERR(INTERNAL, "%s: weights of a fused layer must be constant", c->node);
    return shape[0] && shape[1] ? td_pack_get(c, &key, &way, out) : NULL;
}

static td_status rnn_prepare(td_call *c)
{
    const rnn_attrs *const a = c->attrs;
    rnn_state *const st = c->state;
    sizes s;

    TD_TRY(read_sizes(c, &s));
    const td_rnn_ask ask = { .kind = a->kind,
                             .steps = (size_t)s.steps,
                             .batch = (size_t)s.batch,
                             .inputs = (size_t)s.inputs,
                             .hidden = (size_t)s.hidden,
                             .cpu = c->env->cpu,
                             .threads = c->threads,
                             .is_bf16 = c->env->is_bf16 };

    st->plan = td_rnn_plan_make(&ask);
    TD_TRY(pack_weights(c, a->wx, &st->plan, &st->wx));
    TD_TRY(pack_weights(c, a->wh, &st->plan, &st->wh));
    c->body = st->plan.body->name;
    c->work = 2.0 * (double)s.steps * (double)s.batch * (double)(s.inputs + s.hidden) *
              (double)(td_rnn_gates(a->kind) * ask.hidden);
    if (!td_mul_size(st->plan.shards, st->plan.shard_bytes, &c->scratch_size))
        return TD_ERR(RESOURCE_EXHAUSTED, "%s: no memory for the sums", c->node);
    return NULL;
}

static td_status rnn_run(td_call *c)
{
    const rnn_attrs *const a = c->attrs;
    const rnn_state *const st = c->state;
    const td_rnn_plan *const p = &st->plan;
    td_tensor *const seq = td_out(c, 0);
    const size_t step = p->ask.batch * p->ask.hidden * sizeof(float);
    const size_t written = a->keeps_last ? TD_MIN(p->ask.steps, 1) : p->ask.steps;
    const td_rnn r = {
        .plan = p,
        .x = td_in(c, X)->data,
        .h0 = td_in(c, H0)->data,
        .c0 = a->c0 ? td_in(c, a->c0)->data : NULL,
        .wx = st->wx,
        .wh = st->wh,
        .bx = td_in(c, a->bx)->data,
        .bh = a->bh ? td_in(c, a->bh)->data : NULL,
        .seq = a->keeps_last ? NULL : seq->data,
        .h = td_out(c, 1)->data,
        .c = a->c0 ? td_out(c, 2)->data : NULL,
        .scratch = c->scratch,
    };

    if (step == 0) return NULL;
    td_rnn_run(&r, c->team);
    if (a->keeps_last && written) memcpy(seq->data, r.h, step);
    memset((char *)seq->data + written * step, 0, td_tensor_bytes(seq) - written * step);
    return NULL;
}

static const td_kernel rnn_kernels[] = {
    { TD_DEVICE_CPU, TD_DTYPE_BIT(TD_F32), sizeof(rnn_state), rnn_prepare, rnn_run, NULL },
    { 0 },
};

#define COMMON                                                                                               \
    .attrs = "T: type, num_limits: int, keeps_last: bool, is_open: bool = false", .flags = TD_OP_PACKS,      \
    .attrs_size = sizeof(rnn_attrs), .infer = rnn_infer, .kernels = rnn_kernels

const td_op td_ops_rnn[] = {
    { .name = "_FusedLSTM",
      .sig = "x: T, h0: T, c0: T, wx: T, wh: T, b: T, size: int32, limits: num_limits*int32 "
             "-> seq: T, h: T, c: T",
      .parse = lstm_parse,
      COMMON },
    { .name = "_FusedGRU",
      .sig = "x: T, h0: T, wx: T, wh: T, bx: T, bh: T, size: int32, limits: num_limits*int32 "
             "-> seq: T, h: T",
      .parse = gru_parse,
      COMMON },
    { 0 },
};
