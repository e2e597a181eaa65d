/* SPDX-License-Identifier: Apache-2.0 */
/* op_shuffle.c -- RandomShuffle, StatelessShuffle: rows in another order; RandomIndexShuffle: places in one. */
#include <inttypes.h>
#include <string.h>

#include "base/macros.h"
#include "kernels/random/draw.h"
#include "ops/array/array.h"
#include "ops/random/source.h"
#include "tensor/type_sets.h"

static td_status shuffle_parse(td_parse *p)
{
    const bool is_stateless = strcmp(p->node->op_name, "StatelessShuffle") == 0;

    return td_random_source_parse(p, is_stateless ? TD_FROM_KEY : TD_FROM_NODE, is_stateless, p->attrs);
}

static td_status shuffle_infer(td_call *c)
{
    TD_TRY(td_random_source_check(c, c->attrs));
    return td_infer_same(c);
}

static size_t rows_of(const td_call *c)
{
    const td_shape *const s = &td_in(c, 0)->shape;

    return s->rank > 0 ? (size_t)s->dims[0] : 1;
}

static td_status shuffle_prepare(td_call *c)
{
    if (rows_of(c) > UINT32_MAX)
        return TD_OP_ERR(c, INVALID_ARGUMENT, "%zu rows are too many to be shuffled", rows_of(c));
    c->scratch_size = rows_of(c) * sizeof(uint32_t);
    return NULL;
}

static td_status shuffle_run(td_call *c)
{
    const td_tensor *const in = td_in(c, 0);
    const size_t rows = rows_of(c), bytes = td_tensor_bytes(in) / TD_MAX(rows, 1);
    uint32_t *const perm = c->scratch;
    td_philox g = { 0 };

    if (bytes == 0) return NULL;
    if (rows > 1) TD_TRY(td_random_source_take(c, c->attrs, (rows - 1 + 3) / 4, &g));
    td_permute(&g, perm, rows);
    for (size_t i = 0; i < rows; i++)
        memcpy((char *)td_out(c, 0)->data + i * bytes, (const char *)in->data + perm[i] * bytes, bytes);
    return NULL;
}

/* ---------------------------------------------------------------- RandomIndexShuffle: index, seed, max_index */

static td_status index_parse(td_parse *p)
{
    const int64_t rounds = td_attr_int(p, "rounds");

    if (rounds < 4 || rounds > 64 || rounds % 2 != 0)
        return TD_ERR(INVALID_ARGUMENT, "%s: rounds must be even and from 4 to 64, not %" PRId64,
                      p->node->name, rounds);
    *(int *)p->attrs = (int)rounds;
    return NULL;
}

static bool is_scalar_or(const td_shape *s, int64_t n)
{
    return s->rank == 0 || (s->rank == 1 && s->dims[0] == n);
}

static td_status index_infer(td_call *c)
{
    const td_shape *const index = &td_in(c, 0)->shape, *const seed = &td_in(c, 1)->shape;
    const td_shape *const most = &td_in(c, 2)->shape;
    const int64_t n = TD_MAX(TD_MAX(td_shape_count(index), td_shape_count(most)), td_shape_count(seed) / 3);

    if (!is_scalar_or(index, n))
        return TD_OP_ERR(c, INVALID_ARGUMENT, "Index must be a scalar or a vector of %" PRId64, n);
    if (!is_scalar_or(most, n))
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "Maxval must be a scalar or a vector of the same size as index");
    if (!(seed->rank == 1 && seed->dims[0] == 3) &&
        !(seed->rank == 2 && seed->dims[0] == n && seed->dims[1] == 3))
        return TD_OP_ERR(c, INVALID_ARGUMENT,
                         "Seed must be a vector of size [3] or a matrix of size [%" PRId64 ", 3]", n);
    td_out(c, 0)->shape =
        index->rank == 0 && seed->rank == 1 && most->rank == 0 ? *index : (td_shape){ 1, { n } };
    return NULL;
}

static int64_t element(const td_tensor *t, size_t i)
{
    return td_tensor_int(t, t->shape.rank == 0 ? 0 : i);
}

static td_status index_run(td_call *c)
{
    const td_tensor *const index = td_in(c, 0), *const seed = td_in(c, 1), *const most = td_in(c, 2);
    td_tensor *const out = td_out(c, 0);
    const int rounds = *(const int *)c->attrs;

    for (size_t i = 0; i < (size_t)td_shape_count(&out->shape); i++) {
        const size_t row = seed->shape.rank == 1 ? 0 : 3 * i;
        uint32_t key[3];
        uint64_t to;

        for (size_t k = 0; k < 3; k++)
            key[k] = (uint32_t)td_tensor_int(seed, row + k);
        if (!td_shuffle_index((uint64_t)element(index, i), key, (uint64_t)element(most, i), rounds, &to))
            return TD_OP_ERR(c, INVALID_ARGUMENT, "index %" PRId64 " is not in [0, %" PRId64 "]",
                             element(index, i), element(most, i));
        if (td_dtype_size(out->dtype) == 8)
            ((uint64_t *)out->data)[i] = to;
        else
            ((uint32_t *)out->data)[i] = (uint32_t)to;
    }
    return NULL;
}

static const td_kernel shuffle_kernels[] = {
    { .dtypes = TD_MOVABLE, .prepare = shuffle_prepare, .run = shuffle_run }, { 0 }
};
#define INDEX_TYPES                                                                                          \
    (TD_DTYPE_BIT(TD_I32) | TD_DTYPE_BIT(TD_U32) | TD_DTYPE_BIT(TD_I64) | TD_DTYPE_BIT(TD_U64))
TD_RUN_KERNEL(index_kernels, INDEX_TYPES, index_run);

const td_op td_ops_shuffle[] = {
    { .name = "RandomShuffle",
      .sig = "value: T -> output: T",
      .attrs = "seed: int = 0, seed2: int = 0, T: type",
      .flags = TD_OP_STATEFUL,
      .attrs_size = sizeof(td_random_source),
      .parse = shuffle_parse,
      .infer = shuffle_infer,
      .kernels = shuffle_kernels },
    { .name = "StatelessShuffle",
      .sig = "value: T, key: uint64, counter: uint64, alg: int32 -> output: T",
      .attrs = "T: type",
      .attrs_size = sizeof(td_random_source),
      .parse = shuffle_parse,
      .infer = shuffle_infer,
      .kernels = shuffle_kernels },
    { .name = "RandomIndexShuffle",
      .sig = "index: dtype, seed: Tseed, max_index: dtype -> output: dtype",
      .attrs = "rounds: int = 4, dtype: type, Tseed: type",
      .attrs_size = sizeof(int),
      .parse = index_parse,
      .infer = index_infer,
      .kernels = index_kernels },
    { 0 },
};
