/* SPDX-License-Identifier: Apache-2.0 */
/* elementwise.c -- one prepare and one run for every op that works element by element. */
#include "ops/math/elementwise.h"

#include <stdatomic.h>

#include "base/macros.h"

enum { GRAIN_BYTES = 128 * 1024 }; /* of the output: some ten microseconds of the cheapest functions */

void td_elementwise_reshape(td_elementwise *s, const td_shape *out, const td_shape *const in[])
{
    for (unsigned i = 0; i < s->elt.n_in; i++)
        s->operands[i].size = s->elt.in_size[i];
    td_bcast_make(&s->bcast, s->operands, out, in, s->elt.n_in);
}

void td_elementwise_prepare_as(td_call *c, const td_elt *elt)
{
    td_elementwise *const s = c->state;
    const td_shape *in[TD_ELT_MAX_IN] = { 0 };

    s->elt = *elt;
    for (uint32_t i = 0; i < elt->n_in; i++)
        in[i] = &td_in(c, i)->shape;
    td_elementwise_reshape(s, &td_out(c, 0)->shape, in);
    s->grain = GRAIN_BYTES / elt->out_size;
}

td_status td_elementwise_prepare(td_call *c, td_elt_id id)
{
    const td_dtype dtype = td_in(c, 0)->dtype;
    td_elt elt;

    if (!td_elt_find(id, dtype, c->env->cpu, &elt))
        return TD_ERR(UNIMPLEMENTED, "%s of %s", c->op->name, td_dtype_name(dtype));
    /* A file may say another type than the function makes: Complex's Tout. */
    const td_dtype out = td_out(c, 0)->dtype;
    if (elt.out_size != td_dtype_size(out))
        return TD_ERR(INVALID_ARGUMENT, "%s of %s does not make %s", c->op->name, td_dtype_name(dtype),
                      td_dtype_name(out));
    td_elementwise_prepare_as(c, &elt);
    return NULL;
}

typedef struct shard {
    const td_elementwise *s;
    const void *in[TD_ELT_MAX_IN];
    void *out;
    atomic_int bits;
} shard;

static int run_dense(const void *ctx, void *out, const void *const in[], size_t n)
{
    const td_elementwise *const s = ctx;

    return td_elt_run(&s->elt, out, in, n, &s->arg);
}

static void run_shard(void *ctx, size_t begin, size_t end)
{
    shard *const r = ctx;
    const int bits =
        td_bcast_run(&r->s->bcast, r->out, r->s->elt.out_size, r->in, begin, end, run_dense, r->s);

    if (bits) atomic_fetch_or_explicit(&r->bits, bits, memory_order_relaxed); /* the join orders it */
}

int td_elementwise_run_bits(td_call *c)
{
    shard r = { .s = c->state, .out = td_out(c, 0)->data };

    for (uint32_t i = 0; i < r.s->elt.n_in; i++)
        r.in[i] = td_in(c, i)->data;
    td_call_parallel(c, r.s->bcast.count, r.s->grain, run_shard, &r);
    return atomic_load_explicit(&r.bits, memory_order_relaxed);
}

td_status td_elementwise_error(int bits)
{
    if (TD_LIKELY(!bits)) return NULL;
    if (bits & TD_ELT_DIV_BY_ZERO) return TD_ERR(INVALID_ARGUMENT, "Integer division by zero");
    if (bits & TD_ELT_TRUNCATE_BY_ZERO)
        return TD_ERR(INTERNAL,
                      "Unexpected error in binary operator (only integer div and mod should have errors)");
    if (bits & TD_ELT_NEGATIVE_POWER)
        return TD_ERR(INVALID_ARGUMENT, "Integers to negative integer powers are not allowed");
    return NULL;
}

td_status td_elementwise_run(td_call *c)
{
    return td_elementwise_error(td_elementwise_run_bits(c));
}
