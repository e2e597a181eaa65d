/* SPDX-License-Identifier: Apache-2.0 */
/* op_isotonic.c -- IsotonicRegression: each row's nearest non-increasing row, by pooling neighbours that are
 * out of order; and which pool each element went to. */
#include "kernels/elt/cast.h"
#include "ops/math/elementwise.h"

typedef struct isotonic_state {
    td_elt widen, narrow; /* to and from double */
    size_t rows, n;
} isotonic_state;

/* One row's working memory, all of n elements. */
typedef struct pools {
    double *value; /* the row; then the result */
    double *mean;
    int64_t *count;
} pools;

static td_status isotonic_infer(td_call *c)
{
    const td_shape *const in = &td_in(c, 0)->shape;

    if (in->rank != 2)
        return TD_ERR(INVALID_ARGUMENT, "%s: input must have 2 dimensions, not %d", c->node, in->rank);
    return td_infer_same(c);
}

static td_status isotonic_prepare(td_call *c)
{
    isotonic_state *const s = c->state;
    const td_tensor *const in = td_in(c, 0);
    const td_dtype out = td_out_is_used(c, 0) ? td_out(c, 0)->dtype : TD_F64;
    td_elt_arg arg;

    if (!td_cast_find(in->dtype, TD_F64, false, c->env->cpu, &s->widen, &arg) ||
        !td_cast_find(TD_F64, out, false, c->env->cpu, &s->narrow, &arg))
        return TD_ERR(UNIMPLEMENTED, "%s of %s", c->op->name, td_dtype_name(in->dtype));
    s->rows = (size_t)in->shape.dims[0];
    s->n = (size_t)in->shape.dims[1];
    c->scratch_size = s->n * (sizeof(double) + sizeof(double) + sizeof(int64_t));
    return NULL;
}

/* Returns the number of pools. */
static size_t pool_row(const pools *p, size_t n)
{
    size_t k = 0;

    for (size_t i = 0; i < n; i++) {
        p->mean[k] = p->value[i];
        p->count[k++] = 1;
        for (; k > 1 && p->mean[k - 1] > p->mean[k - 2]; k--) {
            const double a = (double)p->count[k - 2], b = (double)p->count[k - 1];
            p->mean[k - 2] = (p->mean[k - 2] * a + p->mean[k - 1] * b) / (a + b);
            p->count[k - 2] += p->count[k - 1];
        }
    }
    return k;
}

static void spread_row(const pools *p, size_t n_pools, int32_t *segments)
{
    size_t i = 0;

    for (size_t k = 0; k < n_pools; k++)
        for (int64_t j = 0; j < p->count[k]; j++, i++) {
            p->value[i] = p->mean[k];
            if (segments) segments[i] = (int32_t)k;
        }
}

static td_status isotonic_run(td_call *c)
{
    const isotonic_state *const s = c->state;

    if (!s->n) return NULL; /* no columns, no scratch */
    const pools p = { c->scratch, (double *)c->scratch + s->n, (int64_t *)((double *)c->scratch + 2 * s->n) };
    int32_t *const segments = td_out_is_used(c, 1) ? td_out(c, 1)->data : NULL;

    for (size_t r = 0; r < s->rows; r++) {
        const void *const row = (const char *)td_in(c, 0)->data + r * s->n * s->widen.in_size[0];
        const void *const result = p.value;
        (void)td_elt_run(&s->widen, p.value, &row, s->n, NULL);
        spread_row(&p, pool_row(&p, s->n), segments ? segments + r * s->n : NULL);
        if (td_out_is_used(c, 0))
            (void)td_elt_run(&s->narrow, (char *)td_out(c, 0)->data + r * s->n * s->narrow.out_size, &result,
                             s->n, NULL);
    }
    return NULL;
}

static const td_kernel isotonic_kernels[] = {
    { .device = TD_DEVICE_CPU,
      .dtypes = TD_REAL_TYPES,
      .state_size = sizeof(isotonic_state),
      .prepare = isotonic_prepare,
      .run = isotonic_run },
    { 0 },
};

const td_op td_ops_isotonic[] = {
    { .name = "IsotonicRegression",
      .sig = "input: T -> output: output_dtype, segments: int32",
      .attrs = "T: type, output_dtype: type = float",
      .infer = isotonic_infer,
      .kernels = isotonic_kernels },
    { 0 },
};
