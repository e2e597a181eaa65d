/* SPDX-License-Identifier: Apache-2.0 */
/* op_lite_pool.c -- _LitePool: the largest or the mean of the steps in a window; input and output have the same scale. */
#include "base/macros.h"
#include "base/size.h"
#include "kernels/quant/pool8.h"
#include "ops/nn/geometry.h"
#include "ops/quant/lite.h"

enum { WORK = 100000 };

typedef struct pool_attrs {
    td_window window;
    td_lite_out out;
    td_pool_kind kind;
} pool_attrs;

static td_status pool_parse(td_parse *p)
{
    pool_attrs *const a = p->attrs;

    TD_TRY(td_lite_type(p, "T", TD_LITE_TYPES));
    TD_TRY(td_lite_out_parse(p, td_attr_type(p, "T"), &a->out));
    a->kind = td_attr_bool(p, "mean") ? TD_POOL_MEAN : TD_POOL_MAX;
    return td_window_parse(p, 2, TD_WINDOW_KSIZE, &a->window);
}

static td_status geometry(td_call *c, td_pool_shape *out)
{
    const pool_attrs *const a = c->attrs;

    TD_TRY(td_window_check_rank(c, &a->window, &td_in(c, 0)->shape, "input"));
    return td_pool_geometry(c, &a->window, &td_in(c, 0)->shape, out);
}

static td_status pool_infer(td_call *c)
{
    td_pool_shape p;

    TD_TRY(geometry(c, &p));
    td_out(c, 0)->shape =
        (td_shape){ 4, { (int64_t)p.batch, (int64_t)p.out[1], (int64_t)p.out[2], (int64_t)p.channels } };
    return td_shape_check(&td_out(c, 0)->shape);
}

typedef struct pool_state {
    td_pool8 p;
    size_t pixels, grain, work_size;
} pool_state;

static td_status pool_prepare(td_call *c)
{
    static const td_int ints[] = { TD_INT_S8, TD_INT_U8, TD_INT_S16 };
    const pool_attrs *const a = c->attrs;
    pool_state *const s = c->state;
    const td_dtype type = td_in(c, 0)->dtype;

    TD_TRY(geometry(c, &s->p.shape));
    const td_pool_shape *const g = &s->p.shape;

    s->p.kind = a->kind;
    s->p.type = ints[type == TD_I8 ? 0 : type == TD_U8 ? 1 : 2];
    s->p.low = a->out.low;
    s->p.high = a->out.high;
    s->pixels = g->batch * g->out[1] * g->out[2];
    s->grain = TD_MAX(1, WORK / TD_MAX(1, g->channels * g->kernel[1] * g->kernel[2]));
    s->work_size = td_round_up(g->channels * sizeof(int32_t), 64);
    if (!td_mul_size(s->work_size, (size_t)TD_MAX(c->threads, 1), &c->scratch_size))
        return TD_OP_ERR(c, RESOURCE_EXHAUSTED, "there are too many channels");
    return NULL;
}

typedef struct pool_job {
    const pool_state *s;
    void *out;
    const void *in;
    char *work;
} pool_job;

static void run_shard(void *ctx, size_t shard, int thread)
{
    const pool_job *const j = ctx;
    const size_t begin = shard * j->s->grain;

    td_pool8_run(&j->s->p, j->out, j->in, (int32_t *)(void *)(j->work + (size_t)thread * j->s->work_size),
                 begin, TD_MIN(begin + j->s->grain, j->s->pixels));
}

static td_status pool_run(td_call *c)
{
    const pool_state *const s = c->state;
    pool_job j = { s, td_out(c, 0)->data, td_in(c, 0)->data, c->scratch };

    if (s->pixels && s->p.shape.channels) td_team_run(c->team, td_div_up(s->pixels, s->grain), run_shard, &j);
    return NULL;
}

static const td_kernel pool_kernels[] = {
    { TD_DEVICE_CPU, TD_LITE_TYPES, sizeof(pool_state), pool_prepare, pool_run, NULL },
    { 0 },
};

const td_op td_ops_lite_pool[] = {
    { .name = "_LitePool",
      .sig = "input: T -> output: T",
      .attrs = TD_POOL_ATTRS ", T: type, mean: bool, " TD_LITE_OUT_ATTRS,
      .attrs_size = sizeof(pool_attrs),
      .parse = pool_parse,
      .infer = pool_infer,
      .kernels = pool_kernels },
    { 0 },
};
