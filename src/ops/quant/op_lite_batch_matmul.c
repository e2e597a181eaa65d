/* SPDX-License-Identifier: Apache-2.0 */
/* op_lite_batch_matmul.c -- _LiteBatchMatMul: products of quantised matrices, by numpy's rule of the dimensions before them.
 *
 * Each is a convolution of as many images of one pixel as x has rows; y, turned if need be, is its filter. */
#include <inttypes.h>

#include "base/macros.h"
#include "base/size.h"
#include "kernels/elt/bcast.h"
#include "kernels/quant/conv8.h"
#include "ops/quant/lite.h"

typedef struct product_attrs {
    bool adj_x, adj_y;
    int32_t zero_x, zero_y;
    td_lite_out out;
    td_fixed factor;
} product_attrs;

static td_status product_parse(td_parse *p)
{
    product_attrs *const a = p->attrs;

    TD_TRY(td_lite_type(p, "T", TD_DTYPE_BIT(TD_I8)));
    a->adj_x = td_attr_bool(p, "adj_x");
    a->adj_y = td_attr_bool(p, "adj_y");
    TD_TRY(td_lite_zero(p, "zero_x", TD_I8, &a->zero_x));
    TD_TRY(td_lite_zero(p, "zero_y", TD_I8, &a->zero_y));
    TD_TRY(td_lite_out_parse(p, TD_I8, &a->out));
    return td_lite_factors_of(p, 1, &a->factor);
}

typedef struct sizes {
    size_t m, k, n;
    td_shape x, y, out; /* the dimensions before the matrices' */
} sizes;

static td_shape before(const td_shape *s)
{
    td_shape out = *s;

    out.rank -= 2;
    return out;
}

static td_status find_sizes(const td_call *c, sizes *out)
{
    const product_attrs *const a = c->attrs;
    const td_shape *const x = &td_in(c, 0)->shape, *const y = &td_in(c, 1)->shape;

    if (x->rank < 2 || y->rank < 2)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "matrices have at least 2 dimensions, not %d and %d", x->rank,
                         y->rank);
    const int64_t *const dx = x->dims + x->rank - 2, *const dy = y->dims + y->rank - 2;

    if (dx[!a->adj_x] != dy[a->adj_y])
        return TD_OP_ERR(c, INVALID_ARGUMENT, "rows of %" PRId64 " do not fit columns of %" PRId64,
                         dx[!a->adj_x], dy[a->adj_y]);
    *out = (sizes){
        (size_t)dx[a->adj_x], (size_t)dx[!a->adj_x], (size_t)dy[!a->adj_y], before(x), before(y), { 0 }
    };
    if (!td_shape_broadcast(&out->x, &out->y, &out->out))
        return TD_OP_ERR(c, INVALID_ARGUMENT, "the dimensions before the matrices do not fit");
    return NULL;
}

static td_status product_infer(td_call *c)
{
    td_shape *const out = &td_out(c, 0)->shape;
    sizes s;

    TD_TRY(find_sizes(c, &s));
    *out = s.out;
    if (out->rank + 2 > TD_MAX_RANK) return TD_OP_ERR(c, INVALID_ARGUMENT, "there are too many dimensions");
    out->dims[out->rank++] = (int64_t)s.m;
    out->dims[out->rank++] = (int64_t)s.n;
    return td_shape_check(out);
}

typedef struct product_state {
    td_conv8 k;
    const td_conv8_bodies *bodies;
    td_bcast bcast; /* of matrices */
    td_bcast_operand operands[2];
    size_t m, n, depth, count;
    size_t at_x, at_y, at_packed, size; /* of a thread's scratch */
} product_state;

static td_status place(td_call *c, product_state *s)
{
    size_t x, y, packed, at = 0, work;

    if (!td_conv8_packed_size(&s->k, &packed) || !td_conv8_scratch(&s->k, &work) || packed > SIZE_MAX / 8 ||
        work > SIZE_MAX / 8 || !td_mul_size(s->m, s->depth, &x) || !td_mul_size(s->n, s->depth, &y) ||
        x > SIZE_MAX / 8 || y > SIZE_MAX / 8)
        return TD_OP_ERR(c, RESOURCE_EXHAUSTED, "the matrices are too large");
    (void)td_reserve(&at, work);
    s->at_x = td_reserve(&at, x);
    s->at_y = td_reserve(&at, y);
    s->at_packed = td_reserve(&at, packed);
    s->size = at;
    if (!td_mul_size(at, (size_t)TD_MAX(c->threads, 1), &c->scratch_size))
        return TD_OP_ERR(c, RESOURCE_EXHAUSTED, "the matrices are too large");
    return NULL;
}

static td_status product_prepare(td_call *c)
{
    const product_attrs *const a = c->attrs;
    product_state *const s = c->state;
    sizes z;

    TD_TRY(find_sizes(c, &z));
    const td_shape *const shapes[] = { &z.x, &z.y };

    s->operands[0].size = s->operands[1].size = 1;
    td_bcast_make(&s->bcast, s->operands, &z.out, shapes, 2);
    s->count = (size_t)td_shape_count(&z.out);
    s->m = z.m, s->n = z.n, s->depth = z.k;
    s->bodies = td_conv8_select(c->env->cpu);
    s->k = (td_conv8){ .conv = { .batch = z.m,
                                 .groups = 1,
                                 .in = { 1, 1, 1 },
                                 .in_channels = z.k,
                                 .out = { 1, 1, 1 },
                                 .out_channels = z.n,
                                 .kernel = { 1, 1, 1 },
                                 .stride = { 1, 1, 1 },
                                 .dilation = { 1, 1, 1 } },
                       .x = TD_INT_S8,
                       .w = TD_INT_S8,
                       .y = TD_INT_S8,
                       .zero_x = a->zero_x,
                       .zero_w = a->zero_y,
                       .zero_y = a->out.zero,
                       .low = a->out.low,
                       .high = a->out.high,
                       .factors = &a->factor,
                       .n_factors = 1 };
    return place(c, s);
}

/* [rows][cols] to [cols][rows]. */
static const int8_t *turned(int8_t *to, const int8_t *from, size_t rows, size_t cols)
{
    for (size_t r = 0; r < rows; r++)
        for (size_t k = 0; k < cols; k++)
            to[k * rows + r] = from[r * cols + k];
    return to;
}

static void product_shard(void *ctx, size_t i, int thread)
{
    const td_call *const c = ctx;
    const product_attrs *const a = c->attrs;
    const product_state *const s = c->state;
    char *const work = (char *)c->scratch + (size_t)thread * s->size;
    int8_t *const by_row = (int8_t *)work + s->at_x, *const by_col = (int8_t *)work + s->at_y;
    const int8_t *x = (const int8_t *)td_in(c, 0)->data + td_bcast_at(&s->bcast, 0, i) * s->m * s->depth;
    const int8_t *y = (const int8_t *)td_in(c, 1)->data + td_bcast_at(&s->bcast, 1, i) * s->n * s->depth;

    if (a->adj_x) x = turned(by_row, x, s->depth, s->m);
    if (!a->adj_y) y = turned(by_col, y, s->depth, s->n);
    td_conv8_pack(&s->k, work + s->at_packed, y);
    td_conv8_run(&s->k, s->bodies, (int8_t *)td_out(c, 0)->data + i * s->m * s->n, x, work + s->at_packed,
                 NULL, work, 0, s->m);
}

static td_status product_run(td_call *c)
{
    const product_state *const s = c->state;

    if (s->m && s->n) td_team_run(c->team, s->count, product_shard, c);
    return NULL;
}

static const td_kernel product_kernels[] = {
    { TD_DEVICE_CPU, TD_DTYPE_BIT(TD_I8), sizeof(product_state), product_prepare, product_run, NULL },
    { 0 },
};

const td_op td_ops_lite_batch_matmul[] = {
    { .name = "_LiteBatchMatMul",
      .sig = "x: T, y: T -> output: T",
      .attrs =
          "T: type, adj_x: bool = false, adj_y: bool = false, zero_x: int, zero_y: int, " TD_LITE_OUT_ATTRS
          ", " TD_LITE_FACTORS_ATTRS,
      .attrs_size = sizeof(product_attrs),
      .parse = product_parse,
      .infer = product_infer,
      .kernels = product_kernels },
    { 0 },
};
