/* SPDX-License-Identifier: Apache-2.0 */
/* op_addn.c -- AddN and AccumulateNV2: the sum of several tensors of one shape, left to right. */
#include "ops/math/elementwise.h"

#include <string.h>

#include "base/macros.h"

static td_status addn_infer(td_call *c)
{
    for (uint32_t i = 1; i < c->n_in; i++) {
        const td_shape *const a = &td_in(c, 0)->shape, *const b = &td_in(c, i)->shape;
        char ta[TD_SHAPE_TEXT], tb[TD_SHAPE_TEXT];
        if (!td_shape_equal(a, b))
            return TD_ERR(INVALID_ARGUMENT,
                          "Inputs to operation %s of type %s must have the same size and shape.  "
                          "Input 0: %s != input %u: %s",
                          c->node, c->op->name, td_shape_text(a, ta, sizeof ta), i,
                          td_shape_text(b, tb, sizeof tb));
    }
    return td_infer_same(c);
}

typedef struct addn_state {
    td_elt add;
    size_t piece, count; /* elements */
} addn_state;

enum { PIECE_BYTES = 16 * 1024 }; /* the sum so far stays in the first cache while inputs are added */

static td_status addn_prepare(td_call *c)
{
    addn_state *const s = c->state;

    if (!td_elt_find(TD_ELT_add, td_in(c, 0)->dtype, c->env->cpu, &s->add))
        return TD_ERR(UNIMPLEMENTED, "%s of %s", c->op->name, td_dtype_name(td_in(c, 0)->dtype));
    s->count = (size_t)td_shape_count(&td_in(c, 0)->shape);
    s->piece = PIECE_BYTES / s->add.out_size;
    return NULL;
}

static void add_shard(void *ctx, size_t begin, size_t end)
{
    td_call *const c = ctx;
    const addn_state *const s = c->state;
    const size_t size = s->add.out_size;

    for (size_t at = begin; at < end; at += s->piece) {
        const size_t n = TD_MIN(s->piece, end - at);
        char *const out = (char *)td_out(c, 0)->data + at * size;
        const void *in[2] = { (const char *)td_in(c, 0)->data + at * size };
        if (c->n_in == 1 && out != in[0]) memcpy(out, in[0], n * size);
        for (uint32_t i = 1; i < c->n_in; i++, in[0] = out) {
            in[1] = (const char *)td_in(c, i)->data + at * size;
            (void)td_elt_run(&s->add, out, in, n, NULL);
        }
    }
}

static td_status addn_run(td_call *c)
{
    const addn_state *const s = c->state;

    td_call_parallel(c, s->count, 2 * s->piece, add_shard, c);
    return NULL;
}

static const td_kernel addn_kernels[] = {
    { .device = TD_DEVICE_CPU,
      .dtypes = TD_NUMBER_TYPES,
      .state_size = sizeof(addn_state),
      .prepare = addn_prepare,
      .run = addn_run },
    { 0 },
};

/* Not INPLACE: the output is written while later inputs are still to be read. */
const td_op td_ops_addn[] = {
    { .name = "AddN",
      .sig = "inputs: N*T -> sum: T",
      .attrs = "N: int, T: type",
      .key = "T",
      .infer = addn_infer,
      .kernels = addn_kernels },
    { .name = "AccumulateNV2",
      .sig = "inputs: N*T -> sum: T",
      .attrs = "N: int, T: type, shape: shape",
      .key = "T",
      .infer = addn_infer,
      .kernels = addn_kernels },
    { 0 },
};
