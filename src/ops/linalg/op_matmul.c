/* SPDX-License-Identifier: Apache-2.0 */
/* op_matmul.c -- MatMul and its batched relatives.
 *
 * All are products of the last two dims, over the broadcast of the dims before. Constant weights are packed
 * once; a batch of rows against one matrix is one product of all rows.
 */
#include "base/macros.h"
#include "kernels/wide/wide.h"
#include "ops/linalg/matmul_call.h"

typedef struct matmul_attrs {
    bool swaps_a, swaps_b; /* the last two dims */
    bool is_adjoint;       /* and takes conjugates */
    bool is_mixed;         /* any floats */
    td_epilogue epilogue;
} matmul_attrs;

static td_status matmul_parse(td_parse *p)
{
    matmul_attrs *const a = p->attrs;

    a->swaps_a = td_attr_bool(p, "transpose_a");
    a->swaps_b = td_attr_bool(p, "transpose_b");
    a->epilogue = td_epilogue_none;
    return NULL;
}

static td_status fused_parse(td_parse *p)
{
    TD_TRY(matmul_parse(p));
    return td_epilogue_parse(p, 2, &((matmul_attrs *)p->attrs)->epilogue);
}

static td_status mixed_parse(td_parse *p)
{
    static const char *const any[] = { "Ta", "Tout", NULL };

    ((matmul_attrs *)p->attrs)->is_mixed = true;
    TD_TRY(fused_parse(p));
    return td_mixed_parse(p, any, &((const matmul_attrs *)p->attrs)->epilogue);
}

static td_status batch_parse(td_parse *p)
{
    matmul_attrs *const a = p->attrs;

    a->swaps_a = td_attr_bool(p, "adj_x");
    a->swaps_b = td_attr_bool(p, "adj_y");
    a->is_adjoint = true;
    a->epilogue = td_epilogue_none;
    return NULL;
}

/* ---------------------------------------------------------------- shapes */

static td_status size_error(const td_call *c)
{
    char a[TD_SHAPE_TEXT], b[TD_SHAPE_TEXT];

    return TD_OP_ERR(c, INVALID_ARGUMENT, "Matrix size-incompatible: In[0]: %s, In[1]: %s",
                     td_shape_text(&td_in(c, 0)->shape, a, sizeof a),
                     td_shape_text(&td_in(c, 1)->shape, b, sizeof b));
}

/* Splits a shape into the batch and the matrix [rows, cols] after the swap. */
static td_shape split(const td_shape *s, bool swaps, int64_t *rows, int64_t *cols)
{
    td_shape batch = *s;

    batch.rank -= 2;
    *rows = s->dims[s->rank - (swaps ? 1 : 2)];
    *cols = s->dims[s->rank - (swaps ? 2 : 1)];
    return batch;
}

static td_status sum_shape(const td_call *c, td_shape *out)
{
    const matmul_attrs *const at = c->attrs;
    const td_shape *const a = &td_in(c, 0)->shape, *const b = &td_in(c, 1)->shape;
    int64_t m, n, k, kb;

    if (a->rank < 2) return TD_OP_ERR(c, INVALID_ARGUMENT, "In[0] ndims must be >= 2: %d", (int)a->rank);
    if (b->rank < 2) return TD_OP_ERR(c, INVALID_ARGUMENT, "In[1] ndims must be >= 2: %d", (int)b->rank);
    const td_shape batch_a = split(a, at->swaps_a, &m, &k), batch_b = split(b, at->swaps_b, &kb, &n);
    if (k != kb || !td_shape_broadcast(&batch_a, &batch_b, out)) return size_error(c);
    if (out->rank + 2 > TD_MAX_RANK) return size_error(c);
    out->dims[out->rank++] = m;
    out->dims[out->rank++] = n;
    return td_shape_check(out);
}

static td_status batch_infer(td_call *c)
{
    const matmul_attrs *const at = c->attrs;
    td_shape sum;

    TD_TRY(sum_shape(c, &sum));
    return td_epilogue_infer(c, &at->epilogue, sum.dims[sum.rank - 1], &sum, &td_out(c, 0)->shape);
}

static td_status matmul_infer(td_call *c)
{
    for (uint32_t i = 0; i < 2; i++)
        if (td_in(c, i)->shape.rank != 2)
            return TD_OP_ERR(c, INVALID_ARGUMENT, "In[%u] is not a matrix. Instead it has shape of rank %d",
                             i, (int)td_in(c, i)->shape.rank);
    return batch_infer(c);
}

/* BatchMatMul (V1) takes equal batches only. */
static td_status batch_v1_infer(td_call *c)
{
    const td_shape *const a = &td_in(c, 0)->shape, *const b = &td_in(c, 1)->shape;

    if (a->rank != b->rank)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "In[0] and In[1] has different ndims: %d vs. %d", (int)a->rank,
                         (int)b->rank);
    for (int i = 0; i < a->rank - 2; i++)
        if (a->dims[i] != b->dims[i]) return size_error(c);
    return batch_infer(c);
}

/* ---------------------------------------------------------------- prepare and run */

/* Element strides of the batch dims of one operand against the output's, right-aligned;
 * 0 where it broadcasts. */
static void batch_strides(const td_shape *s, int out_rank, size_t matrix, size_t *strides)
{
    size_t step = matrix;

    for (int i = out_rank - 3; i >= 0; i--) {
        const int own = i - (out_rank - s->rank);
        strides[i] = own >= 0 && s->dims[own] != 1 ? step : 0;
        if (own >= 0) step *= (size_t)s->dims[own];
    }
}

/* BatchMatMulV3 names three types: small floats may become others, and bytes int32. */
static td_status check_types(const td_call *c)
{
    const uint64_t floats = TD_SINGLE_TYPES;
    const uint64_t bytes = TD_DTYPE_BIT(TD_I8) | TD_DTYPE_BIT(TD_U8);
    const td_dtype a = td_in(c, 0)->dtype, b = td_in(c, 1)->dtype, out = td_out(c, 0)->dtype;

    if (a == b && b == out) return NULL;
    if (((const matmul_attrs *)c->attrs)->is_mixed) return NULL;
    if (a == b && floats >> a & 1 && floats >> out & 1) return NULL;
    if (bytes >> a & 1 && bytes >> b & 1 && out == TD_I32) return NULL;
    return TD_ERR(UNIMPLEMENTED, "%s: products of %s and %s into %s", c->node, td_dtype_name(a),
                  td_dtype_name(b), td_dtype_name(out));
}

static td_status matmul_prepare(td_call *c)
{
    const matmul_attrs *const at = c->attrs;
    const td_shape *const a = &td_in(c, 0)->shape, *const b = &td_in(c, 1)->shape;
    td_matmul_call *const s = c->state;
    const td_shape *const o = &s->sum;
    td_matmul *const p = &s->p;
    int64_t m, n, k, kb;

    TD_TRY(check_types(c));
    TD_TRY(sum_shape(c, &s->sum));
    (void)split(a, at->swaps_a, &m, &k);
    (void)split(b, at->swaps_b, &kb, &n);
    *p = (td_matmul){
        .m = (size_t)m, .n = (size_t)n, .k = (size_t)k, .c_m = (size_t)n, .n_batch = o->rank - 2
    };
    p->a_m = at->swaps_a ? 1 : p->k;
    p->a_k = at->swaps_a ? p->m : 1;
    p->b_k = at->swaps_b ? 1 : p->n;
    p->b_n = at->swaps_b ? p->k : 1;
    for (int i = 0; i < p->n_batch; i++)
        p->batch[i] = (size_t)o->dims[i];
    batch_strides(a, o->rank, p->m * p->k, p->a_batch);
    batch_strides(b, o->rank, p->k * p->n, p->b_batch);
    batch_strides(o, o->rank, p->m * p->n, p->c_batch);
    s->epilogue = at->epilogue;
    s->type = td_in(c, 0)->dtype;
    s->in_a = 0;
    s->in_b = 1;
    s->type_b = td_in(c, 1)->dtype;
    s->out_type = td_out(c, 0)->dtype;
    s->conj_a = at->is_adjoint && at->swaps_a;
    s->conj_b = at->is_adjoint && at->swaps_b;
    TD_TRY(td_matmul_call_prepare(c, s));
    c->scratch_size = s->scratch_size;
    return NULL;
}

static td_status matmul_run(td_call *c)
{
    return td_matmul_call_run(c, c->state, td_out(c, 0)->data, td_in(c, 0)->data, td_in(c, 1)->data);
}

static const td_kernel matmul_kernels[] = {
    { TD_DEVICE_CPU,
      TD_MATMUL_REF_TYPES | TD_DTYPE_BIT(TD_F32) | TD_DTYPE_BIT(TD_F16) | TD_DTYPE_BIT(TD_BF16),
      sizeof(td_matmul_call), matmul_prepare, matmul_run, td_matmul_call_release },
    { 0 },
};

#define COMMON .flags = TD_OP_PACKS, .attrs_size = sizeof(matmul_attrs), .kernels = matmul_kernels

const td_op td_ops_matmul[] = {
    { .name = "MatMul",
      .sig = "a: T, b: T -> product: T",
      .attrs = "transpose_a: bool = false, transpose_b: bool = false, T: type",
      .parse = matmul_parse,
      .infer = matmul_infer,
      COMMON },
    { .name = "_FusedMatMul",
      .sig = "a: T, b: T, args: num_args*T -> product: T",
      .attrs = "transpose_a: bool = false, transpose_b: bool = false, T: type, num_args: int, "
               "fused_ops: list(string) = []",
      .parse = fused_parse,
      .infer = batch_infer,
      COMMON },
    { .name = "_MixedMatMul",
      .sig = "a: Ta, b: T, args: Targs -> product: Tout",
      .attrs = "transpose_a: bool = false, transpose_b: bool = false, Ta: type, T: type, Targs: list(type), "
               "Tout: type, fused_ops: list(string) = []",
      .parse = mixed_parse,
      .infer = batch_infer,
      COMMON },
    { .name = "BatchMatMul",
      .sig = "x: T, y: T -> output: T",
      .attrs = "T: type, adj_x: bool = false, adj_y: bool = false",
      .parse = batch_parse,
      .infer = batch_v1_infer,
      COMMON },
    { .name = "BatchMatMulV2",
      .sig = "x: T, y: T -> output: T",
      .attrs = "T: type, adj_x: bool = false, adj_y: bool = false",
      .parse = batch_parse,
      .infer = batch_infer,
      COMMON },
    { .name = "BatchMatMulV3",
      .sig = "x: Ta, y: Tb -> output: Tout",
      .attrs = "Ta: type, Tb: type, Tout: type, adj_x: bool = false, adj_y: bool = false",
      .parse = batch_parse,
      .infer = batch_infer,
      COMMON },
    { 0 },
};
